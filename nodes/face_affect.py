"""The face model's node: aligned crops and geometry in; valence, arousal and emotions of each face out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from liveaffect.models import registry
from liveaffect.models.face import own
from liveaffect.models.face.affect import BATCH
from liveaffect.models.face.neutral import RunningNeutrals, relative
from liveaffect.models.files import manifest
from liveaffect.models.files.net import Net
from liveaffect.stream.messages import Face, FaceCrop, FaceEstimate
from liveaffect.stream.messages import FaceAffect as FaceAffectMessage
from liveaffect.stream.node import Node, ahead_of, on
from liveaffect.stream.topics import CROP, FACE_AFFECT

IN_A_ROW = 16
"""Frames after which the net's weights have paid for their way into the cache of a CPU."""


@dataclass
class _Asked:
    """Of one frame: which faces can be measured, their crops, their model input, how calm they are."""

    rows: list[int] = field(default_factory=list)
    crops: NDArray[np.uint8] | None = None
    vectors: NDArray[np.float32] | None = None
    calm: list[tuple[own.OwnAnswer, float, float]] = field(default_factory=list)
    """What is known of the person, calmness, and seconds since the frame before; none of a photograph."""


class FaceAffectNode(Node):
    """Runs the face-affect model on the faces whose state is "ok"; the others are passed on without numbers.

    Each track has a running neutral that starts from the population and ends with the track: of its geometry, an input
    of the model, and of what the model says of calm frames, which the answer is set beside. Both are causal. A
    photograph is judged against the population.
    """

    model: str = "face-affect"
    """A name in the manifest; a user's own entry works too."""
    provider: Literal["cpu", "cuda"] = "cpu"
    """Where the net runs; "cuda" needs the extra `liveaffect[gpu]`."""
    prior: Literal["natural", "uniform"] = "natural"
    """How often each emotion is expected: as in everyday faces, or all alike."""

    def open(self) -> None:
        self._net = registry.load(self.model, provider=self.provider)
        self._label = f"{self.model} {manifest.entry(self.model).version}"
        self._neutrals = RunningNeutrals()
        known = getattr(self._net, "neutral", None)
        self._population: NDArray[np.float32] | None = known(self.prior) if known is not None else None
        self._own: dict[int, own.OwnAnswer] = {}
        self._ready: dict[int, FaceAffectMessage] = {}

    def info(self) -> dict[str, Any]:
        net: Net | None = getattr(self._net, "net", None)
        return {"model": self._label, "providers": list(net.providers) if net is not None else []}

    def notice(self) -> str:
        """Where the net runs, if not where it was wanted."""
        net: Net | None = getattr(self._net, "net", None)
        return (net.notice or "") if net is not None else ""

    @property
    def together(self) -> bool:
        """Whether the device takes many faces in one run: a GPU does; a CPU gains nothing and rounds differently."""
        net = getattr(self._net, "net", None)
        return net is not None and not net.on_cpu

    def burst(self) -> int:
        """How many frames at once suit the device."""
        return BATCH if self.together else IN_A_ROW

    @ahead_of(CROP)
    def prepare(self, crops: Sequence[FaceCrop]) -> None:
        """Answers frames that are still to come, in their order; `step` then has them ready.

        For files only: live there is nothing to look ahead to. On a CPU they are asked one after the other, and the
        answers are those of `step` to the bit; on a GPU all at once, as far as it computes a batch as it does one row.
        """
        parts = [crops] if self.together else [[crop] for crop in crops]
        answers = [answer for part in parts for answer in self._answers(part)]
        self._ready.update((crop.seq, answer) for crop, answer in zip(crops, answers, strict=True))

    @on(CROP, emits=FACE_AFFECT)
    def step(self, crop: FaceCrop) -> FaceAffectMessage:
        """One frame; rows of `crop.crops` and `crop.geometry` belong to `crop.faces` in their order."""
        ready = self._ready.pop(crop.seq, None)
        return self._answers([crop])[0] if ready is None else ready

    def _answers(self, crops: Sequence[FaceCrop]) -> list[FaceAffectMessage]:
        """Each frame's message; the net runs on the faces of all of them at once."""
        asked = [self._ask(crop) for crop in crops]
        faces = [crop.faces[i] for crop, one in zip(crops, asked, strict=True) for i in one.rows]
        numbers = iter(self._numbers(faces, asked) if faces else ())
        answers: list[FaceAffectMessage] = []
        for crop, one in zip(crops, asked, strict=True):
            rows = [FaceEstimate(id=face.id, state=face.state, quality=face.quality) for face in crop.faces]
            for i in one.rows:
                rows[i] = next(numbers)
            answers.append(
                FaceAffectMessage(
                    t_ns=crop.t_ns, frame_seq=crop.frame_seq, state=crop.state, still=crop.still, model=self._label,
                    faces=tuple(rows),
                )
            )  # fmt: skip
        return answers

    def _ask(self, crop: FaceCrop) -> _Asked:
        """What the net is to be asked about one frame; moves the running neutral of everyone in it."""
        asked = _Asked()
        kept = self._neutrals.begin((face.id for face in crop.faces), anew=crop.gap or crop.still)
        self._own = {i: found for i, found in self._own.items() if i in kept}
        rows = [i for i, face in enumerate(crop.faces) if face.state == "ok"]
        if not rows or crop.crops is None or crop.geometry is None:
            return asked
        asked.rows, asked.crops = rows, crop.crops[rows]
        if crop.still:
            asked.vectors = relative(crop.geometry[rows])
            return asked
        vectors: list[NDArray[np.float32]] = []
        for i in rows:
            face_id, geometry = crop.faces[i].id, crop.geometry[i]
            calm = self._neutrals.calmness(face_id, geometry) if np.isfinite(geometry).all() else 0.0
            vector, elapsed_s = self._neutrals.step(face_id, crop.t_ns, geometry)
            vectors.append(vector)
            if self._population is not None:
                mine = self._own.setdefault(face_id, own.OwnAnswer(self._population))
                asked.calm.append((mine, calm, elapsed_s))
        asked.vectors = np.stack(vectors)
        return asked

    def _numbers(self, faces: list[Face], asked: list[_Asked]) -> list[FaceEstimate]:
        crops = np.concatenate([one.crops for one in asked if one.crops is not None])
        quality = np.array([face.quality if face.quality is not None else np.nan for face in faces], np.float32)
        vectors = np.concatenate([one.vectors for one in asked if one.vectors is not None])
        said = self._net.predict(crops, geometry=vectors, prior=self.prior, quality=quality)
        if self._population is not None:
            said = own.beside(said, _shifts(asked, said.emotions))
        return [_estimate(face, said, row) for row, face in enumerate(faces)]


def _shifts(asked: list[_Asked], emotions: NDArray[np.float32]) -> NDArray[np.float64]:
    """By how much each face's log-probabilities move (n, 8), frame after frame; every frame then teaches."""
    shifts, row = np.zeros(emotions.shape), 0
    for one in asked:
        for k, (mine, calm, elapsed_s) in enumerate(one.calm):
            shifts[row + k] = mine.shift
            mine.learn(emotions[row + k], calm, elapsed_s)
        row += len(one.rows)
    return shifts


def _estimate(face: Face, said: Any, row: int) -> FaceEstimate:
    """One row of the model's answer; anything that is not finite leaves the face without numbers."""
    numbers = [float(values[row]) for values in (said.valence, said.valence_sd, said.arousal, said.arousal_sd)]
    emotions = () if said.emotions is None else tuple(float(p) for p in said.emotions[row])
    estimate = FaceEstimate(id=face.id, state=face.state, mouth_motion=face.mouth_motion, quality=face.quality)
    if not np.isfinite([*numbers, *emotions]).all():
        estimate.state = "low_quality"
        return estimate
    estimate.valence, estimate.valence_sd, estimate.arousal, estimate.arousal_sd = numbers
    estimate.emotions = emotions or None
    return estimate
