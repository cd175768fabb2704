"""Why an estimate is as it is: the measured cues as bars, then a sentence that ends with the verdict."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.reasons.sentence import shares
from liveaffect.nodes.dashboard.look.canvas import LEFT, RIGHT, WRAP, Canvas
from liveaffect.nodes.dashboard.look.palette import Look, font, px
from liveaffect.nodes.dashboard.scene.moving import signed
from liveaffect.nodes.dashboard.scene.why import Told, told
from liveaffect.stream.messages import Reason

NAMES, FIGURES = 62.0, 42.0
LINE = 17.0
LEAST_REACH = 0.2
"""The axis of effects ends at least there, so that small ones look small."""
TIP = (
    "Each cue was put to rest (its region covered, its landmarks at the person's rest) and the model asked again:\n"
    "a bar says by how much the estimate is higher with the cue than without. Measured on the model, so it is about\n"
    "the model: not that the person smiles because of something. Effects do not add up."
)


class WhyView(Canvas):
    """Three blocks: valence, arousal, the likeliest category; a click goes from the face's cues to the voice's."""

    def __init__(self) -> None:
        super().__init__("Why", TIP, least=(300, 360))
        self._reason: Reason | None = None
        self._told: tuple[Told, ...] = ()
        self._note = ""
        self._waits = ""
        self.by_voice = False
        """Show what the voice's cues carried, where both face and voice were taken apart."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        del event
        self.by_voice = not self.by_voice
        self._told = () if self._reason is None else told(self._reason)
        self.update()

    @property
    def shown(self) -> tuple[Told, ...]:
        """The blocks of one modality; of the only one there is."""
        chosen = tuple(one for one in self._told if bool(one.by) == self.by_voice)
        return chosen or self._told

    def _paint_note(self, painter: QPainter, look: Look) -> None:
        both = len({one.by for one in self._told}) > 1
        other = "face" if self.by_voice else "voice"
        words = f"{self._note}; click: by the {other}" if both else self._note
        painter.setFont(font(0.85))
        painter.setPen(look.accent if both else look.faint)
        painter.drawText(QRectF(self.inner.left(), 10, self.inner.width(), self.title_height), RIGHT, words)

    def present(self, name: str, found: tuple[int, Reason] | None, now_ns: int) -> None:
        """The reasons of one person with the stream time they are of; None while there are none yet."""
        reason = None if found is None else found[1]
        ago = 0.0 if found is None else max(0.0, (now_ns - found[0]) / 1e9)
        note = name if found is None or ago < 1.5 else f"{name}, {ago:.0f} s ago"
        waits = "" if reason is not None else f"Nothing was measured of {name or 'anybody'} yet: a clear face is needed"
        if (reason, note, waits) == (self._reason, self._note, self._waits):
            return
        self._reason, self._note, self._waits = reason, note, waits
        self._told = () if reason is None else told(reason)
        self.setAccessibleDescription(waits or " ".join(one.sentence for one in self._told))
        self.update()

    def live(self, painter: QPainter, look: Look) -> None:
        room = self.inner
        self._paint_note(painter, look)
        if self._waits or self._reason is None:
            painter.setPen(look.missing_text)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | WRAP), self._waits)
            return
        blocks = self.shown
        colours = [self._colour(look, one.target) for one in blocks]
        foot = self._foot(painter, look)
        high = (foot - room.top()) / max(1, len(blocks))
        for k, (one, colour) in enumerate(zip(blocks, colours, strict=True)):
            self._block(
                painter, look, QRectF(room.left(), room.top() + k * high, room.width(), high - px(4)), one, colour
            )

    def _block(self, painter: QPainter, look: Look, place: QRectF, one: Told, colour: QColor) -> None:
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | WRAP)
        painter.setFont(font(0.88))
        said = painter.boundingRect(QRectF(0, 0, place.width(), 400), flags, one.sentence)
        painter.setFont(font(0.9, bold=True))
        painter.setPen(colour)
        line = px(LINE)
        painter.drawText(QRectF(place.left(), place.top(), place.width(), line), LEFT, one.target + one.by)
        fits = max(1, int((place.height() - line - said.height() - 4) / line))
        top = place.top() + line
        reach = max([LEAST_REACH, *(abs(row.effect) for row in one.rows)])
        for row in one.rows[:fits]:
            self._row(painter, look, QRectF(place.left(), top, place.width(), line), row.effect / reach, colour)
            at = QRectF(place.left(), top, place.width(), line)
            painter.setFont(font(0.9))
            painter.setPen(look.text)
            painter.drawText(at, LEFT, row.name)
            painter.drawText(self._figure(at), RIGHT, signed(row.effect))
            painter.setFont(font(0.82))
            painter.setPen(look.dim)
            beside = QRectF(self._figure(at).right() + 8, top, at.right() - self._figure(at).right() - 8, line)
            words = painter.fontMetrics().elidedText(row.seen, Qt.TextElideMode.ElideRight, int(beside.width()))
            painter.drawText(beside, LEFT, words)
            top += line
        painter.setFont(font(0.88))
        painter.setPen(look.text)
        painter.drawText(QRectF(place.left(), top + 2, place.width(), place.bottom() - top), flags, one.sentence)

    def _colour(self, look: Look, target: str) -> QColor:
        if target in EMOTIONS:
            return look.emotions[EMOTIONS.index(target)]
        return look.valence if target == "valence" else look.arousal

    def _figure(self, row: QRectF) -> QRectF:
        track = self._track(row)
        return QRectF(track.right() + 2, row.top(), px(FIGURES), row.height())

    def _track(self, row: QRectF) -> QRectF:
        thick = px(9)
        return QRectF(row.left() + px(NAMES), row.center().y() - thick / 2, row.width() * 0.34, thick)

    def _row(self, painter: QPainter, look: Look, row: QRectF, share: float, colour: QColor) -> None:
        """A bar from the middle: to the right it raises, to the left it lowers."""
        track = self._track(row)
        painter.fillRect(track, look.track)
        middle, wide = track.center().x(), share * track.width() / 2
        painter.fillRect(QRectF(min(middle, middle + wide), track.top(), abs(wide), track.height()), colour)
        painter.fillRect(QRectF(middle, track.top() - 2, 1, track.height() + 4), look.dim)

    def _foot(self, painter: QPainter, look: Look) -> float:
        """Weights and what was missing, at the bottom; returns where the room for cues ends."""
        room, words = self.inner, shares(self._reason)
        if not words:
            return room.bottom()
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom | WRAP)
        painter.setFont(font(0.85))
        painter.setPen(look.dim)
        said = painter.boundingRect(QRectF(room.left(), room.top(), room.width(), room.height()), flags, words)
        painter.drawText(said, flags, words)
        return said.top() - px(6)
