"""The keys of the main window: what is told of them, and what they set off."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

SHORTCUTS = (
    ("Ctrl+R", "start or stop the recording"), ("1 … 9", "set a marker of that name"), ("M", "type a marker"),
    ("H", "privacy: hide the picture, store no pixels and no sound"), ("P", "pause the view"),
    ("N", "look at the next person"), ("Esc", "leave a field; look at whoever is there"), ("L", "landmarks on or off"),
    ("+ and −", "show more or less of the past"), ("B", "neutral baseline"), ("S", "settings"),
    ("Ctrl+N", "name the person looked at"),
    ("Ctrl+E", "score files"), ("Ctrl+O", "recorded sessions"),
    ("V", "theme, size, everybody's traces, one participant"),
    ("T", "how affect moves over time, and who follows whom"), ("W", "why: which cues carried the estimate"),
    ("F11", "full screen"), ("F1", "this sheet"), ("Ctrl+Q", "close"),
)  # fmt: skip


def bind(window: QWidget, keys: Mapping[str, Callable[[], Any]]) -> None:
    """Each key (in Qt's words, such as "Ctrl+R") sets off its call wherever the focus in `window` is."""
    for key, run in keys.items():
        QShortcut(QKeySequence(key), window).activated.connect(run)


def escape(window: QWidget, otherwise: Callable[[], Any]) -> None:
    """Leaves the field that is being typed in; where there is none, something else."""
    field = window.focusWidget()
    if isinstance(field, QLineEdit | QPlainTextEdit):
        window.setFocus()
    else:
        otherwise()


def full_screen(window: QWidget) -> None:
    """To the whole screen, or back."""
    window.showNormal() if window.isFullScreen() else window.showFullScreen()
