"""The first window, used as a person would: what is chosen, remembered and recorded; keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devices.virtual_microphone import VirtualMicrophone, environment, missing_programs
from made.media import write_sound
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from windows.gui import BARS, LIMIT_MS, TONE, pick, picture

from liveaffect.cli.windows.choose import surroundings
from liveaffect.nodes.dashboard.look.help_sheet import HelpSheet
from liveaffect.nodes.dashboard.start.preferences import Preferences, load, save
from liveaffect.nodes.dashboard.start.window import FirstWindow

Open = Callable[..., FirstWindow]


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


@pytest.mark.processes
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


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_recorded_into_it(
    open_window: Open, qtbot: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    window = open_window(Preferences(folder=str(tmp_path / "file" / "sessions")))
    qtbot.waitUntil(lambda: window.start.isEnabled(), timeout=LIMIT_MS)
    assert window.focusWidget() is window.start
    QTest.keyClick(window.record.on, Qt.Key.Key_Space)
    assert not window.start.isEnabled()
    assert window.focusWidget() is window.record.change
    assert "choose another folder" in window.hint.text()
    picture(window, "first_window_folder")
    window.record.set_folder(str(tmp_path))
    assert window.start.isEnabled()
    assert "GB free" in window.record.where.text()
