"""The windows as the command line sees them: whether there can be one, and processes of their own that it keeps.

No Qt here: a window that crashes, or a display that goes away, never takes the sensor or its recording along.
"""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from liveaffect.cli.outside.page import page_beside
from liveaffect.nodes.dashboard import CLOSED, GO_ON
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.extras import remedy
from liveaffect.stream.live.process import ENDS, leave
from liveaffect.stream.live.supervisor import INPUT_ENDED, Supervisor

PROGRAM = (sys.executable, "-P", "-m", "liveaffect.cli.windows.desktop")
CRASHES_A_MINUTE = 2
END_S = 2.0
EARLY_S = 2.0
"""After the first window is up the main window is made ready: both at once would be later than one."""
AFTER_S = 3.5
"""And after it the sensor's processes."""


def why_none() -> str:
    """Why there can be no window here, with the remedy; "" where there can."""
    lacking = [name for name in ("PySide6", "pyqtgraph") if importlib.util.find_spec(name) is None]
    if lacking:
        return f"{' and '.join(lacking)} not installed: {remedy('desktop')}"
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not shown:
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return ""


def environment() -> dict[str, str]:
    """For a process with windows: OpenCV, once imported, points Qt at plugins of its own."""
    return {name: value for name, value in os.environ.items() if not (name.startswith("QT_QPA_") and "cv2" in value)}


class NoWindow(LiveAffectError):
    """A window could not be opened; the text says why."""


def choose(main: "MainWindow | None" = None, then: Callable[[], None] | None = None) -> dict[str, Any] | None:
    """Shows the first window; what was chosen there, or None where it was closed. Raises NoWindow.

    `main` is started meanwhile, unseen, so that it is there at once; `then` is called after that, in a thread.
    """
    early = threading.Timer(EARLY_S, main.prepare) if main is not None else None
    after = threading.Timer(AFTER_S, then) if then is not None else None
    if after is not None:
        after.daemon = True
        after.start()
    if early is not None:
        early.daemon = True
        early.start()
    try:
        code, printed = _attend("choose", stdout=subprocess.PIPE)
    finally:
        if after is not None:
            after.cancel()  # not waited for: it may be in the middle of one
        if early is not None:
            early.cancel()
            early.join()
    if code == CLOSED:
        return None
    lines = printed.decode("utf-8", "replace").strip().splitlines()
    try:
        return dict(json.loads(lines[-1])) if code == 0 else _fail(code)
    except (IndexError, ValueError, TypeError):
        return _fail(code)


def _fail(code: int) -> None:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    raise NoWindow(f"the window {how}: what Qt says above tells why")


def watch(address: str, keys: str = "") -> int:
    """Shows the main window on something that runs on its own, until it is closed; returns the exit code."""
    words = [*(["--address", address] if address else []), *(["--keys", keys] if keys else [])]
    return _attend("view", *words)[0]


def _attend(*words: str, stdout: int | None = None) -> tuple[int, bytes]:
    """Runs one window to its end; its exit status and what it printed. A signal that ends this program ends the window
    first: no window stays behind without anyone to close it."""
    ended: list[int] = []
    window: subprocess.Popen[bytes] | None = None

    def end(number: int, _frame: FrameType | None) -> None:
        ended.append(number)
        if window is not None:
            window.terminate()

    before = {number: signal.signal(number, end) for number in ENDS}
    try:
        window = subprocess.Popen([*PROGRAM, *words], stdout=stdout, env=environment())
        if ended:  # it came while the window was being started
            window.terminate()
        printed = window.communicate()[0] or b""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
    if ended:
        sys.exit(128 + ended[0])
    return window.returncode, printed


