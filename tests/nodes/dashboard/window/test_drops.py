"""Names for people, and files dropped on the main window."""

from pathlib import Path
from typing import Any

import pytest
from made.session import recorded
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QInputDialog
from pytestqt.qtbot import QtBot
from windows import stream as made

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.window.drops import Drops
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream.client.requests import Reply


@pytest.fixture
def window(app: Any, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    node = DashboardNode()
    node.open()
    window = MainWindow(GatewayFeed(node, lambda: ""), tools=Tools((), (), lambda _: None, tables=tmp_path))
    qtbot.addWidget(window)
    window.show()
    return window


def drop(window: MainWindow, *paths: Path) -> None:
    """As the mouse would."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    entered = QDragEnterEvent(QPointF(9, 9).toPoint(), copy, data, left, none)
    QApplication.sendEvent(window, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(9, 9), copy, data, left, none))


def test_a_person_is_named_from_the_buttons(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def ask(verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        asked.append((verb, arguments))
        on_reply(Reply(ok=True, text="face 0 is P01"))

    window.feed.ask = ask  # type: ignore[method-assign]
    for message in made.stream(range(5)):
        window.feed.node.take(message)
    window.presenter.plots()
    typed = ["P01"]
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (typed[0], True))
    window.people._buttons[0].customContextMenuRequested.emit(QPointF(1, 1).toPoint())
    assert asked[-1] == ("people", {"action": "name", "face": 0, "name": "P01"})
    assert window.status.words.whole == "face 0 is P01"
    typed[0] = " "
    window._name()
    assert asked[-1] == ("people", {"action": "name", "face": 0})


def test_films_are_scored_and_sessions_shown_that_are_dropped_on_the_window(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liveaffect.nodes.dashboard.scoring.dialog import ScoreDialog

    film, session = tmp_path / "a.mp4", recorded(tmp_path / "s")
    film.touch()
    shown: list[Path] = []
    monkeypatch.setattr(window.findChild(Drops), "_session", shown.append)
    drop(window, film, session)
    assert shown == [session]
    (dialog,) = window.findChildren(ScoreDialog)
    assert dialog.files == [str(film)]
    drop(window, film, tmp_path)
    assert dialog.files == [str(film), str(tmp_path)]
    dialog.done(0)
