"""The replay bar on a real replay: what it shows of the session, and that keys, clicks and buttons get there."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from runs.live import live_run
from windows.gui import picture

from liveaffect.cli.replay import replay_table
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.replay.bar import ReplayBar
from liveaffect.nodes.dashboard.replay.seek_bar import SeekBar
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.messages import Affect, Marker, Playback
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, MARKER

pytestmark = pytest.mark.processes

SECOND = 1_000_000_000
LIMIT_S = 120.0


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A minute; nobody in view from 20 to 30 s; markers at 10 and 40 s."""
    writer = SessionWriter(tmp_path / "s", SessionContext(clock="boot"), min_free=0)
    for seq in range(601):
        t_ns = (50 + seq / 10) * SECOND
        header: dict[str, Any] = {"t_ns": int(t_ns), "pub_ns": int(t_ns), "seq": seq, "clock": "boot"}
        writer.write(AFFECT, Affect(**header, frame_seq=seq, state="no_face" if 200 <= seq < 300 else "ok"))
        if seq in (100, 400):
            writer.write(MARKER, Marker(**{**header, "seq": seq // 400}, label=f"at {seq // 10}"))
        if seq % 5 == 0:
            writer.flush()
    writer.close()
    return tmp_path / "s"


@pytest.fixture
def bar(app: Any, session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReplayBar]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = replay_table(session)
    table["replay"]["hold"] = True
    with live_run(table) as run:
        node = DashboardNode()
        node.open()
        feed = GatewayFeed(node, lambda: run.supervisor.gateway_address)
        window = QWidget()
        made = ReplayBar(feed, node.scene, window)
        column = QVBoxLayout(window)
        column.addWidget(made)
        column.addWidget(QLineEdit())
        window.resize(900, 90)
        window.show()
        feed.start()
        made.setFocus()
        assert _comes(lambda: made.line.length_s > 0 and made._said is not None), "the replay was not heard"
        yield made
        feed.close()
        window.close()


def _comes(condition: Any) -> bool:
    end = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < end:
        QTest.qWait(10)
    return bool(condition())


def _state(bar: ReplayBar) -> str:
    said = bar._scene.playback
    return "" if said is None else said.state


def _at(bar: ReplayBar, t_s: float, within: float = 3.0) -> bool:
    """The replay itself, not only the bar, is there."""

    def there() -> bool:
        said = bar._scene.playback
        return said is not None and t_s <= said.position_s <= t_s + within and abs(bar.position_s - t_s) <= within

    return _comes(there)


class SlowFeed:
    """A replay that says and answers only when the test lets it."""

    def __init__(self) -> None:
        self.node = DashboardNode()
        self.node.open()
        self.asked: list[tuple[Any, dict[str, Any]]] = []

    def ask(self, verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        self.asked.append((on_reply, {"verb": verb, "target": target, **arguments}))

    def answer(self, *, ok: bool = True) -> None:
        on_reply, _ = self.asked.pop(0)
        on_reply(Reply(ok=ok, text="" if ok else "seek needs t_s from 0 to 60.000"))

    def say(self, bar: ReplayBar, position_s: float, number: int) -> None:
        self.node.take(Playback(t_ns=1, state="paused", position_s=position_s, length_s=60.0, speed=1.0, round=number))
        bar.refresh()


@pytest.fixture
def slow(app: Any, qtbot: Any) -> Iterator[tuple[SlowFeed, ReplayBar]]:
    feed, window = SlowFeed(), QWidget()
    qtbot.addWidget(window)
    bar = ReplayBar(cast("GatewayFeed", feed), feed.node.scene, window)
    bar.line.show_session(60.0, [], [])
    feed.say(bar, 5.0, 0)
    yield feed, bar
    window.close()


def test_the_handle_stays_where_it_was_put_until_a_slow_replay_has_arrived(
    slow: tuple[SlowFeed, ReplayBar], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, bar = slow
    began = time.monotonic()
    bar.seek(40.0)
    for later in (1.5, 10.0, 100.0):
        monkeypatch.setattr(time, "monotonic", lambda later=later: began + later)
        feed.say(bar, 5.0, 0)
        assert bar.line.position_s == pytest.approx(40.0), "the replay still stands where it stood"
    feed.answer()
    feed.say(bar, 5.0, 0)
    assert bar.position_s == 40.0
    feed.say(bar, 43.0, 1)
    assert bar.position_s == 43.0, "it goes on from there"


def test_of_two_seeks_the_last_one_counts_and_a_refused_one_leaves_the_replay_where_it_stands(
    slow: tuple[SlowFeed, ReplayBar],
) -> None:
    feed, bar = slow
    bar.seek(40.0)
    bar.seek(20.0)
    feed.answer()
    feed.say(bar, 40.0, 1)
    assert bar.position_s == 20.0
    feed.say(bar, 20.1, 2)
    assert bar.position_s == 20.1, "also before the answer"
    feed.answer()
    bar.seek(50.0)
    feed.answer(ok=False)
    assert bar.position_s == 20.1
    bar.seek(50.0)
    feed.node.scene.forget()
    bar.refresh()
    assert bar._asked is None, "another run knows nothing of it"


def test_it_shows_the_length_the_markers_and_what_is_missing(bar: ReplayBar) -> None:
    assert bar.line.length_s == pytest.approx(60.0, abs=0.01)
    assert bar.line.markers == [(10.0, "at 10"), (40.0, "at 40")]
    assert bar.line.missing == [(20.0, 30.0, "no_face")]
    assert "“at 10”" in bar.line.words_at(bar.line.x_of(10.0))
    assert "No estimate: no face in view" in bar.line.words_at(bar.line.x_of(25.0))
    assert bar.time.text().endswith("/ 01:00")
    bar.seek(33.0)
    assert _at(bar, 33.0)
    picture(bar.window(), "replay_bar")


def test_keys_play_pause_seek_and_jump_to_markers(bar: ReplayBar) -> None:
    window = bar.window()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert _comes(lambda: _state(bar) == "paused")
    QTest.keyClicks(window, "]")
    assert _at(bar, 10.0, 0.01)
    QTest.keyClicks(window, "]")
    assert _at(bar, 40.0, 0.01)
    QTest.keyClicks(window, "[")
    assert _at(bar, 10.0, 0.01)
    QTest.keyClicks(window, ".")
    assert _at(bar, 15.0, 0.01)
    QTest.keyClicks(window, ",")
    assert _at(bar, 10.0, 0.01)
    QTest.keyClick(bar.line, Qt.Key.Key_PageDown)
    assert _at(bar, 20.0, 0.01)
    QTest.keyClick(bar.line, Qt.Key.Key_Left)
    assert _at(bar, 19.0, 0.01)
    QTest.keyClicks(window, "K")
    assert _comes(lambda: _state(bar) == "playing")


def test_a_click_and_a_drag_on_the_line_go_there(bar: ReplayBar) -> None:
    bar.toggle()
    assert _comes(lambda: _state(bar) == "paused")
    y = bar.line.height() // 2
    QTest.mouseClick(bar.line, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.line.x_of(25.0)), y))
    assert _at(bar, 24.9, 0.2)
    QTest.mousePress(bar.line, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.line.x_of(25.0)), y))
    QTest.mouseMove(bar.line, QPoint(round(bar.line.x_of(50.0)), y))
    assert bar.line.dragging
    QTest.mouseRelease(bar.line, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.line.x_of(50.0)), y))
    assert _at(bar, 49.9, 0.2)


def test_the_speed_is_chosen_by_key_and_the_end_plays_again(bar: ReplayBar) -> None:
    for words in ("2×", "4×", "8×", "16×", "max"):
        QTest.keyClicks(bar.window(), ">")
        assert bar.speed.currentText() == words
    assert _comes(lambda: _state(bar) == "ended")
    assert _comes(lambda: bar.position_s == pytest.approx(60.0, abs=0.01))
    QTest.keyClicks(bar.window(), "<")
    assert _comes(lambda: bar.speed.currentText() == "16×")
    bar.play.click()
    assert _comes(lambda: _state(bar) == "playing")


def test_typed_words_are_no_commands(bar: ReplayBar) -> None:
    field = bar.window().findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setFocus()
    QTest.keyClicks(field, "a k, b.")
    assert field.text() == "a k, b."
    assert _state(bar) == "playing"


def test_without_a_session_the_line_is_empty_and_takes_no_click(app: Any) -> None:
    line = SeekBar()
    line.resize(300, 34)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    assert not line.dragging
    assert line.marker_after(0.0) is None
    assert line.marker_before(0.0) is None
