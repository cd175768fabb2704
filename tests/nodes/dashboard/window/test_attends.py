"""The main window says who looks where beside the people, and draws it upon the picture."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot
from windows import stream as made
from windows.desk import Desk
from windows.gui import picture

from liveaffect.nodes.dashboard.look.palette import font
from liveaffect.stream import messages as m


@pytest.fixture
def desk(app: Any, qtbot: QtBot) -> Iterator[Desk]:
    desk = Desk()
    qtbot.addWidget(desk.window)
    desk.window.resize(1024, 700)
    desk.window.show()
    desk.take(*made.stream(range(60), faces=2))
    yield desk
    desk.window.feed.close()


def looks(frame: int) -> m.Attention:
    """Face 0 looks at the camera, 1 at face 0."""
    first = m.PersonAttention(id=0, by="eyes", eye_contact=0.9, looks=(m.Look(at=1, p=0.02),))
    second = m.PersonAttention(id=1, by="eyes", eye_contact=0.05, looks=(m.Look(at=0, p=0.8),))
    return m.Attention(t_ns=made.instant(frame), frame_seq=frame, people=(first, second))


def test_who_looks_where_stands_beside_the_people(desk: Desk, qtbot: QtBot) -> None:
    people = desk.window.presenter._views.people
    assert people._attends.text() == ""
    desk.take(*(looks(frame) for frame in range(30, 60, 6)))
    assert people._attends.text() == "face 0: eye contact; face 1: looks at face 0"
    buttons = list(people._buttons)
    desk.take(looks(59))
    assert people._buttons == buttons  # words that change move no button
    picture(desk.window, "attends")
    metrics = QFontMetrics(font(0.95))
    assert people._attends.shown(metrics) == "0: eye contact; 1 → 0"  # whole at 1024 pixels
    desk.window.resize(1600, 900)
    qtbot.waitUntil(lambda: people._attends.shown(metrics) == people._attends.text(), timeout=60_000)
    desk.take(*made.stream(range(60, 95), faces=2))
    assert people._attends.text() == ""


def test_more_people_than_are_measured_are_told_and_for_how_to_measure_them(desk: Desk) -> None:
    people = desk.window.presenter._views.people
    seen = msgspec.structs.replace(made.observation(60, (made.face(0),)), unmeasured=2)
    desk.take(made.frame(60), seen, made.mesh(60))
    assert people._attends.text() == "2 more in view, not measured"
    assert "face.max_faces" in people._attends.toolTip()
    desk.take(*made.stream(range(61, 130), faces=2))
    assert people._attends.text() == ""


def test_a_line_from_the_eyes_is_drawn_with_the_landmarks_and_without_them_is_not(desk: Desk) -> None:
    video = desk.window.presenter._views.video

    def shown(yaw: float | None) -> Any:
        face = msgspec.structs.replace(made.face(0), gaze_yaw_deg=yaw, gaze_pitch_deg=0.0, gaze_sd_deg=4.0)
        desk.take(made.frame(60), made.observation(60, (face,)), made.mesh(60))
        return video.grab().toImage()

    aside, unknown = shown(60.0), shown(None)
    assert aside != unknown
    video.landmarks = False
    assert shown(60.0) == shown(None)
