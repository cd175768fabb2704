"""The page beside a sensor that this program runs: its links, and a process of its own that is kept alive.

A page that fails, or a browser that stalls, never takes the sensor or its recording along.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import IO

from liveaffect.nodes.web.address import Listen, listen_at
from liveaffect.stream.extras import require
from liveaffect.stream.graph import Graph, GraphSettings
from liveaffect.stream.live.process import leave

PROGRAM = (sys.executable, "-P", "-m", "liveaffect.cli.main", "web", "--owned")
EXTRA = "web"
DEATHS_A_MINUTE = 5
END_S = 3.0


def links(where: Listen, *, secret: bool | None = None) -> list[str]:
    """What somebody needs to open the page. The link that pairs a device, and its code, are shown to a terminal, never
    written to a log (`secret`: shown whatever this is)."""
    lines = [f"page at {where.link}"]
    if secret or (secret is None and sys.stderr.isatty()):
        link = link_of(where)
        lines = ["To pair a device with the page, open this link there, or scan the code:", link]
        lines += _code(link)
    else:
        lines.append("the link and the code that pair a device: liveaffect web --link")
    return [*lines, *trust(where)]


def link_of(where: Listen) -> str:
    """The link that pairs a device: whoever has it gets in."""
    from liveaffect.nodes.web.access import own_token

    return f"{where.link}/?token={own_token()}"


def trust(where: Listen) -> list[str]:
    """What to compare where a browser warns of the certificate; nothing on this machine alone."""
    from liveaffect.nodes.web.certificate import own_certificate

    if not where.tls:
        return []
    words = "A browser warns of the certificate, once: it is this sensor's own. Its SHA-256 fingerprint is"
    return [words, own_certificate(where)[1]]


def modules(link: str, border: int = 0) -> list[list[bool]]:
    """The QR code of a link, row by row; true is dark."""
    import segno

    return [[bool(one) for one in row] for row in segno.make(link, error="l").matrix_iter(border=border)]


def _code(link: str) -> list[str]:
    """The QR code, two rows of it a line."""
    rows = modules(link, border=2)
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    marks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return [
        "".join(marks[bool(up), bool(down)] for up, down in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]


class Page:
    """Keeps the page of a running graph served.

    Parameters
    ----------
    settings: of the graph; they say where.
    say: gets one line per event worth telling.
    """

    def __init__(self, settings: GraphSettings, say: Callable[[str], None]) -> None:
        self._settings, self._say = settings, say
        self._popen: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._deaths: list[float] = []
        self._over, self._next = False, 0.0

    def look(self, gateway: str) -> None:
        """Starts it on this gateway, and again where it has ended; called many times a second."""
        if self._over or time.monotonic() < self._next:
            return
        if self._popen is None:
            self._start(gateway)
        elif (code := self._popen.poll()) is not None:
            self._ended(code)

    def close(self) -> None:
        """Ends it with the graph: it ends by itself when its standard input closes."""
        self._over = True
        if self._popen is not None:
            if self._popen.stdin is not None:
                self._popen.stdin.close()
            try:
                self._popen.wait(END_S)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                leave(self._popen)
        if self._said is not None:
            self._said.close()

    def _start(self, gateway: str) -> None:
        settings = self._settings
        words = [*PROGRAM, gateway, "--listen", settings.web]
        words += ["--keys", settings.keys] if settings.keys else []
        words += ["--picture"] if settings.web_picture else []
        if self._said is not None:
            self._said.close()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process is)
        self._popen = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, start_new_session=True
        )

    def _ended(self, code: int) -> None:
        self._popen, now = None, time.monotonic()
        self._deaths = [*(at for at in self._deaths if now - at < 60), now]
        why = self._last_words() or (f"signal {-code}" if code < 0 else f"exit code {code}")
        if len(self._deaths) > DEATHS_A_MINUTE:
            self._over = True
            self._say(f"The page fails again and again ({why}); the sensor goes on without.")
            return
        self._next = now + 0.5 * len(self._deaths)
        self._say(f"The page has ended ({why}) and is started again; the sensor has gone on.")

    def _last_words(self) -> str:
        if self._said is None:
            return ""
        with contextlib.suppress(OSError, ValueError):
            self._said.seek(0)
            lines = self._said.read(65536).decode("utf-8", "replace").strip().splitlines()
            return lines[-1].removeprefix("liveaffect: ") if lines else ""
        return ""


def page_beside(graph: Graph, say: Callable[[str], None]) -> Page | None:
    """The page that the graph's settings ask for, with its links said; None where they ask for none.

    Raises UsageError where the address or a library is not there, TransportError where the address is taken.
    """
    asked = graph.settings.web
    if not asked:
        return None
    require(EXTRA)
    where = listen_at(asked)
    where.check_free()
    for line in links(where):
        say(line)
    if graph.settings.web_picture:
        say("The page shows the camera's picture to every paired device.")
    return Page(graph.settings, say)
