"""All that the window knows, and nothing of how it looks: plain Python and numpy, filled by the node's handlers."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.fusion.told import Told, not_told, told
from liveaffect.nodes.dashboard.scene.frames import FrameJoin
from liveaffect.nodes.dashboard.scene.over import Over
from liveaffect.nodes.dashboard.scene.tracks import BACK_S, Track, number, or_nan
from liveaffect.stream import messages as m

KEEP_S = 605.0
"""A little more than the longest trace."""
VOICE_KEEP_S = 12.0
AFFECT_COLUMNS = ("valence", "valence_sd", "arousal", "arousal_sd", "state", "id")
VOICE_COLUMNS = ("f0_hz", "loudness_sone", "speech_prob")
STATES: tuple[str, ...] = tuple(m.STATE_WORDS)
MOST_PEOPLE = 12
"""Traces are kept of so many; whoever was away longest goes first."""
GONE_NS = 1_500_000_000
"""Away for so long, the view goes on with someone else unless this person was clicked on."""
PINNED_NS = 6_000_000_000
ANSWERS = 300
"""How many frames the rate and the latency are of, at most."""


@dataclass(frozen=True)
class Shown:
    """One person, every number finite or None."""

    id: int
    state: str = "stale"
    valence: float | None = None
    valence_sd: float | None = None
    arousal: float | None = None
    arousal_sd: float | None = None
    emotions: tuple[float, ...] | None = None
    face_weight: float | None = None
    voice_weight: float | None = None
    discord: float | None = None
    speaking: float | None = None
    coasting: bool = False
    called: str = ""
    """As somebody named this person."""
    compound: str = ""
    likely: tuple[str, ...] = ()

    @property
    def told(self) -> Told:
        """Which of the numbers say more than that somebody is there."""
        return told(self.valence_sd, self.arousal_sd)

    @property
    def not_told(self) -> str:
        """Words in place of a category where there are numbers that say hardly anything; else ""."""
        return "" if self.valence is None or self.told.emotions else not_told(self.voice_weight)

    @property
    def name(self) -> str:
        """What the person is called on screen."""
        return self.called or ("voice out of view" if self.id < 0 else f"face {self.id}")


class Scene:
    """The newest of everything. Handlers write and windows read under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock: Callable[[], int] = time.monotonic_ns
        self.wall: Callable[[], float] = time.time
        self.frames = FrameJoin()
        self.health: dict[str, m.Health] = {}
        self.markers: deque[m.Marker] = deque(maxlen=2000)
        self.strange: Counter[str] = Counter()
        """Messages that could not be used, by what was wrong with them."""
        self.facts: dict[str, Any] = {}
        """What the gateway said at `hello`."""
        self.connected = False
        self.trouble = ""
        """Why nothing comes, in words."""
        self.starting = False
        """There is no sensor yet; `trouble` says what is waited for."""
        self.heard_ns = 0
        self.affect_heard_ns = 0
        """Local monotonic time of the last message, and of the last estimate, set by the feed."""
        self.offset_ns: int | None = None
        """The sensor's monotonic clock minus this machine's; None while not known."""
        self.offset_error_ns = self.offset_bound_ns = 0
        """How far that may be off where both ways take equally long, and whatever they take."""
        self.pinned: int | None = None
        """Whom the user clicked on."""
        self.baseline: m.Baseline | None = None
        self.playback: m.Playback | None = None
        self.jumps = 0
        self._begin()

    def _begin(self) -> None:
        self.origin_ns: int | None = None
        self.now_ns = 0
        self.affect: m.Affect | None = None
        self.people: dict[int, Shown] = {}
        self.faces: dict[int, m.Face] = {}
        self.faces_ns = 0
        """Capture time of the frame that `faces` are of."""
        self.tracks: dict[int, Track] = {}
        self.followed = _affect_track()
        """Whoever was looked at, one after the other."""
        self.shown: int | None = None
        """Who is looked at now."""
        self.voice: m.VoiceDescriptors | None = None
        self.voice_track = Track(VOICE_COLUMNS, keep_s=VOICE_KEEP_S, step_s=0.02)
        self.answered: deque[tuple[int, float]] = deque(maxlen=ANSWERS)
        """(capture time in ns, ms until its estimate was published) of the newest frames."""
        self._last_ns: dict[int, int] = {}
        self.over = Over()

    @property
    def kind(self) -> str:
        """ "live" or "replay"."""
        return str(self.facts.get("kind", "live"))

    @property
    def person(self) -> Shown | None:
        """Who is looked at; None where nobody is there."""
        return None if self.shown is None else self.people.get(self.shown)

    @property
    def trace(self) -> Track:
        """What the traces draw: the person who was clicked on, else whoever was looked at."""
        return self.tracks.get(self.pinned, self.followed) if self.pinned is not None else self.followed

    def seconds(self, t_ns: int) -> float:
        """Stream time as seconds since the first message, as tracks keep it."""
        return (t_ns - (self.origin_ns if self.origin_ns is not None else t_ns)) / 1e9

    def forget(self) -> None:
        """Another run is looked at: nothing that was known of the last one holds."""
        self.begin_anew()
        self.health.clear()
        self.markers.clear()
        self.strange.clear()
        self.baseline = self.playback = self.pinned = None
        self.heard_ns = self.affect_heard_ns = 0

    def take_past(self, past: Sequence[m.Affect]) -> None:
        """Estimates from before what is here, oldest first, after a jump: the traces show them, and where nothing has
        come since, the newest of them stands."""
        older = Scene()
        older.pinned = self.pinned
        for affect in past:
            older.take_affect(affect)
        if older.affect is None or older.origin_ns is None:
            return
        shift_s = 0.0 if self.origin_ns is None else (older.origin_ns - self.origin_ns) / 1e9
        if self.affect is None:
            if self.origin_ns is None:
                self.origin_ns = older.origin_ns
            self.affect, self.now_ns, self.people = older.affect, older.now_ns, older.people
            self.shown, self._last_ns = older.shown, dict(older._last_ns)
        for face_id, track in older.tracks.items():
            self.tracks[face_id] = track.followed_by(self.tracks.get(face_id), shift_s)
        self.followed = older.followed.followed_by(self.followed, shift_s)

    def begin_anew(self) -> None:
        """Time went back: what was shown belongs to another stretch of it."""
        self.jumps += 1
        self.frames.clear()
        self._begin()

    def take_affect(self, affect: m.Affect) -> None:
        """The newest estimate of everyone."""
        if self.affect is not None and affect.t_ns < self.affect.t_ns - int(BACK_S * 1e9):
            self.begin_anew()
        if self.origin_ns is None:
            self.origin_ns = affect.t_ns
        self.now_ns = affect.t_ns if self.affect is None else max(self.now_ns, affect.t_ns)
        self.affect = affect
        self.people = {person.id: shown_of(person) for person in affect.people}
        for face_id in self.people:
            self._last_ns[face_id] = affect.t_ns
        if affect.frame_seq >= 0 and affect.pub_ns:
            behind_ms = (affect.pub_ns - affect.t_ns) / 1e6
            self.answered.append((affect.t_ns, behind_ms if 0 <= behind_ms < 60_000 else np.nan))
        self._choose(affect.t_ns)
        self._trace(affect)

    def take_faces(self, faces: m.FaceObservation) -> None:
        """Action units, boxes, poses."""
        self.faces_ns = faces.t_ns
        self.faces = {face.id: face for face in faces.faces}
        self.frames.add_faces(faces)
        if faces.unmeasured:
            self.over.crowded = faces

    def take_voice(self, voice: m.VoiceDescriptors) -> None:
        """One hop of sound."""
        self.voice = voice
        if self.origin_ns is None:
            self.origin_ns = voice.t_ns
        values = [number(voice.values.get(name)) for name in VOICE_COLUMNS[:2]]
        row = [*map(or_nan, values), or_nan(number(voice.speech_prob))]
        self.voice_track.append(self.seconds(voice.t_ns), row)

    def pin(self, person: int | None) -> None:
        """Looks at this person from now on, or (None) at whoever is there."""
        self.pinned = person
        if person is not None:
            self.shown = person
        elif self.affect is not None:
            self._choose(self.affect.t_ns)

    def _choose(self, now_ns: int) -> None:
        if self.pinned is not None:
            if now_ns - self._last_ns.get(self.pinned, 0) <= PINNED_NS:
                self.shown = self.pinned
                return
            self.pinned = None
        if self.shown is not None and now_ns - self._last_ns.get(self.shown, 0) <= GONE_NS:
            return
        seen = sorted(self.people, key=lambda i: (i < 0, self.people[i].valence is None, i))
        self.shown = seen[0] if seen else self.shown

    def _trace(self, affect: m.Affect) -> None:
        t_s = self.seconds(affect.t_ns)
        for face_id in self.people:
            if face_id not in self.tracks:
                self.tracks[face_id] = _affect_track()
        while len(self.tracks) > MOST_PEOPLE:
            gone = min(self.tracks, key=lambda i: self._last_ns.get(i, 0))
            del self.tracks[gone]
            self._last_ns.pop(gone, None)
        missing = affect.face_state if affect.face_state not in ("ok", "") else "no_face"
        for face_id, track in self.tracks.items():
            track.append(t_s, _row(self.people.get(face_id), missing, face_id))
        shown = -2 if self.shown is None else self.shown
        reason = missing if affect.state == "ok" or shown >= 0 else affect.state
        self.followed.append(t_s, _row(self.people.get(shown), reason, shown))


