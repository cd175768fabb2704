"""The windows with a user in front of them: `liveaffect.cli.windows.desktop`, and real Qt events that follow a story.

    python desktop_user.py STORY FOLDER view --address ipc://...

`STORY` names one of the functions below; the first window's is always "first". Pictures go to out/pictures, what the
user saw to FOLDER/STORY.json. A wait that is not met ends the program with status 9 and a picture of what there was.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from windows.gui import prepare
from windows.seen import find, shoot, wait

from liveaffect.cli.windows import desktop
from liveaffect.nodes.dashboard.replay.bar import ReplayBar
from liveaffect.nodes.dashboard.scene.status import record_status
from liveaffect.nodes.dashboard.start.window import FirstWindow
from liveaffect.nodes.dashboard.window.main import MainWindow

LEFT = Qt.MouseButton.LeftButton
Facts = dict[str, Any]


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """A click of the mouse, as soon as it can be clicked."""
    wait(lambda: widget.isVisible() and widget.isEnabled(), f"{widget} to click on")
    QTest.mouseClick(widget, LEFT, pos=widget.rect().center() if at is None else at)


def answer(kind: type[Any], name: str, word: str) -> None:
    """Clicks the button with that word in a question that is yet to come: it waits for nobody but its own answer."""
    timer = QTimer(QApplication.instance(), interval=50)

    def look() -> None:
        box = next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)
        if box is not None:
            timer.stop()
            shoot(box, f"live_{name}")
            click(next(button for button in box.findChildren(QPushButton) if word in button.text()))

    timer.timeout.connect(look)
    timer.start()


def first(facts: Facts) -> None:
    """A file as the camera, typed; the system's microphone, heard; start."""
    window = find(FirstWindow)
    field = window.camera.field
    wait(lambda: window.microphone.field.count, "a microphone")
    field.box.setFocus()
    QTest.keyClicks(field.box, "a file")
    wait(field.line.isVisible, "the line for an address")
    QTest.keyClicks(field.line, os.environ["STORY_CLIP"])
    QTest.keyClick(field.line, Qt.Key.Key_Return)
    wait(lambda: window.camera.picture.showing, "the preview of the camera")
    wait(lambda: window.microphone._level.read().rms_db is not None, "the level of the microphone")
    wait(window.start.isEnabled, "a start that can be clicked")
    shoot(window, "live_1_first_window")
    facts["microphone"] = window.microphone.field.value
    click(window.start)


def main(facts: Facts) -> None:
    """Watch, baseline, record, mark, hide, lose the face node and get it back, close and let the recording go on."""
    window: MainWindow = find(MainWindow)
    scene, controls = window.scene, window.controls
    wait(lambda: scene.person is not None and scene.person.valence is not None, "an estimate")
    wait(lambda: window.video.picture is not None and window.video.picture.image is not None, "the picture")
    wait(lambda: scene.voice is not None and scene.voice.speech_prob is not None, "the voice")
    facts["address"] = window.feed.address
    wait(window.video._boxes, "a box around the face")
    click(window.video, window.video._boxes()[0][1].center().toPoint())
    wait(lambda: scene.pinned is not None, "the person who was clicked on")
    QTest.keyClick(window, Qt.Key.Key_Escape)
    click(controls.record_button)
    wait(lambda: window.status.rec._time is not None, "the light that says it records")
    QTest.keyClicks(window, "1")
    controls.label.setFocus()
    QTest.keyClicks(controls.label, "stimulus on")
    click(controls.mark_button)
    wait(lambda: {"1", "stimulus on"} <= {marker.label for marker in scene.markers}, "both markers")
    shoot(window, "live_2_recording")
    click(controls.settings_button)
    form = find(type(window.dialogs._open_now["settings"]))
    wait(lambda: len(form.findChildren(QWidget)) > 40, "the settings")
    shoot(form, "live_3_settings_while_recording")
    form.close()
    find(MainWindow)
    click(controls.privacy_button)
    wait(lambda: window.video.picture is None or window.video.picture.image is None, "the hidden picture")
    wait(lambda: (told := record_status(scene)) is not None and told.privacy, "the recorder's word on privacy")
    shoot(window, "live_4_privacy")
    click(controls.privacy_button)
    wait(lambda: window.video.picture is not None and window.video.picture.image is not None, "the picture again")
    os.kill(_pids(window)["face"], signal.SIGKILL)
    wait(lambda: "face" in f"{window.units.missing}", "the greyed face, and why")
    facts["reason"] = f"{window.units.missing}"
    wait(lambda: window.units.missing is None or not _seen(window), "nobody's numbers")
    shoot(window, "live_5_face_node_killed")
    wait(lambda: scene.health["face"].restarts and window.units.missing is None and _seen(window), "the face again")
    QTest.keyClicks(window, "2")
    wait(lambda: "2" in {marker.label for marker in scene.markers}, "the marker after the fault")
    shoot(window, "live_6_recovered")
    answer(QMessageBox, "7_close_question", "background")
    assert window.close(), "the window stayed open"


