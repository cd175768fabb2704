"""Scoring in bursts: each chain of nodes runs ahead of the others for a while, and then another does.

The face chain and the voice chain do not know of each other until fusion. Frame by frame, each would find its weights
pushed out of the processor's caches by the others, and its nets take twice as long. So a second of sound goes through
the voice chain, then half a second of frames through MediaPipe, then their faces through the face net (on a GPU all in
one call), and then fusion hears all of it. Order and numbers of the stream stay those of one host, to the bit: what
runs ahead knows nothing of what is behind, and what is behind hears everything in stream order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from liveaffect.stream.graph import Entry, Graph
from liveaffect.stream.lockstep import LockstepHost, OfflineContext
from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.topics import TICK, VIDEO, Topic

BURST_NS = 1_000_000_000
"""Stream time that a chain runs ahead where no node behind it takes messages in batches."""
HELD_BYTES = 64 << 20
"""Pixels that may wait for their turn, where a node behind wants them."""


class AheadHost:
    """A LockstepHost in parts: chains that run ahead, and what takes batches, a tick, or more than one chain.

    Parameters
    ----------
    graph: checked nodes.
    ahead: messages that an `@ahead_of` method gets at once; 0 leaves it to its node.
    feeds: messages of writers that the graph lacks, each in an order of its own.
    ticks_from_ns: as for `LockstepHost`.

    Frames come without their pixels where none of the nodes behind reads them.
    """

    def __init__(
        self,
        graph: Graph,
        ahead: int = 0,
        *,
        feeds: Sequence[Iterable[Message]] = (),
        ticks_from_ns: int | None = None,
    ) -> None:
        self.graph = graph
        self._ahead = ahead
        chains, behind = _split(graph)
        self._takers = {
            topic: (graph.entries[name].node, method)
            for name in behind
            for topic, method in graph.entries[name].spec.ahead.items()
        }
        self._chains = [LockstepHost(graph.only(chain), ticks="inputs", ahead=ahead) for chain in chains]
        self._keep_pixels = any(VIDEO in graph.entries[name].spec.inputs for name in behind)
        bursts = [self._in_bursts(chain) for chain in self._chains]
        self._behind = LockstepHost(graph.only(behind), feeds=[*bursts, *feeds], ticks_from_ns=ticks_from_ns)

    @property
    def contexts(self) -> dict[str, OfflineContext]:
        """What the sources reported."""
        return {name: context for host in (*self._chains, self._behind) for name, context in host.contexts.items()}

    def run(self) -> Iterator[tuple[Topic[Any], Message]]:
        """Every message in stream order, as `LockstepHost.run` gives them."""
        return self._behind.run()

    def _in_bursts(self, chain: LockstepHost) -> Iterator[Message]:
        waiting: list[Message] = []
        taken: dict[str, list[Message]] = {}
        held = 0
        for topic, message in chain.run():
            waiting.append(message)
            if isinstance(message, VideoFrame) and message.image is not None:
                if self._keep_pixels:
                    held += message.image.nbytes
                else:
                    message.image = None
            if topic.name in self._takers:
                batch = taken.setdefault(topic.name, [])
                batch.append(message)
                full = len(batch) >= (self._ahead or self._takers[topic.name][0].burst())
            else:
                full = not taken and message.t_ns - waiting[0].t_ns >= BURST_NS
            if full or held > HELD_BYTES:
                yield from self._ready(waiting, taken)
                waiting, taken, held = [], {}, 0
        yield from self._ready(waiting, taken)

    def _ready(self, waiting: list[Message], taken: dict[str, list[Message]]) -> list[Message]:
        for topic, messages in taken.items():
            node, method = self._takers[topic]
            getattr(node, method)(messages)
        return waiting


def _split(graph: Graph) -> tuple[list[list[str]], list[str]]:
    """Names of the nodes of each chain that can run ahead, and of those that cannot, writers before readers.

    A node belongs to the chain that all its inputs come from; it stays behind where they come from several, from a
    node behind or from a tick, and where it takes batches of what another node has made, which it is given in its own
    way; of what a source sends, its chain's host gives them.
    """
    chain_of: dict[str, str] = {}
    """Topic -> the source node that everything in it comes from."""
    chains: dict[str, list[str]] = {}
    behind: list[str] = []
    sent = {topic.name for entry in graph.entries.values() if entry.spec.sources for topic in entry.spec.outputs}
    for entry in sorted(graph.entries.values(), key=graph.level):
        roots = {chain_of.get(topic.name, "") for topic in entry.spec.inputs} or {entry.name}
        root = roots.pop()
        if roots or not root or _waits(entry, sent):
            behind.append(entry.name)
            continue
        chains.setdefault(root, []).append(entry.name)
        chain_of.update((topic.name, root) for topic in entry.spec.outputs)
    return list(chains.values()), behind


def _waits(entry: Entry, sent: set[str]) -> bool:
    return TICK in entry.spec.inputs or not sent.issuperset(entry.spec.ahead)
