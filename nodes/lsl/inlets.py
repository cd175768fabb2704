"""Marker streams of other programs: found, opened, read in a thread, found again when they were lost.

Each stream's clock is held against this machine's by LSL's own exchange (like NTP's), of which the quickest counts; a
marker whose stream's clock is not well known yet waits for that, and none is lost by it.
"""

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from liveaffect.nodes.lsl.clock import LslClock
from liveaffect.stream.client.clock import Exchange, SensorClock
from liveaffect.stream.errors import UsageError

NS = 1_000_000_000
LOOK_S, POLL_S = 0.5, 0.01
OPEN_S = 2.0
"""How long one stream may take to answer when it is opened; the others wait meanwhile, and lose nothing."""
ASK_S = 0.5
"""How often the library is asked how far the sender's clock is away; it finds that out about as often."""
SURE_NS, HOLD_S = 1_500_000, 3.0
"""A marker waits until its time is known so well, and no longer than that."""
MOST_S = 4e9
"""No clock that counts from a start, or from 1970, stands later (s)."""
GONE_S = 15.0
"""A stream that nobody answers for has ended, even if its connection has not."""
MOST_STREAMS = 16
MOST_WAITING, MOST_AT_ONCE = 10_000, 256
MOST_LETTERS = 500


@dataclass(frozen=True)
class Heard:
    """One marker: when, on the stream's clock, what, and in which stream."""

    t_ns: int
    label: str
    source: str


@dataclass
class Inlet:
    """One stream that is read."""

    inlet: Any
    name: str
    seen_s: float
    clock: SensorClock
    """Of its sender, against LSL's clock here."""
    asked_s: float = 0.0
    told_s: float = 0.0
    """When the last estimate was made, on the sender's clock."""
    waiting: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    since_s: float = 0.0
    """When the first of those came."""


