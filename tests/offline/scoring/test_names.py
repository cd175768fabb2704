"""Every input has a table of its own, or a sentence, whatever its name; and what is left out is said."""

import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_sound, write_video

from liveaffect.cli.main import main
from liveaffect.offline.scoring.inputs import find_inputs, read_stdin
from liveaffect.offline.scoring.output import ScoreOutput, is_folder
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.tables.read import read_tables
from liveaffect.stream.errors import InputError, UsageError

pytestmark = pytest.mark.usefixtures("score_here")

ODD = [
    b"plain.mp4", b"UPPER.MP4", b"a b.mp4", b"a*b?.mp4", b"[x].mp4", b"%d.mp4", b"new\nline.mp4", b"tab\t.mp4",
    b"-dash.mp4", b"=1+1.mp4", b"quote'\".mp4", b"back\\slash.mp4", b"caf\xe9.mp4", "café.mp4".encode(), b"0",
    b"lavfi:x.mp4", b"http:x.mp4", b"no_ending", b"a.b.c.mp4", b"ending.odd", "é".encode() * 120 + b".mp4",
    "é".encode() * 119 + b"xx.mp4", b"x" * 251 + b".mp4", b"x" * 250 + b"y.mp4", b"~.mp4", b"CON.mp4",
]  # fmt: skip


