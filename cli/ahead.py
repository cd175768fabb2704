"""Scoring on a GPU: the frames of a file are measured ahead of their turn, so that the face net gets many at once.

One call for 64 faces costs a GPU hardly more than one for a single face. Order and numbers of the stream stay those of
one host: what feeds the net knows nothing of its answers.
"""

from collections.abc import Iterator
from typing import Any

from liveaffect.nodes.face_affect import FaceAffect
from liveaffect.stream.graph import Graph
from liveaffect.stream.lockstep import LockstepHost, OfflineContext
from liveaffect.stream.messages import FaceCrop, Message, VideoFrame
from liveaffect.stream.topics import TICK, Topic

HELD_BYTES = 128 << 20
"""Pixels that may wait for their turn."""


class AheadHost:
    """A LockstepHost in two: sources and whatever does not read the face net run ahead, the rest follows.

    Parameters
    ----------
    graph: checked nodes, with a `FaceAffect` called `name`.
    ahead: frames the net gets at once; 0 leaves it to the node (one where it runs on a CPU after all).
    """

    def __init__(self, graph: Graph, name: str, ahead: int = 0) -> None:
        self.graph, self._ahead = graph, ahead
        node = graph.entries[name].node
        assert isinstance(node, FaceAffect)
        self._net = node
        following = _following(graph, name)
        self._first = LockstepHost(graph.only(n for n in graph.entries if n not in following))
        self._second = LockstepHost(graph.only(following), inputs=self._waiting())

    @property
    def contexts(self) -> dict[str, OfflineContext]:
        """What the sources reported."""
        return {**self._first.contexts, **self._second.contexts}

    def run(self) -> Iterator[tuple[Topic[Any], Message]]:
        """Every message in stream order, as `LockstepHost.run` gives them."""
        return self._second.run()

    def _waiting(self) -> Iterator[Message]:
        ahead = self._ahead or self._net.ahead
        waiting: list[Message] = []
        crops: list[FaceCrop] = []
        held = 0
        for topic, message in self._first.run():
            if topic is TICK:  # the second host makes the same
                continue
            waiting.append(message)
            if isinstance(message, VideoFrame) and message.image is not None:
                held += message.image.nbytes
            if isinstance(message, FaceCrop):
                crops.append(message)
            if len(crops) >= ahead or held > HELD_BYTES:
                yield from self._ready(waiting, crops)
                waiting, crops, held = [], [], 0
        yield from self._ready(waiting, crops)

    def _ready(self, waiting: list[Message], crops: list[FaceCrop]) -> list[Message]:
        self._net.prepare(crops)
        return waiting


def _following(graph: Graph, name: str) -> list[str]:
    """The named node and all that read, by however many steps, what it says."""
    found = [name]
    said = {topic.name for topic in graph.entries[name].spec.outputs}
    for entry in sorted(graph.entries.values(), key=graph.level):
        if any(topic.name in said for topic in entry.spec.inputs):
            found.append(entry.name)
            said |= {topic.name for topic in entry.spec.outputs}
    return found
