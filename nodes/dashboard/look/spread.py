"""Room between things that grows with the type: margins and spacings of layouts, lengths of the style sheet."""

import re

from PySide6.QtWidgets import QApplication, QGridLayout, QLayout, QWidget

POWER = 0.7
"""Of the type's growth: room that grew as fast would leave none for words on a small screen."""
_BASE = "base_room"
_LENGTH = re.compile(r"(-?\d+)px")


def growth() -> float:
    """How many times its own size room is now; 1 where type has the system's own size."""
    app = QApplication.instance()
    base = app.property("base_points") if isinstance(app, QApplication) else None
    return float((QApplication.font().pointSizeF() / base) ** POWER) if base else 1.0


def grown(rules: str, share: float) -> str:
    """The style sheet with every length but a line's own width so many times as long."""
    return _LENGTH.sub(lambda found: f"{_times(int(found[1]), share)}px", rules)


def spread(window: QWidget) -> None:
    """Gives every layout in a window the room that goes with the type; again and again, always from its first state."""
    share = growth()
    for layout in window.findChildren(QLayout):
        first: list[int] | None = layout.property(_BASE)
        grid = layout if isinstance(layout, QGridLayout) else None
        if first is None:
            edges = layout.contentsMargins()
            across, down = (
                (grid.horizontalSpacing(), grid.verticalSpacing()) if grid is not None else (layout.spacing(),) * 2
            )
            first = [edges.left(), edges.top(), edges.right(), edges.bottom(), across, down]
            layout.setProperty(_BASE, first)
        left, top, right, bottom, across, down = (_times(length, share) for length in first)
        layout.setContentsMargins(left, top, right, bottom)
        if grid is not None:
            grid.setHorizontalSpacing(across)
            grid.setVerticalSpacing(down)
        elif across >= 0:  # else as the style says
            layout.setSpacing(across)


def _times(length: int, share: float) -> int:
    """Lines of one px stay thin, and 0 and what the style decides (-1) stay."""
    return length if abs(length) <= 1 else round(length * share)