def again(facts: Facts) -> None:
    """A window that is opened again finds the recording going on, knows the baseline, and ends the recording."""
    window: MainWindow = find(MainWindow)
    scene, controls = window.scene, window.controls
    wait(lambda: scene.person is not None, "an estimate")
    wait(lambda: window.status.rec._time not in (None, ""), "the light that says it still records")
    told = record_status(scene)
    assert told is not None
    facts["session"] = told.session
    click(controls.baseline_button)
    dialog = find(type(window.dialogs._open_now["baseline"]))
    wait(lambda: "Face" in dialog.outcome.text(), "the baseline that stands, in words")
    facts["baseline"] = dialog.outcome.text()
    shoot(dialog, "live_8_baseline")
    dialog.close()
    find(MainWindow)
    click(controls.record_button)
    wait(lambda: window.status.rec._time is None, "the end of the recording")
    window.close()


def people(facts: Facts) -> None:
    """Two people in view: a click on the other one turns to them; closing the window ends the sensor."""
    window: MainWindow = find(MainWindow)
    scene = window.scene
    wait(lambda: len([one for one in scene.people.values() if one.valence is not None and one.id >= 0]) > 1, "two")
    wait(lambda: len(window.video._boxes()) > 1, "both boxes")
    other, box = next((face.id, box) for face, box in window.video._boxes() if face.id != scene.shown)
    click(window.video, box.center().toPoint())
    wait(lambda: scene.pinned == other and scene.shown == other, "the other person")
    facts["turned"] = True
    shoot(window, "live_10_two_people")
    window.close()


def replay(facts: Facts) -> None:
    """A recorded session: seek by a click, jump to a marker, pause, and the end as fast as it goes."""
    window: MainWindow = find(MainWindow)
    scene = window.scene
    wait(lambda: window._bar is not None, "the replay bar")
    bar = window._bar
    assert isinstance(bar, ReplayBar)
    wait(lambda: bar.line.length_s > 0 and scene.person is not None, "the session")
    facts["length_s"] = bar.line.length_s
    facts["markers"] = [words for _, words in bar.line.markers]
    facts["missing"] = bar.line.missing
    QTest.keyClick(window, Qt.Key.Key_Space)
    wait(lambda: scene.playback is not None and scene.playback.state == "paused", "the pause")
    half = bar.line.length_s / 2
    click(bar.line, QPoint(round(bar.line.x_of(half)), bar.line.height() // 2))
    wait(lambda: scene.playback is not None and abs(scene.playback.position_s - half) < 0.5, "the middle of it")
    click(bar.before)
    wait(lambda: bar.position_s < half, "the marker before")
    QTest.keyClicks(window, "K")
    wait(lambda: scene.playback is not None and scene.playback.state == "playing", "playing")
    wait(lambda: scene.person is not None and len(scene.trace.since(-1e9)[0]) > 20, "a trace")
    shoot(window, "live_9_replay")
    facts["words"] = window.status.rec._words
    for _ in range(5):
        before = bar.speed.currentIndex()
        QTest.keyClicks(window, ">")
        wait(lambda before=before: bar.speed.currentIndex() > before, "a higher speed")
    wait(lambda: scene.playback is not None and scene.playback.state == "ended", "the end")
    window.close()


def _seen(window: MainWindow) -> bool:
    """Somebody in view has numbers."""
    person = window.scene.person
    return person is not None and person.id >= 0 and person.valence is not None


def _pids(window: MainWindow) -> dict[str, int]:
    reply: list[Any] = []
    window.feed.ask("hello", on_reply=reply.append)
    wait(lambda: reply, "the sensor's answer")
    return reply[0].facts["pids"]


def run(words: list[str]) -> int:
    """The window, with its user."""
    name, folder, rest = (
        ("first", Path(words[1]), words[2:]) if "choose" in words else (words[0], Path(words[1]), words[2:])
    )
    prepare()
    os.environ.pop("QT_QPA_PLATFORM", None)  # on the display, as anybody
    app = desktop.application()
    facts: Facts = {}

    def follow() -> None:
        try:
            globals()[name](facts)
        except BaseException:
            facts["failed"] = traceback.format_exc()
            (folder / f"{name}.json").write_text(json.dumps(facts))
            os._exit(9)
        facts["foreign"] = sorted({"cv2", "mediapipe"} & set(sys.modules))
        (folder / f"{name}.json").write_text(json.dumps(facts))

    QTimer.singleShot(0, app, follow)
    return desktop.main(rest)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
