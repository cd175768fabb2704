"""Processes for work with a face model start from the installation alone."""

import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from liveaffect.offline.apart import start


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
