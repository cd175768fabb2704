"""The guided capture, on messages and on a real sensor with a real face."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from runs.live import LiveRun, live_run
from windows.gui import picture

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.face.baseline import load_baseline
from liveaffect.nodes.dashboard.baseline.dialog import BaselineDialog
from liveaffect.nodes.dashboard.baseline.gaze import GazeDialog
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.window.dialogs import Dialogs
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.messages import (
    Baseline,
    BaselineStatus,
    Face,
    FaceObservation,
    GazeAxis,
    GazeCalibration,
    Health,
)

pytestmark = pytest.mark.processes

LIMIT_MS = 120_000
AU = tuple(0.2 for _ in ACTION_UNITS)


class Sensor:
    """A scene filled by messages, a clock that is set by hand, and what was asked of the gateway."""

    def __init__(self) -> None:
        self.node = DashboardNode()
        self.node.open()
        self.scene: Scene = self.node.scene
        self.scene.connected = True
        self.now_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.reply = Reply(ok=True, text="capturing 10 s")
        self._seq = 0
        self.hold = False
        self._waiting: Callable[[Reply], None] | None = None

    def ask(
        self, verb: str, target: str = "", on_reply: Callable[[Reply], None] | None = None, **arguments: Any
    ) -> None:
        self.asked.append({"verb": verb, **arguments})
        self._waiting = on_reply
        if not self.hold:
            self.answer()

    def answer(self) -> None:
        if self._waiting is not None:
            self._waiting(self.reply)

    def tell(self, second: int, **status: Any) -> None:
        told = BaselineStatus(**status)
        self.node.take(Health(t_ns=second * 1_000_000_000 + 1, node="baseline", process="p", state="ok", status=told))

    def see(self, *faces: Face) -> None:
        self._seq += 1
        self.node.take(FaceObservation(t_ns=self._seq, frame_seq=self._seq, state="ok", faces=faces))

    def say(self, **values: Any) -> None:
        self.node.take(Baseline(t_ns=1, **values))


def clear(number: int, x: float = 0.4) -> Face:
    return Face(id=number, state="ok", au=AU, box=(x, 0.3, 0.2, 0.3))


@pytest.fixture
def sensor() -> Sensor:
    return Sensor()


@pytest.fixture
def open_dialog(app: Any, qtbot: Any, sensor: Sensor) -> Callable[[], BaselineDialog]:
    def make() -> BaselineDialog:
        dialog = BaselineDialog(sensor.ask, sensor.scene, clock=lambda: sensor.now_s)
        qtbot.addWidget(dialog)
        with qtbot.waitActive(dialog):
            dialog.show()
            dialog.activateWindow()
        return dialog

    return make


def after(sensor: Sensor, dialog: BaselineDialog, seconds: float) -> None:
    """Lets time pass in looks of a fifteenth of a second."""
    for _ in range(round(seconds * 15)):
        sensor.now_s += 1 / 15
        dialog.look()


def test_without_a_face_it_waits_and_says_so(open_dialog: Callable[[], BaselineDialog], sensor: Sensor) -> None:
    dialog = open_dialog()
    dialog.look()
    assert not dialog.start.isEnabled()
    assert "No face in view" in dialog.verdict.text()
    picture(dialog, "baseline_no_face")


def test_of_two_faces_one_is_chosen_by_its_place(open_dialog: Callable[[], BaselineDialog], sensor: Sensor) -> None:
    sensor.see(clear(0, 0.1), clear(3, 0.75))
    dialog = open_dialog()
    assert [dialog.who.itemText(i) for i in range(dialog.who.count())] == ["face 0, left", "face 3, right"]
    QTest.keyClick(dialog.who, Qt.Key.Key_Down)
    picture(dialog, "baseline_two_faces")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert sensor.asked == [{"verb": "baseline", "action": "capture", "seconds": 10.0, "face": 3}]


def test_the_ring_counts_down_and_the_words_follow_the_face(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    assert dialog.focusWidget() is dialog.start
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 4.0)
    assert dialog.ring.accessibleName() == "6 seconds"
    assert "Clear and at rest" in dialog.verdict.text()
    picture(dialog, "baseline_running")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert len(sensor.asked) == 1, "another Enter neither starts again nor gives up"
    sensor.see(Face(id=0, state="low_quality", reason="head turned away by 42°"))
    after(sensor, dialog, 1.0)
    assert "head turned away" in dialog.verdict.text()
    picture(dialog, "baseline_unclear")
    sensor.see()
    after(sensor, dialog, 1.0)
    assert "No face in view" in dialog.verdict.text()
    share = int(dialog.verdict.text().partition("%")[0].split()[-1])
    assert 55 < share < 75, "four of six seconds"


def test_a_failure_is_told_in_the_sensors_words_and_can_be_tried_again(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    sensor.say(state="failed", text="Face 0 was seen clearly in only 3 of 280 frames")
    after(sensor, dialog, 0.2)
    assert "only 3 of 280" in dialog.outcome.text()
    assert not dialog.capturing
    picture(dialog, "baseline_failed")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.capturing, "the old failure is not taken for the new result"
    after(sensor, dialog, 1.0)
    assert dialog.capturing


def test_a_refusal_is_told(open_dialog: Callable[[], BaselineDialog], sensor: Sensor) -> None:
    sensor.see(clear(0))
    sensor.reply = Reply(ok=False, text="no node of this graph takes 'baseline'")
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert "no node of this graph" in dialog.outcome.text()
    assert not dialog.capturing


def test_a_result_that_never_comes_is_given_up(open_dialog: Callable[[], BaselineDialog], sensor: Sensor) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 16.0)
    assert "No result came" in dialog.outcome.text()


def test_a_restless_face_is_told_and_the_baseline_can_be_forgotten(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    sensor.say(
        state="done", face_id=0, rows=281, valence=-0.05, arousal=0.12, valence_spread=0.21, arousal_spread=0.08,
        au={"au12": 1.9, "au04": 0.5}, restless=True, file="~/baselines/<b>.json",
    )  # fmt: skip
    after(sensor, dialog, 0.2)
    words = dialog.outcome.text()
    assert "valence −0.05 ± 0.21" in words
    assert "AU12 lip corner puller 1.9" in words
    assert "not at rest" in words
    assert "&lt;b&gt;" in words
    picture(dialog, "baseline_restless")
    QTest.mouseClick(dialog.forget, Qt.MouseButton.LeftButton)
    assert sensor.asked[-1] == {"verb": "baseline", "action": "clear"}


CANCEL = {"verb": "baseline", "action": "cancel"}
LEAVING: tuple[Callable[[BaselineDialog], object], ...] = (
    lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape),
    lambda dialog: QTest.mouseClick(dialog.shut, Qt.MouseButton.LeftButton),
    BaselineDialog.close,
)


@pytest.mark.parametrize("leave", LEAVING, ids=["escape", "button", "window"])
def test_leaving_in_the_middle_gives_the_capture_up_and_no_earlier_baseline(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor, leave: Callable[[BaselineDialog], object]
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 1.0)
    assert dialog.shut.text() == "Cancel"
    leave(dialog)
    assert sensor.asked[1:] == [CANCEL]


def test_leaving_before_the_sensors_yes_gives_the_capture_up_too(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    for ok, more in ((True, [CANCEL]), (False, [])):
        sensor.see(clear(0))
        sensor.asked.clear()
        sensor.hold = True
        dialog = open_dialog()
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert len(sensor.asked) == 1
        sensor.reply = Reply(ok=ok, text="")
        sensor.answer()
        assert sensor.asked[1:] == more, "another's capture, which refused this one, goes on"


def test_a_window_that_closes_gives_the_capture_up(app: Any, qtbot: Any, sensor: Sensor) -> None:
    sensor.see(clear(0))
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialogs = Dialogs(window, cast("GatewayFeed", sensor), lambda: False)
    dialogs.baseline()
    dialog = dialogs._open_now["baseline"]
    assert isinstance(dialog, BaselineDialog)
    dialog.look()
    dialog.start.click()
    assert dialog.capturing
    dialogs.close()
    assert sensor.asked[1:] == [CANCEL]
    qtbot.waitUntil(lambda: not dialogs._open_now, timeout=LIMIT_MS)  # gone before its parent is


def test_a_sensor_that_is_gone_while_it_captures_is_told(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 1.0)
    sensor.scene.connected = False
    after(sensor, dialog, 1.0)
    assert "The sensor does not answer" in dialog.verdict.text()
    after(sensor, dialog, 14.0)
    assert "The sensor does not answer any more" in dialog.outcome.text()
    assert sensor.asked[1:] == [CANCEL], "nor is it in force later, against what was told"


@pytest.mark.parametrize("new_run", [True, False])
def test_a_capture_that_the_sensor_knows_nothing_of_any_more_is_told_at_once(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor, new_run: bool
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    for second, capturing in enumerate((False, True, True, False)):
        sensor.tell(second, capturing=capturing)
        after(sensor, dialog, 0.5)
        assert dialog.capturing, "told of before it began, or while its result is on the way"
    if new_run:
        sensor.scene.forget()
    else:
        sensor.tell(5, capturing=False)
    after(sensor, dialog, 0.1)
    assert not dialog.capturing
    assert "ended at the sensor without a result" in dialog.outcome.text()
    assert len(sensor.asked) == 1


def test_a_baseline_of_before_this_window_is_shown(open_dialog: Callable[[], BaselineDialog], sensor: Sensor) -> None:
    told = Baseline(t_ns=1, state="done", face_id=2, rows=99, valence=0.1, arousal=0.0, file="~/b.json")
    status = BaselineStatus(in_force=told)
    health = Health(t_ns=1, node="baseline", process="fusion", state="ok", status=status)
    sensor.node.take(health)
    dialog = open_dialog()
    assert "Face 2 at rest" in dialog.outcome.text()
    assert dialog.forget.isEnabled()


@pytest.fixture
def run(tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRun]:
    """The seeing part of the default graph on a clip that goes round."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    table = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    for name in ("microphone", "voice", "voice_affect", "recorder"):
        del table[name]
    film = clips / "grid_f_brbk7n.mpg"
    table["camera"]["source"] = f"lavfi:movie={film}:loop=0,setpts=N/FRAME_RATE/TB,fps=8,realtime"
    with live_run(table) as started:
        yield started


