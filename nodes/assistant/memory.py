"""What was heard in the last ten minutes, kept only while the sensor's user allows it."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liveaffect.stream import messages as m

KEEP_NS = 600_000_000_000
STEP_NS = 190_000_000
BACK_NS = 1_000_000_000
MOST_EVENTS = 500
MOST_REASONS = 1500


@dataclass(frozen=True)
class Row:
    """One instant."""

    t_ns: int
    face_state: str
    voice_state: str
    people: tuple[m.Person, ...]


class Memory:
    """Filled by the feed, read by the tools, under `lock`. `clock` is this machine's monotonic clock in s."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.allowed = False
        self.facts: dict[str, Any] = {}
        self.trouble = "nothing is running here"
        """Why there is no sensor; "" while there is one."""
        self.session = ""
        """Folder of the recording that goes on, or of the last one."""
        self.recording = False
        self._estimated = threading.Event()
        self._begin()

    def wait(self, limit_s: float) -> None:
        """Until there is an estimate; not under the lock."""
        self._estimated.wait(limit_s)

    def _begin(self) -> None:
        self.rows: deque[Row] = deque()
        self.now: m.Affect | None = None
        self._estimated.clear()
        self.now_at = 0.0
        """When that estimate was heard."""
        self.face_since_ns = self.voice_since_ns = 0
        self.shifts: deque[m.Shift] = deque(maxlen=MOST_EVENTS)
        self.discords: deque[m.Discord] = deque(maxlen=MOST_EVENTS)
        self.markers: deque[m.Marker] = deque(maxlen=MOST_EVENTS)
        self.looks: deque[m.Attention] = deque()
        self.reasons: deque[m.Reasons] = deque(maxlen=MOST_REASONS)

    def begin(self, facts: dict[str, Any]) -> None:
        """A sensor answers; nothing of another run is kept."""
        with self.lock:
            if facts.get("run") != self.facts.get("run"):
                self._begin()
                self.session, self.recording = "", False
            self.facts, self.trouble = dict(facts), ""

    def lose(self, why: str) -> None:
        """The sensor has gone."""
        with self.lock:
            self.trouble, self.allowed = why, False
            self._begin()

    def allow(self, on: bool) -> None:
        """What the sensor's switch says; where it is off, all that was heard is forgotten."""
        with self.lock:
            if not on and (self.allowed or self.rows or self.now is not None):
                self._begin()
            self.allowed = on

    def take(self, message: m.Message) -> None:
        """One message; kept only where that is allowed."""
        with self.lock:
            if isinstance(message, m.Health):
                self._health(message)
            elif not self.allowed:
                return
            elif isinstance(message, m.Affect):
                self._estimate(message)
            elif isinstance(message, m.Attention):
                self._looked(message)
            elif isinstance(message, m.Shift):
                self.shifts.append(message)
            elif isinstance(message, m.Discord):
                self.discords.append(message)
            elif isinstance(message, m.Marker):
                self.markers.append(message)
            elif isinstance(message, m.Reasons):
                self.reasons.append(message)

    def _health(self, health: m.Health) -> None:
        if isinstance(health.status, m.GatewayStatus) and health.process == "supervisor":
            self.allow(health.status.assistant)
        elif isinstance(health.status, m.RecordStatus) and not health.process.startswith("recorded "):
            self.session, self.recording = health.status.session, health.status.recording

    def _looked(self, said: m.Attention) -> None:
        if self.looks and said.t_ns < self.looks[-1].t_ns:  # a seek in a replay
            self.looks.clear()
        self.looks.append(said)
        while self.looks[0].t_ns < said.t_ns - KEEP_NS:
            self.looks.popleft()

    def _estimate(self, affect: m.Affect) -> None:
        before = self.now
        if before is not None and affect.t_ns < before.t_ns - BACK_NS:
            self._begin()  # a seek in a replay, or its next round
            before = None
        if before is None or before.face_state != affect.face_state:
            self.face_since_ns = affect.t_ns
        if before is None or before.voice_state != affect.voice_state:
            self.voice_since_ns = affect.t_ns
        self.now, self.now_at = affect, self.clock()
        self._estimated.set()
        if not self.rows or affect.t_ns - self.rows[-1].t_ns >= STEP_NS:
            self.rows.append(Row(affect.t_ns, affect.face_state, affect.voice_state, affect.people))
            while self.rows[0].t_ns < affect.t_ns - KEEP_NS:
                self.rows.popleft()
