"""The face affect model: aligned (or loose) crops and geometry in; valence, arousal, eight emotions, embedding out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.errors import BadInput
from liveaffect.models.face import align
from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.neutral import relative
from liveaffect.models.files.net import Net, Provider

Floats = NDArray[np.float32]
SIDE = 96
BATCH = 64
# Votes of the training part of FER+, as shares: what "natural" leans towards.
PRIOR = np.array([0.3197, 0.2606, 0.1212, 0.1437, 0.0843, 0.0162, 0.0358, 0.0185], np.float32)
# Spread of valence and arousal over all training faces: what is left to say of a face that cannot be seen.
POPULATION_SD = (0.455, 0.281)
# A crop whose face lies further than this from where `align.crop_face` puts it is cut again: centre in sides of the
# crop, logarithm of the size, radians; and further than so many of the deviations the net states of its own finding.
OFF_PLACE = (0.07, 0.14, 0.2)
SURELY = 3.0
CUTS = 2  # times a crop is cut again at most
_OF = [0, 0, 1]  # which of the two stated deviations (of centre and size, of angle) each of the three has
Prior = Literal["natural", "uniform"]


@dataclass(frozen=True)
class FaceAffectResult:
    """What the model says of n faces; rows are NaN where the crop was not usable."""

    valence: NDArray[np.float32]
    """(n,), -1 to 1."""
    arousal: NDArray[np.float32]
    """(n,), -1 to 1."""
    valence_sd: NDArray[np.float32]
    """(n,), standard deviation of valence."""
    arousal_sd: NDArray[np.float32]
    """(n,), standard deviation of arousal."""
    emotions: NDArray[np.float32]
    """(n, 8), rows sum to 1, in the order of `circumplex.EMOTIONS`."""
    embedding: NDArray[np.float32]
    """(n, 96), not negative; what the heads see."""


class FaceAffectModel:
    """Runs `face-affect.onnx`. Give an open `Net`, or the path of the file.

    >>> FaceAffectModel("face-affect.onnx").predict(crops).valence   # doctest: +SKIP
    """

    def __init__(self, source: Net | Path | str, *, provider: Provider = "cpu", batch: int = BATCH) -> None:
        self.net = source if isinstance(source, Net) else Net(Path(source), provider=provider)
        self._batch = batch
        shape = self.net.shape("crops")
        self.side = shape[1] if shape is not None and len(shape) == 4 and shape[1] > 0 else SIDE
        """Pixels of the crops that the net sees: 96 from version 3 on, 64 before."""
        self._neutral: dict[str, list[float]] = json.loads(self.net.notes.get("neutral", "{}"))

    def neutral(self, prior: Prior) -> NDArray[np.float32] | None:
        """Mean log-probabilities (8,) of the population's neutral faces; None where the file does not say."""
        said = self._neutral.get(prior)
        return None if said is None else np.array(said, np.float32)

    def predict(
        self,
        crops: NDArray[np.uint8],
        geometry: NDArray[np.float32] | None = None,
        prior: Prior = "natural",
        quality: NDArray[np.float32] | None = None,
    ) -> FaceAffectResult:
        """Affect of n faces.

        `crops` is (n, h, w, 3) uint8 RGB of any size, best from `align.crop_face`, else a loose face box (the longer
        side is fitted, the rest repeats edge pixels); one without geometry whose face lies elsewhere than
        `align.crop_face` would put it is cut again, from its own pixels, and judged anew. `geometry` is
        (n, GEOMETRY_SIZE) for stills, or (n, 2 * GEOMETRY_SIZE) from `RunningNeutral.step`; rows with a NaN, and None,
        mean no landmarks.
        `prior` "natural" leans towards the shares of the training votes, "uniform" to none of the categories; valence
        and arousal move with the emotions, and their deviations grow by as much. `quality` (n,), 0 to 1 from
        `quality.face_quality`, widens the standard deviations. Raises BadInput for other shapes, types or an unknown
        prior.
        """
        if crops.ndim != 4 or crops.shape[3] != 3 or crops.dtype != np.uint8 or 0 in crops.shape[1:]:
            raise BadInput(f"face-affect: crops are {crops.shape} {crops.dtype}; give (n, h, w, 3) uint8 RGB")
        if prior not in ("natural", "uniform"):
            raise BadInput(f"face-affect: prior is {prior!r}; it can be 'natural' or 'uniform'")
        n = len(crops)
        vectors, present = _geometry(geometry, n)
        if n == 0:
            none = np.empty(0, np.float32)
            return FaceAffectResult(none, none, none, none, *(np.empty((0, k), np.float32) for k in (8, 96)))
        out = self._run(np.stack([align.resize(crop, self.side) for crop in crops]), vectors, present)
        if not present.all():
            self._cut_again(crops, vectors, present, out)
        log_p, va, sd = out["log_p"], out["va"], out["va_sd"]
        if prior == "uniform":
            flat = out["log_p_uniform"]
            moved = (np.exp(flat) - np.exp(log_p)) @ COORDINATES
            log_p, (va, sd) = flat, follow(va, sd, moved)
        emotions = np.exp(log_p - log_p.max(1, keepdims=True))
        emotions /= emotions.sum(1, keepdims=True)
        if quality is not None:
            sd = widen(sd, np.asarray(quality, np.float32))
        return FaceAffectResult(va[:, 0], va[:, 1], sd[:, 0], sd[:, 1], emotions.astype(np.float32), out["embedding"])

    def _cut_again(self, crops: NDArray[np.uint8], vectors: Floats, present: Floats, out: dict[str, Floats]) -> None:
        """Puts better answers into `out` where a crop without landmarks was loose."""
        matrices: list[NDArray[np.float64]] = [_whole(crop.shape, self.side) for crop in crops]
        again: NDArray[np.intp] = np.flatnonzero(present[:, 0] == 0)
        for _ in range(CUTS):
            again = again[_off_place(out["place"][again], out["place_sd"][again])]
            if not len(again):
                return
            chosen: list[int] = again.tolist()
            for i in chosen:
                matrices[i] = matrices[i] @ _within(out["place"][i], self.side)
            recut = np.stack([align.warp(crops[i], matrices[i][:2], self.side) for i in chosen])
            for name, answer in self._run(recut, vectors[again], present[again]).items():
                out[name][again] = answer

    def _run(self, pixels: NDArray[np.uint8], vectors: Floats, present: Floats) -> dict[str, Floats]:
        feeds = {"crops": pixels, "geometry": vectors, "present": present}
        answers = self.net.run_batched(feeds, self._batch)
        return {tensor.name: answer for tensor, answer in zip(self.net.outputs, answers, strict=True)}


