"""Calibration of the gaze in the window: what is asked of the sensor, how the dots go on, and what is told of it."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtTest import QTest
from windows.gui import picture

from liveaffect.nodes.dashboard.baseline.dots import lens_px, places
from liveaffect.nodes.dashboard.baseline.gaze import DOT_S, GazeDialog
from liveaffect.nodes.dashboard.scene.node import DashboardNode
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

REST = {"face_id": 0, "rows": 200, "valence": 0.1, "arousal": 0.0, "file": "~/b.json"}
FOUND = GazeCalibration(yaw=GazeAxis(gain=1.2), pitch=GazeAxis(gain=2.1), dots=5, before_deg=7.14, after_deg=2.43)


class Sensor:
    """A scene filled by messages, a clock that is set by hand, and what was asked of the gateway."""

    def __init__(self) -> None:
        self.node = DashboardNode()
        self.node.open()
        self.scene = self.node.scene
        self.scene.connected = True
        self.now_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.reply: Reply | None = Reply(ok=True, text="looking at 5 dots")
        self._seq = 0

    def ask(
        self, verb: str, target: str = "", on_reply: Callable[[Reply], None] | None = None, **arguments: Any
    ) -> None:
        self.asked.append({"verb": verb, **arguments})
        if on_reply is not None and self.reply is not None:
            on_reply(self.reply)

    def see(self, *faces: Face) -> None:
        self._seq += 1
        self.node.take(FaceObservation(t_ns=self._seq, frame_seq=self._seq, state="ok", faces=faces))

    def say(self, state: Any = "done", **values: Any) -> None:
        self.node.take(Baseline(t_ns=1, state=state, **values))


@pytest.fixture
def sensor() -> Sensor:
    made = Sensor()
    made.see(Face(id=0, state="ok", box=(0.4, 0.3, 0.2, 0.3), distance_m=0.618))
    made.say(**REST)
    status = BaselineStatus(in_force=made.scene.baseline)
    made.node.take(Health(t_ns=2, node="baseline", process="fusion", state="ok", status=status))
    return made


@pytest.fixture
def dialog(app: Any, qtbot: Any, sensor: Sensor) -> GazeDialog:
    made = GazeDialog(sensor.ask, sensor.scene, clock=lambda: sensor.now_s)
    qtbot.addWidget(made)
    made.width_cm.setText("34.5")
    with qtbot.waitActive(made):
        made.showFullScreen()
        made.activateWindow()
    return made


def after(sensor: Sensor, dialog: GazeDialog, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        sensor.now_s += 0.1
        dialog.look()


def test_enter_starts_and_every_dot_has_its_time(dialog: GazeDialog, sensor: Sensor) -> None:
    assert dialog.distance_cm.text() == "62"
    picture(dialog, "gaze_form")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    (asked,) = sensor.asked
    assert (asked["action"], asked["face"], asked["distance_cm"]) == ("gaze", 0, 0.0)
    scale = 34.5 / dialog.screen().geometry().width()
    tall = dialog.screen().geometry().height() * scale
    middle, left_top, right_top, right_low, left_low = asked["dots"]
    assert middle == pytest.approx((0.0, tall / 2 + 1.0), abs=0.2)
    assert left_top == pytest.approx((-0.42 * 34.5, 0.08 * tall + 1.0), abs=0.2)
    assert right_low == pytest.approx((0.42 * 34.5, 0.92 * tall + 1.0), abs=0.2)
    assert (right_top[0], left_low[0]) == pytest.approx((-left_top[0], -right_low[0]), abs=0.1)
    seen: list[str] = []
    for _ in range(round(5 * DOT_S * 10)):
        if dialog.canvas.accessibleName() not in seen:
            seen.append(dialog.canvas.accessibleName())
        after(sensor, dialog, 0.1)
    assert seen == [f"dot {number} of 5" for number in range(1, 6)]
    after(sensor, dialog, 0.5)
    assert dialog.canvas.accessibleName() == "One moment"
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert len(sensor.asked) == 1, "a second Enter starts nothing"


def test_a_dot_is_a_ring_about_a_point(dialog: GazeDialog, sensor: Sensor) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 1.7)
    picture(dialog, "gaze_dot")
    shot = dialog.grab().toImage()
    at = dialog.canvas.point(places(5)[1]) * shot.devicePixelRatio()
    point, beside = shot.pixelColor(at.toPoint()), shot.pixelColor((at + QPointF(60, 0)).toPoint())
    assert abs(point.lightness() - beside.lightness()) > 100


def test_what_came_of_it_is_told(dialog: GazeDialog, sensor: Sensor) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 8.0)
    sensor.say(**REST, gaze=FOUND)
    after(sensor, dialog, 0.1)
    assert not dialog.running
    assert "Gaze calibrated on 5 dots: told 7.1° beside them before, 2.4° after" in dialog.outcome.text()
    picture(dialog, "gaze_done")


def test_a_failure_is_told_in_the_sensors_words_and_can_be_tried_again(dialog: GazeDialog, sensor: Sensor) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 8.0)
    sensor.say("failed", text="the gaze is not calibrated: the eyes did not follow the dots: look at each one")
    after(sensor, dialog, 0.1)
    assert dialog.outcome.text() == "<b>Not calibrated:</b> the eyes did not follow the dots: look at each one"
    picture(dialog, "gaze_failed")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert len(sensor.asked) == 2
    assert dialog.running


def test_a_result_that_never_comes_and_a_refusal_are_told(dialog: GazeDialog, sensor: Sensor) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 13.0)
    assert "no result came" in dialog.outcome.text()
    sensor.reply = Reply(ok=False, text="no node of this graph takes 'baseline'")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert "no node of this graph" in dialog.outcome.text()
    assert not dialog.running


def test_what_is_typed_counts_and_what_is_no_length_is_refused(dialog: GazeDialog, sensor: Sensor) -> None:
    for words in ("", "wide", "9", "nan"):
        dialog.width_cm.setText(words)
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert "the width of the screen is a number of centimetres from 10 to 300" in dialog.outcome.text()
    dialog.width_cm.setText("52,7")
    dialog.distance_cm.setFocus()
    dialog.distance_cm.selectAll()
    QTest.keyClicks(dialog.distance_cm, "7000")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert "the distance is" in dialog.outcome.text()
    assert sensor.asked == []
    dialog.distance_cm.selectAll()
    QTest.keyClicks(dialog.distance_cm, "70")
    dialog.look()
    assert dialog.distance_cm.text() == "70", "what the sensor tells does not overwrite it"
    dialog.camera.setCurrentIndex(1)
    dialog.count.setCurrentIndex(1)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    (asked,) = sensor.asked
    assert asked["distance_cm"] == 70.0
    assert len(asked["dots"]) == 9
    assert all(down < 0 for _, down in asked["dots"]), "a camera below the screen has all dots above it"


def test_escape_leaves_and_gives_it_up_but_not_the_baseline(dialog: GazeDialog, sensor: Sensor) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    after(sensor, dialog, 2.0)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert sensor.asked[-1] == {"verb": "baseline", "action": "cancel"}
    assert not dialog.isVisible()


def test_without_a_baseline_or_its_face_it_says_what_to_do(dialog: GazeDialog, sensor: Sensor) -> None:
    sensor.see()
    dialog.look()
    assert "Face 0, whose baseline is in force, is not seen clearly" in dialog.verdict.text()
    sensor.say("cleared")
    dialog.look()
    assert "take one first" in dialog.verdict.text()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert sensor.asked == []


@pytest.mark.parametrize(
    ("where", "lens"), [("above", (960, -20)), ("below", (960, 1100)), ("left", (-20, 540)), ("right", (1940, 540))]
)
def test_the_lens_is_a_centimetre_beside_its_edge(where: Any, lens: tuple[float, float]) -> None:
    at = lens_px(QRect(0, 0, 1920, 1080), where, 0.05)
    assert (at.x(), at.y()) == pytest.approx(lens, abs=1.5)


def test_nine_dots_are_a_grid_without_long_ways() -> None:
    dots = places(9)
    assert sorted(dots) == sorted((x, y) for x in (0.08, 0.5, 0.92) for y in (0.08, 0.5, 0.92))
    assert len(set(places(5))) == 5
