"""The status line: rate, latency, losses, nodes, disk, clock, and the light that says a recording runs."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolTip, QWidget

from liveaffect.nodes.dashboard.look.palette import Look, colours, font, px
from liveaffect.nodes.dashboard.scene.status import Dot, Figure, Status

STEP = 16.0
SAY_MS = 8000


class StatusLine(QWidget):
    """Shows a `Status`; `say` adds a sentence for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.rec = RecLight()
        self.dots = NodeDots()
        self.words = Sentence()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.figures = {
            name: QLabel() for name in ("rate", "latency", "drops", "strange", "assistant", "disk", "offset")
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(12)
        row.addWidget(self.rec)
        for name in ("rate", "latency", "drops", "strange"):
            row.addWidget(self.figures[name])
        row.addWidget(self.dots)
        row.addWidget(self.words, 1)
        for name in ("assistant", "disk"):
            row.addWidget(self.figures[name])
        row.addWidget(self.figures["offset"])
        for label in self.figures.values():
            label.hide()
        self._standing = ""
        self._quiet = QTimer(self, singleShot=True, interval=SAY_MS)
        self._quiet.timeout.connect(self._say_standing)

    def show_status(self, status: Status, standing: str) -> None:
        """The newest figures; `standing` is what is said as long as it lasts, such as a slowed picture."""
        for name, label in self.figures.items():
            _set(label, getattr(status, name))
        self.dots.show_dots(status.dots)
        self.rec.show_time(status.recording, status.session, status.replay, status.lost.since if status.lost else "")
        if standing != self._standing:
            self._standing = standing
            if not self._quiet.isActive():
                self._say_standing()

    def say(self, words: str, *, problem: bool = False) -> None:
        """A sentence that stays a few seconds."""
        self._put(words, problem)
        self._quiet.start()

    def _say_standing(self) -> None:
        self._put(self._standing, False)

    def _put(self, words: str, problem: bool) -> None:
        self.words.say(words)
        _mark(self.words, "warn" if problem else "dim")


class Sentence(QLabel):
    """One line that is cut at its end, with three dots, where there is no room; whole as its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = ""

    def say(self, words: str) -> None:
        """Other words."""
        self.whole = words
        self.setToolTip(words)
        self.setAccessibleName(words)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, max(0, self.width() - 2)))


class RecLight(QWidget):
    """A steady red light with the time recorded; a grey ring while nothing is."""

    def __init__(self) -> None:
        super().__init__()
        self._time: str | None = None
        self._replay = self._gone = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(font(bold=True))
        return QSize(int(metrics.horizontalAdvance(self._words or "REC 00:00") + px(22)), int(metrics.height() + 8))

    @property
    def _words(self) -> str:
        if self._gone:
            return f"{'' if self._time is None else f'REC {self._time} at '.replace('  ', ' ')}{self._gone}"
        if self._time is None:
            return "replay" if self._replay else "not recording"
        return f"REC {self._time}".strip()

    def show_time(self, recorded: str | None, session: str, replay: str = "", gone: str = "") -> None:
        """Time so far, or None while nothing is recorded; `replay` names the session that is replayed, `gone` the time
        of the last word where nothing is heard any more: the light is out then."""
        if (recorded, replay, gone) != (self._time, self._replay, self._gone):
            self._time, self._replay, self._gone = recorded, replay, gone
            self.setAccessibleName(self._words)
            self.updateGeometry()
            self.update()
        nothing = f"Replay of {replay}" if replay else "Nothing is being recorded"
        self.setToolTip(session if gone else f"Recording to {session}" if recorded is not None else nothing)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self._time is not None and not self._gone
        painter.setPen(QPen(look.rec if on else look.faint, 1.6))
        painter.setBrush(look.rec if on else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(px(8), self.height() / 2), px(5), px(5))
        painter.setFont(font(bold=on))
        painter.setPen(look.rec if on else look.dim)
        room = QRectF(px(20), 0, self.width() - px(20), self.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._words)
        painter.end()


class NodeDots(QWidget):
    """One mark per node: its shape and colour say how it is, hovering says more; those in trouble are named."""

    def __init__(self) -> None:
        super().__init__()
        self._dots: tuple[Dot, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Nodes")

    def show_dots(self, dots: tuple[Dot, ...]) -> None:
        """The newest of every node."""
        if dots != self._dots:
            resize = [(d.node, d.kind) for d in dots] != [(d.node, d.kind) for d in self._dots]
            self._dots = dots
            if resize:
                trouble = [dot.tip for dot in dots if dot.kind in ("warn", "bad")]
                self.setAccessibleDescription("; ".join(trouble) or f"{len(dots)} nodes run")
                self.updateGeometry()
                self.update()

    def sizeHint(self) -> QSize:
        return QSize(int(sum(wide for _, wide in self._places()) + px(6)), round(px(22)))

    def _places(self) -> list[tuple[Dot, float]]:
        metrics = QFontMetricsF(font(0.92))
        named = {dot: metrics.horizontalAdvance(dot.node) + px(6) if dot.kind == "bad" else 0.0 for dot in self._dots}
        return [(dot, px(STEP) + named[dot]) for dot in self._dots]

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            left = 0.0
            for dot, wide in self._places():
                if left <= event.pos().x() < left + wide:
                    QToolTip.showText(event.globalPos(), dot.tip, self)
                left += wide
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(0.92))
        left, middle = 0.0, self.height() / 2
        for dot, wide in self._places():
            _paint_dot(painter, look, dot.kind, QPointF(left + px(8), middle))
            if dot.kind == "bad":
                painter.setPen(look.bad)
                painter.drawText(QRectF(left + px(17), 0, wide, self.height()), Qt.AlignmentFlag.AlignVCenter, dot.node)
            left += wide
        painter.end()


def _paint_dot(painter: QPainter, look: Look, kind: str, at: QPointF) -> None:
    painter.save()
    painter.translate(at)
    painter.scale(px(1), px(1))
    _paint_sign(painter, look, kind, QPointF())
    painter.restore()


def _paint_sign(painter: QPainter, look: Look, kind: str, at: QPointF) -> None:
    """As it is where a line is 15 px high."""
    painter.setPen(Qt.PenStyle.NoPen)
    if kind == "ok":
        painter.setBrush(look.good)
        painter.drawEllipse(at, 4.5, 4.5)
    elif kind == "warn":
        painter.setBrush(look.warn)
        painter.drawPolygon([at + QPointF(0, -5.5), at + QPointF(5.5, 4.5), at + QPointF(-5.5, 4.5)])
    elif kind == "bad":
        painter.setPen(QPen(look.bad, 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(at + QPointF(-4, -4), at + QPointF(4, 4))
        painter.drawLine(at + QPointF(-4, 4), at + QPointF(4, -4))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.warn if kind == "starting" else look.faint, 1.8))
        painter.drawEllipse(at, 4, 4)


def _set(label: QLabel, figure: Figure) -> None:
    if label.text() != figure.words:
        label.setText(figure.words)
        label.setVisible(bool(figure.words))
    if label.toolTip() != figure.tip:
        label.setToolTip(figure.tip)
    _mark(label, "warn" if figure.problem else "dim")


def _mark(label: QLabel, kind: str) -> None:
    if label.property("kind") != kind:
        label.setProperty("kind", kind)
        label.style().polish(label)
