"""Colours, type sizes and spacing of every window, light and dark, as the system asks.

Valence, arousal and the emotions have the colours of the report and the timeline (Okabe and Ito 2008, "Color universal
design": distinct under the common colour deficiencies). Nothing is said by colour alone.
"""

import functools
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from liveaffect.models.circumplex import EMOTION_COLOURS
from liveaffect.nodes.dashboard.look.spread import grown, growth, spread
from liveaffect.nodes.dashboard.look.style_sheet import style_sheet

Scheme = Literal["light", "dark"]
GAP = 10
"""Between panels, and inside them (device-independent px)."""
CORNER = 10.0


@dataclass(frozen=True, eq=False)
class Look:
    """One set of colours."""

    name: Scheme
    window: QColor
    card: QColor
    border: QColor
    text: QColor
    dim: QColor
    """Second text: units, hints."""
    faint: QColor
    """Ticks and text of what is missing."""
    grid: QColor
    track: QColor
    """The empty part of a bar."""
    missing: QColor
    """Spans without a number."""
    missing_text: QColor
    accent: QColor
    on_accent: QColor
    valence: QColor
    arousal: QColor
    voice: QColor
    good: QColor
    warn: QColor
    bad: QColor
    rec: QColor
    stage: QColor
    """Behind pictures: dark in both."""
    stage_text: QColor
    stage_warn: QColor
    stage_line: QColor
    """Boxes and landmarks upon a picture."""
    emotions: tuple[QColor, ...]
    """In the order of `liveaffect.models.circumplex.EMOTIONS`."""


def _look(name: Scheme, emotions: str, **values: str) -> Look:
    return Look(name=name, emotions=tuple(map(QColor, emotions.split())), **{k: QColor(v) for k, v in values.items()})


LIGHT = _look(
    "light",
    " ".join(EMOTION_COLOURS.values()),
    window="#f1f3f6", card="#ffffff", border="#dfe3e9", text="#1b1f27", dim="#59616e", faint="#8b93a0", grid="#eaedf1",
    track="#e9ecf0", missing="#ece9e2", missing_text="#756d5c", accent="#0067a5", on_accent="#ffffff",
    valence="#0072b2", arousal="#c65200", voice="#008a64", good="#00805a", warn="#a86200", bad="#b3261e",
    rec="#d4222d", stage="#12151a", stage_text="#c9d0da", stage_warn="#ffc24d", stage_line="#ffffff",
)  # fmt: skip
DARK = _look(
    "dark",
    "#79818f #e69f00 #56b4e9 #3d8fd1 #e8743b #19b88a #9d7fc9 #dd8fc0",
    window="#101318", card="#191d24", border="#2a303a", text="#eceff4", dim="#a3abb8", faint="#747d8b", grid="#252b34",
    track="#2a303a", missing="#292721", missing_text="#b0a68f", accent="#5ab4ea", on_accent="#0b1118",
    valence="#5ab4ea", arousal="#ff9752", voice="#3fd0a3", good="#3fd0a3", warn="#ffc24d", bad="#ff8a80",
    rec="#ff5b61", stage="#0a0c10", stage_text="#c9d0da", stage_warn="#ffc24d", stage_line="#ffffff",
)  # fmt: skip

