"""The circumplex: valence across, arousal up; where the person is, where from, and how sure that is as an ellipse."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPainterPath, QPen

from liveaffect.models.circumplex import CIRCUMPLEX, ELLIPSE90, EMOTIONS
from liveaffect.nodes.dashboard.look.canvas import CENTRE, LEFT, RIGHT, Canvas
from liveaffect.nodes.dashboard.look.palette import CORNER, Look, faded, font, of_person, px
from liveaffect.nodes.dashboard.scene.shown import Shown
from liveaffect.nodes.dashboard.scene.words import Reason, with_interval
from liveaffect.nodes.dashboard.views.trace_data import runs
from liveaffect.stream.messages import STATE_WORDS

TRAIL_S = 8.0
DISK = 0.88
"""Of the room: an ellipse at the rim is whole too."""
SHADES = 6
"""Shades of the trail."""
WORDS_AT = 0.66
"""Of the radius under the middle: no word of the axes and no name is covered there."""
NAME_SCALES = (0.82, 0.76, 0.7, 0.64, 0.58, 0.52, 0.46, 0.4)
"""Type of the names, against the window's own: large type in a small card takes what leaves them apart."""
PLACES: dict[str, tuple[float, float, str]] = {
    "happiness": (0, 13, "c"), "surprise": (0, -11, "c"), "sadness": (0, 12, "c"), "anger": (6, 0, "l"),
    "disgust": (0, 11, "c"), "fear": (-6, 0, "r"), "contempt": (6, 0, "l"),
}  # fmt: skip
"""Where each name stands beside its point: offset in px, and what is anchored there."""
TIP = (
    "Valence (unpleasant to pleasant) and arousal (calm to excited), each from −1 to 1.\n"
    "The ellipse holds the true point nine times in ten, as far as the model knows its own error.\n"
    f"The tail is the last {TRAIL_S:.0f} s. Grey names stand where raters place these words "
    "(Russell and Mehrabian 1977)."
)


