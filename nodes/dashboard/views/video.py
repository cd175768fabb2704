"""The picture with boxes, ids and landmarks; or, without pixels, the faces drawn from their landmarks alone."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.eyes.looks import GazeFit
from liveaffect.nodes.dashboard.look.canvas import CENTRE, pill
from liveaffect.nodes.dashboard.look.palette import CORNER, Look, colours, faded, font, greyed, of_person
from liveaffect.nodes.dashboard.scene.frames import Picture
from liveaffect.nodes.dashboard.scene.shown import Shown
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.nodes.dashboard.scene.words import Reason, percent
from liveaffect.nodes.dashboard.views.avatar import paint_avatar, paint_lines
from liveaffect.nodes.dashboard.views.gaze import INK, paint_gaze
from liveaffect.nodes.dashboard.views.name_places import Named, place
from liveaffect.nodes.dashboard.views.sketch import sketch
from liveaffect.stream.messages import STATE_WORDS, Face

SPEAKING = 0.5
CROWD = 3
"""From so many people on only who is looked at has more than a name at the box."""
CORNER_SHARE = 0.22
"""How much of a side of the box its corners cover."""


class VideoView(QWidget):
    """Paints the newest `Picture`; a click on a face chooses it."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._people: Mapping[int, Shown] = {}
        self._who: int | None = None
        self._reason: Reason | None = None
        self._note = ""
        self._sides: dict[int, int] = {}
        """At which side of its box each name stood in the last picture."""
        self._rounded: tuple[QSize, QPainterPath] | None = None
        self.gone = False
        """Nothing is heard any more: the last picture is grey."""
        self.gazes: Mapping[int, GazeFit] = {}
        """Person -> how their gaze is corrected, of those whose is calibrated."""
        self.landmarks = True
        """Draw the lines of the face, and of where it looks, upon the picture."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self.setAccessibleName("Picture")

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def present(
        self, picture: Picture | None, people: Mapping[int, Shown], who: int | None, reason: Reason | None, note: str
    ) -> None:
        """The newest instant, who is in it and looked at; `reason` why there is none; `note` stands in the corner."""
        self._picture, self._people, self._who, self._reason, self._note = picture, people, who, reason, note
        self.update()

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self._picture

    @property
    def stage(self) -> QRectF:
        """Where the frame lies in the widget."""
        shot = self._picture
        room = QRectF(self.rect())
        if shot is None or not shot.width or not shot.height:
            return room
        scale = min(room.width() / shot.width, room.height() / shot.height)
        place = QRectF(0, 0, round(shot.width * scale), round(shot.height * scale))
        place.moveTopLeft(
            QPointF(round((room.width() - place.width()) / 2), round((room.height() - place.height()) / 2))
        )
        return place

    def face_at(self, at: QPointF) -> int | None:
        """The id of the face there; of overlapping ones the smallest."""
        hits = [(box.width() * box.height(), face.id) for face, box in self._boxes() if box.contains(at)]
        return min(hits)[1] if hits else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        face = self.face_at(event.position())
        if face is not None:
            self.chosen.emit(face)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        there = self.face_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if there else Qt.CursorShape.ArrowCursor)

    def _boxes(self) -> list[tuple[Face, QRectF]]:
        shot, stage = self._picture, self.stage
        found: list[tuple[Face, QRectF]] = []
        for face in (shot.faces or ()) if shot is not None else ():
            sides = [number(side) for side in face.box or ()]
            if len(sides) == 4 and None not in sides:
                x, y, width, height = (side or 0.0 for side in sides)
                box = QRectF(x * stage.width(), y * stage.height(), width * stage.width(), height * stage.height())
                found.append((face, box.translated(stage.topLeft()) & stage))
        return found

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, shot = greyed(colours()) if self.gone else colours(), self._picture
        painter = QPainter(self)
        stage = self.stage
        if shot is not None and shot.image is not None:
            for beside in _beside(QRectF(self.rect()), stage):
                painter.fillRect(beside, look.stage)
            self._paint_image(painter, shot.image, stage)
        else:
            painter.fillRect(self.rect(), look.stage)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font())
        if shot is not None and (shot.image is not None or shot.faces):
            self._paint_faces(painter, look, shot, stage)
            self._paint_names(painter, look)
        self._paint_words(painter, look, shot)
        painter.fillPath(self._corners(), look.window)
        painter.end()

    def _corners(self) -> QPainterPath:
        """What of the widget lies outside its rounded corners; clipping the picture itself would cost more."""
        if self._rounded is None or self._rounded[0] != self.size():
            around, inside = QPainterPath(), QPainterPath()
            around.addRect(QRectF(self.rect()))
            inside.addRoundedRect(QRectF(self.rect()), CORNER, CORNER)
            self._rounded = (self.size(), around.subtracted(inside))
        return self._rounded[1]

    def _paint_image(self, painter: QPainter, image: NDArray[np.uint8], stage: QRectF) -> None:
        height, width = image.shape[:2]
        picture = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_RGB888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, stage.width() != width)
        if self.gone:
            picture = picture.convertToFormat(QImage.Format.Format_Grayscale8)
        painter.drawImage(stage, picture)
        if self.gone:
            painter.fillRect(stage, faded(colours().stage, 0.5))

    def _paint_faces(self, painter: QPainter, look: Look, shot: Picture, stage: QRectF) -> None:
        for face, box in self._boxes():
            mesh = shot.meshes.get(face.id)
            if mesh is None and shot.image is None:
                mesh = sketch(face, shot.width, shot.height)
            ok, mine = face.state == "ok", face.id == self._who
            if mesh is not None and shot.image is None:
                paint_avatar(painter, mesh, stage, look, mine)
            elif mesh is not None and self.landmarks:
                paint_lines(painter, mesh, stage, faded(look.stage_line, 0.7 if mine else 0.4))
            ink = of_person(face.id) if len(self._people) > 1 and ok and not self.gone else None
            self._paint_box(painter, look, box, ok, mine, ink)
            if self.landmarks and not self.gone:
                paint_gaze(painter, face, box, mesh, stage, ink or INK, mine, self.gazes.get(face.id))

    def _paint_box(self, painter: QPainter, look: Look, box: QRectF, ok: bool, mine: bool, ink: QColor | None) -> None:
        colour = ink if ink is not None else look.stage_line if ok else look.stage_warn
        pen = QPen(faded(colour, 1.0 if mine else 0.6), 2.4 if mine else 1.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        dx, dy = box.width() * CORNER_SHARE, box.height() * CORNER_SHARE
        for corner, sx, sy in (
            (box.topLeft(), 1, 1), (box.topRight(), -1, 1), (box.bottomLeft(), 1, -1), (box.bottomRight(), -1, -1),
        ):  # fmt: skip
            painter.drawPolyline([corner + QPointF(sx * dx, 0), corner, corner + QPointF(0, sy * dy)])

    def _paint_names(self, painter: QPainter, look: Look) -> None:
        """Beside the boxes, whoever is looked at first."""
        words: dict[int, tuple[list[str], QFont, QColor | None]] = {}
        named: list[Named] = []
        for face, box in sorted(self._boxes(), key=lambda one: (one[0].id != self._who, one[0].id)):
            mine, ok = face.id == self._who, face.state == "ok"
            told, kind = self._words_at(face, mine), font(0.95, bold=mine)
            words[face.id] = (told, kind, None if ok else look.stage_warn)
            metrics = QFontMetricsF(kind)
            high = metrics.height() + 4
            named.append(Named(face.id, box, [QSizeF(metrics.horizontalAdvance(one) + 12, high) for one in told]))
        places = place(named, QRectF(self.rect()), self._sides)
        self._sides = {face_id: one.side for face_id, one in places.items()}
        for face_id, one in places.items():
            told, kind, ink = words[face_id]
            painter.setFont(kind)
            pill(painter, one.room.topLeft(), told[one.words], look, ink=ink)

    def _words_at(self, face: Face, mine: bool) -> list[str]:
        """What stands at a box, and what where there is less room."""
        person = self._people.get(face.id)
        name = f"face {face.id}" if person is None else person.name
        if face.state != "ok":
            return [f"{name} · {face.reason or STATE_WORDS.get(face.state, face.state)}", name]
        more = _shows(person) if person is not None and (mine or len(self._people) < CROWD) else ""
        return [name + more, name] if more else [name]

    def _paint_words(self, painter: QPainter, look: Look, shot: Picture | None) -> None:
        painter.setFont(font(0.9))
        if self._note:
            wide = painter.fontMetrics().horizontalAdvance(self._note) + 12
            at = QPointF(self.width() - wide - 10, self.height() - painter.fontMetrics().height() - 14)
            pill(painter, at, self._note, look, ink=look.stage_text)
        reason = self._reason
        if reason is None and shot is not None and shot.faces is not None and not self._boxes():
            reason = Reason("No face in view")
        if reason is None:
            return
        has_picture = shot is not None and shot.image is not None
        explain = bool(reason.words) and (self.gone or not has_picture)
        painter.setFont(font(1.35, bold=True))
        metrics = painter.fontMetrics()
        middle = self.height() / 2 - 14 if explain or not has_picture else self.height() - 54.0
        place = QRectF(0, 0, metrics.horizontalAdvance(reason.headline) + 36, metrics.height() + 14)
        place.moveCenter(QPointF(self.width() / 2, middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(look.stage, 0.75))
        painter.drawRoundedRect(place, 9, 9)
        painter.setPen(colours().stage_warn)
        painter.drawText(place, CENTRE, reason.headline)
        if explain:
            painter.setFont(font())
            flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
            room = QRectF(self.width() * 0.15, place.bottom() + 4, self.width() * 0.7, self.height() - place.bottom())
            if has_picture:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawRoundedRect(painter.boundingRect(room, flags, reason.words).adjusted(-10, -4, 10, 6), 9, 9)
            painter.setPen(look.stage_text)
            painter.drawText(room, flags, reason.words)


def _shows(person: Shown) -> str:
    """The likeliest category, and whether this is who speaks."""
    words = ""
    if person.not_told:
        words = f" · {person.not_told}"
    elif person.emotions is not None and person.valence is not None:
        share, name = max(zip(person.emotions, EMOTIONS, strict=True))
        words = f" · {name} {percent(share)}"
    return words + (" · speaking" if (person.speaking or 0) > SPEAKING else "")


def _beside(room: QRectF, stage: QRectF) -> list[QRectF]:
    """What of the widget the frame leaves free."""
    return [
        QRectF(room.left(), room.top(), stage.left() - room.left(), room.height()),
        QRectF(stage.right(), room.top(), room.right() - stage.right(), room.height()),
        QRectF(stage.left(), room.top(), stage.width(), stage.top() - room.top()),
        QRectF(stage.left(), stage.bottom(), stage.width(), room.bottom() - stage.bottom()),
    ]
