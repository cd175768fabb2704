"""A pipe, a device, or a link to one where a file should be: refused in words before anything hangs, and left alone."""

import os
import stat
import sys
from pathlib import Path

import pytest
from paths import GOLDEN
from runs.command import command, refused

from liveaffect.stream.client.access import make_keys

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names here"),
]


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return str(path)


@pytest.mark.parametrize("name", ["pipe", "device"])
@pytest.mark.parametrize(
    ("words", "ending"),
    [
        (["graph", "--with", "IT"], "toml"),
        (["score", str(GOLDEN / "clip.mp4"), "--out", "OUT", "--launch", "IT"], "toml"),
        (["score", str(GOLDEN / "clip.mp4"), "--out", "OUT", "--baseline", "IT"], "json"),
        (["evaluate", "IT", "IT"], "csv"),
        (["report", "IT", "--out", "page.html"], "csv"),
        (["import", "IT", "--session", str(GOLDEN)], "csv"),
    ],
)
def test_e32_what_is_read_is_a_file(tmp_path: Path, words: list[str], ending: str, name: str) -> None:
    it = tmp_path / f"it.{ending}"
    if name == "pipe":
        pipe(it)
    else:
        it.symlink_to("/dev/zero")
    given = [word.replace("IT", str(it)).replace("OUT", str(tmp_path / "t.csv")) for word in words]
    refused(2 if {"--launch", "--with"} & {*words} else 1, given, str(it))


def test_e32_keys_are_files(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    for name in ("server.key", "client.key_secret"):
        (tmp_path / "keys" / name).unlink()
        pipe(tmp_path / "keys" / name)
    words = ["mark", "here", "--address", "tcp://127.0.0.1:9", "--keys", str(tmp_path / "keys")]
    refused(1, words, "server.key is no file")


@pytest.mark.parametrize("form", ["csv", "parquet", "xdf", "html", "json"])
@pytest.mark.parametrize("name", ["pipe", "device", "stream"])
def test_e32_a_new_file_takes_the_place_of_no_pipe_and_no_device(tmp_path: Path, form: str, name: str) -> None:
    out = tmp_path / f"it.{form}"
    if name == "pipe":
        pipe(out)
    else:
        out.symlink_to("/dev/null" if name == "device" else "/proc/self/fd/1")
    before = os.lstat(out)
    verb = {"html": ["report"], "json": ["baseline", "--from", "0", "--to", "3"]}.get(form, ["export", "--to", form])
    words = [*verb, str(GOLDEN), "--out", str(out)]
    if (form, name) != ("json", "stream"):  # which may be a file
        refused(2, words, str(out))
    assert os.lstat(out).st_ino == before.st_ino
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("form", ["csv", "parquet", "xdf", "html"])
def test_e32_no_link_that_came_with_a_session_is_written_through(tmp_path: Path, form: str) -> None:
    """A folder that was unpacked may hold links under the names that are written to beside a session."""
    mine = tmp_path / "mine"
    mine.write_text("letter", "utf-8")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name in (f".it.{form}.part", f"it.{form}", ".it.dictionary.csv.part", "it.dictionary.csv"):
        (folder / name).symlink_to(mine)
    verb = ["report"] if form == "html" else ["export", "--to", form]
    done = command(*verb, str(GOLDEN), "--out", str(folder / f"it.{form}"))
    assert done.returncode == 0, done.stderr
    assert mine.read_text("utf-8") == "letter"
    assert not (folder / f"it.{form}").is_symlink()
