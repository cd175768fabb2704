"""A user without a mouse: keys pressed, fields reached with Tab."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from windows.seen import wait

MOST_TABS = 200
KEYS = Qt.Key
HELD = Qt.KeyboardModifier
OPERATED = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView)
"""What somebody with a mouse can use, and somebody without one must be able to."""


def target() -> QWidget:
    """Where a key goes: an open menu or list, else what has the focus, else the window in front."""
    here = QApplication.activePopupWidget() or QApplication.focusWidget() or QApplication.activeWindow()
    assert here is not None, "no window has the keyboard"
    return here


def press(key: Qt.Key, held: Qt.KeyboardModifier = HELD.NoModifier, times: int = 1) -> None:
    """One key, perhaps with others held, perhaps several times."""
    for _ in range(times):
        QTest.keyClick(target(), key, held)
        QTest.qWait(15)


def write(words: str) -> None:
    """Letters, into what has the focus."""
    for letter in words:
        QTest.keyClicks(target(), letter)
    QTest.qWait(15)


def tab_to(widget: QWidget) -> None:
    """Goes there with Tab alone."""
    for _ in range(MOST_TABS):
        if QApplication.focusWidget() is widget:
            return
        press(KEYS.Key_Tab)
    raise AssertionError(f"Tab does not reach {words_of(widget)}")


def tab_and_press(button: QWidget) -> None:
    """Goes to a button and presses it."""
    wait(lambda: button.isVisible() and button.isEnabled(), f"{words_of(button)} to press")
    tab_to(button)
    press(KEYS.Key_Space)


def choose(words: str) -> None:
    """In an open menu: down to the entry that has these words, and into it."""
    menu: Any = QApplication.activePopupWidget()
    assert menu is not None, "no menu is open"
    for _ in range(40):
        press(KEYS.Key_Down)
        here = menu.activeAction()
        if here is not None and words in here.text().replace("&", ""):
            press(KEYS.Key_Right if here.menu() else KEYS.Key_Return)
            return
    raise AssertionError(f"the arrow keys do not reach “{words}”")


def when(kind: type[Any], then: Callable[[Any], object]) -> None:
    """As soon as a question of that kind stands there, which lets nothing go on until it is answered, does this."""
    timer = QTimer(QApplication.instance(), interval=50)

    def look() -> None:
        box = next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)
        if box is not None:
            timer.stop()
            box.activateWindow()
            wait(box.isActiveWindow, f"{kind.__name__} in front")
            then(box)

    timer.timeout.connect(look)
    timer.start()


def unreached(window: QWidget) -> list[str]:
    """What can be operated in a window and is not reached with Tab, in words."""
    passed: set[QWidget] = set()
    for _ in range(MOST_TABS):
        press(KEYS.Key_Tab)
        here = QApplication.focusWidget()
        if here is None or here in passed:
            break
        passed.add(here)
    left = [
        one for one in window.findChildren(QWidget)
        if isinstance(one, OPERATED) and one.isVisible() and one.isEnabled() and one.window() is window
        and one not in passed and one.focusProxy() not in passed and not _inside(one, passed)
        and not _beside(one, passed)
    ]  # fmt: skip
    return [words_of(one) for one in left]


def cut(window: QWidget) -> list[str]:
    """Buttons and labels of one line that have less room than their words."""
    from PySide6.QtWidgets import QLabel

    found: list[str] = []
    for one in window.findChildren(QWidget):
        if not one.isVisible() or not isinstance(one, QAbstractButton | QLabel) or not words_of(one):
            continue
        if isinstance(one, QLabel):
            if one.wordWrap():
                if one.heightForWidth(one.width()) > one.height() + 2:
                    found.append(f"{words_of(one)}: {one.height()} px of {one.heightForWidth(one.width())} high")
                continue
            needs = 0 if type(one) is not QLabel else one.fontMetrics().horizontalAdvance(one.text())
        else:
            needs = one.fontMetrics().horizontalAdvance(one.text().replace("&", ""))
        if needs > one.width() + 1:
            found.append(f"{words_of(one)}: {one.width()} px of {needs} wide")
    room = window.screen().geometry() if window.screen() else None
    if room is not None and (window.width() > room.width() or window.height() > room.height()):
        found.append(f"the window is {window.width()}x{window.height()} on {room.width()}x{room.height()}")
    return found


def words_of(widget: Any) -> str:
    """What a person would call it."""
    for name in ("accessibleName", "text", "toolTip", "placeholderText"):
        words = getattr(widget, name, lambda: "")()
        if isinstance(words, str) and words.strip():
            return words.strip().splitlines()[0]
    return "" if not isinstance(widget, OPERATED) else type(widget).__name__


def _beside(widget: QWidget, passed: set[QWidget]) -> bool:
    """One of several of which one is chosen: Tab goes to the one, arrow keys to the others."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive() and any(one in passed for one in group.buttons())


def _inside(widget: QWidget, passed: set[QWidget]) -> bool:
    """A part of what was reached: the clear button of a line, the line of a drop-down."""
    parent = widget.parentWidget()
    while parent is not None:
        if parent in passed and isinstance(parent, OPERATED):
            return True
        parent = parent.parentWidget()
    return False