def shown_of(person: m.Person) -> Shown:
    """A person as the window takes it: what is not a finite number is none."""
    emotions = tuple(p for one in person.emotions or () if (p := number(one)) is not None and p >= 0)
    return Shown(
        id=person.id, state=person.state, valence=number(person.valence), valence_sd=_least(person.valence_sd),
        arousal=number(person.arousal), arousal_sd=_least(person.arousal_sd),
        emotions=emotions if len(emotions) == len(person.emotions or ()) == N_EMOTIONS else None,
        face_weight=number(person.face_weight), voice_weight=number(person.voice_weight),
        discord=number(person.discord), speaking=number(person.speaking_prob), coasting=person.coasting,
        called=person.name, compound=person.compound, likely=person.likely,
    )  # fmt: skip


def _least(sd: float | None) -> float | None:
    value = number(sd)
    return value if value is not None and value >= 0 else None


def _row(person: Shown | None, missing: str, face_id: int) -> tuple[float, ...]:
    if person is None:
        return (np.nan, np.nan, np.nan, np.nan, STATES.index(missing), face_id)
    numbers = (person.valence, person.valence_sd, person.arousal, person.arousal_sd)
    return (*map(or_nan, numbers), STATES.index(person.state), face_id)


def _affect_track() -> Track:
    return Track(AFFECT_COLUMNS, keep_s=KEEP_S, step_s=0.02)
