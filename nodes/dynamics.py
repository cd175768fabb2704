"""Dynamics: how everyone's affect moves over time, and how two people move each other, from what the nets say."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, cast

import msgspec

from liveaffect.models.dynamics.correlation import Following
from liveaffect.models.dynamics.coupling import Coupling, Influence
from liveaffect.models.dynamics.inertia import Interval, Motion
from liveaffect.models.dynamics.mirroring import Mirrored
from liveaffect.models.dynamics.shifts import ShiftFound, ShiftSettings
from liveaffect.models.dynamics.tracker import DynamicsTracker, PairSaid, PersonSaid
from liveaffect.models.dynamics.turns import Turns
from liveaffect.models.dynamics.warm import warm_up
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, Positive, on
from liveaffect.stream.topics import AFFECT, DYNAMICS, FACE, FACE_AFFECT, SHIFT, TOGETHER, VOICE_AFFECT

HIDDEN = -1
"""Id of a voice that belongs to no visible face."""
SPEAKS = 0.5
"""Probability of speaking from which the voice is a person's."""
_FRAMES_KEPT = 64
_UNITS = [list(ACTION_UNITS).index(unit) for unit in ("AU12", "AU04")]


class DynamicsNode(Node):
    """Measures of the last minutes once a second, and shifts as they are found.

    It rests on `face/affect` and `voice/affect`, before fusion: the fused track moves as slowly as the filter that
    smoothed it. `affect` only tells the time and who speaks.
    """

    gathers_ms: ClassVar[int] = 100

    window_s: Annotated[float, msgspec.Meta(ge=60, le=1200)] = 300.0
    """Measures rest on the last so many seconds."""
    most_pairs: Annotated[int, msgspec.Meta(ge=0, le=28)] = 3
    """So many pairs of faces are measured, those of the lowest ids first."""
    shift_least: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.2
    """Smaller changes of level are no shifts."""
    shift_certainty: Annotated[float, msgspec.Meta(ge=0.5, lt=1)] = 0.5
    """Least probability at which a shift is told."""
    shift_every_s: Positive = 60.0
    """Mean time between shifts, before anything is seen."""

    def open(self) -> None:
        warm_up()
        self._begin()

    def info(self) -> dict[str, Any]:
        return {"people": self._people}

    @on(FACE_AFFECT)
    def face(self, frame: m.FaceAffect) -> None:
        """Estimates of one frame, kept until time has reached it for certain."""
        if frame.t_ns < self._now_ns:
            self._begin()
        _keep(self._estimates, frame.frame_seq, frame)

    @on(FACE)
    def observed(self, frame: m.FaceObservation) -> None:
        """Action units of one frame."""
        _keep(self._faces, frame.frame_seq, {face.id: face for face in frame.faces})

    @on(VOICE_AFFECT)
    def voice(self, voice: m.VoiceAffect) -> None:
        """The voice's estimate goes to who speaks."""
        estimate = _estimate(voice)
        if estimate is not None and self._speaker is not None:
            self._tracker.hear(max(voice.t_ns + VOICE_AFFECT.delay_ns, self._now_ns), self._speaker, estimate)

    @on(AFFECT, emits=(DYNAMICS, TOGETHER, SHIFT))
    def affect(self, affect: m.Affect) -> Iterator[m.Message]:
        """One instant: what was seen in it is taken in, and once a second everything is said."""
        if affect.t_ns < self._now_ns:
            self._begin()
        self._now_ns = affect.t_ns
        for frame in [frame for frame in self._estimates.values() if frame.t_ns <= affect.t_ns]:
            del self._estimates[frame.frame_seq]
            faces = self._faces.pop(frame.frame_seq, {})
            for face in frame.faces:
                observed = faces.get(face.id)
                units = observed.au if observed is not None else None
                smile_frown = None if units is None else (units[_UNITS[0]], units[_UNITS[1]])
                self._tracker.see(frame.t_ns, face.id, _estimate(face), smile_frown)
        best: tuple[float, int] | None = None
        for person in affect.people:
            if person.speaking_prob is not None:
                self._tracker.speak(affect.t_ns, person.id, person.speaking_prob)
                if person.speaking_prob >= SPEAKS and (best is None or person.speaking_prob > best[0]):
                    best = person.speaking_prob, person.id
        self._speaker = best[1] if best is not None else HIDDEN if affect.face_state in ("no_device", "stale") else None
        found, said = self._tracker.advance(affect.t_ns)
        for who, dimension, shift in found:
            yield _shift(affect.t_ns, who, dimension, shift)
        if said is not None:
            self._people = len(said.people)
            yield m.Dynamics(t_ns=affect.t_ns, people=tuple(_person(who, one) for who, one in said.people.items()))
            yield m.Together(t_ns=affect.t_ns, pairs=tuple(_pair(ids, one) for ids, one in said.pairs.items()))

    def _begin(self) -> None:
        """Starts anew: at the beginning, and where a replay went back."""
        shifts = ShiftSettings(every_s=self.shift_every_s, least=self.shift_least, certainty=self.shift_certainty)
        self._tracker = DynamicsTracker(self.window_s, shifts, self.most_pairs)
        self._estimates: OrderedDict[int, m.FaceAffect] = OrderedDict()
        self._faces: OrderedDict[int, dict[int, m.Face]] = OrderedDict()
        self._now_ns, self._people = -1, 0
        self._speaker: int | None = None


