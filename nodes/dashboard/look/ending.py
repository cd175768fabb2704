"""A dialog that ends what belongs to it, whichever way it is closed."""

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog


class EndingDialog(QDialog):
    """Calls `end` when it is accepted, rejected or closed; it may be called twice."""

    def closeEvent(self, event: QCloseEvent) -> None:
        self.end()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        """Closes, with what belongs to it."""
        self.end()
        super().done(result)

    def end(self) -> None:
        """Ends processes and keeps what was typed."""
        raise NotImplementedError
