"""Scoring from a window: the list, its progress, cancel, results; the engine is that of `score`."""

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import grey_ramp, write_video
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from windows.gui import picture

from liveaffect.cli.windows import scoring
from liveaffect.nodes.dashboard.scoring.dialog import ScoreDialog
from liveaffect.nodes.dashboard.scoring.job import Job
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.offline.scoring.settings import ScoreSettings

WAIT_MS = 120_000
SAYS = """
import json, sys, time
out, *files = sys.argv[1:]
def say(**facts): print(json.dumps(facts), flush=True)
say(todo=len(files), done=1)
for n, file in enumerate(files):
    say(files={file: [0.5, 50]}, ended=n)
    if "wait" in file: sys.stdin.read(); sys.exit(130)
    if "bad" not in file: say(files={file: [1.0, 100]}, ended=n + 1)
bad = [file for file in files if "bad" in file]
say(tables={f: f"{out}/x.parquet" for f in files if f not in bad}, failures={f: f"{f}: no media" for f in bad})
"""


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools((), (), lambda _: None, scoring=(sys.executable, "-c", SAYS), tables=tmp_path / "tables")


def test_a_job_tells_rate_and_time_left_from_what_it_hears(tools: Tools, qtbot: QtBot) -> None:
    now = [100.0]
    job = Job((sys.executable, "-c", ""), "", [], clock=lambda: now[0])
    job.take({"todo": 2, "done": 0})
    now[0] += 60.0  # models are loaded and compiled
    job.take({"files": {"a": [0.1, 30]}, "ended": 0})
    now[0] += 1.0
    job.take({"files": {"a": [0.14, 60]}, "ended": 0})
    assert job.left_s is None, "too soon to tell"
    now[0] += 9.0
    job.take({"files": {"a": [0.5, 330]}, "ended": 0})
    assert job.rates["a"] == pytest.approx(30.0)
    assert job.left_s == pytest.approx(37.5), "1.5 files at 0.04 a second: what came before the first is no part of it"
    job.close()


@pytest.mark.processes
def test_files_are_scored_listed_and_failures_are_named(app: Any, qtbot: QtBot, tools: Tools, tmp_path: Path) -> None:
    dialog = ScoreDialog(tools, files=[tmp_path / "one.mp4", tmp_path / "bad.mp4", tmp_path / "one.mp4"])
    qtbot.addWidget(dialog)
    dialog.show()
    assert [Path(file).name for file in dialog.files] == ["one.mp4", "bad.mp4"]
    dialog.begin()
    assert not dialog.start.isVisible()
    qtbot.waitUntil(lambda: dialog.job is None, timeout=WAIT_MS)
    rows = [(item.text(0), item.text(1), item.text(2)) for item in dialog._items()]
    assert rows == [("one.mp4", "100 %", "done"), ("bad.mp4", "50 %", "no media")]
    assert "1 table in" in dialog.words.text()
    assert "1 could not be scored" in dialog.words.text()
    assert dialog.report.isVisible()
    assert dialog.start.isEnabled()
    picture(dialog, "score_dialog")


def test_what_was_copied_in_a_file_manager_is_pasted(app: Any, qtbot: QtBot, tools: Tools, tmp_path: Path) -> None:
    dialog = ScoreDialog(tools)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.mp4", "b.wav")])
    QApplication.clipboard().setMimeData(data)
    QTest.keyClick(dialog.list, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert [Path(file).name for file in dialog.files] == ["a.mp4", "b.wav"]


@pytest.mark.processes
def test_a_run_is_cancelled_and_closing_ends_it(app: Any, qtbot: QtBot, tools: Tools, tmp_path: Path) -> None:
    dialog = ScoreDialog(tools, files=[tmp_path / "wait.mp4"])
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.begin()
    qtbot.waitUntil(lambda: dialog._items()[0].text(1) == "50 %", timeout=WAIT_MS)
    assert "0 of 1 files, 1 were done already" in dialog.words.text()
    dialog.cancel.click()
    qtbot.waitUntil(lambda: dialog.job is None, timeout=WAIT_MS)
    assert dialog.words.text().startswith("Cancelled")
    dialog.begin()
    qtbot.waitUntil(lambda: dialog._items()[0].text(1) == "50 %", timeout=WAIT_MS)
    dialog.done(0)
    assert dialog.job is None or dialog.job.cancelled


@pytest.mark.processes
def test_what_the_faces_show_is_chosen_for_a_run_and_held_while_it_runs(
    app: Any, qtbot: QtBot, tools: Tools, tmp_path: Path
) -> None:
    dialog = ScoreDialog(tools, files=[tmp_path / "wait.mp4"])
    qtbot.addWidget(dialog)
    dialog.show()
    heard: list[list[str]] = []
    for name in ("natural", "uniform"):
        dialog.prior.setCurrentIndex(dialog.prior.findData(name))
        dialog.begin()
        assert dialog.job is not None
        assert not dialog.prior.isEnabled()
        heard.append(dialog.job._process.arguments()[2:])
        dialog.cancel.click()
        qtbot.waitUntil(lambda: dialog.job is None, timeout=WAIT_MS)
    rest = [str(dialog.out), str(tmp_path / "wait.mp4")]
    assert heard == [rest, ["--set", "face_affect.prior=uniform", *rest]]
    assert dialog.prior.isEnabled()


@pytest.mark.processes
def test_the_program_scores_with_the_engine_of_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "graph.toml").write_text(LAUNCH, "utf-8")
    clip = write_video(tmp_path / "a.mkv", grey_ramp(48, 64, 12))
    batch = scoring.score_batch
    settings = ScoreSettings(launch=tmp_path / "graph.toml")
    asked: list[ScoreSettings] = []

    def ours(*words: Any, **more: Any) -> Any:
        asked.append(more.pop("settings"))
        return batch(*words, settings=settings, **more)

    monkeypatch.setattr(scoring, "score_batch", ours)
    monkeypatch.setattr(scoring, "_until_closed", lambda: None)
    monkeypatch.setattr(scoring.signal, "signal", lambda *_: None)
    assert scoring.main([str(tmp_path / "tables"), str(clip), str(tmp_path / "nothing.mp4")]) in (0, 1)
    assert scoring.main([str(tmp_path / "tables"), str(clip)]) == 0
    assert scoring.main(["--set", "face_affect.prior=uniform", str(tmp_path / "tables"), str(clip)]) == 0
    assert [one.overrides for one in asked] == [(), (), ("face_affect.prior=uniform",)]
    said = capsys.readouterr().out
    assert '"todo": 1' in said
    (table,) = (tmp_path / "tables").glob("*.parquet")
    assert pl.read_parquet(table).height == 12
