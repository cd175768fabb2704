"""What is known now and what waits for each reader: the newest state, and a bounded number of events.

The feed writes in its own thread; readers take in theirs. A reader that stands still costs one state and some events.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from liveaffect.nodes.web import told
from liveaffect.nodes.web.looking import Looking
from liveaffect.stream import messages as m

HISTORY_S, HISTORY_STEP_NS = 60.0, 95_000_000
SILENT_S = 2.0
"""For so long the sensor speaks without an estimate until the last one is not told any longer. Of a sensor that says
nothing at all the last state is kept, with `silent_s`."""
MOST_PEOPLE = 16
MOST_EVENTS = 64
RATE_OF_NS = 3_000_000_000
BACK_NS = 1_000_000_000
"""Stream time that goes back further is a seek or another run."""
_json = msgspec.json.Encoder()


class Hub:
    """The newest of everything.

    Parameters
    ----------
    picture: whether this sensor was told to show its picture.
    clock: this machine's monotonic clock in s.
    """

    def __init__(self, *, picture: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.picture, self._clock = picture, clock
        self._lock = threading.Lock()
        self._mailboxes: set[Mailbox] = set()
        self._facts: dict[str, Any] = {}
        self._trouble = "The sensor is looked for."
        self.image: tuple[int, Any] | None = None
        """(capture time, pixels uint8 (height, width, 3)) of the newest frame, while somebody looks."""
        self.version = self.generation = 0
        self._text: tuple[int, float, bytes] = (-1, 0.0, b"")
        self._forget()

    def _forget(self) -> None:
        self._affect: m.Affect | None = None
        self._affect_at = self._heard_at = 0.0
        self._health: dict[str, m.Health] = {}
        self._health_at: dict[str, float] = {}
        self._playback: m.Playback | None = None
        self._looking = Looking()
        self._past: deque[tuple[int, list[list[Any]]]] = deque()
        self._marks: deque[m.Marker] = deque(maxlen=MOST_EVENTS)
        self._answered: deque[tuple[int, float]] = deque(maxlen=150)
        self.image = None

    def begin(self, facts: dict[str, Any]) -> None:
        """A sensor answers; another one than before begins with nothing."""
        with self._lock:
            if facts.get("run") != self._facts.get("run"):
                self._forget()
            self._facts, self._trouble = dict(facts), ""
            self._heard_at = self._clock()
            self.generation += 1
            self.version += 1

    def lose(self, why: str) -> None:
        """The sensor has gone, or was not found."""
        with self._lock:
            self._trouble = why
            self.version += 1

    @property
    def privacy(self) -> bool:
        """Somebody asked that nothing be stored: then no picture is shown either."""
        status = self._recorder()
        return status is not None and status[0].privacy

    def take(self, message: m.Message) -> None:
        """One message of the sensor."""
        with self._lock:
            self._heard_at = self._clock()
            self.version += 1
            if isinstance(message, m.Affect):
                self._estimate(message)
            elif isinstance(message, m.Health) and not message.process.startswith("recorded "):
                self._health[message.node], self._health_at[message.node] = message, self._clock()
            elif isinstance(message, m.Marker):
                self._marks.append(message)
                for mailbox in self._mailboxes:
                    mailbox.put(told.marker(message))
            elif isinstance(message, m.FaceObservation | m.Attention):
                self._looking.take(message)
            elif isinstance(message, m.Playback):
                self._playback = message

    def open(self) -> "Mailbox":
        """A place for one reader; `close` it."""
        made = Mailbox(self)
        with self._lock:
            self._mailboxes.add(made)
        return made

    def close(self, mailbox: "Mailbox") -> None:
        """Its reader has gone."""
        with self._lock:
            self._mailboxes.discard(mailbox)

    def beginning(self) -> list[bytes]:
        """What a reader is told first: hello, and the last minute."""
        with self._lock:
            rows = [[round(t_ns / 1e9, 3), people] for t_ns, people in self._past]
            marks = [told.marker(one) for one in self._marks]
            hello = told.hello(self._facts, picture=self.picture)
        return [_json.encode(hello), _json.encode({"type": "history", "rows": rows, "markers": marks})]

    def state(self) -> bytes:
        """The state now, as JSON; encoded once for all readers."""
        now = self._clock()
        with self._lock:
            version, at, text = self._text
            if version != self.version or now - at > 0.05:
                text = _json.encode(self._state(now))
                self._text = (self.version, now, text)
            return text

    def _estimate(self, message: m.Affect) -> None:
        newest = self._past[-1][0] if self._past else None
        if newest is not None and message.t_ns < newest - BACK_NS:
            self._past.clear()
            self._answered.clear()
            self.generation += 1
        self._affect, self._affect_at = message, self._clock()
        if message.frame_seq >= 0 and message.pub_ns:
            self._answered.append((message.t_ns, (message.pub_ns - message.t_ns) / 1e6))
        if self._past and message.t_ns - self._past[-1][0] < HISTORY_STEP_NS:
            return
        numbers = told.number
        rows = [
            [p.id, numbers(p.valence), numbers(p.valence_sd), numbers(p.arousal), numbers(p.arousal_sd), p.state]
            for p in message.people[:MOST_PEOPLE]
        ]
        self._past.append((message.t_ns, rows))
        while self._past[0][0] < message.t_ns - HISTORY_S * 1e9:
            self._past.popleft()

    def _state(self, now: float) -> dict[str, Any]:
        affect, kind = self._affect, str(self._facts.get("kind", "live"))
        old = affect is not None and kind == "live" and self._heard_at - self._affect_at > SILENT_S
        shown = None if old else affect
        state = "stale" if shown is None else shown.state
        faults = [words for health in self._health.values() if (words := told.trouble(health))]
        rate, latency = self._pace() if shown is not None and kind == "live" else (None, None)
        words = "" if state == "ok" else m.STATE_WORDS[state]
        if affect is None:
            words = "waiting for the first estimate"
        elif old:
            words = "no estimates any more"
        return {
            "type": "state",
            "t_ns": None if affect is None else affect.t_ns,
            "kind": kind,
            "silent_s": round(now - self._heard_at, 2) if self._heard_at else None,
            "connected": not self._trouble,
            "trouble": [self._trouble] if self._trouble else faults,
            "state": state,
            "words": words,
            "face": told.modality("stale" if shown is None else shown.face_state),
            "voice": told.modality("stale" if shown is None else shown.voice_state),
            "people": self._people(shown),
            "recording": self._recording(now),
            "assistant": self._assistant(),
            "nodes": [{"name": h.node, "state": h.state, "wrong": told.trouble(h)} for h in self._health.values()],
            "rate_hz": rate,
            "latency_ms": latency,
            "playback": _played(self._playback) if kind == "replay" else None,
        }

    def _people(self, affect: m.Affect | None) -> list[dict[str, Any]]:
        people = _faces_first(affect)
        if affect is None:
            return []
        names = {one.id: told.called(one) for one in people}
        looks = self._looking.told(affect.t_ns, names)
        return [told.person(one) | looks[one.id] for one in people]

    def _assistant(self) -> bool:
        """Somebody has allowed that an assistant is told what is seen."""
        told_ = [h.status for h in self._health.values() if isinstance(h.status, m.GatewayStatus)]
        return any(status.assistant for status in told_)

    def _recorder(self) -> tuple[m.RecordStatus, m.Health] | None:
        for health in list(self._health.values()):
            if isinstance(health.status, m.RecordStatus) and health.state not in m.DOWN:
                return health.status, health
        return None

    def _recording(self, now: float) -> dict[str, Any]:
        found = self._recorder()
        if found is None:
            return {"known": False, "on": False, "seconds": None, "session": "", "privacy": False}
        status, health = found
        seconds = None
        if status.recording and status.since_ns is not None:
            heard_at = self._health_at[health.node]
            seconds = round(max(0.0, (health.t_ns - status.since_ns) / 1e9 + now - heard_at), 1)
        name = Path(status.session).name if status.recording else ""
        return {
            "known": True, "on": status.recording, "seconds": seconds, "session": name, "privacy": status.privacy,
        }  # fmt: skip

    def _pace(self) -> tuple[float | None, float | None]:
        """Frames a second and the median delay of their estimates in ms, over the last three seconds."""
        newest = self._answered[-1][0] if self._answered else 0
        recent = [one for one in self._answered if newest - one[0] < RATE_OF_NS]
        if len(recent) < 2 or recent[-1][0] <= recent[0][0]:
            return None, None
        rate = (len(recent) - 1) / (recent[-1][0] - recent[0][0]) * 1e9
        return round(rate, 1), round(sorted(ms for _, ms in recent)[len(recent) // 2], 1)


class Mailbox:
    """What waits for one reader."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._events: deque[dict[str, Any]] = deque(maxlen=MOST_EVENTS)
        self._generation = -1
        self._version, self._said_at = -1, 0.0

    def put(self, event: dict[str, Any]) -> None:
        """An event; of too many the oldest go."""
        self._events.append(event)

    def take(self, now: float) -> list[bytes]:
        """What is to be sent now: events, and the state where it has changed, or once a second."""
        found: list[bytes] = []
        if self._generation != self._hub.generation:
            self._generation = self._hub.generation
            self._events.clear()  # they are part of the beginning
            found += self._hub.beginning()
        while self._events:
            found.append(_json.encode(self._events.popleft()))
        if self._version != self._hub.version or now - self._said_at >= 1.0:
            self._version, self._said_at = self._hub.version, now
            found.append(self._hub.state())
        return found


def _faces_first(affect: m.Affect | None) -> list[m.Person]:
    people = () if affect is None else affect.people
    return sorted(people, key=lambda one: one.id < 0)[:MOST_PEOPLE]


def _played(one: m.Playback | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"position_s": one.position_s, "length_s": one.length_s, "speed": one.speed, "state": one.state}
