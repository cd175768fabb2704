"""The file of a run: what is in it, what is not, and how long it stays."""

import logging
from pathlib import Path

import msgspec
import pytest
from runs.live import collect, live_run, wait_for

from liveaffect.stream.identity import Identity
from liveaffect.stream.live import runlog
from liveaffect.stream.live.runlog import (
    Owner,
    RunHandler,
    RunLog,
    claim,
    ended_whole,
    hidden_words,
    last_lines,
    prune,
    runs,
    sweep,
)
from liveaffect.stream.messages import Log

TABLE = {"counter": {"type": "toy_nodes:Counter"}, "delay": {"type": "toy_nodes:Delay"}}


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_names_of_files_are_written_as_the_key_that_holds_them(tmp_path: Path) -> None:
    film = tmp_path / "Anna Smith.mp4"
    film.write_bytes(b"")
    table = {
        "camera": {"type": "liveaffect.nodes.camera:CameraNode", "source": str(film), "options": {"x": "/secret/y"}},
        "recorder": {"folder": "study/P01_Anna", "video": "no"},
        "replay": {"session": "/data/Anna/s"},
    }
    handler = RunHandler(None, "face", hidden_words(table))
    said = handler.hide(
        f"{film} cannot be opened; Anna Smith.mp4; {Path('study/P01_Anna').absolute()}/x; /secret/y, no"
    )
    assert said == "<camera.source> cannot be opened; <camera.source>; <recorder.folder>/x; <camera.options.x>, no"
    assert "Anna" not in handler.hide("/data/Anna/s is damaged")
    assert handler.hide(f"{Path.home()}/.cache/x") == "~/.cache/x"
    assert handler.hide("nothing to hide, no") == "nothing to hide, no"


def test_records_go_to_the_file_and_wait_for_the_topic(tmp_path: Path) -> None:
    handler = RunHandler(tmp_path / "run.log", "face", {"/films/a.mp4": "<camera.source>"})
    logger = logging.Logger("liveaffect.node.camera")
    logger.addHandler(handler)
    logger.info("opened %s", "/films/a.mp4")
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("it failed")
    logging.Logger("other").addHandler(handler)
    lines = (tmp_path / "run.log").read_text("utf-8").splitlines()
    assert lines[0].endswith(" face         info    camera: opened <camera.source>")
    assert "ValueError: broken" in lines[-1]
    assert all(" face " in line for line in lines), "every line says whose it is"
    taken = handler.take()
    assert [(log.process, log.node, log.level) for log in taken] == [
        ("face", "camera", "info"),
        ("face", "camera", "error"),
    ]
    assert handler.take() == []
    handler.close()


def test_a_record_that_cannot_be_put_into_words_ends_nothing(tmp_path: Path) -> None:
    handler = RunHandler(tmp_path / "run.log", "face", {})
    logger = logging.Logger("liveaffect")
    logger.addHandler(handler)
    logger.info("%d", "no number")
    assert "cannot be put into words" in (tmp_path / "run.log").read_text("utf-8")
    handler.close()


def test_a_file_that_is_full_still_says_how_the_run_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runlog, "MOST_BYTES", 2000)
    log = RunLog("0123456789", TABLE)
    assert log.path is not None
    for number in range(1000):
        log.handler.write("info", f"line {number}")
    log.end("")
    assert log.path.stat().st_size < 2200
    assert ended_whole(log.path)
    assert log.path.stat().st_mode & 0o077 == 0


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    log = RunLog("0123456789", TABLE)
    log.handler.write("info", "line")
    log.end("")
    assert log.path is None


def test_the_last_ten_runs_are_kept_and_older_ones_that_failed(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(60):
        end = "ended whole" if number % 2 else "it was killed"
        (folder / f"2026-01-{number:02d}.log").write_text(f"begin\n{end}\n", "utf-8")
    prune(folder)
    kept = [path.stem for path in runs(folder)]
    assert kept[-9:] == [f"2026-01-{number:02d}" for number in range(51, 60)]
    assert all(int(stem[-2:]) % 2 == 0 for stem in kept[:-9])
    assert 9 < len(kept) < 30
    assert last_lines(folder / "2026-01-59.log", 1) == ["ended whole"]


@pytest.mark.processes
def test_e27_a_run_leaves_what_its_processes_said_and_why_one_died() -> None:
    table = {"counter": {"type": "toy_nodes:Counter", "fail_at": 30}, "delay": TABLE["delay"]}
    with live_run(table) as run, run.client("log") as client:
        got = collect(client, lambda m: any(isinstance(log, Log) and "broke on purpose" in log.text for log in m))
        assert isinstance(got[-1], Log)
        wait_for(lambda: any("is down" in line for line in run.lines), "the line for the user")
    path = runs()[-1]
    text = path.read_text("utf-8")
    for word in (
        "counter: opened in",
        "RuntimeError: the counter broke on purpose",
        "Traceback",
        "is down",
        "stopping",
    ):
        assert word in text
    ended = text.splitlines()[-1].split(maxsplit=3)[3]  # its end may be noticed before its last word is
    assert ended.startswith("ended with a fault: ")
    assert "RuntimeError: the counter broke on purpose" in ended
    assert not ended_whole(path)


def test_the_folder_of_a_killed_run_is_swept_and_what_was_printed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runlog.tempfile, "gettempdir", lambda: str(tmp_path))
    log = RunLog("0123456789", TABLE)
    assert log.path is not None
    mine = Identity.mine()
    dead = msgspec.structs.replace(mine, started=mine.started - 1)
    elsewhere = msgspec.structs.replace(mine, boot="another machine")
    for name, identity in (("a", dead), ("b", mine), ("c", elsewhere)):
        folder = tmp_path / f"liveaffect-{name}"
        folder.mkdir()
        (folder / "face.log").write_text("a library complains\n", "utf-8")
        claim(folder, log.path)
        owner = Owner(identity=identity, run_file=str(log.path))
        (folder / "owner.json").write_bytes(msgspec.json.encode(owner))
    (tmp_path / "liveaffect-d").mkdir()
    (tmp_path / "liveaffect-d" / "owner.json").write_bytes(b"{")
    (tmp_path / "liveaffect-e").mkdir()
    (tmp_path / "liveaffect-f").symlink_to(tmp_path / "liveaffect-b")
    sweep()
    left = sorted(path.name[-1] for path in tmp_path.glob("liveaffect-*"))
    assert left == ["b", "c", "d", "e", "f"]
    assert last_lines(log.path, 1)[0].endswith(" face         info    printed: a library complains")
    log.end("")


def test_a_stranger_cannot_have_lines_put_into_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runlog.tempfile, "gettempdir", lambda: str(tmp_path))
    mine = Identity.mine()
    target = tmp_path / "target.txt"
    target.write_text("mine\n", "utf-8")
    folder = tmp_path / "liveaffect-a"
    folder.mkdir()
    (folder / "face.log").write_text("yours\n", "utf-8")
    owner = Owner(identity=msgspec.structs.replace(mine, started=1), run_file=str(target))
    (folder / "owner.json").write_bytes(msgspec.json.encode(owner))
    sweep()
    assert target.read_text("utf-8") == "mine\n"