class MainWindow:
    """Keeps the main window of a running graph open until somebody closes it.

    Parameters
    ----------
    address, keys: of the graph's gateway.
    stop: ends the graph: called when the window is closed, unless a recording is to go on.
    say: gets one line per event worth telling.
    """

    def __init__(
        self, address: str = "", keys: str = "", stop: Callable[[str], None] = print, say: Callable[[str], None] = print
    ) -> None:
        self._told = threading.Lock()
        self.belong(address, keys, stop, say)
        self._popen: subprocess.Popen[bytes] | None = None
        self._crashes: list[float] = []
        self._over = self._addressed = False

    def belong(self, address: str, keys: str, stop: Callable[[str], None], say: Callable[[str], None]) -> None:
        """To which sensor: a window that was made ready before is told so."""
        self._words = ["view", "--owner", "--address", address, *(["--keys", keys] if keys else [])]
        self._stop, self._say = stop, say
        self._address, self._keys = address, keys

    def prepare(self) -> None:
        """Starts the window without showing it; it waits to be told."""
        with self._told:
            if self._popen is None and not self._over:
                words = [*PROGRAM, "view", "--owner", "--address", "-"]
                self._popen = subprocess.Popen(words, env=environment(), stdin=subprocess.PIPE, start_new_session=True)

    def show(self, words: str) -> None:
        """Shows the window at once, and what it waits for."""
        self.prepare()
        self._tell(show=words)

    def _tell(self, **facts: str) -> None:
        pipe = None if self._popen is None else self._popen.stdin
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):  # it has gone: `look` sees to that
                pipe.write(json.dumps(facts).encode() + b"\n")
                pipe.flush()

    def _hang_up(self) -> None:
        pipe = None if self._popen is None else self._popen.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

    @property
    def pid(self) -> int | None:
        """Process id of the window, None while there is none."""
        return self._popen.pid if self._popen is not None and self._popen.poll() is None else None

    def look(self) -> None:
        """Starts the window, or sees to one that has ended; called by the supervisor many times a second."""
        if self._over:
            return
        if self._popen is None:
            self._start()
            return
        if self._address and self._popen.stdin is not None and not self._addressed:
            self._addressed = True
            self._tell(address=self._address, keys=self._keys)
            self._hang_up()
        code = self._popen.poll()
        if code is not None:
            self._ended(code)

    def wait(self) -> None:
        """Waits until somebody closes the window; a signal that ends this program ends the window first."""
        window = self._popen
        if window is None:
            return
        before = {number: signal.signal(number, lambda *_, shown=window: shown.terminate()) for number in ENDS}
        try:
            window.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def close(self) -> None:
        """Ends the window with the graph."""
        with self._told:
            self._over = True
        self._hang_up()
        if self._popen is None or self._popen.poll() is not None:
            return
        for end in (self._popen.terminate, self._popen.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):  # one that waits inside the system is left to it
                self._popen.wait(END_S)
                return
        leave(self._popen)

    def _start(self) -> None:
        self._popen = subprocess.Popen(  # a session of its own keeps Ctrl-C away: the sensor ends first, in order
            [*PROGRAM, *self._words], env=environment(), stdin=subprocess.DEVNULL, start_new_session=True
        )

    def _ended(self, code: int) -> None:
        again = "`liveaffect view` opens a window again; Ctrl-C here ends it"
        if code == 0:
            self._over = True
            self._stop("the window was closed")
        elif code == GO_ON:
            self._over = True
            self._say(f"The window is closed, the recording goes on: {again}.")
        else:
            now = time.monotonic()
            self._crashes = [*(t for t in self._crashes if now - t < 60), now]
            if len(self._crashes) > CRASHES_A_MINUTE:
                self._over = True
                self._say(f"The window fails again and again; the sensor goes on without: {again}.")
                return
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._say(f"The window has crashed ({how}) and is opened again; the sensor has gone on.")
            self._start()


def run_with_window(
    supervisor: Supervisor,
    say: Callable[[str], None],
    seconds: float | None = None,
    window: MainWindow | None = None,
) -> int:
    """Runs a graph with its main window; returns the exit code.

    Where the input has ended (a film), the window stays, in grey, until somebody closes it.
    """
    window = window or MainWindow()
    page = page_beside(supervisor.graph, say)

    def look() -> None:  # a free port has no number before the gateway listens
        if page is not None:
            page.look(supervisor.gateway_address)
        window.belong(supervisor.gateway_address, supervisor.graph.settings.keys, supervisor.stop, say)
        window.look()

    try:
        code = supervisor.run(seconds, beside=look)
        if supervisor.reason == INPUT_ENDED and window.pid is not None:
            say("The input has ended; the window stays until it is closed.")
            window.wait()
        return code
    finally:
        window.close()
        if page is not None:
            page.close()
