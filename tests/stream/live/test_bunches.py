"""Messages that wait in a bunch are taken in stream order, and a node that has time to wait is woken seldom."""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from liveaffect.stream.graph import Entry
from liveaffect.stream.live import host as hosts
from liveaffect.stream.live.host import LiveHost
from liveaffect.stream.messages import Affect, FaceObservation, Message
from liveaffect.stream.node import HostInfo, Node, on, spec_of
from liveaffect.stream.topics import AFFECT, FACE, topic_of


class Both(Node):
    """Notes what it is given."""

    gathers_ms: ClassVar[int] = 40

    def open(self) -> None:
        self.got: list[tuple[str, int]] = []

    @on(FACE)
    def face(self, face: FaceObservation) -> None:
        self.got.append(("face", face.frame_seq))

    @on(AFFECT)
    def affect(self, affect: Affect) -> None:
        self.got.append(("affect", affect.frame_seq))


class Sockets:
    """Gives its bunches one after the other."""

    poller = SimpleNamespace(poll=lambda _: [])

    def __init__(self, *bunches: list[Message]) -> None:
        self.bunches = list(bunches)

    def drain(self, _: Callable[[str], None]) -> list[tuple[Any, Message]]:
        return [(topic_of(one), one) for one in self.bunches.pop(0)] if self.bunches else []


def host_of(sockets: Sockets) -> tuple[LiveHost, Both]:
    node = Both()
    pulse = SimpleNamespace(turn=lambda: None, call=lambda _: nullcontext(), doing="", patient=True)
    silent = SimpleNamespace(update=lambda: None, send=lambda *_: None)
    host = LiveHost(
        [Entry("both", "Both", "both", node, spec_of(node))], {FACE.name: 1, AFFECT.name: 3}, HostInfo(),
        publisher=cast(Any, silent), subscriber=cast(Any, sockets), pulse=cast(Any, pulse),
        stop=lambda: not sockets.bunches,
    )  # fmt: skip
    host.open()
    return host, node


def frame(kind: type[Any], number: int) -> Any:
    return kind(t_ns=number * 33_000_000, seq=number, frame_seq=number, state="ok")


def test_frames_of_several_writers_that_waited_in_turns_are_not_late() -> None:
    """Sockets give one message of each writer in turn: here the second frame's end before its beginning."""
    faces, ends = ([frame(kind, k) for k in range(3)] for kind in (FaceObservation, Affect))
    host, node = host_of(Sockets([ends[0], faces[0], ends[1], ends[2], faces[1], faces[2]]))
    host.run(0, lambda: None)
    assert node.got == [(what, k) for k in range(3) for what in ("face", "affect")]
    assert host.nodes[0].stats.dropped == {}


def test_a_node_with_time_waits_after_a_bunch_and_not_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(hosts, "time", SimpleNamespace(sleep=waits.append, **{
        name: getattr(hosts.time, name) for name in ("monotonic", "monotonic_ns")
    }))  # fmt: skip
    host, _ = host_of(Sockets([frame(FaceObservation, 0)], [], [frame(Affect, 0)]))
    host.run(0, lambda: None)
    assert waits == [0.04, 0.04]
