"""Text tables as Excel, R, OpenFace and others write them: separators, encodings, decimal commas, words for nothing."""

import io
import re
from pathlib import Path

import polars as pl

SEPARATORS = (",", ";", "\t", "|")
NOTHING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "#NV", "-", "."]
"""What others write where there is no value."""
FILE_NAMES = ("file", "filename", "file_name", "video", "clip", "image", "input", "path", "name")
"""What a column is called that names files: texts, also where every name is a number."""
LOOKED_AT = 65536
_COMMA = r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$"
_POINT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def read_text_table(path: Path) -> pl.DataFrame:
    """A CSV or TSV file of whatever origin.

    Names of columns and texts lose the spaces around them; a column is numeric where all its values are, with decimal
    points or, where something else separates the columns, decimal commas; a column `file` is text.
    Raises OSError, UnicodeError and polars' errors.
    """
    text = decoded(path.read_bytes())
    stated = re.match(r"sep=(.)\r?\n", text)  # Excel's own word on it
    text = text[stated.end() :] if stated else text
    head = text[:LOOKED_AT].splitlines() or [""]
    separator = stated.group(1) if stated else separator_of(head[0])
    if len(head) > 1 and len(_split(head[1], separator)) == len(_split(head[0], separator)) + 1:
        text = f"row{separator}{text}"  # R numbers its rows and gives that column no name
    names = [name.removeprefix('"').removesuffix('"') for name in _split(head[0], separator)]
    table = pl.read_csv(
        io.BytesIO(text.encode()),
        separator=separator,
        infer_schema_length=None,
        null_values=NOTHING,
        schema_overrides={name: pl.String for name in names if plain(name) in FILE_NAMES},
    )
    table = table.rename({name: name.strip() for name in table.columns})
    return table.with_columns(_tidy(table[name], separator != ",") for name in table.columns)


def plain(name: str) -> str:
    """A column's name in small letters, its spaces, dots and dashes as underscores."""
    return re.sub(r"[\s.\-]+", "_", name.strip().lower())


def decoded(data: bytes) -> str:
    """Text of UTF-8, UTF-16 (with or without a byte order mark) or else Windows-1252, which has Latin-1 in it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    if b"\0" in data[:200]:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def separator_of(header: str) -> str:
    """What separates the names of the columns."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


def _split(line: str, separator: str) -> list[str]:
    return re.sub(r'"[^"]*"', lambda quoted: quoted.group(0).replace(separator, "\0"), line).split(separator)


def _tidy(column: pl.Series, commas: bool) -> pl.Series:
    """A text column without spaces around its values, as numbers where all of them are; NaN is no number."""
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype != pl.String or plain(column.name) in FILE_NAMES:
        return column.str.strip_chars() if column.dtype == pl.String else column
    text = column.str.strip_chars()
    text = pl.select(pl.when(~text.is_in(NOTHING)).then(text).alias(column.name)).to_series()
    known = text.drop_nulls()
    if len(known) and known.str.contains(_POINT).all():
        whole = known.str.contains(r"^[+-]?\d{1,18}$").all()
        return text.cast(pl.Int64 if whole else pl.Float64)
    if commas and len(known) and known.str.contains(_COMMA).all():
        return text.str.replace(",", ".", literal=True).cast(pl.Float64)
    return text