def _off_place(place: Floats, sd: Floats) -> NDArray[np.bool_]:
    """(n,) whether the face is surely found, and not where an aligned crop has it."""
    apart = np.abs(place)
    beyond = np.column_stack([apart[:, :2].max(1), apart[:, 2], apart[:, 3]]) > np.maximum(
        OFF_PLACE, SURELY * sd[:, _OF]
    )
    return np.any(beyond, axis=1)


def _whole(shape: tuple[int, ...], side: int) -> NDArray[np.float64]:
    """The (3, 3) matrix from pixels of a net's input to those of a crop of that shape, as `align.resize` has it."""
    scale = max(shape[:2]) / side
    return np.array([
        [scale, 0, (shape[1] - scale * side) / 2], [0, scale, (shape[0] - scale * side) / 2], [0, 0, 1]
    ])  # fmt: skip


def _within(place: Floats, side: int) -> NDArray[np.float64]:
    """The (3, 3) matrix from pixels of the aligned crop to those of the one in which it has that place (4,)."""
    size, middle = float(np.exp(place[2])), np.full(2, side / 2)
    c, s = size * np.cos(place[3]), size * np.sin(place[3])
    linear = np.array([[c, -s], [s, c]])
    shift = (place[:2] + 0.5) * side - linear @ middle
    return np.vstack([np.column_stack([linear, shift]), [0, 0, 1]])


def follow(
    va: Floats, sd: Floats, moved: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Valence and arousal (n, 2) moved as the categories moved them; their deviations grow by as much."""
    return np.clip(va + moved, -1, 1), np.sqrt(np.square(sd) + np.square(moved))


def widen(sd: Floats, quality: Floats) -> Floats:
    """Standard deviations (n, 2) moved towards the population's as quality (n,) falls from 1 to 0."""
    if quality.shape != sd.shape[:1]:
        raise BadInput(f"face-affect: quality has shape {quality.shape}, {len(sd)} faces were given")
    lost = 1 - np.clip(np.nan_to_num(quality, nan=0.0), 0, 1)
    return np.sqrt(np.square(sd) + np.square(lost[:, None] * np.array(POPULATION_SD, np.float32)))


def _geometry(geometry: NDArray[np.float32] | None, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Model inputs (n, 2G) without NaN and (n, 1) saying which rows are real."""
    if geometry is None:
        return np.zeros((n, 2 * GEOMETRY_SIZE), np.float32), np.zeros((n, 1), np.float32)
    vectors: NDArray[np.float32] = np.asarray(geometry, np.float32)
    if vectors.shape == (n, GEOMETRY_SIZE):
        vectors = relative(vectors)
    if vectors.shape != (n, 2 * GEOMETRY_SIZE):
        raise BadInput(
            f"face-affect: geometry is {vectors.shape}; give ({n}, {GEOMETRY_SIZE}) or ({n}, {2 * GEOMETRY_SIZE})"
        )
    present = np.isfinite(vectors).min(1, keepdims=True)
    return np.where(present, vectors, 0).astype(np.float32), present.astype(np.float32)
