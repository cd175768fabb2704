"""The action units as a strip of columns: the number below, its words on hover, the strongest in words beside."""

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from liveaffect.models.face.action_units import ACTION_UNITS, MAX_INTENSITY
from liveaffect.nodes.dashboard.look.canvas import CENTRE, LEFT, RIGHT, Canvas
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, px
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.stream.messages import STATE_WORDS, Face

UNITS = tuple(ACTION_UNITS.items())
NUMBERS = tuple(str(int(unit[2:])) for unit, _ in UNITS)
TRACE, NAMED = 0.5, 3
"""Units from this intensity on are named beside the title, so many at most."""
TIP = (
    "Action units (FACS): single movements of the face, 0 absent to 5 maximum.\n"
    "They are raw: compare a person with themselves, not with others."
)
GRADES = ["absent", "trace", "slight", "marked", "severe", "maximum"]


class UnitsView(Canvas):
    """Paints one face's 22 intensities."""

    def __init__(self) -> None:
        super().__init__("Action units", TIP, least=(300, 104))
        self._values: tuple[float | None, ...] | None = None
        self._words = ""
        self._rest: dict[str, float] = {}

    def present(self, face: Face | None, words: str = "", rest: Mapping[str, float] | None = None) -> None:
        """The newest intensities of one face, or `words` why there are none; `rest` is the face's neutral baseline."""
        self._rest = {name: level for name, level in (rest or {}).items() if number(level) is not None}
        values = None
        if face is not None and face.au is not None and len(face.au) == len(UNITS):
            values = tuple(number(value) for value in face.au)
        elif face is not None:
            words = f"{STATE_WORDS.get(face.state, face.state)}{f': {face.reason}' if face.reason else ''}"
        if (values, words) != (self._values, self._words):
            self._values, self._words = values, words
            self.setAccessibleDescription(self._strongest() if values else words)
            self.update()

    def tip_at(self, at: QPointF) -> str:
        for (unit, name), place, value in zip(UNITS, self._places(), self._values or [None] * len(UNITS), strict=True):
            if place.adjusted(-2, -4, 2, 18).contains(at):
                grade = "" if value is None else f": {value:.1f} of 5, {GRADES[min(5, round(value))]}"
                rest = f"; at rest {self._rest[unit.lower()]:.1f}" if unit.lower() in self._rest else ""
                return f"{unit} {name}{grade}{rest}\n\n{TIP}"
        return TIP

    def _strongest(self) -> str:
        known = [
            (value, name) for value, (_, name) in zip(self._values or (), UNITS, strict=False) if value is not None
        ]
        named = [f"{name} {value:.1f}" for value, name in sorted(known, reverse=True)[:NAMED] if value >= TRACE]
        return " · ".join(named) or "all below trace"

    def _places(self) -> list[QRectF]:
        room = self.inner.adjusted(px(16), 2, 0, -QFontMetricsF(font(0.82)).height() - 2)
        step = room.width() / len(UNITS)
        wide = min(px(22), step * 0.68)
        return [
            QRectF(round(room.left() + (i + 0.5) * step - wide / 2), room.top(), wide, room.height())
            for i in range(len(UNITS))
        ]

    def still(self, painter: QPainter, look: Look) -> None:
        painter.setFont(font(0.82))
        places = self._places()
        step = places[1].left() - places[0].left()
        every = 1 if painter.fontMetrics().horizontalAdvance("45") + 3 <= step else 2
        for k, (words, place) in enumerate(zip(NUMBERS, places, strict=True)):
            painter.fillRect(place, look.track)
            painter.setPen(look.dim)
            if k % every == 0:
                painter.drawText(QRectF(place.center().x() - px(14), place.bottom() + 2, px(28), px(14)), CENTRE, words)
        painter.setPen(look.faint)
        for words, y in (("5", places[0].top()), ("0", places[0].bottom())):
            painter.drawText(QRectF(self.inner.left() - 2, y - px(7), px(14), px(14)), RIGHT, words)

    def live(self, painter: QPainter, look: Look) -> None:
        title = QFontMetricsF(font(bold=True)).horizontalAdvance(self.title) + 14
        beside = QRectF(self.inner.left() + title, 10, self.inner.width() - title, self.title_height)
        painter.setFont(font(0.92))
        if self._values is None:
            painter.setPen(look.missing_text)
            painter.drawText(beside, LEFT, self._words)
            return
        painter.setPen(look.dim)
        shown = painter.fontMetrics().elidedText(self._strongest(), Qt.TextElideMode.ElideRight, int(beside.width()))
        painter.drawText(beside, RIGHT, shown)
        for value, place in zip(self._values, self._places(), strict=True):
            if value is not None and value > 0:
                height = place.height() * min(1.0, value / MAX_INTENSITY)
                colour = look.accent if value >= TRACE else faded(look.accent, 0.5)
                painter.fillRect(QRectF(place.left(), place.bottom() - height, place.width(), height), colour)
        for (unit, _), place in zip(UNITS, self._places() if self._rest else (), strict=bool(self._rest)):
            if unit.lower() in self._rest:
                y = place.bottom() - place.height() * min(1.0, self._rest[unit.lower()] / MAX_INTENSITY)
                painter.fillRect(QRectF(place.left() - 2, y - 1, place.width() + 4, 2), look.text)
