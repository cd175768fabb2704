"""The first window, used as a person would: devices, on real sources."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.media import grey_ramp, write_clip, write_video
from made.session import recorded
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from windows.gui import BARS, LIMIT_MS, SILENCE, TONE, pick, picture

from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.start.device_field import Choice
from liveaffect.nodes.dashboard.start.window import FirstWindow

Open = Callable[..., FirstWindow]


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


def test_no_device_waits_with_its_closing_for_the_other(
    open_window: Open, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    camera, sound, told = window.camera.preview, window.microphone.preview, []
    close = camera.close
    monkeypatch.setattr(camera, "close", lambda: (told.append(sound._closed), close())[1])
    QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
    assert told == [True]


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


@pytest.mark.long
def test_silence_is_said_after_a_while(open_window: Open, qtbot: Any) -> None:
    window = open_window(microphones=[Choice(SILENCE, "Dead"), Choice(TONE, "Tone")])
    qtbot.waitUntil(lambda: "nothing at all" in window.microphone.words.text(), timeout=LIMIT_MS)
    picture(window, "first_window_silence")
    pick(window, "microphone", "Tone")
    qtbot.waitUntil(lambda: "peaks at" in window.microphone.words.text(), timeout=LIMIT_MS)


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
    there.append(Choice(BARS, "Bars"))
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.camera.picture.showing, timeout=LIMIT_MS)
    assert window.camera.value == BARS


def test_a_file_can_be_browsed_for(
    open_window: Open, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = write_video(tmp_path / "film.avi", grey_ramp(48, 64, 20))
    asked: list[str] = []

    def system_dialog(parent: Any, title: str, *_: Any) -> tuple[str, str]:
        asked.append(title)
        return str(film), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", system_dialog)
    window = open_window()
    pick(window, "camera", "A file or")
    QTest.mouseClick(window.camera.field.browse, Qt.MouseButton.LeftButton)
    assert asked == ["A file instead of a camera"]
    qtbot.waitUntil(lambda: "64 × 48 pixels" in window.camera.words.text(), timeout=LIMIT_MS)


def test_u9_a_typed_path_that_is_there_is_taken_without_enter_and_its_own_sound_is_offered(
    open_window: Open, qtbot: Any, tmp_path: Path
) -> None:
    film = write_clip(tmp_path / "film.mkv", grey_ramp(48, 64, 10), np.zeros(8000, np.float32), rate=16000)
    window = open_window()
    object.__setattr__(window._around, "holds", lambda path: (True, path == film))
    pick(window, "camera", "A file")
    assert not window.own_sound.isVisible()
    QTest.keyClicks(window.camera.field.line, str(film))
    qtbot.waitUntil(lambda: window.camera.value == str(film), timeout=LIMIT_MS)
    assert window.own_sound.isVisible()
    assert window.microphone.value == "default"
    QTest.mouseClick(window.own_sound, Qt.MouseButton.LeftButton)
    assert window.microphone.value == str(film)
    assert not window.own_sound.isVisible()
    picture(window, "first_window_film")


def test_u9_the_demo_is_one_click_away(open_window: Open) -> None:
    window = open_window()
    QTest.mouseClick(window.demo, Qt.MouseButton.LeftButton)
    assert window.choice == {"demo": True, "record": None}
    assert window.result() == 1


def test_u9_what_is_dropped_is_played_shown_or_scored(open_window: Open, tmp_path: Path) -> None:
    film, sound = tmp_path / "a.mp4", tmp_path / "b.wav"
    film.touch()
    sound.touch()
    shown: list[Path] = []
    window = open_window()
    scored: list[Any] = []
    object.__setattr__(window._around, "holds", lambda path: (path == film, True))
    object.__setattr__(window._around, "tools", Tools((), (), shown.append))
    window._show_score = scored.append  # type: ignore[method-assign]
    window.take([sound])
    assert (window.camera.value, window.microphone.value) == (BARS, str(sound))
    window.take([film])
    assert (window.camera.value, window.microphone.value) == (str(film), str(film))
    window.take([film, sound])
    assert scored == [[film, sound]]
    session = recorded(tmp_path / "s")
    window.take([session])
    assert shown == [session]


def test_u9_without_any_device_enter_shows_the_demo(open_window: Open, qtbot: Any) -> None:
    window = open_window(cameras=[], microphones=[])
    qtbot.waitUntil(lambda: window.focusWidget() is window.demo, timeout=LIMIT_MS)
    QTest.keyClick(window.demo, Qt.Key.Key_Space)
    assert window.choice == {"demo": True, "record": None}
