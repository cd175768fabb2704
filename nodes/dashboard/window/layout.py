"""Where everything in the main window stands."""

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.palette import GAP
from liveaffect.nodes.dashboard.look.spread import spread
from liveaffect.nodes.dashboard.window.presenter import Views
from liveaffect.nodes.dashboard.window.side import Side


def right_column(feed: GatewayFeed, views: Views) -> Side:
    """What is now, as the first of the pages of the right column."""
    now = QWidget()
    side = QGridLayout(now)
    side.setContentsMargins(0, 0, 0, 0)
    side.setSpacing(GAP)
    side.addWidget(views.circumplex, 0, 0)
    side.addWidget(views.emotions, 0, 1)
    for row, view in enumerate((views.weights, views.units, views.voice), start=1):
        side.addWidget(view, row, 0, 1, 2)
    for row, share in enumerate((50, 12, 18, 20)):
        side.setRowStretch(row, share)
    side.setColumnStretch(0, 31)
    side.setColumnStretch(1, 25)
    return Side(feed, now, (views.circumplex, views.emotions))


def lay_out(
    window: QWidget, views: Views, side: Side, controls: QWidget, status: QWidget, buttons: Sequence[QWidget]
) -> QVBoxLayout:
    """Puts the views where they belong, `buttons` under the picture; returns the column for a replay's bar."""
    under = QHBoxLayout()
    under.setSpacing(6)
    under.addWidget(views.people, 1)
    for button in buttons:
        under.addWidget(button)
    main = QVBoxLayout()
    main.setSpacing(GAP)
    main.addWidget(views.video, 62)
    main.addLayout(under)
    main.addWidget(views.traces, 38)
    columns = QHBoxLayout()
    columns.setSpacing(GAP)
    columns.addLayout(main, 56)
    columns.addWidget(side, 44)
    outer = QVBoxLayout(window)
    outer.setContentsMargins(GAP, GAP, GAP, 6)
    outer.setSpacing(GAP)
    outer.addWidget(controls)
    outer.addLayout(columns, 1)
    outer.addWidget(status)
    spread(window)
    return main