PEOPLE = tuple(map(QColor, ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#6a51a3")))
"""One for each person, by id: distinct under the common colour deficiencies, upon light and dark."""
SIZES = (0.8, 0.9, 1.0, 1.25, 1.5, 2.0)
_forced: Scheme | None = None
_size = 1.0


def colours() -> Look:
    """What to paint with now: as the system asks, or as `force` says."""
    if _forced is not None:
        return DARK if _forced == "dark" else LIGHT
    return DARK if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT


@functools.lru_cache(maxsize=2)
def greyed(look: Look) -> Look:
    """The same without a colour: what is painted with it is not of now."""
    grey = look.faint
    return replace(
        look, text=grey, dim=grey, accent=grey, valence=grey, arousal=grey, voice=grey, good=grey, warn=grey, bad=grey,
        rec=grey, stage_line=grey, stage_warn=grey, emotions=(grey,) * len(look.emotions),
    )  # fmt: skip


def force(scheme: Scheme | None) -> None:
    """Holds one scheme whatever the system says, or (None) follows the system again."""
    global _forced
    _forced = scheme
    app = QApplication.instance()
    if isinstance(app, QApplication):
        _dress(app)


def theme() -> str:
    """ "system", "light" or "dark"."""
    return _forced or "system"


def set_theme(name: str) -> None:
    """One look whatever the system says, or "system"."""
    force("light" if name == "light" else "dark" if name == "dark" else None)


def size() -> float:
    """How large type is, on top of what a window's own size gives."""
    return _size


def set_size(share: float) -> None:
    """Type at so many times its size, in every window."""
    global _size
    before, _size = _size, share
    app = QApplication.instance()
    if isinstance(app, QApplication) and before != share:
        zoom(app, 1.0)


def of_person(face_id: int) -> QColor:
    """The colour of one person; a voice out of view has that of voices."""
    return colours().voice if face_id < 0 else PEOPLE[face_id % len(PEOPLE)]


def follow(app: QApplication) -> None:
    """Dresses the program, and again whenever the system changes between light and dark."""
    app.setStyle("Fusion")
    app.styleHints().colorSchemeChanged.connect(lambda _: _dress(app))
    _dress(app)


def font(scale: float = 1.0, *, bold: bool = False) -> QFont:
    """The system's own font at a multiple of its size, with figures of equal width where it has them."""
    return _font(QApplication.font().key(), scale, bold)


@functools.lru_cache(maxsize=64)
def _font(_key: str, scale: float, bold: bool) -> QFont:
    made = QFont(QApplication.font())
    made.setPointSizeF(max(6.5, made.pointSizeF() * scale))
    if bold:
        made.setWeight(QFont.Weight.DemiBold)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def px(value: float) -> float:
    """A length that grows with the system's type: `value` is px where a line is 15 px high."""
    return value * _line(QApplication.font().key()) / 15.0


@functools.lru_cache(maxsize=8)
def _line(_key: str) -> float:
    return QFontMetricsF(QApplication.font()).height()


def zoom(app: QApplication, share: float) -> None:
    """Type at so many times the system's own size, for large windows; in steps of a tenth."""
    base = app.property("base_points") or app.font().pointSizeF()
    app.setProperty("base_points", base)
    wanted = base * round(share, 1) * _size
    if abs(app.font().pointSizeF() - wanted) > 0.01:
        made = QFont(app.font())
        made.setPointSizeF(wanted)
        app.setFont(made)
        app.setStyleSheet(_sheet(colours()))  # also for the type: else what it dresses keeps its size
        for window in app.topLevelWidgets():
            spread(window)


def faded(colour: QColor, share: float) -> QColor:
    """The colour with so much of its opacity, 0 to 1."""
    made = QColor(colour)
    made.setAlphaF(min(1.0, max(0.0, share)))
    return made


def _dress(app: QApplication) -> None:
    look = colours()
    sheet = _sheet(look)
    if app.styleSheet() == sheet:
        return  # it is dressed so already: every widget would be measured again for nothing
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette(look.window)
    pairs: dict[Any, QColor] = {
        role.Window: look.window, role.WindowText: look.text, role.Base: look.card, role.AlternateBase: look.window,
        role.Text: look.text, role.Button: look.card, role.ButtonText: look.text, role.Highlight: look.accent,
        role.HighlightedText: look.on_accent, role.Link: look.accent, role.PlaceholderText: look.faint,
        role.ToolTipBase: look.card, role.ToolTipText: look.text, role.Mid: look.border, role.Accent: look.accent,
    }  # fmt: skip
    for one, colour in pairs.items():
        palette.setColor(one, colour)
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, one, look.faint)
    app.setPalette(palette)
    app.setStyleSheet(sheet)
    for widget in app.allWidgets():
        widget.update()


def _sheet(look: Look) -> str:
    names = {f.name: getattr(look, f.name) for f in fields(look) if isinstance(getattr(look, f.name), QColor)}
    return grown(style_sheet({name: colour.name() for name, colour in names.items()}), growth())
