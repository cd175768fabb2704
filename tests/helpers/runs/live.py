"""A supervisor in a thread of the test, with a client: real processes and sockets."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from liveaffect.stream.client.connection import Client, connect
from liveaffect.stream.graph import Graph, build_graph
from liveaffect.stream.live.supervisor import Supervisor
from liveaffect.stream.messages import Message

LIMIT_S = 120.0


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """Polls until the condition holds and returns its value; fails naming what never came."""
    end = time.monotonic() + limit_s
    pause = threading.Event()
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        pause.wait(0.02)
    raise AssertionError(f"{what} did not come within {limit_s:.0f} s")


class LiveRun:
    """A running graph: its supervisor, what it logged, how it ended."""

    def __init__(self, graph: Graph, seconds: float | None) -> None:
        self.lines: list[str] = []
        self.supervisor = Supervisor(graph, log=self.lines.append)
        self.code: int | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(seconds,), daemon=True)

    def _run(self, seconds: float | None) -> None:
        try:
            self.code = self.supervisor.run(seconds, handle_signals=False)
        except BaseException as error:
            self.error = error

    def start(self) -> None:
        """Starts, and returns once every process runs."""
        self._thread.start()
        wait_for(lambda: self.supervisor.epoch_ns or self.error or self.code is not None, "the start", 120.0)

    def join(self, limit_s: float = LIMIT_S) -> None:
        """Waits for the end."""
        self._thread.join(limit_s)
        assert not self._thread.is_alive(), "the run did not end"
        if self.error is not None:
            raise self.error

    def client(self, *topics: str) -> Client:
        """A program outside the graph."""
        return connect(self.supervisor.gateway_address, topics=topics)


def carried(table: dict[str, Any]) -> dict[str, Any]:
    """The graph over the transport that LIVEAFFECT_TEST_TRANSPORT names, unless it names its own."""
    transport = os.environ.get("LIVEAFFECT_TEST_TRANSPORT")
    return {**table, "graph": {"transport": transport, **table.get("graph", {})}} if transport else table


@contextmanager
def live_run(table: dict[str, Any], seconds: float | None = None) -> Iterator[LiveRun]:
    """Runs a graph for the length of the block."""
    run = LiveRun(build_graph(carried(table)), seconds)
    run.start()
    try:
        yield run
    finally:
        run.supervisor.stop()
        run.join()


def collect(client: Client, until: Callable[[list[Message]], Any], limit_s: float = LIMIT_S) -> list[Message]:
    """Messages until the condition on all of them holds."""
    got: list[Message] = []
    end = time.monotonic() + limit_s
    while not until(got):
        received = client.receive(max(0.0, end - time.monotonic()))
        assert received is not None, f"only {len(got)} messages came within {limit_s:.0f} s"
        got.append(received[1])
    return got