def test_a_real_face_is_captured_and_its_file_loads(app: Any, qtbot: Any, run: LiveRun, tmp_path: Path) -> None:
    node = DashboardNode()
    node.open()
    feed = GatewayFeed(node, lambda: run.supervisor.gateway_address)
    feed.start()
    try:
        dialog = BaselineDialog(feed.ask, node.scene, seconds=6.0)  # twice the film: a busy machine skips frames
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(dialog.start.isEnabled, timeout=LIMIT_MS)
        QTest.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bool(dialog.outcome.text()), timeout=LIMIT_MS)
        assert "at rest</b>" in dialog.outcome.text()
        picture(dialog, "baseline_done")
        (file,) = (tmp_path / "data").rglob("*.json")
        found = load_baseline(file)
        assert f"{found.rows} frames" in dialog.outcome.text()
        assert file.name in dialog.outcome.text()
        dots = GazeDialog(feed.ask, node.scene)
        qtbot.addWidget(dots)
        dots.width_cm.setText("34.5")
        dots.showFullScreen()
        qtbot.waitUntil(dots.start.isEnabled, timeout=LIMIT_MS)
        QTest.mouseClick(dots.start, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bool(dots.outcome.text()), timeout=LIMIT_MS)
        assert "Not calibrated:" in dots.outcome.text(), "nobody in a film looks at dots"
        assert any(words in dots.outcome.text() for words in ("did not follow the dots", "dots can be used"))
        dots.reject()
        qtbot.waitUntil(dialog.forget.isEnabled, timeout=LIMIT_MS)
        QTest.mouseClick(dialog.forget, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "no baseline is in force" in dialog.outcome.text(), timeout=LIMIT_MS)
        assert file.exists()
    finally:
        feed.close()


