"""The code that pairs a phone with the sensor's page: shown here, on the sensor's own machine, and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import label
from liveaffect.nodes.dashboard.look.palette import px

SIDE = 300
QUIET = 3
"""Modules of white around the code."""


@dataclass(frozen=True)
class Pairing:
    """The link, its code as rows of modules (true is dark), and words on the certificate."""

    link: str
    rows: Sequence[Sequence[bool]]
    words: str = ""


Pair = Callable[[str], Pairing]
"""Makes the pairing of the page at ADDRESS:PORT; raises LiveAffectError."""


class PairDialog(QDialog):
    """Shows one pairing."""

    def __init__(self, pairing: Pairing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Pair a phone")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label("Scan this code, or open the link, on the device", bold=True))
        self.code = QLabel()
        self.code.setPixmap(_picture(pairing.rows))
        self.code.setAccessibleName("QR code of the link below")
        column.addWidget(self.code, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.link = label(pairing.link, wrap=True)
        self.link.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        column.addWidget(self.link)
        column.addWidget(label("Whoever has it sees the page, sets markers and starts recordings.", "dim", wrap=True))
        if pairing.words:
            column.addWidget(label(pairing.words, "dim", wrap=True))


def _picture(rows: Sequence[Sequence[bool]]) -> QPixmap:
    """Dark upon white in every theme, with sharp edges."""
    side = len(rows) + 2 * QUIET
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                image.setPixelColor(x + QUIET, y + QUIET, QColor("black"))
    scale = max(1, int(px(SIDE) / side))
    return QPixmap.fromImage(image.scaled(side * scale, side * scale))