class CircumplexView(Canvas):
    """Paints one person in full and the others as small dots."""

    def __init__(self) -> None:
        super().__init__("Circumplex", TIP, least=(220, 240))
        self._person: Shown | None = None
        self._others: tuple[Shown, ...] = ()
        self._trail = np.empty((0, 3))
        self._words = ""

    def present(self, person: Shown | None, others: Sequence[Shown], trail: NDArray[np.float64], words: str) -> None:
        """`trail` (n, 3): age in s, valence, arousal of the shown person, oldest first, NaN where missing.

        `words` say why there is no point, where there is none.
        """
        self._person, self._others, self._trail, self._words = person, tuple(others), trail, words
        name = "" if person is None else person.name
        self.setAccessibleDescription(f"{name}: {words or self._numbers()}")
        self.update()

    def _numbers(self) -> str:
        person = self._person
        if person is None or person.valence is None:
            return ""
        return (
            f"valence {with_interval(person.valence, person.valence_sd)}, "
            f"arousal {with_interval(person.arousal, person.arousal_sd)} (90 %)"
            + (f", {person.not_told}" if person.not_told else "")
        )

    def tip_at(self, at: QPointF) -> str:  # noqa: ARG002
        numbers = self._numbers()
        return f"{self._person.name}: {numbers}\n\n{TIP}" if numbers and self._person else TIP

    @property
    def _disk(self) -> QRectF:
        room = self.inner.adjusted(0, 4, 0, -4)
        line = self.title_height
        side = min(room.width(), room.height() - 2 * line) * DISK
        disk = QRectF(0, 0, side, side)
        disk.moveCenter(room.center())
        return disk

    def _at(self, valence: float, arousal: float) -> QPointF:
        disk = self._disk
        half = disk.width() / 2
        return QPointF(disk.center().x() + valence * half, disk.center().y() - arousal * half)

    def still(self, painter: QPainter, look: Look) -> None:
        disk, line = self._disk, self.title_height
        painter.setPen(QPen(look.border, 1.2))
        painter.setBrush(look.window)
        painter.drawEllipse(disk)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.grid, 1))
        painter.drawEllipse(disk.center(), disk.width() / 4, disk.width() / 4)
        painter.drawLine(QPointF(disk.left(), disk.center().y()), QPointF(disk.right(), disk.center().y()))
        painter.drawLine(QPointF(disk.center().x(), disk.top()), QPointF(disk.center().x(), disk.bottom()))
        scale, rooms = self._names()
        painter.setFont(font(scale))
        for name, (at, room) in rooms.items():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.faint)
            painter.drawEllipse(at, px(1.8), px(1.8))
            painter.setPen(look.faint)
            if not room.isEmpty():
                painter.drawText(room.adjusted(-2, -2, 2, 2), CENTRE, name)
        painter.setPen(look.dim)
        painter.setFont(font(0.88))
        x, wide = disk.center().x(), disk.width()
        painter.drawText(QRectF(x - wide / 2, disk.top() - line - 1, wide, line), CENTRE, "excited  +1")
        painter.drawText(QRectF(x - wide / 2, disk.bottom() + 1, wide, line), CENTRE, "calm  −1")
        both = painter.fontMetrics().horizontalAdvance("unpleasant −1 pleasant +1") + 16
        painter.setFont(font(0.88 * min(1.0, wide / both)))  # large type in a small card: both have room
        painter.drawText(QRectF(disk.left() + 5, disk.center().y() + 1, wide / 2, line), LEFT, "unpleasant −1")
        painter.drawText(QRectF(x, disk.center().y() + 1, wide / 2 - 5, line), RIGHT, "pleasant +1")

    def _names(self) -> tuple[float, dict[str, tuple[QPointF, QRectF]]]:
        """Points of the categories and the rooms of their names, in the largest type in which none touches another, an
        axis word or the card's edge; and that type."""
        disk, line = self._disk, self.title_height
        axis = QRectF(disk.left(), disk.center().y() + 1, disk.width(), line)
        rooms: dict[str, tuple[QPointF, QRectF]] = {}
        for scale in NAME_SCALES:
            metrics, share = QFontMetricsF(font(scale)), scale / NAME_SCALES[0]
            rooms = {}
            for name, (valence, arousal) in zip(EMOTIONS, CIRCUMPLEX, strict=True):
                if name in PLACES:
                    dx, dy, anchor = PLACES[name]
                    at = self._at(float(valence), float(arousal))
                    wide, high = metrics.horizontalAdvance(name), metrics.height()
                    x, y = at.x() + px(dx) * share, at.y() + px(dy) * share
                    left = x - {"c": wide / 2, "l": 0.0, "r": wide}[anchor]
                    rooms[name] = (at, QRectF(left, y - high / 2, wide, high))
            found = [axis, *(room for _, room in rooms.values())]
            inside = all(room.left() >= 2 and room.right() <= self.width() - 2 for room in found[1:])
            if inside and not any(one.intersects(other) for one, other in combinations(found, 2)):
                return scale, rooms
        kept = [axis]
        for name, (at, room) in rooms.items():  # too little room for all: a point without its name
            free = room.left() >= 2 and room.right() <= self.width() - 2 and not any(map(room.intersects, kept))
            rooms[name] = (at, room if free else QRectF())
            kept.append(rooms[name][1])
        return NAME_SCALES[-1], rooms

    def live(self, painter: QPainter, look: Look) -> None:
        painter.setClipRect(self.rect().adjusted(2, 2, -2, -2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_trail(painter, look)
        painter.setFont(font(0.82, bold=True))
        for other in self._others:
            if other.valence is not None and other.arousal is not None:
                at = self._at(other.valence, other.arousal)
                painter.setPen(QPen(look.dim if self.gone else of_person(other.id), 1.6))
                painter.setBrush(look.card)
                painter.drawEllipse(at, px(4), px(4))
                painter.setPen(look.dim)
                painter.drawText(at + QPointF(px(6), px(4)), "voice" if other.id < 0 else str(other.id))
        person = self._person
        if person is None or person.valence is None or person.arousal is None:
            self._paint_words(painter, look)
            return
        at, half = self._at(person.valence, person.arousal), self._disk.width() / 2
        hollow = person.coasting or bool(person.not_told)
        if person.valence_sd is not None and person.arousal_sd is not None:
            painter.setPen(QPen(faded(look.accent, 0.55), 1))
            painter.setBrush(faded(look.accent, 0.09 if hollow else 0.16))
            outline = QPainterPath()
            outline.addEllipse(at, ELLIPSE90 * person.valence_sd * half, ELLIPSE90 * person.arousal_sd * half)
            card = QPainterPath()
            card.addRoundedRect(QRectF(self.rect()).adjusted(4, 4, -4, -4), CORNER, CORNER)
            painter.drawPath(outline.intersected(card))  # what is wider than the card is closed at its edge
        painter.setPen(QPen(look.card, 2))
        painter.setBrush(QBrush(look.accent, Qt.BrushStyle.NoBrush if hollow else Qt.BrushStyle.SolidPattern))
        if hollow:
            painter.setPen(QPen(look.accent, 2))
        painter.drawEllipse(at, px(7), px(7))

    def _paint_trail(self, painter: QPainter, look: Look) -> None:
        if len(self._trail) < 2:
            return
        ages, disk = self._trail[:, 0], self._disk
        x = disk.center().x() + self._trail[:, 1] * disk.width() / 2
        y = disk.center().y() - self._trail[:, 2] * disk.height() / 2
        for run in runs(x + y):
            shade = np.clip(ages[run] / TRAIL_S * SHADES, 0, SHADES - 1).astype(int)
            for step in range(shade.min(), shade.max() + 1):
                piece = np.flatnonzero(shade == step) + run.start
                piece = np.append(piece, min(piece[-1] + 1, run.stop - 1)) if len(piece) else piece
                if len(piece) > 1:
                    painter.setPen(QPen(faded(look.accent, 0.7 * (1 - (step + 0.5) / SHADES)), 1.8))
                    painter.drawPolyline(arrayToQPolygonF(x[piece], y[piece]))

    def _paint_words(self, painter: QPainter, look: Look) -> None:
        words = self._words or STATE_WORDS["stale"]
        painter.setFont(font(0.95, bold=True))
        metrics = painter.fontMetrics()
        disk = self._disk
        place = QRectF(0, 0, min(self.inner.width(), metrics.horizontalAdvance(words) + 22), metrics.height() + 10)
        place.moveCenter(QPointF(disk.center().x(), disk.center().y() + WORDS_AT * disk.height() / 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.missing)
        painter.drawRoundedRect(place, 7, 7)
        painter.setPen(look.missing_text)
        painter.drawText(place, CENTRE, words)


def reason_words(reason: Reason | None, person: Shown | None, face_state: str) -> str:
    """Why there is no point."""
    if reason is not None:
        return reason.headline
    if person is not None and person.valence is None:
        return STATE_WORDS.get(person.state, person.state)
    return STATE_WORDS.get(face_state, face_state) if person is None else ""
