"""Why: twice a second, which measured cues of a face carried its estimate; and where face and voice differ."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from liveaffect.models import registry
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS, MAX_INTENSITY, QUIET
from liveaffect.models.face.neutral import MAX_STEP_S, RunningNeutrals, relative
from liveaffect.models.files import manifest
from liveaffect.models.fusion.disagreement import Disagreement, Stretch
from liveaffect.models.reasons.carried import Carried, measure
from liveaffect.models.reasons.regions import REGIONS
from liveaffect.nodes.reasons.listening import ASKED_NS, EVERY_NS, LEAST_WEIGHT, Listening
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, answered, command, on
from liveaffect.stream.topics import (
    ACK,
    AFFECT,
    BASELINE,
    COMMAND,
    CROP,
    DISCORD,
    FACE,
    FACE_AFFECT,
    REASONS,
    VOICE,
    VOICE_AFFECT,
)

SLOT_NS = 500_000_000
LEAST_CALM_S = 1.0
"""A person's units at rest are known from so much calm time on."""
MOST_UNITS = 2
_NAMES = tuple(ACTION_UNITS)


class WhyArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `why`."""

    face: int | None = None
    """Whose reasons are wanted, at every turn; None lets everyone in view have theirs in turn."""
    for_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """For so many seconds, so that who asks may end without a word; None until something else is asked."""


@dataclass
class _Track:
    """What is known of one face: its model input in the newest frame, and its units at rest."""

    seen_ns: int = 0
    vector: NDArray[np.float32] | None = None
    calm_s: float = 0.0
    units: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(_NAMES)))
    weight: float = 0.0


class ReasonsNode(Node):
    """Asks the face's model again with each cue at rest (`liveaffect.models.reasons`), one person every half second.

    It reads the same crops as the node `face_affect` and must be given its `model` and `prior`, and the same hops as
    `voice_affect`. What it says is a function of the messages alone; pixels and sound are not kept.
    """

    gathers_ms: ClassVar[int] = 100

    model: str = "face-affect"
    """The model of the node `face_affect`."""
    provider: Literal["cpu", "cuda"] = "cpu"
    """Where the net runs; "cuda" needs the extra `liveaffect[gpu]`."""
    prior: Literal["", "natural", "uniform"] = ""
    """"" for that of the node `face_affect` of the graph."""

    def open(self) -> None:
        self._net = registry.load(self.model, provider=self.provider)
        self._label = f"{self.model} {manifest.entry(self.model).version}"
        self._prior = self.prior or self.host.graph.get("face_affect", {}).get("prior", "natural")
        wiring, graph = self.host.wiring, self.host.graph
        judge = next((graph.get(name, {}) for name, node in wiring.items() if VOICE_AFFECT.name in node["writes"]), {})
        self._listening = Listening(judge) if "model" in judge else None
        self._tracks: dict[int, _Track] = {}
        self._neutrals = RunningNeutrals()
        self._crop: m.FaceCrop | None = None
        self._faces: m.FaceObservation | None = None
        self._said: m.FaceAffect | None = None
        self._affect: m.Affect | None = None
        self._voice: m.VoiceAffect | None = None
        self._differing: dict[int, Disagreement] = {}
        self._baseline: m.Baseline | None = None
        self._slot, self._last, self._only = -1, -1, None
        self._until_ns: int | None = None

    def info(self) -> dict[str, Any]:
        return {"model": self._label}

    @on(CROP, emits=REASONS)
    def crop(self, crop: m.FaceCrop) -> m.Reasons | None:
        """Moves the running neutrals as the node `face_affect` does, and keeps the newest frame."""
        kept = self._neutrals.begin((face.id for face in crop.faces), anew=crop.gap or crop.still)
        self._tracks = {i: track for i, track in self._tracks.items() if i in kept}
        self._crop = crop
        pairs = () if crop.crops is None or crop.geometry is None else zip(crop.faces, crop.geometry, strict=True)
        for face, geometry in pairs:
            if face.state == "ok":
                track = self._tracks.setdefault(face.id, _Track())
                calm, track.seen_ns = self._neutrals.calmness(face.id, geometry), crop.t_ns
                vector, elapsed_s = self._neutrals.step(face.id, crop.t_ns, geometry)
                track.vector = relative(geometry) if crop.still else vector
                track.calm_s = calm * min(max(elapsed_s, 0.0), MAX_STEP_S)
        return self._due()

    @on(FACE, emits=REASONS)
    def face(self, faces: m.FaceObservation) -> m.Reasons | None:
        """Action units, and what they are while the face is calm."""
        self._faces = faces
        for face in faces.faces:
            track = self._tracks.get(face.id)
            if track is not None and face.au is not None and track.seen_ns == faces.t_ns and track.calm_s > 0:
                track.weight += track.calm_s
                track.units += track.calm_s / track.weight * (np.array(face.au) - track.units)
        return self._due()

    @on(FACE_AFFECT, emits=(REASONS, DISCORD))
    def estimate(self, said: m.FaceAffect) -> Iterable[m.Message]:
        """The estimate that is to be explained."""
        self._said = said
        return self._told()

    @on(VOICE)
    def hop(self, hop: m.VoiceDescriptors) -> None:
        """What the voice's model hears, followed so that its answers can be taken apart."""
        if self._listening is not None:
            self._listening.hop(hop)

    @on(VOICE_AFFECT)
    def voice(self, voice: m.VoiceAffect) -> None:
        """What the voice says, to be held against the face."""
        self._voice = voice

    @on(AFFECT, emits=(REASONS, DISCORD))
    def affect(self, affect: m.Affect) -> Iterable[m.Message]:
        """The fused estimate, and how much each modality weighs in it."""
        if affect.frame_seq < 0:
            alone = self._voice_alone(affect) if affect.t_ns // SLOT_NS != self._slot else None
            return [*self._stretches(affect, ()), *(() if alone is None else (alone,))]
        self._affect = affect
        return self._told()

    def _told(self) -> list[m.Message]:
        """What there is to say once estimate and fused estimate of a frame are both here."""
        affect, said = self._affect, self._said
        out: list[m.Message] = []
        if affect is not None and said is not None and affect.frame_seq == said.frame_seq:
            out += self._stretches(affect, said.faces)
        due = self._due()
        return out if due is None else [*out, due]

    def _stretches(self, affect: m.Affect, faces: tuple[m.FaceEstimate, ...]) -> Iterable[m.Discord]:
        """Stretches of discord that have ended; only whom fusion gave face and voice at once can be in one."""
        seen = {face.id: face.emotions for face in faces}
        both = {person.id for person in affect.people if person.discord is not None}
        for who in sorted(both | set(self._differing)):
            one = self._differing.setdefault(who, Disagreement())
            heard = self._voice.emotions if who in both and self._voice is not None else None
            ended = one.step(affect.t_ns / 1e9, seen.get(who), heard)
            if ended is not None:
                yield _stretch(who, ended, affect.t_ns)

    @on(BASELINE)
    def baseline(self, baseline: m.Baseline) -> None:
        """A person at rest, as somebody captured it."""
        self._baseline = baseline if baseline.state == "done" else None

    @on(COMMAND, emits=ACK)
    @command("why", WhyArguments)
    def obey(self, said: m.Command) -> m.Ack | None:
        """Answers `why`: whose reasons are wanted from now on."""
        return answered(self, said, self._want)

    def _want(self, said: m.Command) -> str:
        asked = msgspec.convert(said.arguments, WhyArguments)
        self._only = asked.face
        self._until_ns = None if asked.for_s is None else said.t_ns + round(asked.for_s * 1e9)
        return "everyone in turn" if self._only is None else f"face {self._only} at every turn"

    def _due(self) -> m.Reasons | None:
        """At the first frame of every half second of which all is here: the reasons of whoever's turn it is."""
        affect, said, crop, faces = self._affect, self._said, self._crop, self._faces
        if affect is None or said is None or crop is None or faces is None:
            return None
        slot = affect.t_ns // SLOT_NS
        if slot == self._slot or not (affect.frame_seq == said.frame_seq == crop.frame_seq == faces.frame_seq):
            return None
        self._slot = slot
        rows = {face.id: row for row, face in enumerate(crop.faces) if face.state == "ok"}
        known = {face.id: face for face in said.faces if face.state == "ok" and face.id in rows and face.emotions}
        if not known:
            return self._voice_alone(affect)
        if self._until_ns is not None and affect.t_ns > self._until_ns:
            self._only = self._until_ns = None
        self._last = self._turn(sorted(known))
        person = next((one for one in affect.people if one.id == self._last), None)
        reason = self._reason(known[self._last], rows[self._last], crop, person, affect.voice_state)
        return m.Reasons(t_ns=affect.t_ns, frame_seq=affect.frame_seq, model=self._label, people=(reason,))

    def _turn(self, ids: list[int]) -> int:
        if self._only in ids:
            return self._only
        return next((i for i in ids if i > self._last), ids[0])

    def _reason(
        self, said: m.FaceEstimate, row: int, crop: m.FaceCrop, person: m.Person | None, voice: m.State
    ) -> m.Reason:
        track = self._tracks[said.id]
        numbers = np.array([said.valence, said.arousal, *(said.emotions or ())], np.float64)
        found: Carried | None = None
        if crop.crops is not None and track.vector is not None:
            found = measure(self._net, crop.crops[row], track.vector, self._prior, numbers)
        if found is None:
            return m.Reason(id=said.id, state="low_quality", missing=("the face could not be taken apart",))
        missing = [f"{name} hidden" for name in found.hidden]
        weight = 0.0 if person is None else person.voice_weight or 0.0
        heard, why = self._heard(said.id, weight, voice)
        missing += [why] if why else []
        return m.Reason(
            id=said.id,
            valence=said.valence,
            arousal=said.arousal,
            category=EMOTIONS[found.category],
            share=float(found.estimate[2 + found.category]),
            face_weight=None if person is None else person.face_weight,
            voice_weight=None if person is None else person.voice_weight,
            cues=tuple(self._cue(name, effect, said.id) for name, effect in found.effects.items()),
            ways=found.ways,
            heard=heard,
            missing=tuple(missing),
        )

    def _voice_alone(self, affect: m.Affect) -> m.Reasons | None:
        """The reasons of a voice that belongs to no face in view."""
        self._slot = affect.t_ns // SLOT_NS
        person = next((one for one in affect.people if one.id < 0), None)
        heard = None if person is None else self._heard(person.id, person.voice_weight or 0.0, affect.voice_state)[0]
        if person is None or heard is None:
            return None
        reason = m.Reason(id=person.id, voice_weight=person.voice_weight, heard=heard, missing=("no face",))
        return m.Reasons(t_ns=affect.t_ns, frame_seq=affect.frame_seq, model=self._label, people=(reason,))

    def _heard(self, who: int, weight: float, voice: m.State) -> tuple[m.Heard | None, str]:
        """The voice's part of whoever weighs so much in their estimate, or why there is none."""
        if 0.0 < weight < LEAST_WEIGHT:
            return None, "voice: weighs too little"
        if weight <= 0.0:
            return None, f"voice: {m.STATE_WORDS.get(voice, voice)}" if voice != "ok" else "voice: not this person's"
        if self._listening is None:
            return None, "the voice is not taken apart"
        return self._listening.heard(self._voice, who, ASKED_NS if who == self._only else EVERY_NS)

    def _cue(self, name: str, effect: NDArray[np.float64], face_id: int) -> m.Cue:
        valence, arousal, category = map(float, effect)
        return m.Cue(name=name, valence=valence, arousal=arousal, category=category, units=self._units(name, face_id))

    def _units(self, name: str, face_id: int) -> tuple[m.Unit, ...]:
        """Action units of a region that stand out of the person's rest, or out of what neutral faces show."""
        face = next((one for one in (self._faces.faces if self._faces else ()) if one.id == face_id), None)
        if face is None or face.au is None:
            return ()
        values, rest = dict(zip(_NAMES, face.au, strict=True)), self._rest(face_id)
        found = [m.Unit(name=unit, value=values[unit], rest=rest.get(unit)) for unit in REGIONS[name].units]
        beyond = {unit.name: unit.value - (unit.rest or 0.0) for unit in found}
        quiet = QUIET * MAX_INTENSITY
        found = [unit for unit in found if unit.value > quiet and beyond[unit.name] > quiet / 2]
        return tuple(sorted(found, key=lambda unit: (-beyond[unit.name], unit.name))[:MOST_UNITS])

    def _rest(self, face_id: int) -> dict[str, float]:
        if self._baseline is not None and self._baseline.face_id == face_id:
            return {name.upper(): value for name, value in self._baseline.au.items()}
        track = self._tracks[face_id]
        return dict(zip(_NAMES, map(float, track.units), strict=True)) if track.weight >= LEAST_CALM_S else {}


def _stretch(who: int, found: Stretch, t_ns: int) -> m.Discord:
    return m.Discord(
        t_ns=t_ns, id=who, begin_ns=round(found.begin_s * 1e9), end_ns=round(found.end_s * 1e9), size=found.size,
        face=found.face, voice=found.voice,
    )  # fmt: skip
