"""Two people: who follows whom and by how long against chance, who pulls whom, answered smiles, turns of speech."""

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from liveaffect.models.dynamics.correlation import LAGS_S, MOST_LAG_S
from liveaffect.nodes.dashboard.look.canvas import LEFT, RIGHT, WRAP, Canvas
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, px
from liveaffect.nodes.dashboard.scene.moving import (
    PAIR_TIP,
    Verdict,
    answer_words,
    following_words,
    most_telling,
    pull_words,
    turn_words,
)
from liveaffect.nodes.dashboard.views.trace_data import runs
from liveaffect.stream.messages import Following, Interval, PairDynamics

DIMENSIONS = ("valence", "arousal")
CURVE = 84.0
PULL = 2.0
"""The axis of pulls ends at two per second either way."""


class TogetherView(Canvas):
    """Paints one pair; a click shows the next one."""

    def __init__(self) -> None:
        super().__init__("Together", PAIR_TIP, least=(300, 230))
        self._pair: PairDynamics | None = None
        self._names = ("", "")
        self._more = ""
        self._verdicts: dict[str, Verdict] = {}

    def present(self, pair: PairDynamics | None, names: tuple[str, str], which: tuple[int, int]) -> None:
        """A pair and what both are called; `which` of how many pairs it is."""
        more = f"{which[0] + 1} of {which[1]} pairs, click for the next" if which[1] > 1 else ""
        if (pair, names, more) == (self._pair, self._names, self._more):
            return
        self._pair, self._names, self._more = pair, names, more
        self._verdicts = {} if pair is None else {name: following_words(pair, name, names) for name in DIMENSIONS}
        said = "; ".join(f"{name}: {one.headline}, {one.basis}" for name, one in self._verdicts.items())
        self.setAccessibleDescription(said or "no pair")
        self.update()

    def live(self, painter: QPainter, look: Look) -> None:
        pair, room = self._pair, self.inner
        if pair is None:
            return
        painter.setFont(font(0.85))
        painter.setPen(look.faint)
        title = QRectF(room.left(), 10, room.width(), self.title_height)
        painter.drawText(title, RIGHT, self._more or f"{self._names[0]} and {self._names[1]}, {pair.seconds:.0f} s")
        top = self._headline(painter, look, room)
        half = (room.width() - 14) / 2
        high = min(px(CURVE), max(px(48), room.height() * 0.27))
        for k, name in enumerate(DIMENSIONS):
            place = QRectF(room.left() + k * (half + 14), top + px(17), half, high)
            self._curve(painter, look, place, name, getattr(pair, name))
        top = self._pulls(painter, look, top + px(17) + high + px(22))
        self._sentences(painter, look, top)

    def _headline(self, painter: QPainter, look: Look, room: QRectF) -> float:
        """The verdict in words, large; what it rests on below. Returns where that ends."""
        name = most_telling(self._verdicts)
        said, top = self._verdicts[name], room.top()
        painter.setFont(font(1.15, bold=True))
        painter.setPen(look.accent if said.beyond else look.missing_text)
        alike = len({one.headline for one in self._verdicts.values()}) == 1
        what = " and ".join(DIMENSIONS) if alike else name
        words = f"{said.headline}, in {what}" if said.beyond else said.headline
        if said.beyond is False and all(one.beyond is False for one in self._verdicts.values()):
            words = "Nobody follows beyond chance"
        top = self._wrapped(painter, words, top)
        painter.setFont(font(0.88))
        painter.setPen(look.dim)
        return self._wrapped(painter, f"{name}: {said.basis}", top) + px(2)

    def _wrapped(self, painter: QPainter, words: str, top: float) -> float:
        room = self.inner
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | WRAP)
        around = painter.boundingRect(QRectF(room.left(), top, room.width(), 400), flags, words)
        if around.bottom() <= self.height() - 4:
            painter.drawText(around, flags, words)
        return around.bottom() + px(2)

    def _curve(self, painter: QPainter, look: Look, place: QRectF, name: str, found: Following | None) -> None:
        """Mean correlation by lag over the hill of chance; a mark where it is highest, if that is beyond chance."""
        colour = look.valence if name == "valence" else look.arousal
        said = self._verdicts[name]
        painter.setFont(font(0.85, bold=True))
        painter.setPen(colour)
        above = QRectF(place.left(), place.top() - px(17), place.width(), px(16))
        painter.drawText(above, LEFT, name)
        painter.setFont(font(0.85))
        lag = ("at once" if abs(found.lag_s) < 0.15 else f"{found.lag_s:+.1f} s".replace("-", "−")) if found else ""
        short = "not known yet" if found is None else f"{lag}, r {found.peak:.2f}" if said.beyond else "as by chance"
        painter.setPen(look.text if said.beyond else look.missing_text)
        painter.drawText(above, RIGHT, short)
        painter.fillRect(place, look.window)
        if found is None or len(found.curve) != len(LAGS_S):
            return
        curve, chance = (_line(values) for values in (found.curve, found.chance))
        low, high = -0.4, max(0.6, float(np.nanmax(np.concatenate((curve, chance, [0.0])))) * 1.1)
        x = place.left() + (LAGS_S + MOST_LAG_S) / (2 * MOST_LAG_S) * place.width()

        def y(values: NDArray[np.float64] | float) -> NDArray[np.float64]:
            return place.bottom() - (np.clip(values, low, high) - low) / (high - low) * place.height()

        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        zero = float(y(0.0))
        for run in runs(chance):
            outline = (
                np.concatenate((x[run], x[run][::-1])),
                np.concatenate((y(chance[run]), np.full(len(x[run]), zero))),
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faded(look.faint, 0.35))
            painter.drawPolygon(arrayToQPolygonF(*outline))
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(place.left(), zero), QPointF(place.right(), zero))
        middle = place.center().x()
        painter.drawLine(QPointF(middle, place.top()), QPointF(middle, place.bottom()))
        painter.setPen(QPen(colour, 1.8 if said.beyond else 1.2))
        for run in runs(curve):
            painter.drawPolyline(arrayToQPolygonF(x[run], y(curve[run])))
        if said.beyond:
            at = place.left() + (found.lag_s + MOST_LAG_S) / (2 * MOST_LAG_S) * place.width()
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(at, float(y(found.peak))), px(3.5), px(3.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(font(0.8))
        painter.setPen(look.dim)
        under = QRectF(place.left(), place.bottom() + 1, place.width(), px(15))
        painter.drawText(under, LEFT, f"←{self._names[1]} first")
        painter.drawText(under, RIGHT, f"{self._names[0]} first→")

    def _pulls(self, painter: QPainter, look: Look, top: float) -> float:
        """Who pulls whom, in valence and arousal: an interval upon an axis with 0 in its middle, and words."""
        pair, room, line = self._pair, self.inner, px(18)
        assert pair is not None
        half = (room.width() - 14) / 2
        tables = [pull_words(getattr(pair, f"{name}_coupling"), self._names) for name in DIMENSIONS]
        for k, (rows, colour) in enumerate(zip(tables, (look.valence, look.arousal), strict=True)):
            left = room.left() + k * (half + 14)
            for row, (who, words, rate) in enumerate(rows):
                at = top + row * line * 1.7
                painter.setFont(font(0.82))
                painter.setPen(look.dim)
                free = int(half - painter.fontMetrics().horizontalAdvance(words) - 8)
                who_words = painter.fontMetrics().elidedText(who, Qt.TextElideMode.ElideMiddle, free)
                painter.drawText(QRectF(left, at, half, line), LEFT, who_words)
                known = rate is not None and not words.startswith("no")
                painter.setPen(look.text if known else look.missing_text)
                painter.drawText(QRectF(left, at, half, line), RIGHT, words)
                self._axis(painter, look, QRectF(left, at + line, half, px(4)), rate, colour if known else look.faint)
        return top + 2 * line * 1.7 + px(4)

    def _axis(self, painter: QPainter, look: Look, place: QRectF, rate: Interval | None, ink: object) -> None:
        painter.fillRect(place, look.track)
        if rate is not None:
            low, value, high = (
                place.center().x() + min(1.0, max(-1.0, one / PULL)) * place.width() / 2
                for one in (rate.low, rate.value, rate.high)
            )
            colour = next(one for one in (look.valence, look.arousal, look.faint) if one is ink)
            painter.fillRect(QRectF(low, place.top(), max(1.0, high - low), place.height()), faded(colour, 0.5))
            painter.fillRect(QRectF(value - 1, place.top() - 1, 2, place.height() + 2), colour)
        painter.fillRect(QRectF(place.center().x(), place.top() - 2, 1, place.height() + 4), look.dim)

    def _sentences(self, painter: QPainter, look: Look, top: float) -> None:
        pair = self._pair
        assert pair is not None
        painter.setFont(font(0.88))
        painter.setPen(look.text)
        for words in (*answer_words(pair, self._names), turn_words(pair.turns, self._names)):
            top = self._wrapped(painter, words, top)


def _line(values: tuple[float | None, ...]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
