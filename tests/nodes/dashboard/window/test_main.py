"""The main window, offscreen, on a stream made up for it."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from windows import stream as made
from windows.desk import Desk
from windows.gui import picture

from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply


@pytest.fixture
def desk(app: Any, qtbot: QtBot) -> Iterator[Desk]:
    desk = Desk()
    qtbot.addWidget(desk.window)
    desk.window.resize(1280, 800)
    desk.window.show()
    yield desk
    desk.window.feed.close()


def test_before_the_first_message_it_says_that_it_waits(desk: Desk) -> None:
    desk.paint()
    assert desk.window.video._reason is not None
    assert "Waiting" in desk.window.video._reason.headline
    assert desk.window.circumplex._words == "waiting for the first estimate"


def test_a_usual_stream_is_shown_with_its_numbers(desk: Desk) -> None:
    desk.take(*made.stream(range(90)))
    window = desk.window
    assert window.video.picture is not None
    assert window.video.picture.key[0] == 89
    assert "±" in window.traces._newest[0]
    assert "happiness 40%" in window.emotions.accessibleDescription()
    assert "sone" in window.voice.accessibleDescription()
    assert window.status.figures["rate"].text() == "30.0 frames/s"
    picture(window, "main_synthetic")


def test_nobody_in_view_is_words_not_a_zero(desk: Desk) -> None:
    desk.take(*made.stream(range(60)))
    for i in range(60, 120):
        desk.take(made.frame(i), made.observation(i, (), "no_face"), made.affect(i, ()))
    window = desk.window
    assert window.circumplex._words == window.emotions._words == "no face in view"
    assert window.emotions._shares is None
    assert window.units._words == "no face in view"
    assert window.traces._newest == ("", "")
    assert window.traces._spans[-1].state == "no_face"


def test_u6_a_voice_of_little_certainty_has_words_in_place_of_categories(desk: Desk) -> None:
    voice = made.person(-1, valence=0.69, valence_sd=0.5, arousal_sd=0.36, face_weight=0.0, voice_weight=1.0)
    desk.take(made.affect(0, (voice,)))
    window = desk.window
    assert window.emotions._words == "heard, not told"
    assert window.emotions._shares is None
    assert "heard, not told" in window.circumplex.accessibleDescription()
    desk.take(made.affect(1, (made.person(-1, valence_sd=0.2, face_weight=0.0, voice_weight=1.0),)))
    assert "happiness 40%" in window.emotions.accessibleDescription()


def test_ten_faces_each_have_a_box_and_a_button(desk: Desk) -> None:
    desk.take(*made.stream(range(5), faces=10))
    assert len(desk.window.video._boxes()) == 10
    assert len(desk.window.people._buttons) == 10
    picture(desk.window, "main_ten_faces")


def test_a_click_on_a_face_looks_at_it(desk: Desk) -> None:
    desk.take(*made.stream(range(5), faces=10))
    box = next(box for face, box in desk.window.video._boxes() if face.id == 7)
    QTest.mouseClick(desk.window.video, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert desk.scene.pinned == 7
    desk.paint()
    assert desk.window.circumplex.accessibleDescription().startswith("face 7")
    QTest.keyClick(desk.window, Qt.Key.Key_Escape)
    assert desk.scene.pinned is None


def test_the_action_unit_under_the_pointer_is_named_in_words(desk: Desk) -> None:
    desk.take(*made.stream(range(5)))
    place = desk.window.units._places()[8]
    assert desk.window.units.tip_at(place.center()).startswith("AU12 lip corner puller: 0.2 of 5")


def test_a_trace_says_what_was_there_at_an_instant(desk: Desk) -> None:
    desk.take(*made.stream(range(60)))
    room = desk.window.traces._rooms()[0]
    assert "valence +" in desk.window.traces.tip_at(QPointF(room.right() - 2, room.center().y()))
    assert "nothing earlier" in desk.window.traces.tip_at(QPointF(room.left() + 5, room.center().y()))


@pytest.mark.parametrize(
    "strange",
    [
        made.affect(0, (made.person(0, valence=math.nan, emotions=None, face_weight=math.inf),)),
        made.affect(0, (made.person(0, valence_sd=None, arousal_sd=-1.0),)),
        made.affect(0, (made.person(0, valence=50.0, arousal=-50.0, valence_sd=1e9),)),
        made.affect(0, (m.Person(id=0, state="ok"),)),
        made.observation(0, (m.Face(id=1, state="ok", box=(math.nan, 0, 1, 1), au=(math.nan,) * 22),)),
        made.observation(0, (m.Face(id=1, state="ok", box=(-5.0, 3.0, 9.0, 9.0), au=(1.0,)),)),
        m.FaceObservation(t_ns=0, frame_seq=-1),
        made.hop(0, values={}, speech_prob=None),
        made.hop(0, values={"f0_hz": -1.0, "loudness_sone": math.nan}, speech_prob=math.nan),
        m.Health(t_ns=0, node="face", process="", state="failed", error="x" * 3000),
        m.Health(t_ns=0, node="recorder", process="r", state="ok", info={"recording": True, "since_ns": "yesterday"}),
        m.Marker(t_ns=0, label="a label " * 60),
        m.VideoFrame(t_ns=0, image=np.zeros((1, 1, 3), np.uint8)),
        m.Tick(t_ns=0),
    ],
)
def test_whatever_comes_the_window_stays_up_and_shows_what_follows(desk: Desk, strange: m.Message) -> None:
    desk.take(*made.stream(range(30)))
    desk.take(strange)
    desk.take(*made.stream(range(30, 40)))
    assert desk.window.isVisible()
    assert desk.window.video.picture is not None
    assert desk.window.video.picture.key[0] == 39


@pytest.mark.parametrize("leap_s", [-1e6, -30, 5, 1e9])
def test_a_clock_that_jumps_is_survived(desk: Desk, leap_s: float) -> None:
    desk.take(*made.stream(range(60)))
    for message in made.stream(range(60, 90)):
        message.t_ns += int(leap_s * 1e9)
        desk.node.take(message)
    desk.paint()
    assert desk.scene.person is not None
    assert desk.window.traces._newest[0] != ""


def test_a_dead_microphone_is_greyed_with_its_reason_and_comes_back_by_itself(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    desk.take(made.health("microphone", 30, state="node_down", error="killed by signal 9"))
    assert desk.window.voice.missing is not None
    assert desk.window.voice.missing.words == "killed by signal 9"
    desk.take(made.health("microphone", 60), *made.stream(range(60, 70)))
    assert desk.window.voice.missing is None


@pytest.mark.long
def test_privacy_hides_the_picture_at_once_and_asks_the_sensor(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    desk.answers["privacy"] = Reply(ok=True, text="no pixels are stored")
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    assert ("privacy", {"on": True}) in desk.asked
    assert not desk.node.pixels
    assert desk.window.video.picture is not None
    assert desk.window.video.picture.image is None
    assert not desk.scene.frames._frames
    picture(desk.window, "main_privacy")


def test_privacy_that_the_sensor_refuses_still_hides_the_picture_here(desk: Desk) -> None:
    desk.answers["privacy"] = Reply(ok=False, text="no answer from recorder")
    desk.window.controls.privacy_button.click()
    desk.paint()
    assert desk.window.actions_.is_private
    assert desk.window.status.words.text() == "no answer from recorder"


def test_privacy_turned_on_elsewhere_hides_the_picture_here_too(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    desk.take(made.health("recorder", 30, status=m.RecordStatus(privacy=True)))
    assert not desk.node.pixels
    assert desk.window.controls.privacy_button.isChecked()


@pytest.mark.parametrize("key", [Qt.Key.Key_1, Qt.Key.Key_5, Qt.Key.Key_9])
def test_a_digit_sets_a_marker_of_its_name(desk: Desk, key: Qt.Key) -> None:
    desk.window.setFocus()
    QTest.keyClick(desk.window, key)
    verb, arguments = desk.asked[-1]
    assert (verb, arguments["label"]) == ("mark", chr(key.value))
    assert "t_ns" in arguments


def test_digits_typed_into_a_label_are_text(desk: Desk, qtbot: QtBot) -> None:
    desk.window.activateWindow()
    desk.window.controls.label.setFocus()
    qtbot.waitUntil(desk.window.controls.label.hasFocus)
    qtbot.keyClicks(desk.window.controls.label, "take 12")
    assert desk.asked == []
    qtbot.keyClick(desk.window.controls.label, Qt.Key.Key_Return)
    assert desk.asked[-1][1]["label"] == "take 12"
    assert desk.window.controls.label.text() == ""


def test_a_marker_is_on_the_traces(desk: Desk) -> None:
    desk.take(*made.stream(range(60)), m.Marker(t_ns=made.instant(45), label="smile"))
    assert [label for _, label in desk.window.traces._markers] == ["smile"]


def test_record_asks_for_what_was_chosen_and_shows_the_recorders_word(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    desk.window.controls._extras["mesh"].setChecked(True)
    desk.answers["record"] = Reply(ok=True, text="recording to /tmp/x")
    desk.window.controls.record_button.click()
    verb, arguments = desk.asked[-1]
    assert (verb, arguments["action"], arguments["video"], arguments["mesh"]) == ("record", "start", "no", True)
    assert desk.window.controls.record_button.isChecked()
    assert desk.window.status.words.text() == "recording to /tmp/x"


def test_a_recording_that_is_refused_is_not_shown_as_one(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    desk.answers["record"] = Reply(ok=False, text="the disk is full")
    desk.window.controls.record_button.click()
    assert not desk.window.controls.record_button.isChecked()
    assert desk.window.status.words.text() == "the disk is full"


def test_a_paused_view_stands_still_and_says_so(desk: Desk) -> None:
    desk.take(*made.stream(range(30)))
    QTest.keyClick(desk.window, Qt.Key.Key_P)
    for message in made.stream(range(30, 60)):
        desk.node.take(message)
    desk.window._paint_picture()
    desk.window._paint_plots()
    assert desk.window.video.picture is not None
    assert desk.window.video.picture.key[0] == 29
    assert "paused" in desk.window.status.words.text()
    QTest.keyClick(desk.window, Qt.Key.Key_P)
    desk.window._paint_picture()
    assert desk.window.video.picture.key[0] == 59


def test_without_a_connection_it_says_why(desk: Desk) -> None:
    desk.scene.connected, desk.scene.trouble = False, "nothing runs here"
    desk.paint()
    assert desk.window.video._reason is not None
    assert desk.window.video._reason.words == "nothing runs here"


@pytest.mark.long
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
def test_it_fits_its_room(desk: Desk, size: tuple[int, int]) -> None:
    desk.window.resize(*size)
    desk.take(*made.stream(range(10), faces=2))
    assert (desk.window.width(), desk.window.height()) == size
    for panel in (desk.window.video, desk.window.circumplex, desk.window.units, desk.window.traces):
        assert desk.window.rect().contains(panel.geometry())
    picture(desk.window, f"main_{size[0]}x{size[1]}")


def test_another_machines_pixels_come_only_when_asked_for(app: Any, qtbot: QtBot) -> None:
    desk = Desk(remote=True)
    qtbot.addWidget(desk.window)
    desk.window.update_pixels()
    assert not desk.node.pixels
    desk.window.picture_button.click()
    assert desk.node.pixels


def test_closing_without_a_recording_just_closes(desk: Desk) -> None:
    assert desk.window.close()
    assert desk.window.exit_code == 0


def test_closing_someone_elses_sensor_never_asks(desk: Desk) -> None:
    desk.take(made.health("recorder", 0, status=m.RecordStatus(recording=True)))
    assert desk.window.close()
    assert desk.window.exit_code == 0


def test_every_control_has_a_tooltip_and_a_place_in_the_tab_order(desk: Desk) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit

    controls = [*desk.window.findChildren(QAbstractButton), desk.window.controls.label]
    shown = [one for one in controls if one.isVisible() and isinstance(one, QAbstractButton | QLineEdit)]
    assert len(shown) >= 10
    assert [one for one in shown if not one.toolTip()] == []
    assert [one for one in shown if not one.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


@pytest.mark.processes
def test_the_desktop_program_has_neither_cv2_nor_mediapipe(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from liveaffect.cli.windows import desktop; from PySide6.QtCore import QTimer; "
        "desktop.application(); "
        "QTimer.singleShot(500, desktop.application().quit); code = desktop.view('ipc:///nowhere'); "
        "print(code, [k for k in sys.modules if k.split('.')[0] in ('cv2', 'mediapipe')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"


def test_a_neutral_baseline_is_drawn_for_its_face_alone(desk: Desk) -> None:
    both = (made.person(0), made.person(0, 1))
    rest = m.Baseline(t_ns=1, state="done", face_id=0, valence=-0.2, arousal=0.1, au={"au12": 0.5})
    desk.take(made.frame(0), made.observation(0, (made.face(0), made.face(1))), made.affect(0, both), rest)
    assert desk.window.traces.rest == (-0.2, 0.1)
    place = desk.window.units._places()[8]
    assert "at rest 0.5" in desk.window.units.tip_at(place.center())
    desk.window.choose(1)
    assert desk.window.traces.rest == (None, None)
    assert "at rest" not in desk.window.units.tip_at(place.center())


@pytest.mark.long
def test_under_overload_the_picture_slows_and_the_status_line_says_so(desk: Desk, qtbot: QtBot) -> None:
    paint, pause = desk.window.circumplex.live, threading.Event()

    def slow(*arguments: Any) -> None:
        pause.wait(0.15)  # as if it painted for so long
        paint(*arguments)

    desk.take(*made.stream(range(30)))
    desk.window.circumplex.live = slow  # type: ignore[method-assign]
    desk.window._set_pace()
    qtbot.waitUntil(lambda: desk.window.pacer.level > 0, timeout=120_000)
    assert desk.window.pacer.image_hz < 30
    assert desk.window.pacer.plot_hz == 15
    desk.window.refresh_status()
    assert desk.window.status.words.text().startswith("busy computer: picture")
    desk.window._ticks.stop()