def test_u7_a_face_that_was_not_at_rest_may_be_taken_anyway_and_a_doubt_is_told(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    assert not dialog.anyway.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    sensor.say(state="failed", restless=True, text="Face 0 was not at rest: it showed happiness 99 %. Nothing is kept")
    after(sensor, dialog, 0.2)
    assert dialog.anyway.isVisible()
    picture(dialog, "baseline_refused")
    QTest.mouseClick(dialog.anyway, Qt.MouseButton.LeftButton)
    assert sensor.asked[-1]["anyway"] is True
    kept = Baseline(t_ns=1, state="done", face_id=0, rows=200, valence=0.1, arousal=0.0, file="~/b.json")
    status = BaselineStatus(in_force=kept, doubt="it is of face 0, and face 3 is in view")
    sensor.node.take(Health(t_ns=2, node="baseline", process="p", state="ok", status=status))
    sensor.node.take(kept)
    after(sensor, dialog, 0.2)
    assert "It may no longer fit:</b> it is of face 0, and face 3 is in view" in dialog.outcome.text()


def test_u10_nobody_is_told_to_wait_where_start_can_be_pressed(
    open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    dialog = open_dialog()
    after(sensor, dialog, 0.1)
    assert dialog.ring.accessibleName() == "No face "
    assert not dialog.start.isEnabled()
    sensor.see(Face(id=0, state="low_quality", reason="dark", box=(0.4, 0.3, 0.2, 0.3)))
    after(sensor, dialog, 0.1)
    assert dialog.start.isEnabled()
    assert dialog.ring.accessibleName() == "Not at rest "


def test_a_baseline_that_the_window_hears_of_after_the_dialog_was_opened_is_told_too(app: Any, sensor: Any) -> None:
    dialog = BaselineDialog(sensor.ask, sensor.scene)
    assert dialog.outcome.text() == ""
    kept = Baseline(t_ns=1, state="done", face_id=0, rows=200, valence=0.1, arousal=0.0, file="~/b.json")
    status = BaselineStatus(in_force=kept)
    sensor.node.take(Health(t_ns=1, node="baseline", process="fusion", state="ok", status=status))
    dialog.look()
    assert "Face 0 at rest" in dialog.outcome.text()


def test_the_gaze_of_whose_baseline_is_in_force_can_be_calibrated(
    app: Any, open_dialog: Callable[[], BaselineDialog], sensor: Sensor
) -> None:
    sensor.see(clear(0))
    dialog = open_dialog()
    assert not dialog.gaze.isEnabled()
    kept = {"face_id": 0, "rows": 200, "valence": 0.1, "arousal": 0.0, "file": "~/b.json"}
    sensor.say(state="done", **kept)
    after(sensor, dialog, 0.1)
    QTest.mouseClick(dialog.gaze, Qt.MouseButton.LeftButton)
    (dots,) = dialog.findChildren(GazeDialog)
    assert dots.isFullScreen()
    found = GazeCalibration(yaw=GazeAxis(), pitch=GazeAxis(), dots=5, before_deg=7.0, after_deg=2.5)
    sensor.say(state="done", **kept, gaze=found)
    QTest.keyClick(dots, Qt.Key.Key_Escape)
    assert "Gaze calibrated on 5 dots: told 7.0° beside them before, 2.5° after" in dialog.outcome.text()
    assert sensor.asked == []
    picture(dialog, "baseline_with_gaze")
