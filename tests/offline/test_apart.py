"""Processes for work with a face model start from the installation alone."""

import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from liveaffect.offline.apart import answered_apart, start
from liveaffect.stream.errors import RecordError

NAME = "OPENBLAS_NUM_THREADS"


@pytest.mark.processes
@pytest.mark.parametrize("mine", [None, "3"])
def test_it_has_one_thread_for_linear_algebra_unless_its_user_wants_more(
    monkeypatch: pytest.MonkeyPatch, mine: str | None
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if mine:
        monkeypatch.setenv(NAME, mine)
    assert answered_apart(_threads, answer=str, refused=RecordError, what="it") == (mine or "1")
    assert os.environ.get(NAME) == mine, "of the caller's own environment nothing has changed"


def _threads(tell: object) -> str:
    return os.environ[NAME]


@pytest.mark.processes
def test_modules_in_the_working_folder_are_not_taken_for_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("random", "pickle", "selectors", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    process, here = start(Connection.send, "well")
    assert here.recv() == "well"
    process.join()
    assert process.exitcode == 0
    assert "PYTHONSAFEPATH" not in os.environ
