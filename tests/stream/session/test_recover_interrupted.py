"""Recovering is itself killed, or meets a full disk: nothing is lost by it, and it can be done again."""

import errno
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import HELPERS
from runs.live import wait_for

from liveaffect.stream.errors import RecordError
from liveaffect.stream.session import recover as module
from liveaffect.stream.session.info import SessionInfo
from liveaffect.stream.session.mcap.writer import McapWriter
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover
from liveaffect.stream.session.writer import RESERVE

pytestmark = pytest.mark.processes

RECOVER = """
import sys
from liveaffect.stream.session.recover import recover
from liveaffect.stream.session.writer import RESERVE
print("ready", flush=True)
sys.stdin.readline()
recover(sys.argv[1])
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session as a killed program left it, with torn bytes at its end."""
    folder = tmp_path_factory.mktemp("torn") / "s"
    writer = subprocess.Popen(
        [sys.executable, str(HELPERS / "runs/session_writer.py"), str(folder)], stdout=subprocess.DEVNULL
    )
    recording = folder / "session.mcap"
    wait_for(lambda: recording.exists() and recording.stat().st_size > 120_000, "some messages")
    writer.kill()
    writer.wait()
    with recording.open("ab") as file:
        file.write(b"\x06torn")
    return folder


@pytest.fixture
def session(torn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(torn, tmp_path / "s")


def _told(folder: Path) -> list[tuple[str, int]]:
    return [(topic.name, message.seq) for topic, message in SessionReader(folder).messages()]


def _kill(folder: Path, after_s: float) -> bool:
    """Recovers in a program of its own that is killed so much later; whether that came before it was done."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", RECOVER, str(folder)], **pipes) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.stdin.write("\n")
        program.stdin.flush()
        try:
            program.wait(after_s)
        except subprocess.TimeoutExpired:
            program.kill()
        return program.stdout.read() != "done\n"


def _kills(torn: Path, at: Path, count: int) -> int:
    """So many kills, at instants of a fixed seed; each time recovering again gives every message. Counts the met."""
    whole = shutil.copytree(torn, at / "whole")
    recover(whole)
    expected, met = _told(whole), 0
    for number in range(count):
        folder = shutil.copytree(torn, at / f"s{number}")
        met += _kill(folder, random.Random(number).uniform(0.0, 0.15))
        recover(folder)
        reader = SessionReader(folder)
        assert (reader.state, reader.faults) == ("INCOMPLETE", []), number
        assert _told(folder) == expected, number
        assert not [path for path in folder.iterdir() if path.name.endswith(".recovering")], number
        shutil.rmtree(folder)
    return met


def test_recovering_that_is_killed_is_done_again(torn: Path, tmp_path: Path) -> None:
    _kills(torn, tmp_path, 4)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_recovering_that_is_killed_sixty_times_loses_nothing(torn: Path, tmp_path: Path) -> None:
    assert _kills(torn, tmp_path, 60) >= 6


@pytest.mark.parametrize("where", ["flush", "finish", "save", "keep_damaged"])
def test_a_disk_that_fills_while_it_recovers_leaves_the_recording_as_it_was(
    session: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kept = [path for path in session.iterdir() if path.name != RESERVE]  # that is there to be given up
    before = {path.name: path.read_bytes() for path in kept}
    with monkeypatch.context() as patch:
        owner = {"save": SessionInfo, "keep_damaged": module}.get(where, McapWriter)
        patch.setattr(owner, where, full)
        with pytest.raises(RecordError, match="No space left"):
            recover(session)
    left = {path.name: path.read_bytes() for path in session.iterdir() if path.is_file() and path.name != RESERVE}
    assert left == before
    recover(session)
    assert SessionReader(session).state == "INCOMPLETE"


def test_a_disk_without_room_is_told_before_anything_is_written(torn: Path, small_disk: Path) -> None:
    folder = shutil.copytree(torn, small_disk / "s")
    before = (folder / "session.mcap").read_bytes()
    with pytest.raises(RecordError, match="make room, or copy"):
        recover(folder)
    assert (folder / "session.mcap").read_bytes() == before
