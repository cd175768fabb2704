"""Whole pictures from interlaced film, whose frames hold every other line of two instants."""

from collections.abc import Iterator
from typing import Any

from av import error as averror
from av.filter import Graph

FILTER = "bwdif", "mode=send_frame:parity=auto:deint=interlaced"
"""One picture per frame, of the instant of its first field; frames that are not interlaced pass unchanged."""


class Deinterlacer:
    """Passes frames on, and from the first interlaced one deinterlaces; then it holds one frame back."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None
        self.count = 0
        """How many interlaced frames there have been."""

    def take(self, frame: Any) -> Iterator[Any]:
        """The frames that are ready once `frame` has come."""
        self.count += bool(frame.interlaced_frame)
        form = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and form != self._form:
            yield from self.rest()
        if self._graph is None:
            if not frame.interlaced_frame or frame.pts is None:
                yield frame
                return
            self._graph, self._form = self._open(frame), form
        self._graph.push(frame)
        yield from self._pull(self._graph)

    def rest(self) -> Iterator[Any]:
        """The frame that was held back; what comes after it begins anew."""
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.push(None)
            yield from self._pull(graph)

    def _open(self, frame: Any) -> Graph:
        graph = Graph()
        base = frame.time_base or self._stream.time_base
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
        graph.link_nodes(source, graph.add(*FILTER), graph.add("buffersink"))
        graph.configure()
        return graph

    def _pull(self, graph: Graph) -> Iterator[Any]:
        while True:
            try:
                yield graph.pull()
            except (averror.BlockingIOError, averror.EOFError):
                return
