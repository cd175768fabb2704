"""Pitch, loudness and speech: the number with its unit, and the last ten seconds of each."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from liveaffect.nodes.dashboard.look.canvas import BOTTOM_LEFT, LEFT, RIGHT, TOP_LEFT, Canvas
from liveaffect.nodes.dashboard.look.hold import Hold
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, px
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.nodes.dashboard.scene.words import percent
from liveaffect.stream.messages import STATE_WORDS, VoiceDescriptors

SPAN_S = 10.0
ROWS = (
    ("pitch", "50 to 500 Hz, each octave alike", "500 Hz", "50"),
    ("loudness", "0 to 4 sone, uncalibrated", "4 sone", "0"),
    ("speech", "probability, 0 to 100 %", "100 %", "0"),
)
TICKS_PX = 42.0
PITCH_HZ = (50.0, 500.0)
LOUD_SONE = 4.0
LINE_S = 0.08
"""Pitch points further apart than this are not joined."""
TIP = (
    f"The last {SPAN_S:.0f} s of the microphone, newest right.\n"
    "Pitch: the voice's fundamental frequency, on a logarithmic axis; a gap is sound without a pitch.\n"
    "Loudness: as the ear weighs it, in sone; not calibrated, so compare only within one microphone.\n"
    "Speech: how sure the detector is that this is a voice that speaks."
)


class VoiceView(Canvas):
    """Three small traces."""

    def __init__(self) -> None:
        super().__init__("Voice", TIP, least=(300, 116))
        self._t = np.empty(0)
        self._values = np.empty((0, 3), np.float32)
        self._newest: VoiceDescriptors | None = None
        self._hold: Hold[VoiceDescriptors | None] = Hold()

    def present(
        self, newest: VoiceDescriptors | None, t_s: NDArray[np.float64], values: NDArray[np.float32], now_s: float
    ) -> None:
        """`t_s` (n,) and `values` (n, 3): pitch in Hz, loudness in sone, probability of speech; NaN where missing."""
        voiced = newest is not None and number(newest.values.get("f0_hz")) is not None
        self._newest = self._hold(newest, None if newest is None else (newest.state, voiced))
        self._t, self._values = t_s - now_s + SPAN_S, values
        self.setAccessibleDescription(
            ", ".join(f"{name} {words}" for (name, *_), words in zip(ROWS, self._numbers(), strict=True))
        )
        self.update()

    def _numbers(self) -> tuple[str, str, str]:
        newest = self._newest
        if newest is None:
            return ("no sound", "no sound", "no sound")
        pitch, loud = number(newest.values.get("f0_hz")), number(newest.values.get("loudness_sone"))
        speech = number(newest.speech_prob)
        missing = STATE_WORDS.get(newest.state, newest.state) if newest.state != "ok" else "not known"
        return (
            f"{pitch:.0f} Hz" if pitch is not None else ("none" if newest.state == "ok" else missing),
            f"{loud:.2f} sone" if loud is not None else missing,
            percent(speech) if speech is not None else missing,
        )

    def _rooms(self) -> list[QRectF]:
        room = self.inner
        height, left = room.height() / len(ROWS), room.left() + px(144)
        return [
            QRectF(left, room.top() + i * height + 2, room.right() - left - px(TICKS_PX), height - 5) for i in range(3)
        ]

    def tip_at(self, at: QPointF) -> str:
        for (name, axis, *_), words, room in zip(ROWS, self._numbers(), self._rooms(), strict=True):
            if room.top() <= at.y() <= room.bottom():
                return f"{name}: {words}. The axis shows {axis}.\n\n{TIP}"
        return TIP

    def still(self, painter: QPainter, look: Look) -> None:
        for (name, _, high, low), room in zip(ROWS, self._rooms(), strict=True):
            painter.setFont(font())
            painter.setPen(look.dim)
            painter.drawText(QRectF(self.inner.left(), room.top(), px(70), room.height()), LEFT, name)
            painter.fillRect(room, look.window)
            painter.setFont(font(0.8))
            painter.setPen(look.faint)
            ticks = QRectF(room.right() + 4, room.top() - 3, px(TICKS_PX), room.height() + 6)
            painter.drawText(ticks, TOP_LEFT, high)
            if room.height() + 2 >= 2 * QFontMetricsF(painter.font()).height():  # else it would run into the row below
                painter.drawText(ticks, BOTTOM_LEFT, low)
        painter.setFont(font(0.85))
        painter.setPen(look.faint)
        room = QRectF(self.inner.left(), 10, self.inner.width(), self.title_height)
        painter.drawText(room, RIGHT, f"the last {SPAN_S:.0f} s")

    def live(self, painter: QPainter, look: Look) -> None:
        pitch, loud, speech = self._rooms()
        painter.setFont(font(bold=True))
        for words, room in zip(self._numbers(), (pitch, loud, speech), strict=True):
            painter.setPen(look.text if words[0].isdigit() else look.missing_text)
            painter.drawText(QRectF(self.inner.left() + px(62), room.top(), px(78), room.height()), RIGHT, words)
        if len(self._t) < 2:
            return
        self._paint_area(painter, loud, self._values[:, 1] / LOUD_SONE, faded(look.voice, 0.55))
        self._paint_area(painter, speech, self._values[:, 2], faded(look.accent, 0.5))
        self._paint_pitch(painter, pitch, look)

    def _paint_area(self, painter: QPainter, room: QRectF, share: NDArray[np.float32], colour: QColor) -> None:
        """One column per pixel, the strongest of what falls into it."""
        x = np.floor(self._t / SPAN_S * room.width())
        good = np.isfinite(share) & (x >= 0)
        if not good.any():
            return
        x, share = x[good], np.clip(share[good], 0, 1)
        starts = np.flatnonzero(np.diff(x, prepend=-1))
        tops = np.maximum.reduceat(share, starts) * room.height()
        x = x[starts]
        wide = np.diff(x, append=x[-1] + 1)
        usual = max(1.0, 2 * float(np.median(wide)))
        wide = np.where(wide > usual, 1.0, wide)  # the last column before a gap does not fill it
        for left, across, high in zip(x.tolist(), wide.tolist(), tops.tolist(), strict=True):
            if high >= 0.5:
                painter.fillRect(QRectF(room.left() + left, room.bottom() - high, across, high), colour)

    def _paint_pitch(self, painter: QPainter, room: QRectF, look: Look) -> None:
        with np.errstate(invalid="ignore", divide="ignore"):
            height = np.log(self._values[:, 0] / PITCH_HZ[0]) / np.log(PITCH_HZ[1] / PITCH_HZ[0])
        good = np.isfinite(height) & (self._t >= 0)
        if not good.any():
            return
        t, height = self._t[good], np.clip(height[good], 0, 1)
        x, y = room.left() + t / SPAN_S * room.width(), room.bottom() - height * room.height()
        breaks = np.flatnonzero(np.diff(t) > LINE_S) + 1
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.valence, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for xs, ys in zip(np.split(x, breaks), np.split(y, breaks), strict=True):
            line = [QPointF(*at) for at in zip(xs.tolist(), ys.tolist(), strict=True)]
            painter.drawPolyline(QPolygonF(line)) if len(line) > 1 else painter.drawPoint(line[0])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
