"""Playing a file or a filter graph in real time, as a camera would send it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from liveaffect.nodes.camera.film import Film
from liveaffect.nodes.camera.picture import Picture
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import MediaInfo
from liveaffect.stream.capture.read_ahead import ReadAhead, wait_until
from liveaffect.stream.messages import Array, VideoFrame
from liveaffect.stream.node import SourceContext
from liveaffect.stream.topics import VIDEO

LATE_NS = 50_000_000
"""A file's frame that is later than this (or than 1.5 frames) is dropped before it is converted."""
FAR_BEHIND_NS = NS
"""Further behind than this, a file is passed over undecoded up to a key frame."""
PREROLL_NS = 15 * NS
"""Where a file is resumed far inside, this much before is decoded and thrown away, to have its key frame."""
REANCHOR_NS = NS // 2
"""A graph that falls behind by this much gets a new time 0: it paces itself, so it would never catch up."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A converted frame and when it is due on the monotonic clock."""

    due_ns: int
    index: int
    image: Array
    gap: bool = False


class Player:
    """Plays a file (info given) or a lavfi graph (info None) in real time, as a camera would send it.

    A file's media time 0 is `epoch_ns`, and frames before now are passed over at the start. A graph may pace itself
    and cannot be wound forward: its time 0 is the instant of its first frame.
    """

    def __init__(
        self, source: str, info: MediaInfo | None, *, rate: float = 0.0, loop: bool, context: SourceContext
    ) -> None:
        self._rate = rate
        self._source, self._info, self._loop, self._context = source, info, loop, context
        self._late = self._invalid = 0
        self._warning = ""

    def play(self, *, gap: bool) -> Iterator[VideoFrame | None]:
        """Yields frames when they are due, None in between; returns at the end of the film."""
        context = self._context
        reader = ReadAhead(self._read, depth=3, name="camera-file")
        try:
            while not context.stopping():
                ready = reader.get()
                self._account()
                if ready is None:
                    if reader.ended:
                        return
                    yield None
                    continue
                gap = gap or ready.gap
                yield from wait_until(ready.due_ns, context, reader.stopped)
                following = reader.peek()
                if following is not None and following.due_ns <= context.now_ns():
                    context.dropped(VIDEO, 1, "overrun")
                    continue
                if not context.stopping():
                    yield VideoFrame(t_ns=ready.due_ns, image=ready.image, frame_index=ready.index, gap=gap)
                    gap = False
        finally:
            reader.close()
            self._account()

    def _account(self) -> None:
        late, self._late = self._late, 0
        invalid, self._invalid = self._invalid, 0
        warning, self._warning = self._warning, ""
        if late:
            self._context.dropped(VIDEO, late, "overrun")
        if invalid:
            self._context.dropped(VIDEO, invalid, "invalid")
        if warning:
            self._context.report(warning=warning)

    def _read(self, stopped: threading.Event) -> Iterator[Ready]:
        now_ns, info = self._context.now_ns, self._info
        start_ns = now_ns()
        picture, told = Picture(info), False
        base_ns: int | None = None
        index = 0
        last_ns = -1
        length_ns = 0 if info is None else info.duration_ns or 0
        if info is not None:
            base_ns = self._context.epoch_ns
            if self._loop and length_ns:
                base_ns += max(0, (start_ns - base_ns) // length_ns) * length_ns
        while not stopped.is_set():
            film = Film(self._source, info, rate=self._rate)
            if base_ns is not None and start_ns - base_ns > 4 * PREROLL_NS:
                film.fast_forward_ns = start_ns - base_ns - PREROLL_NS
            for shot in film:
                self._invalid, film.invalid = self._invalid + film.invalid, 0
                gap = False
                if base_ns is None:
                    base_ns = max(now_ns(), last_ns + film.step_ns) - shot.t_ns
                due_ns = base_ns + shot.t_ns
                behind_ns = now_ns() - due_ns
                if due_ns < start_ns and info is not None:
                    continue
                if info is None and behind_ns > REANCHOR_NS:
                    base_ns, due_ns, gap = base_ns + behind_ns, due_ns + behind_ns, True
                elif behind_ns > max(LATE_NS, 3 * film.step_ns // 2):
                    self._late += 1
                    if behind_ns > FAR_BEHIND_NS:
                        film.fast_forward_ns = now_ns() - base_ns
                    continue
                last_ns = due_ns
                image = picture.rgb(shot.frame)
                if not told:  # what is done to a film is said as it begins
                    told, self._warning = True, film.warning(picture.done)
                yield Ready(due_ns, index + shot.index, image, gap)
            self._invalid, film.invalid = self._invalid + film.invalid, 0
            self._warning = film.warning(picture.done)
            if not self._loop or film.count == 0:
                return
            index += film.count
            base_ns = None if base_ns is None or info is None else base_ns + (length_ns or film.end_ns)
