"""The first window, used as a person would, on real sources."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gui import picture
from make_media import grey_ramp, write_clip, write_sound
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from virtual_microphone import VirtualMicrophone, environment, missing_programs

from liveaffect.cli.choose import surroundings
from liveaffect.nodes.camera import Camera
from liveaffect.nodes.dashboard.device_field import Choice
from liveaffect.nodes.dashboard.first_window import FirstWindow, Surroundings
from liveaffect.nodes.dashboard.help_sheet import HelpSheet
from liveaffect.nodes.dashboard.preferences import Preferences, load, save
from liveaffect.nodes.microphone import Microphone

BARS = "lavfi:testsrc=size=320x240:rate=30"
TONE = "lavfi:sine=frequency=300:sample_rate=48000"
SILENCE = "lavfi:anullsrc=r=16000:cl=mono"
CAMERAS = [Choice(BARS, "Bars"), Choice("/dev/video77", "Brio", "Permission denied")]
MICROPHONES = [Choice("default", "System default (Tone)"), Choice(TONE, "Tone")]
LIMIT_MS = 20_000

Open = Callable[..., FirstWindow]


@pytest.fixture
def open_window(app: Any, qtbot: Any, tmp_path: Path) -> Iterator[Open]:
    """Makes windows on test sources; "default" is a tone."""
    made: list[FirstWindow] = []

    def make(
        kept: Preferences | None = None,
        cameras: list[Choice] = CAMERAS,
        microphones: list[Choice] = MICROPHONES,
        trouble: str = "",
        notice: str = "",
    ) -> FirstWindow:
        around = Surroundings(
            cameras=lambda: (cameras, ""),
            microphones=lambda: (microphones, trouble),
            camera=lambda source: Camera(source=source, loop=True),
            microphone=lambda source: Microphone(source=TONE if source == "default" else source, loop=True),
            sessions=tmp_path / "sessions",
        )
        window = FirstWindow(around, kept or Preferences(), notice)
        qtbot.addWidget(window)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        made.append(window)
        qtbot.waitUntil(lambda: window.camera.listed and window.microphone.listed, timeout=LIMIT_MS)
        return window

    yield make
    for window in made:
        window.reject()
    names = [t.name for t in threading.enumerate() if t.name.startswith("preview-")]
    assert names == [], "a preview outlived its window"


def pick(window: FirstWindow, kind: str, words: str) -> None:
    """Opens a drop-down with the keyboard and goes down to the item that begins with `words`."""
    box = getattr(window, kind).field.box
    box.setFocus()
    box.showPopup()
    row = next(i for i in range(box.count()) if box.itemText(i).startswith(words))
    view = box.view()
    QTest.keyClick(view, Qt.Key.Key_Home)
    while view.currentIndex().row() != row:
        before = view.currentIndex().row()
        QTest.keyClick(view, Qt.Key.Key_Down)
        assert view.currentIndex().row() > before, f"{words} cannot be reached"
    QTest.keyClick(view, Qt.Key.Key_Return)


def test_a_camera_shows_and_a_microphone_is_heard_and_enter_starts(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: "320 × 240 pixels, " in window.camera.words.text(), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: "peaks at" in window.microphone.words.text(), timeout=LIMIT_MS)
    assert window.camera.picture.showing
    picture(window, "first_window")
    assert window.focusWidget() is window.start
    QTest.keyClick(window, Qt.Key.Key_Return)
    assert window.choice == {"camera": BARS, "microphone": "default", "record": None}
    assert not window.isVisible()


def test_start_is_one_click_and_the_devices_are_released_before_it_returns(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.camera.picture.showing, timeout=LIMIT_MS)
    QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
    assert window.result() == 1
    assert not [t for t in threading.enumerate() if t.name in ("camera-file", "microphone-file")]


def test_a_camera_that_refuses_says_the_sensors_own_words_and_what_to_do(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    pick(window, "camera", "Brio")
    qtbot.waitUntil(lambda: "there is no camera at /dev/video77" in window.camera.picture.words, timeout=LIMIT_MS)
    assert window.start.isEnabled(), "a device may come back: the sensor can start without it"
    picture(window, "first_window_error")
    pick(window, "camera", "Bars")
    qtbot.waitUntil(lambda: window.camera.picture.showing, timeout=LIMIT_MS)


def test_no_camera_and_no_microphone_are_choices_but_not_both(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    pick(window, "camera", "No camera")
    qtbot.waitUntil(lambda: "The face is not read" in window.camera.picture.words, timeout=LIMIT_MS)
    assert window.start.isEnabled()
    pick(window, "microphone", "No microphone")
    assert not window.start.isEnabled()
    assert "Choose a camera or a microphone" in window.hint.text()
    picture(window, "first_window_nothing")
    pick(window, "microphone", "Tone")
    QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
    assert window.choice == {"camera": None, "microphone": TONE, "record": None}


def test_a_film_can_be_typed_and_its_sound_is_offered(open_window: Open, qtbot: Any, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, 96000).astype(np.float32)
    film = write_clip(tmp_path / "film.mkv", grey_ramp(48, 64, 50), noise, codecs=("mpeg4", "pcm_s16le"))
    window = open_window()
    pick(window, "camera", "A file or")
    assert not window.start.isEnabled()
    line = window.camera.field.line
    assert line.hasFocus()
    QTest.keyClicks(line, str(film))
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert window.choice is None, "Enter in the line opens the film, it does not start"
    qtbot.waitUntil(lambda: "64 × 48 pixels" in window.camera.words.text(), timeout=LIMIT_MS)
    pick(window, "microphone", str(film))
    qtbot.waitUntil(lambda: "peaks at −14 dBFS" in window.microphone.words.text(), timeout=LIMIT_MS)
    QTest.keyClick(window, Qt.Key.Key_Return)
    assert window.choice == {"camera": str(film), "microphone": str(film), "record": None}
    assert window.preferences.typed == [str(film)]


def test_a_file_that_cannot_be_played_stops_the_start_and_says_why(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    pick(window, "camera", "A file or")
    QTest.keyClicks(window.camera.field.line, "/nowhere/film.mp4")
    QTest.keyClick(window.camera.field.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "/nowhere/film.mp4" in window.camera.picture.words, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not window.start.isEnabled(), timeout=LIMIT_MS)
    assert "choose another" in window.start.toolTip()


def test_silence_is_said_after_a_while(open_window: Open, qtbot: Any) -> None:
    window = open_window(microphones=[Choice(SILENCE, "Dead"), Choice(TONE, "Tone")])
    qtbot.waitUntil(lambda: "nothing at all" in window.microphone.words.text(), timeout=LIMIT_MS)
    picture(window, "first_window_silence")
    pick(window, "microphone", "Tone")
    qtbot.waitUntil(lambda: "peaks at" in window.microphone.words.text(), timeout=LIMIT_MS)


def test_what_was_chosen_last_time_is_chosen_again(open_window: Open, qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "desktop.json"
    first = open_window()
    qtbot.waitUntil(lambda: first.start.isEnabled(), timeout=LIMIT_MS)
    pick(first, "camera", "No camera")
    pick(first, "microphone", "Tone")
    first.record.set_folder(str(tmp_path))
    assert save(first.preferences, path) == ""
    second = open_window(load(path)[0])
    qtbot.waitUntil(lambda: second.start.isEnabled(), timeout=LIMIT_MS)
    assert (second.camera.value, second.microphone.value) == (None, TONE)
    assert second.record.folder == str(tmp_path)


def test_a_remembered_device_that_is_gone_is_said_and_another_is_shown(open_window: Open, qtbot: Any) -> None:
    window = open_window(Preferences(camera="Old Cam", microphone="Old Mic", chosen=True))
    qtbot.waitUntil(lambda: "“Old Cam”, chosen last time, is not connected" in window.camera.words.text())
    assert window.camera.value == BARS
    assert "this is “Bars”" in window.camera.words.text()
    qtbot.waitUntil(lambda: "“Old Mic”, chosen last time" in window.microphone.words.text())
    picture(window, "first_window_gone")


def test_without_any_device_there_are_words_not_an_empty_window(open_window: Open, qtbot: Any) -> None:
    window = open_window(cameras=[], microphones=[], trouble="sound system: did not answer in 10 s")
    qtbot.waitUntil(lambda: "No camera found" in window.camera.picture.words, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: "did not answer" in window.microphone.words.text(), timeout=LIMIT_MS)
    assert not window.start.isEnabled()
    picture(window, "first_window_no_devices")


def test_a_device_that_is_plugged_in_later_is_found_by_looking_again(open_window: Open, qtbot: Any) -> None:
    there: list[Choice] = []
    window = open_window(cameras=there)
    qtbot.waitUntil(lambda: "No camera found" in window.camera.picture.words, timeout=LIMIT_MS)
    there.append(CAMERAS[0])
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.camera.picture.showing, timeout=LIMIT_MS)
    assert window.camera.value == BARS


def test_recording_is_off_and_numbers_only_until_more_is_ticked(open_window: Open, qtbot: Any, tmp_path: Path) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    record = window.record
    assert record.choice() is None
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(record.on.isChecked)
    assert record.choice() == {"folder": "", "video": "no", "audio": False, "mesh": False, "crops": False}
    assert "no pixels and no sound" in record.said.text()
    QTest.keyClick(record.video, Qt.Key.Key_Down)
    QTest.keyClick(record.video, Qt.Key.Key_Down)
    QTest.keyClick(record.boxes["audio"], Qt.Key.Key_Space)
    assert "Ask the people you record" in record.said.text()
    picture(window, "first_window_record")
    pick(window, "microphone", "No microphone")
    assert not record.boxes["audio"].isEnabled()
    QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
    assert window.choice is not None
    assert window.choice["record"] == {
        "folder": "",
        "video": "lossless",
        "audio": False,
        "mesh": False,
        "crops": False,
    }
    assert str(tmp_path / "sessions") in record.path.toolTip()


def test_escape_closes_without_a_choice(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.choice is None
    assert not window.isVisible()


def test_everything_can_be_reached_with_tab(open_window: Open, qtbot: Any) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    window.record.on.setChecked(True)
    wanted = {
        window.again, window.help, window.camera.field.box, window.microphone.field.box, window.record.on,
        window.record.video, *window.record.boxes.values(), window.record.change, window.stop, window.start,
    }  # fmt: skip
    seen = set()
    for _ in range(40):
        seen.add(window.focusWidget())
        QTest.keyClick(window, Qt.Key.Key_Tab)
    assert wanted <= seen, f"no way to {[w.accessibleName() or type(w).__name__ for w in wanted - seen]}"


def test_a_notice_about_broken_preferences_is_shown(open_window: Open, qtbot: Any) -> None:
    window = open_window(notice="desktop.json is damaged and was ignored")
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    assert "damaged" in window.hint.text()


def test_the_help_sheet_names_the_keys_and_the_law(app: Any, qtbot: Any) -> None:
    sheet = HelpSheet([("F5", "look for devices again")])
    qtbot.addWidget(sheet)
    sheet.show()
    picture(sheet, "help_sheet")
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


@pytest.mark.skipif(bool(missing_programs()), reason=f"a virtual microphone needs {missing_programs()}")
def test_a_real_sound_server_is_listed_by_name_and_heard(app: Any, qtbot: Any, tmp_path: Path) -> None:
    tone = write_sound(tmp_path / "tone.wav", 0.3 * np.sin(np.arange(16000 * 20) * 0.17), rate=16000)
    with VirtualMicrophone() as microphone, environment(microphone.settings):
        around = surroundings()
        listed, trouble = around.microphones()
        assert trouble == ""
        assert listed[0].value == "default"
        window = FirstWindow(around, Preferences(camera=None, chosen=True))
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda: window.microphone.meter.isVisible(), timeout=LIMIT_MS)
        player = microphone.play(tone)
        qtbot.waitUntil(lambda: "Hears sound, peaks at −" in window.microphone.words.text(), timeout=LIMIT_MS)
        player.kill()
        player.wait()
        QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
        assert window.choice == {"camera": None, "microphone": "default", "record": None}
