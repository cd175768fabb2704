"""How a person's affect moved over the last minutes: four measures with their intervals, and shifts."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from liveaffect.nodes.dashboard.look.canvas import LEFT, RIGHT, Canvas
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, px
from liveaffect.nodes.dashboard.scene.moving import MEASURES, moved_words, shift_words
from liveaffect.stream.messages import Interval, PersonDynamics, Shift

MOST_SHIFTS = 3
NAMES = 84.0
LINE = 19.0
REACH = {"level": (-1.0, 1.0), "variability": (0.0, 0.5), "inertia_s": (0.0, 20.0), "instability": (0.0, 0.5)}
"""What the small axes under the numbers span; what is beyond ends at the edge."""
TIP = (
    "Of the last five minutes, from the single frames before smoothing, the nets' noise taken out.\n"
    "Level: where the person stays. Variability: how far they stray from it. Inertia: seconds in which what is left\n"
    "of a displacement falls to 37 %. Instability: how much changes within a second. Brackets are 90 % intervals.\n"
    "A shift is a change of level that was found as it happened. Of what is shown, not of what is felt."
)


class MovingView(Canvas):
    """A table of four measures in two dimensions, and the newest shifts."""

    def __init__(self) -> None:
        super().__init__("Over time", TIP, least=(300, 150))
        self._said: PersonDynamics | None = None
        self._shifts: tuple[str, ...] = ()
        self._name = ""

    def present(self, name: str, said: PersonDynamics | None, shifts: Sequence[Shift], now_ns: int) -> None:
        """One person's measures, and their shifts, oldest first."""
        told = tuple(shift_words(shift, now_ns) for shift in list(shifts)[: -MOST_SHIFTS - 1 : -1])
        if (name, said, told) == (self._name, self._said, self._shifts):
            return
        self._name, self._said, self._shifts = name, said, told
        words = "; ".join(
            f"{dimension} " + ", ".join(
                f"{title} {value or between}"
                for (_, title, _), (value, between) in zip(MEASURES, moved_words(said, dimension), strict=True)
            )
            for dimension in ("valence", "arousal")
        )  # fmt: skip
        self.setAccessibleDescription(f"{name}: {words}. {'; '.join(told) or 'no shift'}")
        self.update()

    def live(self, painter: QPainter, look: Look) -> None:
        room, line = self.inner, px(LINE)
        painter.setFont(font(0.85))
        painter.setPen(look.faint)
        seconds = 0.0 if self._said is None else self._said.seconds
        by = "" if self._said is None else f", by the {self._said.by}"
        title = QRectF(room.left(), 10, room.width(), self.title_height)
        painter.drawText(title, RIGHT, f"{self._name}, {seconds:.0f} s{by}" if self._name else "")
        half = (room.width() - px(NAMES)) / 2
        columns = (("valence", look.valence), ("arousal", look.arousal))
        for k, (dimension, colour) in enumerate(columns):
            left = room.left() + px(NAMES) + k * half
            painter.setFont(font(0.9, bold=True))
            painter.setPen(colour)
            painter.drawText(QRectF(left, room.top() - 2, half, line), LEFT, dimension)
            rows = moved_words(self._said, dimension)
            moved = None if self._said is None else getattr(self._said, dimension)
            for row, ((name, title_, _), (value, between)) in enumerate(zip(MEASURES, rows, strict=True)):
                top = room.top() + (row + 1) * line * 1.18
                if not k:
                    painter.setFont(font(0.9))
                    painter.setPen(look.dim)
                    painter.drawText(QRectF(room.left(), top, px(NAMES), line), LEFT, title_)
                self._cell(painter, look, QRectF(left, top, half - 8, line), value, between)
                found = None if moved is None else getattr(moved, name)
                if found is not None:
                    self._axis(
                        painter, look, QRectF(left, top + line - 1, half - 12, px(3)), found, REACH[name], colour
                    )
        self._paint_shifts(painter, look, room.top() + 5 * line * 1.18 + px(6), line)

    def _cell(self, painter: QPainter, look: Look, place: QRectF, value: str, between: str) -> None:
        painter.setFont(font(bold=True))
        painter.setPen(look.text)
        painter.drawText(place, LEFT, value)
        wide = painter.fontMetrics().horizontalAdvance(value) + 8 if value else 0
        painter.setFont(font(0.82))
        painter.setPen(look.dim if value else look.missing_text)
        rest = place.adjusted(wide, 0, 0, 0)
        painter.drawText(
            rest, LEFT, painter.fontMetrics().elidedText(between, Qt.TextElideMode.ElideRight, int(rest.width()))
        )

    def _axis(
        self, painter: QPainter, look: Look, place: QRectF, found: Interval, reach: tuple[float, float], colour: object
    ) -> None:
        """The interval as a bar upon its axis, the value as a mark."""
        low, high = reach

        def x(value: float) -> float:
            return place.left() + place.width() * min(1.0, max(0.0, (value - low) / (high - low)))

        painter.fillRect(place, look.track)
        ink = look.valence if colour is look.valence else look.arousal
        painter.fillRect(
            QRectF(x(found.low), place.top(), max(1.0, x(found.high) - x(found.low)), place.height()), faded(ink, 0.45)
        )
        painter.setPen(QPen(ink, 2))
        painter.drawLine(QPointF(x(found.value), place.top() - 1), QPointF(x(found.value), place.bottom() + 1))

    def _paint_shifts(self, painter: QPainter, look: Look, top: float, line: float) -> None:
        room = self.inner
        painter.setFont(font(0.88))
        rows = self._shifts or ("no change of level found",)
        for k, words in enumerate(rows):
            place = QRectF(room.left() + px(NAMES), top + k * line * 0.9, room.width() - px(NAMES), line)
            if place.bottom() > self.height() - 4:
                return
            if not k:
                painter.setPen(look.dim)
                painter.drawText(QRectF(room.left(), place.top(), px(NAMES), line), LEFT, "shifts")
            painter.setPen(look.text if self._shifts else look.faint)
            painter.drawText(
                place, LEFT, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(place.width()))
            )
