"""Fusion: everyone in view and the voice, in one smoothed estimate per person; who speaks; what is missing, and why."""

from typing import Annotated, Any, Literal

import msgspec

from liveaffect.models.categories.telling import Telling, Words
from liveaffect.models.fusion.filter import Estimate, FusionSettings
from liveaffect.models.fusion.people import FaceSeen, Observer, People, PeopleSettings, PersonNow
from liveaffect.models.fusion.told import told
from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.node import Node, NotNegative, Positive, Share, answered, command, on
from liveaffect.stream.topics import ACK, AFFECT, COMMAND, FACE_AFFECT, HEALTH, TICK, VOICE, VOICE_AFFECT


class PeopleArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `people`."""

    action: Literal["name", "clear"]
    """"clear" takes every name back."""
    face: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """The id of the face that is to be named."""
    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    """"" takes the name of this face back."""


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
    face_nodes: tuple[str, ...] = FACE_NODES
    """Nodes whose failure makes the face state "node_down"."""
    voice_nodes: tuple[str, ...] = VOICE_NODES
    """Nodes whose failure makes the voice state "node_down"."""

    def observe(self, observer: Observer) -> None:
        """Shows `observer` what every person's filter is given and asked; to be called before `open`."""
        vars(self)["_observer"] = observer

    def open(self) -> None:
        self._people = People(
            PeopleSettings(FusionSettings(coast_s=self.coast_s), self.forget_s, self.stale_s, self.speaking_least),
            self._state_before(FACE_AFFECT.name),
            self._state_before(VOICE_AFFECT.name),
            vars(self).get("_observer"),
        )
        self._telling = Telling(self.host.graph.get("face_affect", {}).get("prior", "natural"))
        self._names: dict[int, str] = {}

    def close(self) -> None:
        if "_people" in vars(self):
            self._people.close()

    @on(FACE_AFFECT, emits=AFFECT)
    def face(self, frame: m.FaceAffect) -> m.Affect:
        """One frame: observe every face in it, let the others coast, and say how everyone is."""
        self._telling.model(frame.model)
        faces = [FaceSeen(f.id, f.state, estimate_of(f), f.emotions, f.mouth_motion) for f in frame.faces]
        people = self._people.frame(frame.t_ns, frame.state, faces, gap=frame.gap, still=frame.still)
        return self._say(frame.t_ns, frame.frame_seq, people)

    @on(VOICE)
    def hop(self, voice: m.VoiceDescriptors) -> None:
        """10 ms of sound: who speaks."""
        missing = voice.state if voice.state in ("no_device", "stale") else None
        self._people.sound(voice.t_ns, voice.t_ns + VOICE.delay_ns, voice.speech_prob, missing)

    @on(VOICE_AFFECT)
    def voice(self, voice: m.VoiceAffect) -> None:
        """The voice's estimate goes to the person who speaks."""
        self._people.voice(voice.t_ns + VOICE_AFFECT.delay_ns, voice.state, estimate_of(voice), voice.emotions)

    @on(TICK, emits=AFFECT)
    def tick(self, tick: m.Tick) -> m.Affect | None:
        """Without frames, the tick says how everyone is: heard, coasting, or gone."""
        people = self._people.tick(tick.t_ns)
        return None if people is None else self._say(tick.t_ns, -1, people)

    @on(HEALTH)
    def health(self, health: m.Health) -> None:
        """A node that is down makes its modality "node_down" until it speaks again."""
        if health.state in m.DOWN:
            if health.node in self.face_nodes:
                self._people.face_state = "node_down"
            if health.node in self.voice_nodes:
                self._people.voice_state = "node_down"

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
        if asked.face not in self._people.seen:
            known = ", ".join(map(str, sorted(self._people.seen))) or "none yet"
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

    def _say(self, t_ns: int, frame_seq: int, people: list[PersonNow]) -> m.Affect:
        return m.Affect(
            t_ns=t_ns,
            frame_seq=frame_seq,
            state=self._people.state(people),
            face_state=self._people.face_state,
            voice_state=self._people.voice_state,
            people=tuple(self._shown(person) for person in people),
        )

    def _shown(self, person: PersonNow) -> m.Person:
        said = person.fused
        tells = told(said.valence_sd, said.arousal_sd).emotions
        words = self._telling.of(said.emotions, said.face_weight) if tells else Words()
        return m.Person(
            id=person.id,
            state=person.state,
            valence=said.valence,
            valence_sd=said.valence_sd,
            arousal=said.arousal,
            arousal_sd=said.arousal_sd,
            emotions=said.emotions,
            face_weight=said.face_weight,
            voice_weight=said.voice_weight,
            discord=person.discord,
            speaking_prob=person.speaking_prob,
            face_age_ms=None if said.age_face_s is None else said.age_face_s * 1e3,
            voice_age_ms=None if said.age_voice_s is None else said.age_voice_s * 1e3,
            coasting=said.coasting,
            name=self._names.get(person.id, ""),
            compound=words.compound,
            likely=words.likely,
        )


def estimate_of(said: m.FaceEstimate | m.VoiceAffect) -> Estimate | None:
    """A model's answer as the filter takes it; None where it has no numbers."""
    if said.state != "ok" or said.valence is None or said.arousal is None or said.emotions is None:
        return None
    if said.valence_sd is None or said.arousal_sd is None:
        return None
    return Estimate(said.valence, said.arousal, said.valence_sd, said.arousal_sd, said.emotions)
