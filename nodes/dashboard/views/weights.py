"""Where an estimate comes from: the weight of the face and of the voice in it, and how far the two differ."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from liveaffect.nodes.dashboard.look.canvas import LEFT, Canvas, bar
from liveaffect.nodes.dashboard.look.hold import Hold
from liveaffect.nodes.dashboard.look.palette import Look, colours, faded, font, px
from liveaffect.nodes.dashboard.scene.shown import Shown
from liveaffect.nodes.dashboard.scene.words import Reason, percent
from liveaffect.stream.messages import STATE_WORDS

SPEAKING = 0.5
NAMES, LEAST_TRACK = 84.0, 60.0
TOO_LITTLE = "too little speech yet"
LONGEST = (TOO_LITTLE, STATE_WORDS["more_voices"], "does not speak", "voice 100 %")
"""At the right end of the bars: they always have room."""
TIP = (
    "Evidence: how much of this estimate rests on the face and how much on the voice; the rest, if any, is what was "
    "known before.\nDiscord: how far the face's and the voice's distributions differ, 0 (the same) to 1 "
    "(Jensen-Shannon divergence). A voice counts only for the person who speaks."
)


class WeightsView(Canvas):
    """Two bars."""

    def __init__(self) -> None:
        super().__init__("Evidence", TIP, least=(300, 84))
        self._shown: tuple[float | None, float | None, float | None, str] = (None, None, None, "")
        self._figures = self._shown
        self._hold: Hold[tuple[float | None, float | None, float | None, str]] = Hold()

    def present(self, person: Shown | None, voice: Reason | None, silent: bool, several: bool = False) -> None:
        """The weights of one person; `voice` is why there is no sound, `silent` that nobody speaks,
        `several` that more than one does at once."""
        one = person if person is not None else Shown(id=0)
        why_voice = "no voice" if voice is not None else "silence" if silent else "does not speak"
        if voice is None and (one.speaking or 0) > SPEAKING:
            why_voice = TOO_LITTLE
        if voice is None and several:
            why_voice = STATE_WORDS["more_voices"]
        shown = (one.face_weight, one.voice_weight, one.discord, why_voice)
        known = tuple(value is None for value in shown[:3])
        figures = self._hold(shown, (one.id, known, why_voice))
        if (shown, figures) != (self._shown, self._figures):
            self._shown, self._figures = shown, figures
            self.setAccessibleDescription(f"face {shown[0]}, voice {shown[1]}, discord {shown[2]}")
            self.update()

    def tip_at(self, at: QPointF) -> str:  # noqa: ARG002
        face, voice, discord, _ = self._shown
        known = [f"face {face:.0%}" if face is not None else "", f"voice {voice:.0%}" if voice is not None else ""]
        known.append(f"discord {discord:.2f} of 1" if discord is not None else "discord not known")
        return ", ".join(word for word in known if word) + f"\n\n{TIP}"

    def _rows(self) -> tuple[QRectF, QRectF]:
        room = self.inner
        height = room.height() / 2
        first = QRectF(room.left(), room.top(), room.width(), height)
        return first, first.translated(0, height)

    def _track(self, row: QRectF) -> QRectF:
        thick = min(px(12), row.height() - 4)
        wide = max(px(LEAST_TRACK), row.width() - px(NAMES) - self._room)
        return QRectF(row.left() + px(NAMES), row.center().y() - thick / 2, wide, thick)

    @property
    def _room(self) -> float:
        """What the longest words at the right end take."""
        return max(map(QFontMetricsF(font(bold=True)).horizontalAdvance, LONGEST)) + 12

    def _beside(self, row: QRectF) -> QRectF:
        left = self._track(row).right() + 8
        return QRectF(left, row.top(), row.right() - left, row.height())

    def still(self, painter: QPainter, look: Look) -> None:
        painter.setPen(look.dim)
        first, second = self._rows()
        painter.drawText(QRectF(second.left(), second.top(), px(NAMES), second.height()), LEFT, "discord")
        for row in (first, second):
            painter.fillRect(self._track(row), look.track)

    def live(self, painter: QPainter, look: Look) -> None:
        face, voice, discord, why_voice = self._shown
        figures = self._figures
        first, second = self._rows()
        track = self._track(first)
        left = track.left()
        parts = (faded(look.accent, 0.45), faded(look.voice, 0.22)) if self.gone else (look.accent, look.voice)
        for share, colour in zip((face, voice), parts, strict=True):  # gone: pale, and still told apart
            if share is not None and share > 0.004:
                part = QRectF(round(left), track.top(), round(track.width() * min(1.0, share)), track.height())
                painter.fillRect(part, colour)
                left = part.right()
        self._end(
            painter,
            QRectF(first.left(), first.top(), px(NAMES), first.height()),
            "face",
            figures[0],
            "no face",
            look.accent,
        )
        self._end(painter, self._beside(first), "voice", figures[1], why_voice, look.voice)
        painter.setFont(font())
        if discord is not None:
            bar(painter, self._track(second), discord, look.track, faded(look.dim, 0.45) if self.gone else look.dim)
            painter.setPen(look.text)
            painter.drawText(self._beside(second), LEFT, f"{figures[2] or 0.0:.2f} of 1")
        else:
            painter.setPen(look.missing_text)
            painter.drawText(self._beside(second), LEFT, "not known")

    def _end(self, painter: QPainter, room: QRectF, name: str, share: float | None, why: str, colour: QColor) -> None:
        """What stands at one end of the bar: a share, or why there is none."""
        known = share is not None and share > 0
        painter.setFont(font(bold=known))
        painter.setPen(colour if known else colours().missing_text)
        words = f"{name} {percent(share or 0.0)}" if known else why
        painter.drawText(
            room, LEFT, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        )
