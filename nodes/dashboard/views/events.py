"""Rare events upon the traces: shifts of a person's level, and stretches in which face and voice differed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from liveaffect.models.circumplex import EMOTIONS, likeliest
from liveaffect.nodes.dashboard.look.canvas import CENTRE, LEFT
from liveaffect.nodes.dashboard.look.palette import Look, font, px
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import percent, signed

At = Callable[[float], float]
"""Where an instant stands, in px."""
ROWS = 6
"""A flag looks so far back for others that it would cover."""


@dataclass(frozen=True)
class Event:
    """Something at an instant of one trace (0 valence, 1 arousal), or (None) over a stretch between both."""

    from_s: float
    to_s: float
    room: int | None
    words: str
    tip: str
    up: bool = False

    def covers(self, t_s: float, slack_s: float) -> bool:
        """Whether it is there at this time."""
        return self.from_s - slack_s <= t_s <= self.to_s + slack_s


def events_of(scene: Scene, who: int | None, from_ns: int) -> list[Event]:
    """Events of one person since then; call it under the scene's lock."""
    found: list[Event] = []
    for shift in scene.over.shifts:
        if shift.id == who and shift.at_ns >= from_ns:
            at, size = scene.seconds(shift.at_ns), shift.after - shift.before
            tip = (
                f"shift of {shift.dimension} from {signed(shift.before)} to {signed(shift.after)}, "
                f"certainty {percent(shift.certainty)}"
            )
            found.append(Event(at, at, int(shift.dimension == "arousal"), f"shift {signed(size)}", tip, size > 0))
    for one in scene.over.discords:
        if one.id == who and one.end_ns >= from_ns:
            face, voice = (EMOTIONS[likeliest(p)] if p else "" for p in (one.face, one.voice))
            words = f"face {face}, voice {voice}"
            tip = f"face and voice differed: {words}; {one.size:.2f} of 1 (Jensen-Shannon divergence)"
            found.append(Event(scene.seconds(one.begin_ns), scene.seconds(one.end_ns), None, words, tip))
    return found


def paint_events(
    painter: QPainter, look: Look, rooms: tuple[QRectF, QRectF], events: Sequence[Event], x: Callable[[float], float]
) -> None:
    """A triangle where a level changed, pointing its way; a bar between the traces where face and voice differed."""
    first, second = rooms
    for event in events:
        left, right = max(x(event.from_s), first.left()), min(x(event.to_s), first.right())
        if event.room is None:
            strip = QRectF(left, first.bottom() + 3, max(2.0, right - left), second.top() - first.bottom() - 6)
            painter.fillRect(strip, look.warn)
            painter.setFont(font(0.75))
            wide = painter.fontMetrics().horizontalAdvance(event.words) + 8
            place = QRectF(strip.right() + 4, first.bottom() - 1, wide, second.top() - first.bottom() + 2)
            if place.right() > first.right():
                place.moveRight(strip.left() - 4)
            painter.setPen(look.warn)
            if place.left() >= first.left():
                painter.drawText(place, LEFT, event.words)
            continue
        room, ink = rooms[event.room], (look.valence, look.arousal)[event.room]
        side, edge = px(5), px(9)
        foot, tip = (
            (room.bottom() - 2, room.bottom() - 2 - edge) if event.up else (room.bottom() - 2 - edge, room.bottom() - 2)
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.card, 1))
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([QPointF(left - side, foot), QPointF(left + side, foot), QPointF(left, tip)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(left, room.top()), QPointF(left, room.bottom()))


def paint_switches(
    painter: QPainter, look: Look, rooms: tuple[QRectF, QRectF], switches: Sequence[tuple[float, str]], at: At
) -> None:
    """Where the traces turn to another person, and who that is; the newest are named where there is no room for all."""
    first, second = rooms
    free = first.right()
    for when, words in reversed(switches):
        x = at(when)
        painter.setPen(QPen(look.faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, first.top()), QPointF(x, second.bottom()))
        wide = painter.fontMetrics().horizontalAdvance(words)
        left = x + 4 if x + 4 + wide <= first.right() else x - 4 - wide
        if first.left() <= left and left + wide <= free:
            painter.setPen(look.dim)
            painter.drawText(QPointF(left, second.bottom() - 4), words)
            free = left - 6


def paint_flags(
    painter: QPainter, look: Look, rooms: tuple[QRectF, QRectF], markers: Sequence[tuple[float, str]], at: At
) -> None:
    """Markers, as lines with a flag; flags that would lie upon each other stand in rows."""
    first, second = rooms
    flags: list[QRectF] = []
    for when, label in markers:
        x = at(when)
        painter.setPen(QPen(look.text, 1))
        painter.drawLine(QPointF(x, first.top()), QPointF(x, second.bottom()))
        words = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, round(px(110)))
        wide = painter.fontMetrics().horizontalAdvance(words) + 8
        flag = QRectF(min(x, first.right() - wide), first.top(), wide, px(15))
        while any(flag.intersects(other) for other in flags[-ROWS:]) and flag.bottom() < first.bottom():
            flag.translate(0, px(16))
        flags.append(flag)
        painter.fillRect(flag, look.text)
        painter.setPen(look.card)
        painter.drawText(flag, CENTRE, words)
