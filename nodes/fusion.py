"""Fusion: everyone in view and the voice, in one smoothed estimate per person; who speaks; what is missing, and why."""

from typing import Annotated, Any, Literal, cast

import msgspec

from liveaffect.models.fusion.attribution import AttributionSettings, Attributor, Speaking
from liveaffect.models.fusion.discord import discord
from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.states import person_state
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.node import Node, NotNegative, Positive, Share, answered, command, on
from liveaffect.stream.topics import ACK, AFFECT, COMMAND, FACE_AFFECT, HEALTH, TICK, VOICE, VOICE_AFFECT

HIDDEN = -1
"""Id of a voice that belongs to no visible face."""
TICK_GAP_NS = 90_000_000


class PeopleArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `people`."""

    action: Literal["name", "clear"]
    """"clear" takes every name back."""
    face: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """The id of the face that is to be named."""
    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    """"" takes the name of this face back."""


class PersonFilters:
    """State of one person: the filter, and the newest word of each modality."""

    def __init__(self, settings: FusionSettings) -> None:
        self.filter = PersonFilter(settings)
        self.face: m.FaceEstimate | None = None
        self.face_ns = 0
        self.voice: m.VoiceAffect | None = None
        self.voice_ns = 0


class FusionNode(Node):
    """Fuses `face/affect` and `voice/affect` per person (see `liveaffect.models.fusion.filter`)."""

    coast_s: NotNegative = 0.4
    """A person's numbers are carried so long without a new estimate, with widening intervals; then they are null."""
    forget_s: NotNegative = 5.0
    """A person who was not seen or heard for so long starts anew."""
    stale_s: Positive = 0.5
    """Without a message of the face (or voice) for so long its state is "stale"."""
    speaking_least: Share = 0.5
    """Least probability of speaking for a voice to count for a face (or for someone out of view)."""
    face_nodes: tuple[str, ...] = ("camera", "face", "face_affect")
    """Nodes whose failure makes the face state "node_down"."""
    voice_nodes: tuple[str, ...] = ("microphone", "voice", "voice_affect")
    """Nodes whose failure makes the voice state "node_down"."""

    def open(self) -> None:
        self._settings = FusionSettings(coast_s=self.coast_s)
        self._people: dict[int, PersonFilters] = {}
        self._attributor = Attributor(AttributionSettings())
        self._speaking = Speaking({}, None)
        self._face_state = self._state_before(FACE_AFFECT.name)
        self._voice_state = self._state_before(VOICE_AFFECT.name)
        self._face_ns = self._voice_ns = self._said_ns = -(10**18)
        self._names: dict[int, str] = {}
        self._seen: set[int] = set()

    @on(FACE_AFFECT, emits=AFFECT)
    def face(self, frame: m.FaceAffect) -> m.Affect:
        """One frame: observe every face in it, let the others coast, and say how everyone is."""
        if frame.gap:
            self._people.clear()
            self._attributor = Attributor(AttributionSettings())
        self._face_state, self._face_ns = frame.state, frame.t_ns
        t_s = frame.t_ns / 1e9
        self._attributor.add_mouths(t_s, {face.id: face.mouth_motion for face in frame.faces})
        self._speaking = self._attributor.speaking(t_s)
        self._seen.update(face.id for face in frame.faces)
        for face in frame.faces:
            person = self._person(face.id)
            person.face, person.face_ns = face, frame.t_ns
        fused = {
            face.id: self._people[face.id].filter.step(t_s, estimate_of(face), None, still=frame.still)
            for face in frame.faces
        }
        return self._say(frame.t_ns, frame.frame_seq, fused)

    @on(VOICE)
    def hop(self, voice: m.VoiceDescriptors) -> None:
        """10 ms of sound: who speaks."""
        self._voice_ns = voice.t_ns + VOICE.delay_ns
        if voice.state in ("no_device", "stale"):
            self._voice_state = voice.state
        self._attributor.add_speech(voice.t_ns / 1e9, voice.speech_prob)

    @on(VOICE_AFFECT)
    def voice(self, voice: m.VoiceAffect) -> None:
        """The voice's estimate goes to the person who speaks: a face by evidence, or someone out of view."""
        now_ns = voice.t_ns + VOICE_AFFECT.delay_ns
        self._voice_state, self._voice_ns = voice.state, now_ns
        estimate = estimate_of(voice)
        if estimate is None:
            return
        self._speaking = self._attributor.speaking(now_ns / 1e9)
        speaker = self._speaking.speaker(self.speaking_least)
        if speaker is None and (self._speaking.hidden or 0.0) >= self.speaking_least:
            speaker = HIDDEN
        if speaker is not None:
            person = self._person(speaker)
            person.filter.step(now_ns / 1e9, None, estimate)
            person.voice, person.voice_ns = voice, now_ns

    @on(TICK, emits=AFFECT)
    def tick(self, tick: m.Tick) -> m.Affect | None:
        """Without frames, the tick says how everyone is: heard, coasting, or gone."""
        if tick.t_ns - self._face_ns > self.stale_s * 1e9 and self._face_state not in ("no_device", "node_down"):
            self._face_state = "stale"
        if tick.t_ns - self._voice_ns > self.stale_s * 1e9 and self._voice_state not in ("no_device", "node_down"):
            self._voice_state = "stale"
        if tick.t_ns - self._said_ns < TICK_GAP_NS:
            return None
        self._speaking = self._attributor.speaking(tick.t_ns / 1e9)
        return self._say(tick.t_ns, -1, {})

    @on(HEALTH)
    def health(self, health: m.Health) -> None:
        """A node that is down makes its modality "node_down" until it speaks again."""
        if health.state in m.DOWN:
            if health.node in self.face_nodes:
                self._face_state = "node_down"
            if health.node in self.voice_nodes:
                self._voice_state = "node_down"

    @on(COMMAND, emits=ACK)
    @command("people", PeopleArguments)
    def obey(self, said: m.Command) -> m.Ack | None:
        """Answers `people`: names for those in view, or for those who were."""
        return answered(self, said, self._name)

    def _name(self, said: m.Command) -> str:
        asked = msgspec.convert(said.arguments, PeopleArguments)
        if asked.action == "clear":
            self._names = {}
            return "nobody has a name"
        if asked.face is None:
            raise UsageError("people: say which face, such as face=0")
        if asked.face not in self._seen:
            known = ", ".join(map(str, sorted(self._seen))) or "none yet"
            raise UsageError(f"people: there is no face {asked.face} in this run; faces so far: {known}")
        name = " ".join(asked.name.split())
        if not name:
            self._names.pop(asked.face, None)
            return f"face {asked.face} has no name"
        other = next((face for face, known in self._names.items() if known == name and face != asked.face), None)
        if other is not None:
            raise UsageError(f"people: face {other} is called {name!r} already: take that name back first")
        self._names[asked.face] = name
        return f"face {asked.face} is {name}"

    def info(self) -> dict[str, Any]:
        return {"people": len(self._people)}

    def _state_before(self, topic: str) -> m.State:
        """Before the first message: "no_device" where the graph has nobody who could send one."""
        return "stale" if any(topic in node["writes"] for node in self.host.wiring.values()) else "no_device"

    def _person(self, face_id: int) -> PersonFilters:
        if face_id not in self._people:
            self._people[face_id] = PersonFilters(self._settings)
        return self._people[face_id]

    def _say(self, t_ns: int, frame_seq: int, fused: dict[int, Fused]) -> m.Affect:
        self._said_ns = t_ns
        people: list[m.Person] = []
        for face_id, person in sorted(self._people.items()):
            if t_ns - max(person.face_ns, person.voice_ns) > self.forget_s * 1e9:
                del self._people[face_id]
                continue
            said = fused.get(face_id) or person.filter.peek(t_ns / 1e9)
            if said.valence is None and face_id not in fused:
                continue  # gone: a lost face is not a person with numbers
            people.append(self._shown(face_id, person, said, t_ns))
        state = "ok" if any(person.state == "ok" for person in people) else self._missing()
        return m.Affect(
            t_ns=t_ns,
            frame_seq=frame_seq,
            state=state,
            face_state=self._face_state,
            voice_state=self._voice_state,
            people=tuple(people),
        )

    def _missing(self) -> m.State:
        """Why nobody has numbers: the face's reason, or the voice's where there is no camera."""
        if self._face_state != "no_device":
            return self._face_state if self._face_state != "ok" else "stale"
        return "silence" if self._voice_state == "ok" else self._voice_state

    def _shown(self, face_id: int, person: PersonFilters, said: Fused, t_ns: int) -> m.Person:
        speaking = self._speaking.hidden if face_id == HIDDEN else self._speaking.faces.get(face_id)
        face = person.face.emotions if person.face is not None and person.face_ns == t_ns else None
        fresh = person.voice is not None and t_ns - person.voice_ns <= self.coast_s * 1e9
        voice = person.voice.emotions if person.voice is not None and fresh else None
        seen = None if person.face is None else person.face.state
        return m.Person(
            id=face_id,
            state=cast(m.State, person_state(said.valence is not None, seen, None)),
            valence=said.valence,
            valence_sd=said.valence_sd,
            arousal=said.arousal,
            arousal_sd=said.arousal_sd,
            emotions=said.emotions,
            face_weight=said.face_weight,
            voice_weight=said.voice_weight,
            discord=discord(face, voice),
            speaking_prob=speaking,
            face_age_ms=None if said.age_face_s is None else said.age_face_s * 1e3,
            voice_age_ms=None if said.age_voice_s is None else said.age_voice_s * 1e3,
            coasting=said.coasting,
            name=self._names.get(face_id, ""),
        )


def estimate_of(said: m.FaceEstimate | m.VoiceAffect) -> Estimate | None:
    """A model's answer as the filter takes it; None where it has no numbers."""
    if said.state != "ok" or said.valence is None or said.arousal is None or said.emotions is None:
        return None
    if said.valence_sd is None or said.arousal_sd is None:
        return None
    return Estimate(said.valence, said.arousal, said.valence_sd, said.arousal_sd, said.emotions)