class MarkerInlets:
    """Reads every stream that fits, until `close`.

    Parameters
    ----------
    lsl: the library.
    clock: maps its clock to the stream's.
    predicate: an XPath predicate such as "type='Markers'".
    own: source ids that are this sensor's, and are not read.
    beside: called after streams were opened.
    """

    def __init__(
        self,
        lsl: ModuleType,
        clock: LslClock,
        predicate: str,
        own: Collection[str],
        beside: Callable[[], object] = lambda: None,
    ) -> None:
        self._lsl, self._clock, self._own, self._beside = lsl, clock, own, beside
        try:
            self._resolver: Any = lsl.ContinuousResolver(pred=f"({predicate})", forget_after=GONE_S / 3)
        except RuntimeError:
            raise UsageError(f"lsl.markers = {predicate!r} is no XPath predicate, such as type='Markers'") from None
        self._inlets: dict[str, Inlet] = {}
        self._heard: deque[Heard] = deque()
        self._stop = threading.Event()
        self.lost = 0
        """Markers for which there was no room."""
        self.unclear = 0
        """Markers without a time that could be told: of no clock, or of streams that ended before theirs was known."""
        self.trouble = self.fault = ""
        self._thread = threading.Thread(target=self._run, name="lsl-markers", daemon=True)
        self._thread.start()

    def take(self, most: int) -> list[Heard]:
        """Up to so many markers that have come since, in the order in which they came."""
        return [self._heard.popleft() for _ in range(min(most, len(self._heard)))]

    def streams(self) -> list[str]:
        """Names of the streams that are read now."""
        return sorted(inlet.name for inlet in list(self._inlets.values()))

    def close(self) -> None:
        """Ends the thread and closes what is open."""
        self._stop.set()
        self._thread.join(OPEN_S + 1.0)

    def _run(self) -> None:
        next_look = 0.0
        while not self._stop.is_set():
            now = self._lsl.local_clock()
            if now >= next_look:
                next_look = now + LOOK_S
                self._look(now)
            for uid, inlet in list(self._inlets.items()):
                try:
                    alive = self._read(inlet)
                except Exception as error:  # what one stream does must not cost the others
                    alive, self.fault = False, f"stream '{inlet.name}': {type(error).__name__}: {error}"
                if not alive:
                    del self._inlets[uid]
            self._stop.wait(POLL_S)
        self._inlets.clear()

    def _look(self, now: float) -> None:
        """Opens what is new and lets go of what has ended."""
        trouble = ""
        for info in self._resolver.results():
            uid = info.uid()
            if uid in self._inlets:
                self._inlets[uid].seen_s = now
            elif info.source_id() in self._own:
                continue
            elif len(self._inlets) >= MOST_STREAMS:
                trouble = f"more than {MOST_STREAMS} marker streams: narrow lsl.markers, for instance to name='...'"
            else:
                self._open(info, uid, now)
        for uid in [uid for uid, inlet in self._inlets.items() if now - inlet.seen_s > GONE_S]:
            del self._inlets[uid]
        self.trouble = trouble

    def _open(self, info: Any, uid: str, now: float) -> None:
        try:
            # recovery is ours: what is lost is let go, and found by the resolver as soon as it is there again
            inlet = self._lsl.StreamInlet(info, recover=False, as_numpy=True)
            inlet.open_stream(timeout=OPEN_S)
        except (RuntimeError, self._lsl.util.TimeoutError):
            return
        self._beside()
        self._inlets[uid] = Inlet(inlet, info.name(), now, SensorClock(lambda: round(self._lsl.local_clock() * NS)))

    def _read(self, one: Inlet) -> bool:
        """Takes what has come; False where the stream is lost."""
        alive = True
        try:
            for _ in range(MOST_AT_ONCE):  # one by one: of a chunk nothing is left where the stream ends in it
                row, stamp = one.inlet.pull_sample(timeout=0.0)
                if row is None:
                    break
                if abs(stamp) < MOST_S:  # which no NaN is
                    one.waiting.append((stamp, label_of(row)))
                else:
                    self.unclear += 1
        except self._lsl.util.LostError:
            alive = False
        now = self._lsl.local_clock()
        if now - one.asked_s >= ASK_S:
            one.asked_s = now
            self._ask(one, now)
        one.since_s = (one.since_s or now) if one.waiting else 0.0
        if one.waiting and self._sure(one, now, alive):
            for stamp, label in one.waiting:
                here_s = one.clock.local_ns(round(stamp * NS)) / NS
                self._keep(Heard(self._clock.stream_ns(here_s), label, f"lsl:{one.name}"[:100]))
            one.waiting.clear()
        if not alive:
            self.unclear += len(one.waiting)
        return alive

    def _sure(self, one: Inlet, now: float, alive: bool) -> bool:
        """Whether the sender's clock is known well enough, or there is nothing to wait for."""
        try:
            return one.clock.bound_ns < SURE_NS or not alive or now - one.since_s > HOLD_S
        except ValueError:  # nothing is known of it
            return False

    def _ask(self, one: Inlet, now: float) -> None:
        """The newest estimate of how far the sender's clock is away, and how sure that is (both s)."""
        there, doubt, error = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
        ask = self._lsl.lib.lib.lsl_time_correction_ex
        ask.restype = ctypes.c_double
        words = (ctypes.byref(there), ctypes.byref(doubt), ctypes.c_double(OPEN_S), ctypes.byref(error))
        away = ask(one.inlet.obj, *words)
        if error.value:
            one.asked_s = now + OPEN_S
            return
        if there.value == one.told_s:
            return
        one.told_s = there.value
        half_ns, middle_ns = max(0, round(doubt.value * NS / 2)), round((there.value + away) * NS)
        one.clock.add(Exchange(middle_ns - half_ns, middle_ns - round(away * NS), middle_ns + half_ns))

    def _keep(self, heard: Heard) -> None:
        if not heard.label:
            return
        if len(self._heard) >= MOST_WAITING:
            self.lost += 1
            return
        self._heard.append(heard)


def label_of(row: Any) -> str:
    """A sample as one line: its channels with a space between; numbers without a fraction as whole ones."""
    parts: list[str] = []
    for value in row:
        if isinstance(value, bytes):
            parts.append(value.decode("utf-8", "replace"))
        else:
            number = float(value)
            parts.append(str(int(number)) if number.is_integer() else f"{number:g}")
    line = "".join(letter if ord(letter) >= 32 else " " for letter in " ".join(parts))
    return line.strip()[:MOST_LETTERS]
