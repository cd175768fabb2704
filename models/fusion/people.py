"""Everyone in view and the voice: a filter for each person, who speaks, what is missing and why. No messages here.

Times are integers in ns on the capture clock, as messages have them; the filters are given seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from liveaffect.models.fusion.attribution import AttributionSettings, Attributor, Speaking
from liveaffect.models.fusion.discord import discord
from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.states import State, person_state

HIDDEN = -1
"""Id of a voice that belongs to no visible face."""
TICK_GAP_NS = 90_000_000
"""After an answer nobody needs another one for so long."""
LONG_AGO_NS = -(10**18)
Emotions = tuple[float, ...] | None


class Observer(Protocol):
    """Is shown what each person's filter is given and asked, in that order; see `offline.scoring.smoothed`."""

    def stepped(
        self, person: int, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool, said: Fused
    ) -> None:
        """The filter was given estimates (or none of either), and answered `said`."""
        ...

    def asked(self, person: int, t_s: float) -> None:
        """The filter was asked without being given anything."""
        ...

    def left(self, person: int) -> None:
        """The person was forgotten: whoever comes with this id starts anew."""
        ...


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """How long things are remembered (s), and from which probability on a voice belongs to somebody."""

    filter: FusionSettings = field(default_factory=FusionSettings)
    forget_s: float = 5.0
    stale_s: float = 0.5
    speaking_least: float = 0.5


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """One face of a frame: its state, and what was estimated where anything could be."""

    id: int
    state: State
    estimate: Estimate | None = None
    emotions: Emotions = None
    mouth_motion: float | None = None
    """Speed of the opening of the lips, face heights per second."""


@dataclass(frozen=True, slots=True)
class PersonNow:
    """How one person is: the filter's answer, and what is known beside it."""

    id: int
    state: State
    fused: Fused
    discord: float | None
    speaking_prob: float | None


@dataclass(slots=True)
class _Person:
    """The filter, and the newest word of each modality."""

    filter: PersonFilter
    face_state: State | None = None
    face_emotions: Emotions = None
    face_ns: int = 0
    voice_heard: bool = False
    voice_emotions: Emotions = None
    voice_ns: int = 0