def film(path: bytes | Path, grey: int = 90) -> Path:
    """Three frames, at the given name."""
    target = Path(os.fsdecode(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    spare = write_video(target.parent / "spare.mp4", [np.full((48, 64, 3), grey, np.uint8)] * 3, fps=10)
    spare.replace(target)
    return target


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("launch") / "launch.toml"
    path.write_text(LAUNCH, "utf-8")
    return path


def score(*words: object) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(["score", *map(str, words)])
    return ended.value.code


def test_m05_names_that_would_share_a_table_do_not(tmp_path: Path, launch: Path) -> None:
    names = ["P01/clip.mp4", "P02/clip.mp4", "P01_clip.mp4", "p01_CLIP.mp4", "Cafe\u0301.mp4", "Caf\u00e9.mp4"]
    files = [Path(name) for name in names]
    output = ScoreOutput(tmp_path / "out", files, ScoreSettings(launch))
    tables = [output.path_of(file).name for file in files]
    assert len({name.casefold() for name in tables}) == len(names)
    assert len({output.label(file) for file in files}) == len(names)


def test_m05_a_table_of_another_file_is_not_overwritten(tmp_path: Path, launch: Path) -> None:
    first, second = film(tmp_path / "P01" / "clip.mp4", 60), film(tmp_path / "P02" / "clip.mp4", 120)
    out = tmp_path / "out"
    for file in (first, second, first):
        assert score(file, "--launch", launch, "--out", out) == 0
    tables = read_tables(out)
    assert len(list(out.glob("*.parquet"))) == 2
    assert tables["file"].n_unique() == 2
    assert tables.group_by("file").len()["len"].to_list() == [3, 3]


@pytest.mark.parametrize("ending", ["", ".csv"])
def test_m06_one_table_for_each_of_many_odd_names(
    tmp_path: Path, launch: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "odd"
    whole = film(tmp_path / "whole.mp4")
    source.mkdir()
    for name in ODD:
        shutil.copy(whole, source / os.fsdecode(name))
    out = tmp_path / f"t{ending}"
    assert score(source, "--launch", launch, "--out", out, "--jobs", 2) == 0, capsys.readouterr().err
    table = read_tables(out) if ending == "" else pl.read_csv(out)
    assert table["file"].n_unique() == len(ODD)
    assert table.height == 3 * len(ODD)
    assert f"{3 * len(ODD)} rows from {len(ODD)} of {len(ODD)} files" in " ".join(capsys.readouterr().err.split())
    assert "caf\\xe9.mp4" in table["file"].to_list()


def test_m06_a_name_that_looks_like_a_device_is_a_file(
    tmp_path: Path, launch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("0", "lavfi:x.mp4", "http:x.mp4"):
        film(Path(name))
    assert score("0", "lavfi:x.mp4", "http:x.mp4", "--launch", launch, "--out", "t.parquet") == 0
    assert pl.read_parquet("t.parquet")["file"].n_unique() == 3


def test_m06_bad_names_stop_nothing_and_each_is_told(
    tmp_path: Path, launch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = film(tmp_path / "good.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    (tmp_path / "empty").mkdir()
    words = [
        good,
        tmp_path / "broken.mp4",
        tmp_path / "none.mp4",
        tmp_path / "empty",
        tmp_path / ("n" * 300),
        "*.nothing",
    ]
    assert score(*words, "--launch", launch, "--out", tmp_path / "t.csv") == 1
    said = capsys.readouterr().err
    assert pl.read_csv(tmp_path / "t.csv").height == 3
    assert said.count("failed: ") == 5
    for name in ("broken.mp4", "none.mp4 does not exist", "empty holds no video", "nnn", "nothing matches *.nothing"):
        assert name in said, name
    assert "Traceback" not in said


def test_m06_dots_in_the_name_of_a_folder(tmp_path: Path) -> None:
    assert is_folder("study_2026.11.29/")
    assert is_folder("study_2026.11.29")
    assert is_folder("v1.final/")
    assert not is_folder("table.csv")
    (tmp_path / "old.csv").mkdir()
    assert is_folder(tmp_path / "old.csv")
    for wrong in ("t.xlsx", "t.parqet", "v1.final"):
        with pytest.raises(UsageError, match=r"\.parquet or \.csv, or name a folder"):
            is_folder(wrong)


def test_m06_standard_input_is_read(tmp_path: Path, launch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(film(tmp_path / "a.mp4").read_bytes())

    monkeypatch.setattr("sys.stdin", Piped)
    assert score("-", "--launch", launch, "--out", tmp_path / "t.csv") == 0
    assert pl.read_csv(tmp_path / "t.csv")["file"].to_list() == ["stdin"] * 3
    with pytest.raises(InputError, match="empty"):
        read_stdin(tmp_path, io.BytesIO())


def test_m03_folders_are_read_whole_and_what_is_left_out_has_its_reason(tmp_path: Path) -> None:
    whole = film(tmp_path / "clip.mp4").read_bytes()
    taken = ["a.mts", "b.m2ts", "c.vob", "d.heic", "e.avif", "f.mxf", "g.ogv", "h.asf", "i.h264", "j.jfif", "k.dv"]
    for name in taken:
        (tmp_path / name).write_bytes(b"\0")
    for name in ("no_ending", "odd.e1"):
        (tmp_path / name).write_bytes(whole)
    for number, name in enumerate(("l.aif", "m.caf", "n.amr")):
        (tmp_path / name).write_bytes(bytes(number + 1))
    write_sound(tmp_path / "deep.wav", np.zeros(800, np.float32), rate=16000)
    for name in ("notes.txt", "labels.csv", "._clip.mp4", ".hidden.mp4", "data.e2"):
        (tmp_path / name).write_bytes(b"text")
    (tmp_path / ".git").mkdir()
    (tmp_path / "link.mp4").symlink_to("nowhere.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    found = find_inputs([str(tmp_path)])
    assert [p.name for p in found.files] == sorted(
        [*taken, "clip.mp4", "l.aif", "m.caf", "n.amr", "no_ending", "odd.e1", "deep.wav"]
    )
    why = {path.name: reason for path, reason in found.left_out.items()}
    assert why == {
        "notes.txt": "no media (.txt)", "labels.csv": "no media (.csv)", ".hidden.mp4": "hidden", ".git": "hidden",
        "._clip.mp4": "notes that a Mac keeps beside another file", "link.mp4": "a link to nothing",
        "pipe.mp4": "no file (a pipe, a socket or a device)", "data.e2": "nothing in it can be measured (.e2)",
    }  # fmt: skip
    assert any("left out, hidden: " in line and ".git" in line for line in found.summary())


def test_a_folder_of_images_is_a_film(tmp_path: Path, launch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(1, 13):
        Image.fromarray(np.full((48, 64, 3), 60 + 10 * number, np.uint8)).save(folder / f"f{number}.png")
    (folder / "f7.png").write_bytes(b"broken")
    (folder / "notes.txt").write_text("no image")
    assert score(folder, "--sequence", 25, "--launch", launch, "--out", tmp_path / "t.parquet") == 0
    table = pl.read_parquet(tmp_path / "t.parquet")
    assert table["t_s"].to_list() == [k / 25 for k in range(12) if k != 6]
    assert table["file"].unique().to_list() == ["frames"]
    assert table["face_valence"].to_list() == sorted(table["face_valence"].to_list())  # 2 comes before 10
    assert "1 image cannot be read" in " ".join(capsys.readouterr().err.split())


def test_so_many_frames_a_second_are_measured(tmp_path: Path, launch: Path) -> None:
    images = [np.full((48, 64, 3), 60 + k, np.uint8) for k in range(90)]
    clip = write_video(tmp_path / "a.mp4", images, fps=30)
    assert score(clip, "--rate", 10, "--launch", launch, "--out", tmp_path / "t.parquet") == 0
    table = pl.read_parquet(tmp_path / "t.parquet")
    assert table["t_s"].to_list() == pytest.approx([k / 10 for k in range(30)], abs=1e-9)
    assert score(clip, "--rate", 0, "--launch", launch, "--out", tmp_path / "u.parquet") == 2


def test_a_file_called_like_standard_input_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_bytes(b"")
    for word in ("./-", "?"):
        assert find_inputs([word]).files == [tmp_path / "-"]
    assert find_inputs(["-"]).files == [Path("-")]
