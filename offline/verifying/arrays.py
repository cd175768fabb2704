"""Gives recorded headers their pixels and samples back: from the session, from its source files, or recomputed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from liveaffect.offline.verifying.known import Trust
from liveaffect.stream.capture.media import NS, probe
from liveaffect.stream.graph import Entry
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import AudioChunk, Message, VideoFrame
from liveaffect.stream.session.info import SessionInfo, sha256_of
from liveaffect.stream.session.media.format import HOP, RATE
from liveaffect.stream.topics import AUDIO, VIDEO


class Arrays(Protocol):
    """Where the arrays of one topic come from."""

    text: str
    """In words, for the report."""

    def attach(self, header: Message) -> Message | None:
        """The message with its arrays; None where they cannot be had. Headers come in the order of recording."""
        ...


class FromFile:
    """Decodes the file (or lavfi graph) that a source node played; headers say which frames were taken."""

    def __init__(self, make: Callable[[], Iterator[Message]], text: str, round_samples: int = 0) -> None:
        self._make, self.text, self._round = make, text, round_samples
        self._feed = make()
        self._now: Message | None = None
        self._count = 0
        """Frames in one round of a looped film, known once its end has been reached."""

    def attach(self, header: Message) -> Message | None:
        """The message with what was not recorded of it; None where that cannot be had."""
        if getattr(header, "state", "ok") != "ok" or getattr(header, "last", False):
            return header
        if isinstance(header, VideoFrame):
            found = self._frame(header.frame_index)
            return None if found is None else msgspec.structs.replace(header, image=found.image)
        if isinstance(header, AudioChunk):
            hop = self._hop(header.first_sample)
            return None if hop is None else msgspec.structs.replace(header, samples=hop.samples)
        return None

    def _frame(self, index: int) -> Any:
        wanted = index % self._count if self._count else index
        if self._now is None or _position(self._now) > wanted:
            self._rewind()
        while self._now is not None and _position(self._now) < wanted:
            before = self._now
            self._now = next(self._feed, None)
            if self._now is None and not self._count:
                self._count = _position(before) + 1
                self._now = before if self._count == 1 else None  # a photograph need not be decoded again
                return self._frame(index)
        return self._now if self._now is not None and _position(self._now) == wanted else None

    def _hop(self, first_sample: int) -> Any:
        wanted = first_sample % self._round if self._round else first_sample
        if self._now is None or _position(self._now) >= wanted + HOP // 2:
            self._rewind()
        while self._now is not None and _position(self._now) <= wanted - HOP // 2:
            self._now = next(self._feed, None)
        return self._now if self._now is not None and abs(_position(self._now) - wanted) < HOP // 2 else None

    def _rewind(self) -> None:
        self._feed = self._make()
        self._now = next(self._feed, None)


class FromUpstream:
    """Takes the arrays from the node upstream while that is being recomputed."""

    def __init__(self, outputs: Iterator[tuple[int, str, Message]], topic: str, text: str) -> None:
        self._outputs, self._topic, self.text = outputs, topic, text
        self._ahead: tuple[int, int] = (-1, -1)
        self._message: Message | None = None

    def attach(self, header: Message) -> Message | None:
        """The message with what was not recorded of it; None where that cannot be had."""
        key = (header.incarnation, header.seq)
        while self._ahead < key:
            found = next(((s, m) for s, name, m in self._outputs if name == self._topic), None)
            if found is None:
                return None
            self._ahead, self._message = (found[0], found[1].seq), found[1]
        if self._ahead != key or self._message is None:
            return None
        filled = {
            name: getattr(self._message, name)
            for name in header.__struct_fields__
            if getattr(header, name) is None and getattr(self._message, name) is not None
        }
        return msgspec.structs.replace(header, **filled)


def from_source(entry: Entry, topic: str, info: SessionInfo, folder: Path, trust: Trust) -> "Arrays | str":
    """Arrays of a source node's topic from what it played, or why that cannot be.

    A file is looked for in the session's folder and where the user said, under its own name, and nowhere else.
    """
    what = "pixels" if topic == VIDEO.name else "sound"
    source = str(getattr(entry.node, "source", ""))
    if source.startswith("lavfi:"):
        if not trust.graph(source):
            return f"{what} not recorded, and this graph may open files: name it with --source {source!r:.200}"
        return FromFile(_offline(entry, source), f"made again by {source}")
    known = next((file for file in info.sources if file.node == entry.name), None)
    if known is None:
        return f"{what} not recorded"
    path = trust.file(folder, known.path)
    if path is None:
        return f"{what} not recorded: name the file that was played with --source, it was {known.path}"
    if known.sha256 and sha256_of(path) != known.sha256:
        return f"{what} not recorded, and {path} has changed since (another sha256)"
    round_samples = 0
    if topic == AUDIO.name and getattr(entry.node, "loop", False):
        round_samples = (probe(path).duration_ns or 0) * RATE // NS
    text = f"decoded again from {path.name}" + ("" if known.sha256 else " (its sha256 was not recorded)")
    return FromFile(_offline(entry, str(path)), text, round_samples)


def _offline(entry: Entry, source: str) -> Callable[[], Iterator[Message]]:
    def make() -> Iterator[Message]:
        node = msgspec.structs.replace(entry.node, source=source)
        node.open()
        try:
            yield from (m for m in getattr(node, entry.spec.sources[0])(OfflineContext()) if m is not None)
        finally:
            node.close()

    return make


def _position(message: Message) -> int:
    return message.frame_index if isinstance(message, VideoFrame) else getattr(message, "first_sample", 0)
