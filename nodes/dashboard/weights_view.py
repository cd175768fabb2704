"""Where an estimate comes from: the weight of the face and of the voice in it, and how far the two differ."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from liveaffect.nodes.dashboard.canvas import CENTRE, LEFT, RIGHT, Canvas, bar
from liveaffect.nodes.dashboard.palette import Look, font
from liveaffect.nodes.dashboard.scene import Shown
from liveaffect.nodes.dashboard.words import Reason

NAMES = 62
TIP = (
    "Evidence: how much of this estimate rests on the face and how much on the voice; the rest, if any, is what was "
    "known before.\nDiscord: how far the face's and the voice's distributions differ, 0 (the same) to 1 "
    "(Jensen-Shannon divergence). A voice counts only for the person who speaks."
)


class WeightsView(Canvas):
    """Two bars."""

    def __init__(self) -> None:
        super().__init__("Evidence", TIP, least=(300, 84))
        self._shown: tuple[float | None, float | None, float | None, str, str] = (None, None, None, "", "")

    def show(self, person: Shown | None, face: Reason | None, voice: Reason | None, silent: bool) -> None:
        """The weights of one person; the reasons say why a modality gives nothing."""
        why_face = face.headline if face is not None else "no face"
        why_voice = voice.headline if voice is not None else ("silence" if silent else "not heard to speak")
        weights = (None, None, None) if person is None else (person.face_weight, person.voice_weight, person.discord)
        shown = (*weights, why_face, why_voice)
        if shown != self._shown:
            self._shown = shown
            self.setAccessibleDescription(f"face {weights[0]}, voice {weights[1]}, discord {weights[2]}")
            self.update()

    def tip_at(self, at: QPointF) -> str:  # noqa: ARG002
        face, voice, discord, _, _ = self._shown
        known = [f"face {face:.0%}" if face is not None else "", f"voice {voice:.0%}" if voice is not None else ""]
        known.append(f"discord {discord:.2f} of 1" if discord is not None else "discord not known")
        return ", ".join(word for word in known if word) + f"\n\n{TIP}"

    def _rows(self) -> tuple[QRectF, QRectF]:
        room = self.inner
        height = room.height() / 2
        first = QRectF(room.left(), room.top(), room.width(), height)
        return first, first.translated(0, height)

    def _track(self, row: QRectF) -> QRectF:
        thick = min(16.0, row.height() - 4)
        return QRectF(row.left() + NAMES, row.center().y() - thick / 2, row.width() - NAMES - 92, thick)

    def still(self, painter: QPainter, look: Look) -> None:
        painter.setPen(look.dim)
        for words, row in zip(("source", "discord"), self._rows(), strict=True):
            painter.drawText(QRectF(row.left(), row.top(), NAMES, row.height()), LEFT, words)
            painter.fillRect(self._track(row), look.track)

    def live(self, painter: QPainter, look: Look) -> None:
        face, voice, discord, why_face, why_voice = self._shown
        first, second = self._rows()
        track = self._track(first)
        painter.setFont(font(0.88, bold=True))
        left = track.left()
        for share, name, colour in ((face, "face", look.accent), (voice, "voice", look.voice)):
            if share is not None and share > 0.004:
                part = QRectF(round(left), track.top(), round(track.width() * min(1.0, share)), track.height())
                painter.fillRect(part, colour)
                left = part.right()
                words = f"{name} {share:.0%}".replace("%", " %")
                if part.width() > painter.fontMetrics().horizontalAdvance(words) + 8:
                    painter.setPen(look.on_accent)
                    painter.drawText(part, CENTRE, words)
        painter.setFont(font(0.88))
        painter.setPen(look.dim)
        beside = QRectF(track.right() + 6, first.top(), 86, first.height())
        if face is None and voice is None:
            painter.setPen(look.missing_text)
            painter.drawText(track, CENTRE, why_face)
        elif not voice:
            painter.setPen(look.missing_text)
            painter.drawText(beside, RIGHT, _short(why_voice, painter, beside.width()))
        track = self._track(second)
        beside = QRectF(track.right() + 6, second.top(), 86, second.height())
        if discord is not None:
            bar(painter, track, discord, look.track, look.warn if discord > 0.35 else look.dim)
            painter.setPen(look.dim)
            painter.drawText(beside, RIGHT, f"{discord:.2f} of 1")
        else:
            painter.setPen(look.missing_text)
            painter.drawText(track, CENTRE, "known only while face and voice are both there")


def _short(words: str, painter: QPainter, width: float) -> str:
    return words if painter.fontMetrics().horizontalAdvance(words) <= width else words.split(",", maxsplit=1)[0][:16]
