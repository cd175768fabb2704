"""The main window: where everything stands, and when it is painted."""

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QElapsedTimer, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.palette import zoom
from liveaffect.nodes.dashboard.replay.bar import ReplayBar
from liveaffect.nodes.dashboard.scene.lost import lost
from liveaffect.nodes.dashboard.scene.status import lost_status, private, record_status, status_of
from liveaffect.nodes.dashboard.scene.words import baseline_doubt
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.views.circumplex import CircumplexView
from liveaffect.nodes.dashboard.views.emotions import EmotionsView
from liveaffect.nodes.dashboard.views.people import PeopleBar
from liveaffect.nodes.dashboard.views.status import StatusLine
from liveaffect.nodes.dashboard.views.traces import Traces
from liveaffect.nodes.dashboard.views.units import UnitsView
from liveaffect.nodes.dashboard.views.video import VideoView
from liveaffect.nodes.dashboard.views.voice import VoiceView
from liveaffect.nodes.dashboard.views.weights import WeightsView
from liveaffect.nodes.dashboard.window.actions import Actions
from liveaffect.nodes.dashboard.window.controls import Controls, toggle
from liveaffect.nodes.dashboard.window.dialogs import Dialogs
from liveaffect.nodes.dashboard.window.drops import Drops
from liveaffect.nodes.dashboard.window.keys import bind, escape, full_screen
from liveaffect.nodes.dashboard.window.layout import lay_out, right_column
from liveaffect.nodes.dashboard.window.pacer import Pacer
from liveaffect.nodes.dashboard.window.presenter import Presenter, Views
from liveaffect.nodes.dashboard.window.recorded import Recorded
from liveaffect.nodes.dashboard.window.view_menu import ViewMenu

STATUS_S = 0.5
MOST_ZOOM = 1.8
"""Type in a window that fills a 4K screen, against that in 1280x800."""
SLACK = 0.85
"""A frame that comes a little early is not made to wait for the next one."""


