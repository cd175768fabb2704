"""A sensor that is heard no more: nothing looks alive after two seconds, and all of it comes back by itself."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from windows import stream as made
from windows.gui import picture

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.palette import colours
from liveaffect.nodes.dashboard.scene.lost import FILM_ENDED, SILENT_NS
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream import messages as m

SECOND_NS = 1_000_000_000
LIVELY = ("accent", "valence", "arousal", "voice", "good", "warn", "bad", "rec")


class Watched:
    """A window whose clock is turned by hand; each second of a living sensor brings 30 frames and a health."""

    def __init__(self, *, recording: bool = True) -> None:
        node = DashboardNode()
        node.open()
        self.window = MainWindow(GatewayFeed(node, lambda: ""))
        self.scene, self.node, self.recording = node.scene, node, recording
        self.now_ns, self.frames = 7 * SECOND_NS, 0
        self.scene.clock = lambda: self.now_ns
        self.scene.wall = lambda: 1_764_000_000.0 + self.now_ns / 1e9
        self.window.feed.sensor_now_ns = lambda: made.START_NS - 7 * SECOND_NS + self.now_ns  # type: ignore[method-assign]
        self.scene.connected = True
        self.window.resize(1280, 800)
        self.window.show()

    def second(self, alive: bool) -> None:
        """A second passes, at the end of which the window's timers fire."""
        self.now_ns += SECOND_NS
        if alive:
            for message in made.stream(range(self.frames, self.frames + 30)):
                self.node.take(message)
            self.frames += 30
            told = m.RecordStatus(recording=self.recording, since_ns=made.START_NS, session="/data/p01")
            self.node.take(made.health("recorder", self.frames, status=told))
            self.scene.heard_ns = self.scene.affect_heard_ns = self.now_ns
        self.window._look_for_life()
        self.window.presenter.picture()
        self.window.presenter.plots()
        self.window.refresh_status()

    @property
    def canvases(self) -> tuple[Any, ...]:
        """The panels with numbers, but for the traces' own drop-down."""
        window = self.window
        return (window.circumplex, window.emotions, window.units, window.voice, window.weights, window.traces)

    def shown(self) -> dict[str, Any]:
        """What looks alive: everything somebody could take for now."""
        window = self.window
        return {
            "grey": all(canvas.gone for canvas in self.canvases) and window.video.gone,
            "rec": window.status.rec._words,
            "dots": sorted({dot.kind for dot in window.status.dots._dots}),
            "rate": window.status.figures["rate"].text(),
            "record": window.controls.record_button.text(),
        }

    def lively_pixels(self) -> int:
        """Pixels in a colour that only what is of now has."""
        window, found = self.window, 0
        lively = {getattr(colours(), name).rgb() for name in LIVELY} | {c.rgb() for c in colours().emotions[1:]}
        for part in (window.video, *self.canvases, window.status):
            shot = part.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
            found += int(np.isin(np.frombuffer(shot.constBits(), np.uint32), list(lively)).sum())
        return found


@pytest.fixture
def watched(app: Any, qtbot: QtBot) -> Iterator[Watched]:
    watched = Watched()
    qtbot.addWidget(watched.window)
    yield watched
    watched.window.feed.close()


def test_u1_nothing_looks_alive_two_seconds_after_the_last_word_and_it_comes_back(watched: Watched) -> None:
    table = []
    for second in range(20):
        watched.second(alive=not 4 <= second < 12)
        table.append((second, *watched.shown().values()))
    quiet_s = [second for second, grey, *_ in table if grey]
    assert quiet_s == list(range(6, 12)), table  # heard last at the end of second 3: over 2 s of silence from second 6
    for _, grey, rec, dots, rate, record in table:
        if grey:
            assert (dots, rate, record) == (["unknown"], "", "Record")
            assert rec.startswith("REC 00:04 at "), rec
        else:
            assert (rate, record) == ("30.0 frames/s", "Stop recording") or rate
    assert table[-1][2].startswith("REC 00:20")
    assert SILENT_NS == 2 * SECOND_NS


def test_u1_not_a_pixel_of_a_gone_window_has_the_colour_of_now(watched: Watched) -> None:
    for _ in range(3):
        watched.second(alive=True)
    assert watched.lively_pixels() > 100
    for _ in range(3):
        watched.second(alive=False)
    assert watched.lively_pixels() == 0
    reason = watched.window.video._reason
    assert reason is not None
    assert reason.headline.startswith("No word from the sensor since ")
    assert "start it again" in reason.words
    picture(watched.window, "gone_no_word")
    watched.second(alive=True)
    assert watched.window.video._reason is None
    assert watched.lively_pixels() > 100


def test_u1_a_page_that_is_opened_while_nothing_is_heard_is_not_empty_and_asks_nothing(watched: Watched) -> None:
    asked: list[str] = []
    watched.window.feed.ask = lambda verb, *_, **__: asked.append(verb)  # type: ignore[method-assign]
    for alive in (True, True, False, False, False):
        watched.second(alive=alive)
    side = watched.window.side
    side.turn("why")
    assert side.why.missing is not None
    assert "does not run" in side.why.missing.headline
    assert asked == []


def test_u1_a_paused_view_goes_grey_too(watched: Watched) -> None:
    watched.second(alive=True)
    watched.window.set_paused(True)
    for _ in range(3):
        watched.second(alive=False)
    assert watched.shown()["grey"]
    assert watched.window.status.words.text().startswith("No word from the sensor since")


def test_a_film_that_has_ended_says_so(watched: Watched) -> None:
    watched.recording = False
    watched.second(alive=True)
    for node in ("camera", "microphone"):
        watched.node.take(made.health(node, watched.frames, state="stopped"))
    watched.scene.connected, watched.scene.trouble = False, "The sensor has gone"
    for _ in range(3):
        watched.second(alive=False)
    reason = watched.window.video._reason
    assert reason is not None
    assert reason.headline == FILM_ENDED
    assert "REC" not in watched.shown()["rec"]
    picture(watched.window, "gone_film_ended")


def test_estimates_that_stop_while_the_sensor_speaks_are_not_shown_as_of_now(watched: Watched) -> None:
    watched.second(alive=True)
    for _ in range(3):
        watched.now_ns += SECOND_NS
        watched.node.take(made.health("recorder", watched.frames, info={}))
        watched.scene.heard_ns = watched.now_ns
    watched.window.presenter.plots()
    assert not watched.shown()["grey"]
    assert watched.window.circumplex._person is None
    assert watched.window.emotions._shares is None


def test_another_run_begins_with_an_empty_window(watched: Watched) -> None:
    watched.second(alive=True)
    watched.scene.forget()
    assert watched.scene.affect is None
    assert not watched.scene.health
    assert watched.window.presenter.gone is None
    watched.window.refresh_status()
    assert not watched.shown()["grey"]
    assert watched.window.status.rec._words == "not recording"
