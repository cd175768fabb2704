"""A level meter: power as a bar, the highest peak as a mark that is held, on a scale in dB re full scale."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, font
from liveaffect.nodes.dashboard.start.level import FLOOR_DB, LOUD_DB, Reading

BAR_PX = 14
TICKS_DB = (-60, -48, -36, -24, -12, 0)
HIGH_DB = -12.0
"""From here on, and again from LOUD_DB on, the bar has another colour; the words beneath say it too."""
NOTHING = Reading(None, None, "", False)


class LevelMeter(QWidget):
    """Paints the last `Reading`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = NOTHING
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Sound level")
        self.setToolTip(
            "Sound level in dB re full scale (dBFS): the bar is its power, the mark the highest peak of the last "
            "moments. Speech does well with peaks between −30 and −6"
        )

    def sizeHint(self) -> QSize:
        return QSize(280, BAR_PX + 6 + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def show_reading(self, reading: Reading) -> None:
        """Paints another reading, if it looks different."""
        if reading != self._reading:
            self._reading = reading
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width = self.width()
        track = QRectF(0, 0, width, BAR_PX)
        painter.setBrush(look.track)
        painter.drawRoundedRect(track, 4, 4)
        reading = self._reading
        if reading.rms_db is not None and reading.peak_db is not None:
            self._stretch(painter, FLOOR_DB, min(reading.rms_db, HIGH_DB), look.good)
            self._stretch(painter, HIGH_DB, min(reading.rms_db, LOUD_DB), look.warn)
            self._stretch(painter, LOUD_DB, reading.rms_db, look.bad)
            if reading.peak_db > FLOOR_DB:
                x = min(self._x(reading.peak_db), width - 3.0)
                hot = look.bad if reading.peak_db > LOUD_DB else look.text
                painter.fillRect(QRectF(x, 0, 2.5, BAR_PX), hot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(look.dim)
        painter.setFont(font(0.8))
        metrics = painter.fontMetrics()
        for tick in TICKS_DB:
            words = f"{tick}".replace("-", "−") if tick else "0 dBFS"
            half = metrics.horizontalAdvance(words) / 2
            x = min(max(self._x(tick), half), width - half)
            painter.drawText(QRectF(x - half, BAR_PX + 3, 2 * half + 1, metrics.height()), words)
        painter.end()

    def _x(self, db: float) -> float:
        return (max(db, FLOOR_DB) - FLOOR_DB) / -FLOOR_DB * self.width()

    def _stretch(self, painter: QPainter, low: float, high: float, colour: QColor) -> None:
        if high > low:
            painter.fillRect(QRectF(self._x(low), 0, self._x(high) - self._x(low), BAR_PX), colour)
