"""Node processes that are started before anybody knows their settings, to have imported by then what they run.

Most of a start is that: five processes import for four seconds of CPU, and open their nodes in half of one. One at a
time, so that who is still choosing has a core left.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from liveaffect.stream.graph import Graph
from liveaffect.stream.live import process
from liveaffect.stream.live.process import Child, Handle, deaf, leave
from liveaffect.stream.threads import with_one_thread

EARLY = "--early"
END_S = 2.0
OWN = "liveaffect."


class EarlyProcesses:
    """Processes of a graph that is not known yet in full; those that it turns out not to have are ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, subprocess.Popen[bytes]] = {}
        self._over = False

    def prepare(self, graph: Graph) -> None:
        """Starts the processes of `graph`, one after the other, until the real one asks for them. Those that write to
        the terminal wait for it, and modules of others are not imported: they may do anything then."""
        for name, entries in graph.processes.items():
            kinds = [f"{type(entry.node).__module__}:{type(entry.node).__qualname__}" for entry in entries]
            if any(entry.node.terminal for entry in entries) or not all(one.startswith(OWN) for one in kinds):
                continue
            with self._lock:
                if self._over:
                    return
                with deaf():
                    made = self._made[name] = subprocess.Popen(
                        [*process.COMMAND, EARLY, *kinds],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        env=with_one_thread(os.environ),
                        start_new_session=True,
                    )
            assert made.stdout is not None
            with made.stdout:
                made.stdout.read(1)

    def maker(self, folder: Path, graph: Graph) -> Callable[[str, bool], Handle]:
        """Makes the processes of the real graph, out of those that are there; the others are ended. `folder`: for what
        they print."""
        with self._lock:
            self._over = True
            unused = [self._made.pop(name) for name in self._made.keys() - graph.processes.keys()]
        _end(unused)

        def make(name: str, terminal: bool) -> Handle:
            with self._lock:
                early = None if terminal else self._made.pop(name, None)
            return Child(name, None if terminal else folder / f"{name}.log", early)

        return make

    def close(self) -> None:
        """Ends those that nobody took, and makes no more."""
        with self._lock:
            self._over = True
            unused = list(self._made.values())
            self._made.clear()
        _end(unused)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for one in processes:
        one.kill()  # it has opened nothing
    for one in processes:
        try:
            one.wait(END_S)
        except subprocess.TimeoutExpired:
            leave(one)
        if one.stdin is not None:
            with contextlib.suppress(OSError):
                one.stdin.close()
