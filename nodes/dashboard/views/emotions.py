"""The distribution over the eight emotion categories as bars with names and shares."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from liveaffect.models.circumplex import EMOTIONS, likeliest
from liveaffect.nodes.dashboard.look.canvas import LEFT, RIGHT, WRAP, Canvas, bar
from liveaffect.nodes.dashboard.look.hold import Hold
from liveaffect.nodes.dashboard.look.palette import Look, faded, font, px
from liveaffect.nodes.dashboard.scene.shown import Shown
from liveaffect.nodes.dashboard.scene.words import percent

TIP = (
    "How raters would divide their votes over eight words for what this face and voice show.\n"
    "A distribution, not a diagnosis: it sums to 100 %, and raters disagree too.\n"
    "A dot marks the set of words of which one is what most raters would say, for nine faces in ten; where two\n"
    "words share a face as a known compound, its name stands above."
)


class EmotionsView(Canvas):
    """Eight rows in one order, so that the eye finds each name again."""

    def __init__(self) -> None:
        super().__init__("Emotions", TIP, least=(190, 200))
        self._shares: tuple[float, ...] | None = None
        self._words = ""
        self._coasting = False
        self._compound, self._likely = "", ()
        self._figures: tuple[float, ...] | None = None
        self._hold: Hold[tuple[float, ...] | None] = Hold()

    def present(self, person: Shown | None, words: str) -> None:
        """The shares of one person, or `words` why there are none."""
        shares = person.emotions if person is not None else None
        if shares is None and person is not None and person.valence is not None:
            words = "no distribution given"
        if shares is not None and person is not None and person.not_told:
            shares, words = None, person.not_told
        coasting = person is not None and person.coasting
        self._figures = self._hold(shares, (None if person is None else person.id, shares is None))
        compound, likely = (person.compound, person.likely) if person is not None and shares is not None else ("", ())
        now = (shares, words, coasting, compound, likely)
        if now != (self._shares, self._words, self._coasting, self._compound, self._likely):
            self._shares, self._words, self._coasting, self._compound, self._likely = now
            if shares is not None:
                top = likeliest(shares)
                self.setAccessibleDescription(f"{EMOTIONS[top]} {shares[top]:.0%} {compound}".rstrip())
            else:
                self.setAccessibleDescription(words)
            self.update()

    def tip_at(self, at: QPointF) -> str:
        row = int((at.y() - self.inner.top()) / (self.inner.height() / len(EMOTIONS)))
        if self._shares is not None and 0 <= row < len(EMOTIONS):
            belongs = "in" if EMOTIONS[row] in self._likely else "not in"
            of = f", {belongs} the set of likely words" if self._likely else ""
            return f"{EMOTIONS[row]}: {self._shares[row]:.1%}{of}\n\n{TIP}"
        return TIP

    def _columns(self) -> tuple[float, float]:
        metrics = QFontMetricsF(font(bold=True))
        names = max(metrics.horizontalAdvance(name) for name in EMOTIONS)
        return names + 10, metrics.horizontalAdvance("100 %") + 4

    def _rows(self) -> list[QRectF]:
        room = self.inner
        height = room.height() / len(EMOTIONS)
        return [QRectF(room.left(), room.top() + i * height, room.width(), height) for i in range(len(EMOTIONS))]

    def still(self, painter: QPainter, look: Look) -> None:
        names, figures = self._columns()
        painter.setPen(look.dim)
        for name, row in zip(EMOTIONS, self._rows(), strict=True):
            painter.drawText(QRectF(row.left(), row.top(), names, row.height()), LEFT, name)
            painter.fillRect(self._track(row, names, figures), look.track)

    def _track(self, row: QRectF, names: float, figures: float) -> QRectF:
        thick = min(px(11), row.height() * 0.5)
        return QRectF(row.left() + names, row.center().y() - thick / 2, row.width() - names - figures, thick)

    def _paint_title(self, painter: QPainter, look: Look) -> None:
        title = QRectF(self.inner.left(), 10, self.inner.width(), self.title_height)
        painter.setFont(font(0.85, bold=bool(self._compound)))
        painter.setPen(look.text if self._compound else look.faint)
        words = self._compound or "share of 100 %"
        room = title.width() - QFontMetricsF(font(bold=True)).horizontalAdvance(self.title) - 8
        if self._compound or painter.fontMetrics().horizontalAdvance(words) <= room:
            painter.drawText(title, RIGHT, words)

    def live(self, painter: QPainter, look: Look) -> None:
        self._paint_title(painter, look)
        if self._shares is None:
            self._paint_words(painter, look)
            return
        names, figures = self._columns()
        told = self._figures or self._shares
        top = max(told)
        rows = zip(EMOTIONS, self._rows(), self._shares, told, look.emotions, strict=True)
        for name, row, share, figure, colour in rows:
            ink = faded(colour, 0.45) if self._coasting else colour
            bar(painter, self._track(row, names, figures), share, look.track, ink)
            first = figure == top
            painter.setFont(font(bold=first))
            painter.setPen(look.text if first else look.dim)
            if first:
                painter.fillRect(QRectF(row.left(), row.top() + 1, names - 2, row.height() - 2), look.card)
                painter.drawText(QRectF(row.left(), row.top(), names, row.height()), LEFT, name)
            painter.drawText(row, RIGHT, percent(figure))
            if name in self._likely:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.text)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.drawEllipse(QPointF(row.left() + names - 6, row.center().y()), px(2.5), px(2.5))
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_words(self, painter: QPainter, look: Look) -> None:
        names, figures = self._columns()
        rows = self._rows()
        track = self._track(rows[3], names, figures)
        painter.setFont(font(0.95, bold=True))
        words = self._words
        room = self.inner.right() - track.left()  # the names stay free
        around = QRectF(0, 0, room - 18, self.inner.height())
        flags = int(Qt.AlignmentFlag.AlignCenter | WRAP)
        place = painter.boundingRect(around, flags, words).adjusted(-9, -4, 9, 4)
        place.moveCenter(QPointF(track.left() + room / 2, rows[3].bottom()))
        painter.fillRect(place, look.missing)
        painter.setPen(look.missing_text)
        painter.drawText(place, flags, words)
