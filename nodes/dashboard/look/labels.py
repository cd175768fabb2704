"""Labels of one kind each; the style sheet knows the kinds, so that they follow light and dark."""

from typing import Literal

from PySide6.QtWidgets import QFrame, QLabel

from liveaffect.nodes.dashboard.look.palette import font

Kind = Literal["", "dim", "warn", "bad", "key"]


def label(words: str = "", kind: Kind = "", *, scale: float = 1.0, bold: bool = False, wrap: bool = False) -> QLabel:
    """A label; `scale` is of the system's own size."""
    made = QLabel(words)
    made.setProperty("kind", kind)
    if scale != 1.0 or bold:
        made.setFont(font(scale, bold=bold))
    made.setWordWrap(wrap)
    return made


def say(made: QLabel, words: str, kind: Kind = "dim") -> None:
    """Other words, perhaps of another kind."""
    made.setText(words)
    if made.property("kind") != kind:
        made.setProperty("kind", kind)
        made.style().unpolish(made)
        made.style().polish(made)


def rule() -> QFrame:
    """A thin line."""
    made = QFrame()
    made.setProperty("kind", "rule")
    made.setFixedHeight(1)
    return made