class MainWindow(QWidget):
    """Everything about the people in view and the sensor.

    Parameters
    ----------
    feed: its node is open; it is started and closed here.
    owner: closing this window decides about the sensor too.
    remote: the sensor is on another machine, whose pixels come only when asked for.
    tools: reads and shows recorded sessions; None where that is not possible.
    """

    def __init__(
        self,
        feed: GatewayFeed,
        *,
        owner: bool = False,
        remote: bool = False,
        tools: Tools | None = None,
    ) -> None:
        super().__init__()
        self.feed, self.scene = feed, feed.scene
        self.setWindowTitle("liveaffect")
        self.exit_code = 0
        self.paused = False
        self.pacer = Pacer()
        self.video, self.people = VideoView(), PeopleBar()
        self.circumplex, self.emotions, self.units = CircumplexView(), EmotionsView(), UnitsView()
        self.voice, self.weights, self.traces = VoiceView(), WeightsView(), Traces()
        self.status, self.controls = StatusLine(), Controls()
        self.picture_button = toggle("Picture", "Show the camera's picture; off, faces are drawn from landmarks")
        self.lines_button = toggle("Landmarks", "Draw the lines of the face upon the picture (L)")
        self.picture_button.setChecked(not remote)
        self.lines_button.setChecked(True)
        views = Views(
            self.video, self.circumplex, self.emotions, self.units, self.voice, self.weights, self.traces, self.people
        )
        self._owner, self._remote = owner, remote
        self.actions_ = Actions(
            feed, self.controls, self.status, refresh=self.refresh_status, update_pixels=self.update_pixels
        )
        self.view_menu = ViewMenu(feed, self._rescale)
        self.controls.add(self.view_menu)
        self.dialogs = Dialogs(self, feed, lambda: self.actions_.is_recording)
        self.recorded = Recorded(self, self.dialogs, tools)
        self._bar: ReplayBar | None = None
        self.side = right_column(feed, views)
        self.presenter = Presenter(self.scene, views, self.side, self.wants_pixels, lambda: self.actions_.is_private)
        buttons = (self.picture_button, self.lines_button)
        self.main = lay_out(self, views, self.side, self.controls, self.status, buttons)
        self._connect()
        self._late: list[float] = []
        self._painted = self._told = self._free = 0.0
        self._since_tick = QElapsedTimer()
        self._again = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._again.timeout.connect(self._paint_picture)
        self._ticks = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._ticks.timeout.connect(self._tick)

    def start(self) -> None:
        """Begins to listen and to paint."""
        self.feed.want_pixels(self.wants_pixels())
        self.feed.start()
        self._set_pace()
        self._since_tick.start()
        self.setFocus()

    def wants_pixels(self) -> bool:
        """Whether the camera's picture is to be shown now."""
        return self.picture_button.isChecked() and not self.actions_.is_private

    def set_paused(self, on: bool) -> None:
        """Holds the window still, or lets it go on."""
        self.paused = on
        self.controls.pause_button.setChecked(on)
        self.controls.pause_button.setText("Go on" if on else "Pause view")
        self.refresh_status()

    def choose(self, person: int | None) -> None:
        """Looks at one person, or (None) at whoever is there."""
        with self.scene.lock:
            self.scene.pin(person)
        if not self.paused:
            self.presenter.picture()
        self._paint_plots()

    def _name(self) -> None:
        who = self.scene.shown
        if who is not None and who >= 0:
            self.dialogs.name(who, self.actions_.name)

    def _follow(self) -> None:
        self.choose(None)

    def update_pixels(self) -> None:
        """After a change of privacy or of the picture's switch."""
        self.feed.want_pixels(self.wants_pixels())
        self.picture_button.setEnabled(not self.actions_.is_private)
        self.presenter.picture()

    def refresh_status(self) -> None:
        """The status line and the state of the controls."""
        with self.scene.lock:
            gone = lost(self.scene)
            now_ns = self.feed.sensor_now_ns()
            status = lost_status(self.scene, gone, now_ns) if gone else status_of(self.scene, now_ns)
            hidden, recorder = private(self.scene), record_status(self.scene)
        self.presenter.go(gone)
        self.status.show_status(status, self._standing())
        if status.replay:
            self.controls.show_replay(status.replay)
        here = recorder is not None and gone is None
        recording = recorder is not None and gone is None and recorder.recording
        near = not self._remote and self.scene.kind == "live"
        self.recorded.note(recording, "" if recorder is None else recorder.session, here=near)
        self.actions_.note(recording=recording, possible=here, hidden=hidden)
        self.controls.mark_button.setEnabled(gone is None)
        if self._bar is not None:
            self._bar.setEnabled(gone is None)
        if self.feed.node.pixels != self.wants_pixels():
            self.update_pixels()
        self._offer_replay_bar()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._rescale()
        super().resizeEvent(event)

    def _rescale(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            room = min(self.width() / 1280, self.height() / 800)
            zoom(app, min(MOST_ZOOM, max(1.0, room) ** 0.7))

    def closeEvent(self, event: QCloseEvent) -> None:
        code = self.dialogs.closing_while_recording() if self._owner and self.actions_.is_recording else 0
        if code is None:
            event.ignore()
            return
        self.exit_code = code
        self._ticks.stop()
        if self._bar is not None and self._bar.before_it is not None:
            self._bar.before_it.close()
        self.dialogs.close()
        self.feed.close()
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            now = (self.circumplex, self.emotions, self.units, self.voice, self.weights, self.traces)
            for canvas in (*now, *self.side.canvases):
                canvas.restyle()
            self.video.update()
        super().changeEvent(event)

    def _standing(self) -> str:
        gone = self.presenter.gone
        if gone is not None:
            return gone.headline
        if self.paused:
            return "view paused: the sensor and the recording go on"
        if not self.scene.connected:
            return self.scene.trouble
        doubt = baseline_doubt(self.scene)
        return self.pacer.words or (f"The baseline may no longer fit: {doubt}" if doubt else "")

    def _connect(self) -> None:
        self.feed.arrived.connect(self._picture_due)
        self.video.chosen.connect(self.choose)
        self.people.chosen.connect(self.choose)
        self.people.named.connect(lambda face_id: self.dialogs.name(face_id, self.actions_.name))
        Drops(self, self.recorded.card, self.recorded.score)
        self.picture_button.clicked.connect(self.update_pixels)
        self.lines_button.clicked.connect(self._set_lines)
        self.controls.pause.connect(self.set_paused)
        self.traces.length_changed.connect(self._paint_plots)
        self.side.turned.connect(self.presenter.plots)  # also while the view is held still
        self.view_menu.everyone.connect(partial(setattr, self.traces, "everyone"))
        self.view_menu.said.connect(lambda words, bad: self.status.say(words, problem=bad))
        controls, dialogs = self.controls, self.dialogs
        controls.baseline.connect(dialogs.baseline)
        controls.settings.connect(dialogs.settings)
        controls.open_session.connect(self.recorded.browser)
        controls.help.connect(dialogs.help)
        controls.open_button.setVisible(self.recorded.tools is not None)
        keys: dict[str, Callable[[], object]] = {
            "Ctrl+R": controls.record_button.click, "M": controls.label.setFocus, "H": controls.privacy_button.click,
            "P": controls.pause_button.click, "N": self.people.next, "Esc": partial(escape, self, self._follow),
            "L": self.lines_button.click, "+": partial(self.traces.zoom, 1), "-": partial(self.traces.zoom, -1),
            "B": controls.baseline_button.click, "S": controls.settings_button.click, "F1": dialogs.help,
            "Ctrl+O": controls.open_button.click, "Ctrl+Q": self.close, "V": self.view_menu.open, "Ctrl+N": self._name,
            "Ctrl+E": self.recorded.score, "T": partial(self.side.turn, "moving"), "W": partial(self.side.turn, "why"),
            "F11": partial(full_screen, self),
        }  # fmt: skip
        bind(self, keys | {str(n): partial(self.actions_.mark, str(n)) for n in range(1, 10)})

    def _offer_replay_bar(self) -> None:
        """Seek, play, pause and speed, as soon as it is known that this is a replay."""
        if self._bar is not None:
            self._bar.refresh()
        elif self.scene.kind == "replay":
            self._bar = ReplayBar(self.feed, self.scene, self, self.recorded.tools)
            self._bar.refused.connect(lambda words: self.status.say(words, problem=True))
            self.main.addWidget(self._bar)
            self.controls.hide_sensing()

    def _set_lines(self) -> None:
        self.video.landmarks = self.lines_button.isChecked()
        self.video.update()

    def _set_pace(self) -> None:
        self._ticks.start(round(1000 / self.pacer.plot_hz))

    def _picture_due(self) -> None:
        wait_s = self._free - time.monotonic()
        if wait_s <= 0:
            self._paint_picture()
        elif not self._again.isActive():
            self._again.start(round(wait_s * 1000))

    def _look_for_life(self) -> None:
        """Goes grey, or comes back, at once; the status line follows."""
        gone = lost(self.scene)
        if (gone is None) != (self.presenter.gone is None):
            self.refresh_status()

    def _paint_picture(self) -> None:
        self.feed.seen()
        now = time.monotonic()
        if self.paused or not self.presenter.picture(new_only=now - self._painted < STATUS_S):
            return
        step_s = 1 / self.pacer.image_hz
        self._free = max(self._free, now - step_s) + SLACK * step_s  # after a late one the next need not wait
        self._painted = now

    def _paint_plots(self) -> None:
        if not self.paused:
            self.presenter.plots()

    def _tick(self) -> None:
        self._late.append(max(0.0, self._since_tick.restart() - self._ticks.interval()))
        self._look_for_life()
        self._paint_plots()
        now = time.monotonic()
        if now - self._painted > STATUS_S:
            self._paint_picture()
        if now - self._told > STATUS_S:
            self._told = now
            self.refresh_status()
        if len(self._late) >= self.pacer.plot_hz:
            if self.pacer.judge(self._late):
                self._set_pace()
            self._late.clear()
