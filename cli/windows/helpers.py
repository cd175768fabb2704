"""Processes that work for a window: they read sessions, score files, and show a session in a window of its own."""

import subprocess
import sys
from pathlib import Path

import platformdirs

from liveaffect.cli.outside.page import EXTRA, link_of, modules, trust
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.window.pair import Pairing
from liveaffect.nodes.web.address import listen_at
from liveaffect.stream.extras import require
from liveaffect.stream.live.process import leave

PYTHON = (sys.executable, "-P", "-m")


def tools() -> Tools:
    """Their command lines."""
    return Tools(
        (*PYTHON, "liveaffect.cli.windows.cards"), (*PYTHON, "liveaffect.cli.main"), open_session,
        scoring=(*PYTHON, "liveaffect.cli.windows.scoring"),
        tables=Path(platformdirs.user_documents_dir()) / "liveaffect" / "tables",
    )  # fmt: skip


def open_session(folder: Path) -> None:
    """Replays a session in a window of its own, which outlives the one it is asked in."""
    words = [*PYTHON, "liveaffect.cli.main", "view", str(folder)]
    leave(subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True))


def pairing(web: str) -> Pairing:
    """The link and the code that pair a device with the page at ADDRESS:PORT. Raises LiveAffectError."""
    require(EXTRA)
    where = listen_at(web)
    link = link_of(where)
    return Pairing(link, modules(link), " ".join(trust(where)))
