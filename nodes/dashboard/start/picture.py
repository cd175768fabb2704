"""The newest frame of a camera, as large as there is room, or the words that say why there is none."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.palette import CORNER, colours, font
from liveaffect.stream.messages import Array


class PictureView(QWidget):
    """Paints one uint8 RGB image (height, width, 3), letterboxed; or a headline and a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: Array | None = None
        self._headline = self._words = ""
        self._problem = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Camera preview")

    def sizeHint(self) -> QSize:
        return QSize(600, 450)

    def show_image(self, image: Array) -> None:
        """A new frame; the array must not change any more."""
        self._image = image
        self._headline = self._words = ""
        self.setAccessibleDescription("a live picture")
        self.update()

    def say(self, headline: str, words: str = "", *, problem: bool = False) -> None:
        """Words in place of the picture."""
        if self._image is None and (self._headline, self._words, self._problem) == (headline, words, problem):
            return
        self._image, self._headline, self._words, self._problem = None, headline, words, problem
        self.setAccessibleDescription(f"{headline}. {words}")
        self.update()

    @property
    def showing(self) -> bool:
        """True while there is a picture."""
        return self._image is not None

    @property
    def words(self) -> str:
        """What is said instead of a picture, "" while there is one."""
        return f"{self._headline}\n{self._words}".strip()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        around = QPainterPath()
        around.addRoundedRect(QRectF(self.rect()), CORNER, CORNER)
        painter.fillPath(around, look.stage)
        if self._image is not None:
            painter.setClipPath(around)
            self._paint_image(painter, self._image)
        else:
            self._paint_words(painter)
        painter.end()

    def _paint_image(self, painter: QPainter, image: Array) -> None:
        height, width = image.shape[:2]
        picture = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_RGB888)
        scale = min(self.width() / width, self.height() / height)
        shown = QRectF(0, 0, width * scale, height * scale)
        shown.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1.0)
        painter.drawImage(shown, picture)

    def _paint_words(self, painter: QPainter) -> None:
        look = colours()
        room = QRectF(self.rect()).adjusted(32, 24, -32, -24)
        room.setWidth(min(room.width(), 460.0))
        room.moveCenter(QRectF(self.rect()).center())
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        large = font(1.25, bold=True)
        painter.setFont(large)
        head = painter.boundingRect(room, flags, self._headline)
        painter.setFont(self.font())
        body = painter.boundingRect(room, flags, self._words) if self._words else QRectF()
        gap = 10.0 if self._words else 0.0
        top = room.center().y() - (head.height() + gap + body.height()) / 2
        painter.setFont(large)
        painter.setPen(look.stage_warn if self._problem else look.stage_text)
        painter.drawText(QRectF(room.left(), top, room.width(), head.height()), flags, self._headline)
        painter.setFont(self.font())
        painter.setPen(look.stage_text)
        place = QRectF(room.left(), top + head.height() + gap, room.width(), max(body.height(), 1.0) + 2)
        painter.drawText(place, flags, self._words)