def _keep(line: OrderedDict[int, Any], frame: int, what: Any) -> None:
    line[frame] = what
    if len(line) > _FRAMES_KEPT:
        line.popitem(last=False)


def _estimate(said: m.FaceEstimate | m.VoiceAffect) -> tuple[float, float, float, float, tuple[float, ...]] | None:
    if said.state != "ok" or said.emotions is None:
        return None
    numbers = (said.valence, said.arousal, said.valence_sd, said.arousal_sd)
    return None if None in numbers else (*cast(tuple[float, float, float, float], numbers), said.emotions)


def _shift(t_ns: int, who: int, dimension: str, shift: ShiftFound) -> m.Shift:
    return m.Shift(
        t_ns=t_ns, id=who, dimension=cast(Any, dimension), at_ns=round(shift.at_s * 1e9), before=shift.before,
        after=shift.after, certainty=shift.certainty,
    )  # fmt: skip


def _interval(found: Interval | None) -> m.Interval | None:
    return None if found is None else m.Interval(value=found.value, low=found.low, high=found.high)


def _moved(found: Motion | None) -> m.Moved | None:
    if found is None:
        return None
    return m.Moved(
        seconds=found.seconds, level=_interval(found.level), variability=_interval(found.variability),
        inertia_s=_interval(found.inertia_s), instability=_interval(found.instability),
    )  # fmt: skip


def _person(who: int, said: PersonSaid) -> m.PersonDynamics:
    stays = said.stays
    return m.PersonDynamics(
        id=who,
        by=cast(Any, said.by),
        seconds=said.seconds,
        valence=_moved(said.valence),
        arousal=_moved(said.arousal),
        shares=None if stays is None or stays.shares is None else tuple(stays.shares.tolist()),
        transitions=None if stays is None or stays.shares is None else tuple(stays.transitions.ravel().tolist()),
    )


def _following(found: Following | None) -> m.Following | None:
    if found is None:
        return None
    return m.Following(
        windows=found.windows, lag_s=found.lag_s, lag_low_s=found.lag_low_s, lag_high_s=found.lag_high_s,
        peak=found.peak, p=found.p, share=found.share,
        curve=tuple(x if x == x else None for x in found.curve.tolist()),
        chance=tuple(x if x == x else None for x in found.chance.tolist()),
    )  # fmt: skip


def _influence(found: Influence) -> m.Influence:
    rate = found.rate
    return m.Influence(
        rate=m.Interval(value=rate.value, low=rate.low, high=rate.high), gain=found.gain,
        beyond_chance=found.beyond_chance,
    )  # fmt: skip


def _coupling(found: Coupling | None) -> m.Coupling | None:
    if found is None:
        return None
    return m.Coupling(
        first_by_second=_influence(found.first_by_second), second_by_first=_influence(found.second_by_first),
        together=found.together,
    )  # fmt: skip


def _mirrored(found: Mirrored | None) -> m.Mirrored | None:
    return None if found is None else m.Mirrored(
        onsets=found.onsets, answered=found.answered, chance=found.chance, p=found.p
    )  # fmt: skip


def _turns(found: Turns | None) -> m.Turns | None:
    return None if found is None else m.Turns(
        seconds=found.seconds, turns=found.turns, speech_s=found.speech_s, overlap_s=found.overlap_s,
        changes=found.changes, offset_s=found.offset_s,
    )  # fmt: skip


def _pair(ids: tuple[int, int], said: PairSaid) -> m.PairDynamics:
    smiles, frowns = said.smiles, said.frowns
    return m.PairDynamics(
        first=ids[0],
        second=ids[1],
        seconds=said.seconds,
        valence=_following(said.following.get("valence")),
        arousal=_following(said.following.get("arousal")),
        valence_coupling=_coupling(said.coupling.get("valence")),
        arousal_coupling=_coupling(said.coupling.get("arousal")),
        second_smiles_back=None if smiles is None else _mirrored(smiles.second_answers),
        first_smiles_back=None if smiles is None else _mirrored(smiles.first_answers),
        second_frowns_back=None if frowns is None else _mirrored(frowns.second_answers),
        first_frowns_back=None if frowns is None else _mirrored(frowns.first_answers),
        turns=_turns(said.turns),
    )
