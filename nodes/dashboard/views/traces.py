"""Scrolling traces of valence and arousal: 90 % bands, missing spans with their reason in words, markers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QResizeEvent

from liveaffect.models.circumplex import Z90
from liveaffect.nodes.dashboard.look.canvas import CENTRE, LEFT, PAD, RIGHT, Canvas
from liveaffect.nodes.dashboard.look.fields import DropDown
from liveaffect.nodes.dashboard.look.hold import Hold
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, of_person, px
from liveaffect.nodes.dashboard.scene.shown import AFFECT_COLUMNS
from liveaffect.nodes.dashboard.scene.words import SHORT_WORDS, SPAN_WORDS, with_interval
from liveaffect.nodes.dashboard.views.events import Event, paint_events, paint_flags, paint_switches
from liveaffect.nodes.dashboard.views.trace_data import Span, missing_spans, runs, switches, thinned

SPANS_S = {10: "10 s", 30: "30 s", 60: "1 min", 120: "2 min", 300: "5 min", 600: "10 min"}
TICKS = {10: 2, 30: 5, 60: 10, 120: 20, 300: 60, 600: 120}
AXIS_PX = 104.0
"""Room for the words at the ends of an axis."""
NAMES = (("Valence", "pleasant", "unpleasant"), ("Arousal", "excited", "calm"))
TIP = (
    "Newest right. The line is the estimate, the band its 90 % interval; grey spans have no number and say why.\n"
    "Both axes run from −1 to 1. Keys + and − change the length shown."
)
V, V_SD, A, A_SD = (AFFECT_COLUMNS.index(name) for name in ("valence", "valence_sd", "arousal", "arousal_sd"))
ID = AFFECT_COLUMNS.index("id")


Other = tuple[int, NDArray[np.float64], NDArray[np.float32]]


SCALES = (1.15, 1.0, 0.85, 0.75)
"""Of the numbers above: the largest that has room beside the drop-down."""


class Traces(Canvas):
    """Two traces of one person over the time chosen."""

    length_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__("Valence", TIP, least=(360, 190))
        self.setAccessibleName("Valence and arousal over time")
        self.length_s = 30
        self.box = DropDown()
        self.box.setParent(self)
        self.box.setAccessibleName("Length of the traces")
        self.box.setToolTip("How much of the past the traces show")
        for seconds, words in SPANS_S.items():
            self.box.addItem(words, seconds)
        self.box.setCurrentIndex(1)
        self.box.currentIndexChanged.connect(lambda i: self._set_length(self.box.itemData(i)))
        self._t = np.empty(0)
        self._means = np.empty((0, 4))
        self._now_s = 0.0
        self._spans: list[Span] = []
        self._switches: list[tuple[float, int]] = []
        self._markers: list[tuple[float, str]] = []
        self._newest: tuple[str, str] = ("", "")
        self.everyone = False
        """Draw the others too, as thin lines in their own colours."""
        self._others: list[Other] = []
        self._hold: Hold[tuple[str, str]] = Hold()
        self.rest: tuple[float | None, float | None] = (None, None)
        """Valence and arousal of this person's neutral baseline, where there is one."""
        self.names: dict[int, str] = {}
        """What people are called, by id."""
        self.events: list[Event] = []
        """Shifts of this person, and stretches in which face and voice differed."""

    def zoom(self, steps: int) -> None:
        """Shows more (positive) or less of the past."""
        self.box.setCurrentIndex(min(self.box.count() - 1, max(0, self.box.currentIndex() + steps)))

    def present(
        self, t: NDArray[np.float64], values: NDArray[np.float32], now_s: float, markers: Sequence[tuple[float, str]]
    ) -> None:
        """`t` (n,) in s and `values` (n, 6) as in `AFFECT_COLUMNS`; `now_s` is the right edge."""
        from_s = now_s - self.length_s
        step_s = self.length_s / max(100.0, self._rooms()[0].width() * 0.75)
        self._now_s = now_s
        self._t, self._means = thinned(t, values[:, :4], from_s, step_s)
        self._spans = missing_spans(t, values, from_s, now_s)
        self._switches = [at for at in switches(t, values) if at[0] >= from_s]
        self._markers = [at for at in markers if from_s <= at[0] <= now_s]
        last = values[-1] if len(t) and now_s - t[-1] < 1.0 else np.full(len(AFFECT_COLUMNS), np.nan)
        figures = (_words(last[V], last[V_SD]), _words(last[A], last[A_SD]))
        self._newest = self._hold(figures, (not figures[0], not figures[1], last[ID]))
        self.update()

    def present_others(self, others: Sequence[Other]) -> None:
        """Lines of the others, before `present`: id, times, valence and arousal as in `AFFECT_COLUMNS`."""
        self._others = list(others)

    def tip_at(self, at: QPointF) -> str:
        room = self._rooms()[0]
        if not room.left() <= at.x() <= room.right():
            return TIP
        t = self._now_s - (room.right() - at.x()) / room.width() * self.length_s
        said = [f"{self._now_s - t:.1f} s ago"]
        said += [f"marker '{label}'" for when, label in self._markers if abs(when - t) < self.length_s * 0.006]
        said += [one.tip for one in self.events if one.covers(t, self.length_s * 0.006)]
        span = next((s for s in self._spans if s.from_s <= t <= s.to_s), None)
        if span is not None:
            said.append(SPAN_WORDS[span.state])
        elif len(self._t):
            row = self._means[int(np.argmin(np.abs(self._t - t)))]
            numbers = [None if np.isnan(x) else float(x) for x in row]
            said.append(f"valence {with_interval(numbers[V], numbers[V_SD])}")
            said.append(f"arousal {with_interval(numbers[A], numbers[A_SD])} (90 %)")
        return "\n".join(said)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.box.sizeHint()
        self.box.setGeometry(int(self.width() - PAD - size.width()), 6, size.width(), size.height())

    def _set_length(self, seconds: int) -> None:
        self.length_s = seconds
        self.restyle()
        self.length_changed.emit(seconds)

    def _rooms(self) -> tuple[QRectF, QRectF]:
        room = self.inner.adjusted(px(AXIS_PX), 6, 0, -px(16))
        gap = 12.0
        height = (room.height() - gap) / 2
        first = QRectF(room.left(), room.top(), room.width(), height)
        return first, first.translated(0, height + gap)

    def still(self, painter: QPainter, look: Look) -> None:
        small = font(0.85)
        for room, (name, high, low) in zip(self._rooms(), NAMES, strict=True):
            colour = look.valence if name == "Valence" else look.arousal
            painter.fillRect(room, look.window)
            painter.setPen(QPen(look.border, 1))
            painter.drawLine(QPointF(room.left(), room.center().y()), QPointF(room.right(), room.center().y()))
            axis = QRectF(self.inner.left(), room.top() - 2, px(AXIS_PX) - 6, room.height() + 4)
            painter.setFont(font(bold=True))
            painter.setPen(colour)
            painter.drawText(axis, LEFT, name)
            painter.setFont(small)
            painter.setPen(look.dim)
            painter.drawText(axis, RIGHT, "0")
            painter.drawText(axis, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, f"{high} +1")
            painter.drawText(axis, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, f"{low} −1")
        self._paint_time(painter, look)

    def _paint_time(self, painter: QPainter, look: Look) -> None:
        first, second = self._rooms()
        painter.setFont(font(0.85))
        step = TICKS[self.length_s]
        free = first.right() + 1.0
        for ago in range(0, self.length_s + 1, step):
            x = first.right() - ago / self.length_s * first.width()
            painter.setPen(QPen(look.grid, 1))
            if 0 < ago < self.length_s:
                for room in (first, second):
                    painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            words = (
                (self.gone or "now")
                if not ago
                else (f"−{ago // 60} min" if ago >= 60 and ago % 60 == 0 else f"−{ago} s")
            )
            wide = QFontMetricsF(painter.font()).horizontalAdvance(words)
            left = min(max(x - wide / 2, first.left()), first.right() - wide)
            if left + wide > free:
                continue
            free = left - 6
            painter.setPen(look.dim)
            painter.drawText(QRectF(left, second.bottom() + 3, wide + 2, px(14)), LEFT, words)

    def _x(self, t: NDArray[np.float64] | float, room: QRectF) -> NDArray[np.float64]:
        return room.right() - (self._now_s - np.asarray(t)) / self.length_s * room.width()

    def live(self, painter: QPainter, look: Look) -> None:
        rooms = self._rooms()
        for room in rooms:
            self._paint_missing(painter, look, room)
        for room, (mean, sd), colour in zip(rooms, ((V, V_SD), (A, A_SD)), (look.valence, look.arousal), strict=True):
            painter.setClipRect(room)
            self._paint_rest(painter, room, self.rest[mean // 2], colour)
            self._paint_others(painter, room, mean)
            self._paint_line(painter, room, self._means[:, mean], self._means[:, sd], colour)
        painter.setClipping(False)
        at = lambda t: float(self._x(t, rooms[0]))  # noqa: E731
        paint_events(painter, look, rooms, self.events, at)
        painter.setFont(font(0.82))
        paint_switches(painter, look, rooms, [(when, self._called(face)) for when, face in self._switches], at)
        paint_flags(painter, look, rooms, self._markers, at)
        self._paint_numbers(painter, look)

    def _called(self, face: int) -> str:
        return self.names.get(face, "voice" if face < 0 else f"face {face}")

    def _paint_numbers(self, painter: QPainter, look: Look) -> None:
        title = QFontMetricsF(font(bold=True)).horizontalAdvance(self.title)
        left, high = PAD + title + 14, self.title_height + 6
        why = self._spans[-1].state if self._spans else ""
        missing = "none yet" if why == "before" else SPAN_WORDS.get(why, "no number")
        said = "".join(words or missing for words in self._newest)
        room = self.box.x() - left - QFontMetricsF(font(bold=True)).horizontalAdvance("Arousal") - 44
        scale = next(
            (one for one in SCALES if QFontMetricsF(font(one, bold=True)).horizontalAdvance(said) < room), SCALES[-1]
        )
        for name, words, colour in zip(("", "Arousal"), self._newest, (look.valence, look.arousal), strict=True):
            painter.setFont(font(bold=True))
            painter.setPen(look.text)
            painter.drawText(QRectF(left, 9, px(80), high), LEFT, name)
            left += QFontMetricsF(painter.font()).horizontalAdvance(name) + (14 if name else 0)
            painter.setFont(font(scale, bold=True))
            painter.setPen(colour if words else look.missing_text)
            words = words or missing
            wide = QFontMetricsF(painter.font()).horizontalAdvance(words)
            painter.drawText(QRectF(left, 8, wide + 2, high), LEFT, words)
            left += wide + 22
            if words == missing:
                return
        painter.setFont(font(0.85))
        painter.setPen(look.faint)
        if left + px(96) < self.box.x():
            painter.drawText(QRectF(left, 9, px(96), high), LEFT, "± 90 % interval")

    def _paint_missing(self, painter: QPainter, look: Look, room: QRectF) -> None:
        painter.setFont(font(0.85))
        for span in self._spans:
            left, right = float(self._x(span.from_s, room)), float(self._x(span.to_s, room))
            place = QRectF(left, room.top(), max(1.0, right - left), room.height()) & room
            if span.state != "before":
                painter.fillRect(place, look.missing)
            words = SPAN_WORDS[span.state]
            metrics = QFontMetricsF(painter.font())
            if metrics.horizontalAdvance(words) + 8 > max(place.width(), room.height()):
                words = SHORT_WORDS.get(span.state, words)
            wide = metrics.horizontalAdvance(words) + 8
            painter.setPen(look.faint if span.state == "before" else look.missing_text)
            if place.width() > wide:
                painter.drawText(place, CENTRE, words)
            elif place.width() > 16 and room.height() > wide:
                painter.save()
                painter.translate(place.center())
                painter.rotate(-90)
                painter.drawText(QRectF(-wide / 2, -px(10), wide, px(20)), CENTRE, words)
                painter.restore()

    def _paint_rest(self, painter: QPainter, room: QRectF, rest: float | None, ink: QColor) -> None:
        if rest is None:
            return
        y = room.center().y() - rest * room.height() / 2
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        painter.setFont(font(0.8))
        painter.drawText(QPointF(room.left() + 4, y - 3 if rest < 0.7 else y + px(11)), "at rest")

    def _paint_line(
        self, painter: QPainter, room: QRectF, mean: NDArray[np.float64], sd: NDArray[np.float64], ink: QColor
    ) -> None:
        x, middle, half = self._x(self._t, room), room.center().y(), room.height() / 2
        y, wide = middle - mean * half, Z90 * np.nan_to_num(sd) * half
        for run in runs(mean):
            xs, ys, band = x[run], y[run], wide[run]
            outline = np.concatenate((xs, xs[::-1])), np.concatenate((ys - band, (ys + band)[::-1]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faded(ink, 0.2))
            painter.drawPolygon(arrayToQPolygonF(*outline))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(ink, 1.6))
            painter.drawPolyline(arrayToQPolygonF(xs, ys))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_others(self, painter: QPainter, room: QRectF, mean: int) -> None:
        """Thin lines, in the colours of the buttons under the picture."""
        middle, half = room.center().y(), room.height() / 2
        step_s = self.length_s / max(100.0, room.width() * 0.5)
        for face_id, t, values in self._others:
            times, means = thinned(t, values[:, :4], self._now_s - self.length_s, step_s)
            x, y = self._x(times, room), middle - means[:, mean] * half
            painter.setPen(QPen(of_person(face_id), 1.2))
            for run in runs(y):
                painter.drawPolyline(arrayToQPolygonF(x[run], y[run]))


def _words(value: float, sd: float) -> str:
    """A value with its interval; "" for none."""
    return "" if np.isnan(value) else with_interval(float(value), None if np.isnan(sd) else float(sd))
