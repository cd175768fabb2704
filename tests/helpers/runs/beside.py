"""Something that runs beside a test."""

import threading
from collections.abc import Callable
from typing import Any


def in_thread(run: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Runs it beside the test; what it gave, or raised, is in the list."""
    found: list[Any] = []

    def body() -> None:
        try:
            found.append(run())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, found
