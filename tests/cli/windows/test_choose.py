"""The first window as a program of its own: what it prints, how it ends, what it does not load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from liveaffect.cli.windows.choose import shown
from liveaffect.nodes.dashboard.start.preferences import Preferences, load, save

pytestmark = pytest.mark.processes

BARS = "lavfi:testsrc=size=320x240:rate=30"


def test_an_address_is_shown_without_its_password_and_a_file_by_its_name(tmp_path: Path) -> None:
    assert shown("rtsp://me:secret@camera/1") == "rtsp://camera/1"
    film = tmp_path / "film.mp4"
    film.touch()
    assert shown(str(film)).startswith("film.mp4 · ")
    assert shown("lavfi:testsrc") == "lavfi:testsrc"


DRIVER = """
import sys
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from liveaffect.cli.windows.choose import choose
from liveaffect.nodes.dashboard.baseline import dialog as baseline_dialog
from liveaffect.nodes.dashboard.look import help_sheet, palette
from liveaffect.nodes.dashboard.settings import form as settings_form

app = QApplication([])
palette.follow(app)

def press():
    for window in app.topLevelWidgets():
        if hasattr(window, "start") and (sys.argv[1] == "close" or window.camera.picture.showing):
            if sys.argv[1] == "close":
                window.close()
            elif window.start.isEnabled():
                QTest.keyClick(window, Qt.Key.Key_Return)

timer = QTimer()
timer.timeout.connect(press)
timer.start(50)
code = choose(app)
bad = [name for name in ("cv2", "mediapipe", "onnxruntime") if name in sys.modules]
print(bad, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(("how", "code"), [("start", 0), ("close", 3)])
def test_the_program_prints_one_line_of_json_or_ends_with_three(tmp_path: Path, how: str, code: int) -> None:
    save(Preferences(camera=BARS, microphone=None, typed=[BARS], chosen=True), tmp_path / "liveaffect/desktop.json")
    env = os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    env.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, how], env=env, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1] == "[]", "no mediapipe, no cv2, no models in the process of a window"
    if code == 0:
        (line,) = done.stdout.splitlines()
        assert load(tmp_path / "liveaffect/desktop.json")[0].camera == BARS
        assert json.loads(line) == {"camera": BARS, "microphone": None, "record": None}
    else:
        assert done.stdout == ""
