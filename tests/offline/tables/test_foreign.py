"""Tables of labels as other programs write them are read by `evaluate` as what they say."""

from pathlib import Path

import polars as pl
import pytest

from liveaffect.offline import evaluate
from liveaffect.offline.tables.foreign import read_text_table
from liveaffect.offline.tables.read import read_table
from liveaffect.stream.errors import InputError

FILES = ["Müller_1.mp4", "b.mp4", "c.mp4", "d.mp4"]
VALENCE = [0.5, -0.25, None, 1.0]
EXCEL = "file;valence;Subject;note\r\n" + "".join(
    f'{name};{"" if v is None else str(v).replace(".", ",")};s1;"a; b"\r\n'
    for name, v in zip(FILES, VALENCE, strict=True)
)
R_TABLE = '"file","valence","subject"\n' + "".join(
    f'"{n + 1}","{name}",{"NA" if v is None else v},"s1"\n'
    for n, (name, v) in enumerate(zip(FILES, VALENCE, strict=True))
)
TABBED = "file\tvalence\n" + "".join(
    f"{n}\t{'#N/A' if v is None else v}\n" for n, v in zip(FILES, VALENCE, strict=True)
)
WAYS = {
    "excel_german.csv": EXCEL.encode("cp1252"),
    "excel_utf8.csv": EXCEL.encode("utf-8-sig"),
    "excel_stated.csv": ("sep=;\r\n" + EXCEL).encode("utf-8-sig"),
    "excel_unicode.txt": TABBED.encode("utf-16"),
    "utf16_bare.tsv": TABBED.encode("utf-16-le"),
    "latin1.tsv": TABBED.encode("latin-1"),
    "r_write_table.csv": R_TABLE.encode(),
    "spaces.csv": b"file, valence , confidence\n"
    + "".join(f"{n},  {'' if v is None else v}, 0.98\n" for n, v in zip(FILES, VALENCE, strict=True)).encode(),
}


def scores(files: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"file": files, "t_s": [0.0] * len(files), "valence": [0.4, -0.2, 0.1, 0.9][: len(files)], "valence_sd": 0.3}
    )


@pytest.mark.parametrize("way", WAYS)
def test_m13_labels_of_excel_and_r_in_any_encoding_say_the_same(tmp_path: Path, way: str) -> None:
    (tmp_path / way).write_bytes(WAYS[way])
    table = read_text_table(tmp_path / way)
    assert table["file"].to_list() == FILES
    assert table["valence"].to_list() == VALENCE
    report = evaluate(scores(FILES), tmp_path / way)
    assert report.blocks[0].used["valence"] == {"used": 3, "missing": 0, "unlabelled": 1}
    assert report.blocks[0].value("valence", "ccc") == pytest.approx(0.98400, abs=1e-4)


def test_m13_openface_names_its_columns_with_spaces_and_its_file_nowhere(tmp_path: Path) -> None:
    lines = ["frame, face_id, timestamp, confidence, success, AU12_r, valence"]
    lines += [f"{n}, 0, {n * 0.04:.3f}, 0.98, 1, 1.25, {n / 10:.2f}" for n in range(5)]
    (tmp_path / "clip.csv").write_text("\n".join(lines), "utf-8")
    table = read_table(tmp_path / "clip.csv")
    assert table.columns == ["frame", "face_id", "timestamp", "confidence", "success", "AU12_r", "valence"]
    assert all(kind.is_numeric() for kind in table.dtypes)
    got = pl.DataFrame(
        {"file": "clip.mp4", "t_s": [n * 0.04 for n in range(5)], "face_id": 0, "valence": [n / 10 for n in range(5)]}
    )
    report = evaluate(got, tmp_path / "clip.csv")
    assert report.blocks[0].value("valence", "ccc") == pytest.approx(1.0)
    assert "'timestamp' is t_s" in report.notes["labels taken as"]
    assert "the only file" in report.notes["labels taken as"]


def test_other_names_for_columns_categories_and_files(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("Video;Emotion\nb;Happy\nc;sad\n", "utf-8")
    got = pl.DataFrame({"file": ["b.mp4", "c.mp4"], "t_s": 0.0, **{f"p_{n}": 0.125 for n in (
        "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")}})  # fmt: skip
    report = evaluate(got, tmp_path / "l.csv")
    assert report.blocks[0].used["category"]["used"] == 2
    assert report.notes["labels taken as"].count(";") == 3


def test_numbers_with_commas_are_texts_where_commas_separate(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text('file,valence\na.mp4,"0,5"\n', "utf-8")
    with pytest.raises(InputError, match="holds something other than numbers"):
        evaluate(scores(["a.mp4"]), tmp_path / "l.csv")


def test_a_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "l.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match="save it as CSV"):
        evaluate(scores(["a.mp4"]), tmp_path / "l.xlsx")


@pytest.mark.parametrize("name", ["participant", "Speaker", "person"])
def test_a_column_known_under_another_name_may_be_asked_for_by_its_own(name: str) -> None:
    labels = pl.DataFrame({"file": FILES, "valence": VALENCE, name: ["a", "a", "b", "b"]})
    report = evaluate(scores(FILES), labels, by=[name], subject=name)
    assert len(report.blocks) == 3
    with pytest.raises(InputError, match="neither the predictions nor the labels has a column 'nope'"):
        evaluate(scores(FILES), labels, shown=["neutral"], within="nope")


@pytest.mark.parametrize("name", ["valence", "arousal"])
def test_labels_on_another_scale_are_refused(name: str) -> None:
    labels = pl.DataFrame({"file": FILES, name: [1.0, 5.0, 9.0, None]})
    with pytest.raises(InputError, match=f"labels of {name} reach 9; they run from -1 to 1"):
        evaluate(scores(FILES).with_columns(arousal=0.1), labels)
