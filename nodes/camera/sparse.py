"""Pictures that nobody will measure are left undecoded where no other picture is made from them."""

import heapq
from collections.abc import Callable
from typing import Any

from av.codec.context import ThreadType

CODECS = {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"}
"""Whose decoders leave out just the pictures that others do not refer to, and go on as if these had been decoded."""
KEPT = 256
"""Steps of which the first picture is known: pictures are decoded out of order by a few."""

Cell = Callable[[int], int]
"""Time of a picture (ns) -> number of the step of which the first picture is measured; below 0 is none."""


class Sparse:
    """Tells the decoder, before each packet, whether its picture may be left out, and counts what was left out.

    A picture may be left out where one before it in the same step has been seen: it cannot be the one that is measured.
    Whether others refer to it, the decoder knows. What is decoded has the same bits as it has without this.

    Parameters
    ----------
    stream: of the film.
    cell: None wants every picture.
    """

    def __init__(self, stream: Any, cell: Cell | None) -> None:
        codec = stream.codec_context
        thin = cell is not None and codec.name in CODECS and codec.thread_type == ThreadType.SLICE
        self._codec, self._cell = (codec, cell) if thin else (None, None)
        self._firsts: dict[int, int] = {}
        self._waiting: list[int] = []
        """Time stamps of pictures that could be left out, and of which nothing has come."""

    def stop(self) -> None:
        """Everything is decoded from now on: the film is damaged or interlaced, and what its times say is not so."""
        if self._codec is not None:
            self._codec.skip_frame = "DEFAULT"
            self._codec = None

    def look(self, pts: int | None, t_ns: int) -> None:
        """A packet is about to be decoded, whose picture has this time."""
        if self._codec is None or self._cell is None:
            return
        cell = self._cell(t_ns)
        first = self._firsts.get(cell)
        spare = pts is not None and (cell < 0 or (first is not None and first < t_ns))
        if pts is not None and (first is None or t_ns < first):
            self._firsts[cell] = t_ns
            if len(self._firsts) > KEPT:
                del self._firsts[next(iter(self._firsts))]
        if spare and pts is not None:
            heapq.heappush(self._waiting, pts)
        self._codec.skip_frame = "NONREF" if spare else "DEFAULT"

    def passed(self, pts: int | None) -> int:
        """How many pictures before the one that has come were left out; None: before the end."""
        count = 0
        while self._waiting and (pts is None or self._waiting[0] < pts):
            heapq.heappop(self._waiting)
            count += 1
        if self._waiting and self._waiting[0] == pts:
            heapq.heappop(self._waiting)
        return count
