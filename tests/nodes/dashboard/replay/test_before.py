"""After a seek the traces show what came before, paused or not; under the seek bar lies the whole session."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.session import ZERO_NS, recorded
from pytestqt.qtbot import QtBot
from windows import stream as made
from windows.gui import picture

from liveaffect.cli.windows import past as reading
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.replay.bar import ReplayBar
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.shown import AFFECT_COLUMNS, Scene
from liveaffect.nodes.dashboard.sessions.tools import Cards, Tools
from liveaffect.nodes.dashboard.views.trace_data import missing_spans
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream.messages import Playback, ReplayStatus

WAIT_MS = 90_000
CARDS = (sys.executable, "-P", "-m", "liveaffect.cli.windows.cards")


def test_estimates_before_an_instant_are_thinned_and_the_newest_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "s")
    found = reading.past(folder, 12.0)
    times = [(one.t_ns - ZERO_NS) / 1e9 for one in found]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert 11.0 < times[-1] <= 12.0
    monkeypatch.setattr(reading, "MOST", 10)
    few = reading.past(folder, 12.0)
    assert len(few) <= 11
    assert few[-1].t_ns == found[-1].t_ns
    monkeypatch.setattr(reading, "BACK_S", 3.0)
    assert (reading.past(folder, 12.0)[0].t_ns - ZERO_NS) / 1e9 > 8.0
    assert abs(reading.shift_s(folder, ZERO_NS)) < 1.0


def test_u5_a_scene_takes_what_came_before_under_what_is_there() -> None:
    whole, jumped = Scene(), Scene()
    for i in range(300):
        whole.take_affect(made.affect(i))
    for i in range(200, 300):
        jumped.take_affect(made.affect(i))
    jumped.take_past([made.affect(i) for i in range(205)])
    for one, other in ((whole.followed, jumped.followed), (whole.tracks[0], jumped.tracks[0])):
        t, values = one.since(-np.inf)
        t_then, values_then = other.since(-np.inf)
        assert np.allclose(t - t[-1], t_then - t_then[-1])
        assert np.array_equal(values, values_then, equal_nan=True)


def test_u5_a_paused_seek_is_not_blank() -> None:
    scene = Scene()
    scene.take_past([made.affect(i) for i in range(60)])
    assert scene.person is not None
    assert scene.now_ns == made.instant(59)
    t, values = scene.trace.since(-np.inf)
    spans = missing_spans(t, values, float(t[-1]) - 1.5, float(t[-1]))
    assert spans == []
    assert not np.isnan(values[-1, AFFECT_COLUMNS.index("valence")])
    empty = Scene()
    empty.take_past([])
    assert empty.affect is None


@pytest.mark.processes
def test_u5_after_a_jump_the_traces_are_filled_and_the_strip_shows_the_session(
    app: Any, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = recorded(tmp_path / "s")
    node = DashboardNode()
    node.open()
    tools = Tools(CARDS, (), lambda _: None)
    window = MainWindow(GatewayFeed(node, lambda: ""), tools=tools)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    scene = node.scene
    scene.connected, scene.facts = True, {"kind": "replay"}
    told = ReplayStatus(session=str(folder), length_s=20.0, markers=((3.0, "film on"),))
    node.take(made.health("replay", 0, status=told))
    node.take(Playback(t_ns=1, position_s=12.0, length_s=20.0, state="paused", round=1))
    window.refresh_status()
    bar = window._bar
    assert isinstance(bar, ReplayBar)
    qtbot.waitUntil(lambda: bar.line._strip is not None and len(scene.followed) > 50, timeout=WAIT_MS)
    window.presenter.plots()
    assert window.circumplex._person is not None
    shown = window.traces._means[:, 0]
    assert np.isfinite(shown).sum() > 50
    picture(window, "replay_after_seek")
    node.take(Playback(t_ns=2, position_s=5.0, length_s=20.0, state="paused", round=2))
    assert len(scene.followed) == 0
    qtbot.waitUntil(lambda: len(scene.followed) > 20, timeout=WAIT_MS)
    assert scene.seconds(scene.now_ns) == pytest.approx(4.9, abs=0.3)
    window.close()


@pytest.mark.processes
def test_a_reader_with_nothing_to_do_ends_and_another_answers(app: Any, qtbot: QtBot, tmp_path: Path) -> None:
    code = "import os, sys\nfor _ in sys.stdin: print('{\"pid\": %d}' % os.getpid(), flush=True)"
    cards = Cards((sys.executable, "-c", code))
    pids: list[int] = []
    cards.put({"a": 1}, lambda said: pids.append(said["pid"]))
    qtbot.waitUntil(lambda: len(pids) == 1, timeout=WAIT_MS)
    cards._rest()
    cards.put({"b": 1}, lambda said: pids.append(said["pid"]))
    qtbot.waitUntil(lambda: len(pids) == 2, timeout=WAIT_MS)
    assert pids[0] != pids[1]
    cards.close()
