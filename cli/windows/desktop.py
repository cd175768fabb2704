"""The windows, each a process of its own: `python -m liveaffect.cli.windows.desktop view --address GATEWAY`.

Exit status of `view`: 0 closed, 4 closed while the recording is to go on; of `choose`: 0 chosen, 3 closed. No cv2 and
no mediapipe here: they bring another Qt and another way out of the machine.
"""

import argparse
import contextlib
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from liveaffect.cli.windows.helpers import pairing, tools
from liveaffect.nodes.dashboard.feed import GatewayFeed, Starting
from liveaffect.nodes.dashboard.look.palette import follow
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.nodes.dashboard.window.view_menu import dress
from liveaffect.stream.client.announced import announced
from liveaffect.stream.errors import TransportError

NEAR = ("ipc://", "tcp://127.", "tcp://localhost", "tcp://[::1]")
SIZE = (1280, 800)
WAKE_MS = 200
WAKES = os.name == "posix"
"""Whether a thread can wait for one of two pipes; elsewhere one that reads is left where it is."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs one window until it is closed; returns the exit status."""
    parser = argparse.ArgumentParser(prog="liveaffect.cli.windows.desktop", description="The windows of liveaffect.")
    kinds = parser.add_subparsers(dest="window", required=True)
    seen = kinds.add_parser("view", help="the main window")
    seen.add_argument("--address", default="", help="of the gateway; without it, what runs here; - is told later")
    seen.add_argument("--keys", default="", help="folder of the CURVE keys")
    seen.add_argument("--owner", action="store_true", help="closing the window ends the sensor")
    kinds.add_parser("choose", help="the first window: prints what was chosen as one line of JSON; 3 where nothing was")
    asked = parser.parse_args(words)
    if asked.window == "choose":
        from liveaffect.cli.windows.choose import choose

        return choose(application())
    return view(asked.address, asked.keys, owner=asked.owner)


def application(name: str = "liveaffect") -> QApplication:
    """The Qt program of this process, dressed, and ended by Ctrl-C like any other."""
    app = QApplication.instance()
    app = app if isinstance(app, QApplication) else QApplication([name])
    app.setApplicationName("liveaffect")
    app.setDesktopFileName("liveaffect")
    follow(app)
    dress()
    return app


def view(address: str = "", keys: str = "", *, owner: bool = False) -> int:
    """The main window on the sensor at `address`, or on whichever one of this user runs on this machine."""
    app = application()
    told = Told() if address == "-" else None
    remote = told is None and bool(address) and not address.startswith(NEAR)
    node = DashboardNode(pixels=not remote)
    node.open()
    feed = GatewayFeed(node, told.find if told is not None else _finder(address), keys)
    window = MainWindow(feed, owner=owner, remote=remote, tools=tools())
    window.view_menu.pair = None if remote else pairing
    room = window.screen().availableSize()
    window.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
    window.start()
    if told is None:
        window.show()
    else:
        told.listen(window, app)
    signal.signal(signal.SIGINT, lambda *_: app.quit())
    waker = QTimer(interval=WAKE_MS)  # Python sees a signal only when it runs
    waker.timeout.connect(lambda: None)
    waker.start()
    try:
        code = app.exec()
    finally:
        if told is not None:
            told.close()
    window.feed.close()
    return code or window.exit_code


class Told(QObject):
    """What the program that keeps this window says of it, as lines of JSON on standard input: show yourself, and what
    is waited for; the sensor's address and keys."""

    said = Signal(dict)

    def __init__(self, stdin: int = 0) -> None:
        super().__init__()
        self._words, self._address = "The sensor is being started", ""
        self._stdin = stdin
        self._over, self._end = os.pipe()
        self._thread = threading.Thread(target=self._read, name="told", daemon=True)

    def find(self) -> str:
        """The address, once it is known."""
        if not self._address:
            raise Starting(self._words)
        return self._address

    def listen(self, window: MainWindow, app: QApplication) -> None:
        """Hears from a thread; the end of the input before an address ends the window."""

        def heard(facts: dict[str, str]) -> None:
            self._words = facts.get("show", self._words)
            if "address" in facts:
                self._address, window.feed.keys = facts["address"], facts.get("keys", "")
            if facts:
                window.feed.look_again()
                window.show()
            elif not self._address:
                app.quit()

        self.said.connect(heard, Qt.ConnectionType.QueuedConnection)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread: one that waits in a buffered read when the program ends would abort it."""
        os.write(self._end, b".")
        if self._thread.is_alive() and WAKES:
            self._thread.join()
        for end in (self._over, self._end):
            os.close(end)

    def _read(self) -> None:
        rest, stdin = b"", self._stdin
        while True:
            if WAKES and self._over in select.select([stdin, self._over], [], [])[0]:
                return
            came = os.read(stdin, 65536)
            *lines, rest = (rest + came).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    self.said.emit(dict(json.loads(line)))
            if not came:
                self.said.emit({})
                return


def _finder(address: str) -> Callable[[], str]:
    if address:
        return lambda: address

    def newest() -> str:
        found = announced()
        if not found:
            raise TransportError("Nothing is running here: start `liveaffect live` or `liveaffect run` first")
        return found

    return newest


if __name__ == "__main__":
    sys.exit(main())
