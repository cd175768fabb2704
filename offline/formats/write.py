"""Writes a session or a table in any of the formats, the table's own and those of other programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from liveaffect.models.categories.level import Shown
from liveaffect.offline.formats.annotations import write_elan, write_textgrid
from liveaffect.offline.formats.bids import write_bids
from liveaffect.offline.formats.edf import write_edf
from liveaffect.offline.formats.film import write_mp4
from liveaffect.offline.formats.openface import write_openface
from liveaffect.offline.formats.tiers import passers_by, persons
from liveaffect.offline.tables.export import Form as TableForm
from liveaffect.offline.tables.export import export as export_table
from liveaffect.offline.tables.export import load
from liveaffect.offline.tables.files import require_folder
from liveaffect.offline.tables.level import require_shown
from liveaffect.offline.tables.read import require_columns, require_numbers
from liveaffect.offline.tables.score import AFFECT_COLUMNS, AU_COLUMNS, TEXT
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, UsageError

Form = Literal["csv", "parquet", "xdf", "openface", "elan", "textgrid", "edf", "bids", "mp4"]
ENDINGS: dict[str, str] = {
    "csv": ".csv", "parquet": ".parquet", "xdf": ".xdf", "openface": ".openface.csv", "elan": ".eaf",
    "textgrid": ".TextGrid", "edf": ".edf", "bids": ".bids", "mp4": ".mp4",
}  # fmt: skip
"""What the file of a form is called; `bids` is a folder."""
Writer = Callable[[pl.DataFrame, pl.DataFrame, Path], list[str]]
_WRITERS: dict[str, Writer] = {"elan": write_elan, "textgrid": write_textgrid, "edf": write_edf}


_NEEDED = ("file", "t_s", "face_id", "state", *AFFECT_COLUMNS)
_FACE = ("file", "t_s", "face_id", "face_state", "pitch_deg", "yaw_deg", "roll_deg", *AU_COLUMNS)


class Exported(list[Path]):
    """The files that were written, the main one first; `notes` says what of the data they cannot hold."""

    notes: list[str]


def export(
    source: str | Path | Session | pl.DataFrame,
    out: str | Path,
    *,
    form: Form | None = None,
    markers: bool = False,
    excel: bool = False,
    overlay: bool = False,
    imported: bool = False,
    shown: Shown | None = None,
    within: str = "",
) -> Exported:
    """Writes rows, annotations or pictures; returns the files, the main one first.

    Every time counts from one zero, the first frame or sample. In XDF the time stamps are the sensor's clock, which on
    Linux is the clock of the Lab Streaming Layer too.

    Parameters
    ----------
    source: folder of a session, a table's file, what `open_session` or `score` gave.
    out: the file to write, of `bids` the folder. Of several inputs in one table each gets a file, its name in between.
    form: see `ENDINGS`; without it, what the ending of `out` says.
    markers: adds the columns `marker` and `marker_t_s` to the rows of a session (csv, parquet, xdf).
    excel: begins CSV files with a byte order mark, without which Excel takes them for another encoding.
    imported: adds the columns of imported series of a session (csv, parquet, xdf).
    overlay: of `mp4`, draws in what was measured.
    shown: how often each category was shown, by design: adds `level_p_...`, the probabilities brought to that on
        average (csv, parquet); see `liveaffect.models.categories.level`.
    within: of `shown`, the column for each of whose values, a participant's say, that is done apart; "" for all as one.

    Raises InputError, RecordError, UsageError (also where a library is missing, with what to install).
    """
    target = Path(out)
    form = form or form_of(target)
    made = Exported()
    made.notes = []
    require_shown(shown, within)
    if shown is not None and form not in ("csv", "parquet"):
        raise UsageError(f"--shown adds columns to rows: use it with --to csv or --to parquet, not {form}")
    if form in get_args(TableForm):
        more: dict[str, Any] = {"markers": markers, "excel": excel, "imported": imported}
        made.extend(export_table(source, target, form=form, shown=shown, within=within, notes=made.notes, **more))  # type: ignore[arg-type]
        return made
    if isinstance(source, str | Path) and target.resolve() == Path(source).resolve():
        raise UsageError(f"--out {target} is the input itself: name another file")
    session = source if isinstance(source, Session) else None
    if session is None and isinstance(source, str | Path) and Path(source).is_dir():
        session = Session(source)
    require_folder(target)
    try:
        if form == "mp4":
            _mp4(session, target, overlay, made)
        else:
            _rows(session if session is not None else source, session, target, form, made)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; choose another place with --out") from None
    return made


def form_of(target: Path) -> Form:
    """The form that an ending says. Raises UsageError."""
    for form in sorted(get_args(Form), key=lambda one: -len(ENDINGS[one])):
        if target.name.lower().endswith(ENDINGS[form].lower()):
            return form
    known = ", ".join(ENDINGS.values())
    raise UsageError(f"--out {target}: end it in one of {known}, or say which with --to")


def _mp4(session: Session | None, target: Path, overlay: bool, made: Exported) -> None:
    if session is None:
        raise InputError("an MP4 is made of a session's own pictures: give the folder of a session")
    paint = None
    if overlay:
        from liveaffect.offline.formats.overlay import Overlay

        paint = Overlay(session)
    made.notes += write_mp4(session, target, paint)
    made.append(target)


def _rows(
    source: str | Path | Session | pl.DataFrame, session: Session | None, target: Path, form: str, made: Exported
) -> None:
    table, marks = load(source)
    if not table.height:
        raise InputError(f"there are no rows to write as {form}: there is no message of `affect` in the session")
    of = "the table" if isinstance(source, pl.DataFrame) else str(session.path if session else source)
    needed = _FACE if form == "openface" else _NEEDED
    require_columns(table, of, needed, f"which --to {form} needs: take a table as `score` or `export` wrote it")
    require_numbers(table, of, [name for name in needed if name not in TEXT])
    files = table.partition_by("file", maintain_order=True)
    if form == "bids":
        made.append(target)
        made += write_bids([(str(rows["file"][0]), rows, marks) for rows in files], target)
        made.notes += passers_by(sum(persons(rows)[1] for rows in files))
        return
    for rows in files:
        name = Path(str(rows["file"][0])).stem
        ending = ENDINGS[form]
        bare = target.name[: -len(ending)] if target.name.lower().endswith(ending.lower()) else target.stem
        path = target if len(files) == 1 else target.with_name(f"{bare}.{name}{ending}")
        if form == "openface":
            notes = write_openface(rows, session, path)
        else:
            notes = _WRITERS[form](rows, marks, path)
        made.append(path)
        made.notes += [note for note in notes if note not in made.notes]