class People:
    """The logic of fusion for all people. Causal and deterministic: the same calls in the same order, the same bits.

    Parameters
    ----------
    face_state, voice_state: what is known of the modalities before the first word of them.
    observer: is shown every call of the filters.
    """

    def __init__(
        self, settings: PeopleSettings, face_state: State, voice_state: State, observer: Observer | None = None
    ) -> None:
        self._settings, self._observer = settings, observer
        self._people: dict[int, _Person] = {}
        self._attributor = Attributor(AttributionSettings())
        self._speaking = Speaking({}, None)
        self._face_ns = self._voice_ns = self._said_ns = LONG_AGO_NS
        self.face_state: State = face_state
        self.voice_state: State = voice_state
        """Why there is a face (voice), or why there is none."""
        self.seen: set[int] = set()
        """Ids of every face so far."""

    def __len__(self) -> int:
        return len(self._people)

    def frame(
        self, t_ns: int, state: State, faces: Sequence[FaceSeen], *, gap: bool = False, still: bool = False
    ) -> list[PersonNow]:
        """One frame: observes every face in it, lets the others coast, and says how everyone is.

        `gap`: nothing of before counts; `still`: a photograph, judged by itself.
        """
        if gap:
            self._forget(list(self._people))
            self._attributor = Attributor(AttributionSettings())
        self.face_state, self._face_ns = state, t_ns
        t_s = t_ns / 1e9
        self._attributor.add_mouths(t_s, {face.id: face.mouth_motion for face in faces})
        self._speaking = self._attributor.speaking(t_s)
        self.seen.update(face.id for face in faces)
        for face in faces:
            person = self._person(face.id)
            person.face_state, person.face_emotions, person.face_ns = face.state, face.emotions, t_ns
        return self._say(t_ns, {face.id: self._step(face.id, t_s, face.estimate, None, still) for face in faces})

    def sound(self, t_ns: int, known_ns: int, speech_prob: float | None, missing: State | None) -> None:
        """A piece of sound: how probably it is speech; `missing`: why there is none. It is of `t_ns` and was known at
        `known_ns`."""
        self._voice_ns = known_ns
        if missing is not None:
            self.voice_state = missing
        self._attributor.add_speech(t_ns / 1e9, speech_prob)

    def voice(self, t_ns: int, state: State, estimate: Estimate | None, emotions: Emotions) -> None:
        """The voice's estimate goes to the person who speaks: a face by evidence, or someone out of view."""
        self.voice_state, self._voice_ns = state, t_ns
        if estimate is None:
            return
        self._speaking = self._attributor.speaking(t_ns / 1e9)
        speaker = self._speaking.speaker(self._settings.speaking_least)
        if speaker is None and (self._speaking.hidden or 0.0) >= self._settings.speaking_least:
            speaker = HIDDEN
        if speaker is not None:
            person = self._person(speaker)
            self._step(speaker, t_ns / 1e9, None, estimate, False)
            person.voice_heard, person.voice_emotions, person.voice_ns = True, emotions, t_ns

    def tick(self, t_ns: int) -> list[PersonNow] | None:
        """Time has passed: without frames, how everyone is (heard, coasting, or gone); None soon after an answer."""
        stale_ns = self._settings.stale_s * 1e9
        if t_ns - self._face_ns > stale_ns and self.face_state not in ("no_device", "node_down"):
            self.face_state = "stale"
        if t_ns - self._voice_ns > stale_ns and self.voice_state not in ("no_device", "node_down"):
            self.voice_state = "stale"
        if t_ns - self._said_ns < TICK_GAP_NS:
            return None
        self._speaking = self._attributor.speaking(t_ns / 1e9)
        return self._say(t_ns, {})

    def state(self, people: Iterable[PersonNow]) -> State:
        """ "ok" where anyone has numbers, else why nobody has: the face's reason, or the voice's without a camera."""
        if any(person.state == "ok" for person in people):
            return "ok"
        face, voice = self.face_state, self.voice_state
        if face != "no_device":
            return face if face != "ok" else "stale"
        return voice if voice != "ok" else "silence"

    def close(self) -> None:
        """Everyone leaves: what an observer still waits for can end."""
        self._forget(list(self._people))

    def _say(self, t_ns: int, fused: Mapping[int, Fused]) -> list[PersonNow]:
        self._said_ns = t_ns
        forget_ns = self._settings.forget_s * 1e9
        self._forget([i for i, p in self._people.items() if t_ns - max(p.face_ns, p.voice_ns) > forget_ns])
        people: list[PersonNow] = []
        for number, person in sorted(self._people.items()):
            said = fused.get(number) or self._peek(number, t_ns / 1e9)
            if said.valence is not None or number in fused:  # a lost face is not a person with numbers
                people.append(self._shown(number, person, said, t_ns))
        return people

    def _shown(self, number: int, person: _Person, said: Fused, t_ns: int) -> PersonNow:
        face = person.face_emotions if person.face_ns == t_ns else None
        fresh = person.voice_heard and t_ns - person.voice_ns <= self._settings.filter.coast_s * 1e9
        voice = person.voice_emotions if fresh else None
        return PersonNow(
            id=number,
            state=person_state(said.valence is not None, person.face_state, None),
            fused=said,
            discord=discord(face, voice),
            speaking_prob=self._speaking.hidden if number == HIDDEN else self._speaking.faces.get(number),
        )

    def _person(self, number: int) -> _Person:
        if number not in self._people:
            self._people[number] = _Person(PersonFilter(self._settings.filter))
        return self._people[number]

    def _step(self, number: int, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool) -> Fused:
        said = self._people[number].filter.step(t_s, face, voice, still=still)
        if self._observer is not None:
            self._observer.stepped(number, t_s, face, voice, still, said)
        return said

    def _peek(self, number: int, t_s: float) -> Fused:
        if self._observer is not None:
            self._observer.asked(number, t_s)
        return self._people[number].filter.peek(t_s)

    def _forget(self, numbers: list[int]) -> None:
        for number in numbers:
            del self._people[number]
            if self._observer is not None:
                self._observer.left(number)
