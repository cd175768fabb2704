"""The windows with a user who has read only the README and has no mouse: from the first window to the last table.

    python keyboard_user.py STORY FOLDER view --address ipc://...

`STORY` is one of the functions below; the first window's is always "first". What was seen goes to FOLDER/STORY.json,
a picture of each state to STORY_PICTURES. STORY_THEME and STORY_SIZE are chosen in the menu, STORY_FILMS scored.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog
from windows.gui import prepare
from windows.keyboard import HELD, KEYS, choose, cut, press, tab_and_press, unreached, when, write
from windows.seen import find, shoot, wait

from liveaffect.cli.windows import desktop, helpers
from liveaffect.nodes.dashboard.look.help_sheet import HelpSheet
from liveaffect.nodes.dashboard.replay.bar import ReplayBar
from liveaffect.nodes.dashboard.scoring.dialog import ScoreDialog
from liveaffect.nodes.dashboard.sessions.browser import SessionsBrowser
from liveaffect.nodes.dashboard.start.window import FirstWindow
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.nodes.dashboard.window.recorded import CardDialog

Facts = dict[str, Any]
CTRL = HELD.ControlModifier
RUN = Path(__file__).with_name("keyboard_run.py")


def first(facts: Facts) -> None:
    """Nothing is plugged in: what there is is looked through, and the demo tried."""
    window = find(FirstWindow)
    wait(lambda: window.demo.hasFocus(), "the way that is open without devices")
    shoot(window, "01_first_window")
    judge(facts, window)
    when(HelpSheet, lambda sheet: (shoot(sheet, "02_first_keys"), press(KEYS.Key_Escape)))
    press(KEYS.Key_F1)
    find(FirstWindow)
    facts["began_s"] = time.monotonic()
    press(KEYS.Key_T, HELD.AltModifier)


def main(facts: Facts) -> None:
    """Watch, choose how it looks, record, name, mark, stop; card, report, all sessions, replay, score; close."""
    window: MainWindow = find(MainWindow)
    scene, pages = window.scene, window.side
    shoot(window, "03_waiting")
    wait(lambda: window.video.picture is not None and window.video.picture.image is not None, "the picture")
    facts["picture_s"] = time.monotonic()
    wait(lambda: scene.person is not None and scene.person.valence is not None, "an estimate")
    look(window)
    wait(lambda: len(scene.trace.since(-1e9)[0]) > 60, "a trace")
    shoot(window, "04_watching")
    judge(facts, window)
    press(KEYS.Key_R, CTRL)
    wait(lambda: window.status.rec._time is not None, "the light that says it records")
    wait(lambda: scene.shown is not None and scene.shown >= 0, "somebody in view")
    when(QInputDialog, lambda box: (write("Anna"), shoot(box, "05_name"), press(KEYS.Key_Return)))
    press(KEYS.Key_N, CTRL)
    wait(lambda: any(one.called == "Anna" for one in scene.people.values()), "the name")
    find(MainWindow)
    press(KEYS.Key_1)
    press(KEYS.Key_M)
    write("stimulus on")
    press(KEYS.Key_Return)
    press(KEYS.Key_Escape)
    wait(lambda: {"1", "stimulus on"} <= {marker.label for marker in scene.markers}, "both markers")
    shoot(window, "06_recording")
    for key, page in ((KEYS.Key_T, "moving"), (KEYS.Key_W, "why")):
        press(key)
        wait(lambda page=page: pages.page == page, page)
        shoot(window, f"07_{page}")
    press(KEYS.Key_W)
    wait(lambda: float(scene.now_ns - scene.markers[0].t_ns) > 12e9, "twelve seconds of it")
    press(KEYS.Key_R, CTRL)
    card(facts)
    press(KEYS.Key_R, CTRL)
    wait(lambda: window.status.rec._time is not None, "a second recording")
    press(KEYS.Key_2)
    wait(lambda: "2" in {marker.label for marker in scene.markers}, "its marker")
    at_ns = scene.now_ns
    wait(lambda: scene.now_ns - at_ns > 4e9, "four seconds of it")
    press(KEYS.Key_R, CTRL)
    dialog = find(CardDialog)
    wait(lambda: dialog.view.card is not None, "the second card")
    press(KEYS.Key_Escape)
    find(MainWindow)
    press(KEYS.Key_O, CTRL)
    sessions(facts)
    find(MainWindow)
    press(KEYS.Key_E, CTRL)
    score(facts)
    find(MainWindow)
    press(KEYS.Key_Q, CTRL)


def look(window: MainWindow) -> None:
    """Theme and size, from the menu."""
    press(KEYS.Key_V)
    wait(lambda: QApplication.activePopupWidget() is not None, "the menu")
    shoot(window.view_menu.menu_, "04_view_menu")
    choose("Theme")
    choose({"light": "Light", "dark": "Dark"}[os.environ["STORY_THEME"]])
    wait(lambda: QApplication.activePopupWidget() is None, "the end of the menu")
    if os.environ["STORY_SCREEN"]:
        press(KEYS.Key_F11)
        wait(window.isFullScreen, "the full screen")
        window.resize(window.screen().size())  # no window manager does it here
    if os.environ["STORY_SIZE"] != "100":
        press(KEYS.Key_V)
        choose("Size")
        choose(f"{os.environ['STORY_SIZE']} %")


def card(facts: Facts) -> None:
    """The card that comes by itself: a note, a table, a report."""
    dialog: CardDialog = find(CardDialog)
    view = dialog.view
    wait(lambda: view.card is not None, "the card")
    shoot(dialog, "08_card")
    judge(facts, dialog)
    assert view.card is not None
    facts["card"] = {
        "path": view.card.path, "people": [one.called for one in view.card.people],
        "markers": [words for _, words in view.card.markers], "whole": view.card.whole,
    }  # fmt: skip
    tab_and_press(view.buttons["export"])
    wait(lambda: QApplication.activePopupWidget() is not None, "the forms")
    shoot(QApplication.activePopupWidget(), "09_forms")  # type: ignore[arg-type]
    choose("CSV (R")
    wait(lambda: "Written" in view.said.text(), "the table")
    tab_and_press(view.buttons["report"])
    wait(lambda: "report.html" in view.said.text(), "the report")
    shoot(dialog, "10_card_written")
    facts["report"] = view.said.text().removeprefix("Written: ")
    press(KEYS.Key_Escape)
    find(MainWindow)


def sessions(facts: Facts) -> None:
    """Two beside each other, one found by a word, and replayed in a window of its own."""
    browser: SessionsBrowser = find(SessionsBrowser)
    wait(lambda: browser.list.count() == 2 and browser.views[0].card is not None, "both sessions")
    shoot(browser, "11_sessions")
    judge(facts, browser)
    tab_to_list(browser)
    press(KEYS.Key_Home)
    press(KEYS.Key_Down, HELD.ShiftModifier)
    wait(lambda: all(view.card is not None for view in browser.views), "two side by side")
    shoot(browser, "12_two_sessions")
    press(KEYS.Key_F, CTRL)
    write("stimulus")
    rows = [browser.list.item(row) for row in range(2)]
    wait(lambda: sum(not row.isHidden() for row in rows) == 1, "the one with that marker")
    tab_to_list(browser)
    press(KEYS.Key_Home)
    press(KEYS.Key_Return)
    path = Path(os.environ["STORY_FOLDER"]) / "replay.json"
    wait(path.exists, "the end of the replay")
    find(SessionsBrowser)
    press(KEYS.Key_Escape)


def tab_to_list(browser: SessionsBrowser) -> None:
    """To the rows."""
    from windows.keyboard import tab_to

    tab_to(browser.list)


def replay(facts: Facts) -> None:
    """Ahead, to a marker, paused, and what came before is there."""
    window: MainWindow = find(MainWindow)
    scene = window.scene
    wait(lambda: window._bar is not None, "the replay bar")
    bar = window._bar
    assert isinstance(bar, ReplayBar)
    wait(lambda: bar.line.length_s > 0 and scene.person is not None, "the session")
    press(KEYS.Key_K)
    wait(lambda: scene.playback is not None and scene.playback.state == "paused", "the pause")
    press(KEYS.Key_BracketRight if bar.after.isEnabled() else KEYS.Key_BracketLeft)
    marked = [t_s for t_s, _ in bar.line.markers]

    def near() -> list[float]:
        return [t_s for t_s in marked if scene.playback and abs(scene.playback.position_s - t_s) < 0.5]

    wait(near, "a marker")
    at = near()[0]
    press(KEYS.Key_Period)
    wait(lambda: scene.playback is not None and scene.playback.position_s > at + 4, "five seconds on")
    wait(lambda: len(scene.trace.since(-1e9)[0]) > 20, "what came before")
    shoot(window, "13_replay_paused")
    judge(facts, window)
    press(KEYS.Key_K)
    wait(lambda: scene.playback is not None and scene.playback.state == "playing", "playing")
    facts["markers"] = [words for _, words in bar.line.markers]
    press(KEYS.Key_Greater, times=4)
    wait(lambda: scene.playback is not None and scene.playback.state == "ended", "the end")
    shoot(window, "14_replay_ended")
    press(KEYS.Key_Q, CTRL)


def score(facts: Facts) -> None:
    """Three films, put on the list as files that were copied, to tables and a report."""
    dialog: ScoreDialog = find(ScoreDialog)
    shoot(dialog, "15_score_empty")
    judge(facts, dialog)
    films = os.environ["STORY_FILMS"].split(os.pathsep)
    when(QFileDialog, lambda box: (shoot(box, "16_files"), write(films[0]), press(KEYS.Key_Return)))
    tab_and_press(dialog.add_files)
    wait(lambda: len(dialog.files) == 1, "the file that was chosen")
    copy(films)
    find(ScoreDialog)
    press(KEYS.Key_V, CTRL)
    wait(lambda: len(dialog.files) == len(films), "the files that were pasted")
    tab_and_press(dialog.start)
    wait(lambda: dialog.job is not None and any(share > 0 for share in dialog.job.shares.values()), "progress")
    shoot(dialog, "17_scoring")
    wait(lambda: dialog.job is None, "the tables")
    shoot(dialog, "18_scored")
    facts["tables"] = sorted(path.name for path in dialog.out.glob("*.parquet"))
    tab_and_press(dialog.report)
    wait(lambda: dialog.words.text().startswith("Written"), "the report on them")
    shoot(dialog, "19_scored_report")
    press(KEYS.Key_Escape)


def copy(paths: list[str]) -> None:
    """As a file manager does on Ctrl+C."""
    from PySide6.QtCore import QMimeData, QUrl

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    QApplication.clipboard().setMimeData(data)


def judge(facts: Facts, window: Any) -> None:
    """What Tab does not reach, and what is cut."""
    kept = QApplication.focusWidget()
    name = f"{type(window).__name__} {window.windowTitle()}"
    facts.setdefault("unreached", {})[name] = unreached(window)
    facts.setdefault("cut", {})[name] = cut(window)
    if kept is not None:
        kept.setFocus()


def open_with_user(folder: Path) -> None:
    """In place of `helpers.open_session`: the same command, with a user in front of its window."""
    words = [sys.executable, str(RUN), os.environ["STORY_FOLDER"], "view", str(folder)]
    subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "STORY": "replay"})


def run(words: list[str]) -> int:
    """The window, with its user."""
    name, folder, rest = ("first" if "choose" in words else words[0]), Path(words[1]), words[2:]
    prepare()
    os.environ.pop("QT_QPA_PLATFORM", None)  # on the display, as anybody
    helpers.open_session = open_with_user
    app = desktop.application()
    facts: Facts = {}

    def follow() -> None:
        try:
            globals()[name](facts)
        except BaseException:
            facts["failed"] = traceback.format_exc()
            (folder / f"{name}.json").write_text(json.dumps(facts))
            os._exit(9)
        (folder / f"{name}.json").write_text(json.dumps(facts))

    QTimer.singleShot(0, app, follow)
    return desktop.main(rest)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
