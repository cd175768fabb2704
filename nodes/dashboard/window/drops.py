"""What is dropped on the main window: a session is shown, films and folders are scored; the sensor goes on."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from liveaffect.stream.session.info import is_session


class Drops(QObject):
    """Watches a window; `session` and `files` are called with what was dropped."""

    def __init__(
        self, window: QWidget, session: Callable[[Path], None], files: Callable[[Sequence[Path]], None]
    ) -> None:
        super().__init__(window)
        self._session, self._files = session, files
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
            event.acceptProposedAction()
            return True
        return super().eventFilter(watched, event)

    def take(self, paths: Sequence[Path]) -> None:
        """Sessions one by one, the rest together."""
        for path in paths:
            if is_session(path):
                self._session(path)
        rest = [path for path in paths if not is_session(path)]
        if rest:
            self._files(rest)
