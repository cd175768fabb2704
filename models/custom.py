"""A user's own face net: any ONNX file whose manifest entry says how pixels go in and what comes out."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS
from liveaffect.models.errors import BadInput, ManifestError
from liveaffect.models.manifest import Entry, Normalisation
from liveaffect.models.session import Session

Floats = npt.NDArray[np.float32]

ALIASES = {
    "happy": "happiness", "joy": "happiness", "surprised": "surprise", "sad": "sadness", "angry": "anger",
    "disgusted": "disgust", "afraid": "fear", "fearful": "fear", "contemptuous": "contempt",
}  # fmt: skip
"""Names other nets give the eight categories. A label of "" marks a class to be left out."""


MEANINGS = ("valence", "arousal", "valence_arousal", "arousal_valence", "logits", "probabilities")
"""What an output of such a net may hold."""


class Estimates(NamedTuple):
    """What a net says of n crops."""

    valence: Floats
    """(n,), in [-1, 1]."""
    arousal: Floats
    """(n,), in [-1, 1]."""
    valence_sd: Floats
    """(n,), standard deviations."""
    arousal_sd: Floats
    emotions: Floats | None
    """(n, 8), rows sum to one, in the order of `EMOTIONS`; None where the net has no classes."""


class CustomFaceNet:
    """Runs a user's net on aligned face crops.

    The entry needs `normalisation` and outputs whose `meaning` is `valence`, `arousal`, `valence_arousal`,
    `arousal_valence`, `logits` or `probabilities` (the last two with `labels`). A net with classes alone gets its
    valence and arousal from them: the mean of the categories' places on the circumplex, weighted by probability.
    The standard deviations are the entry's `sd`: such nets rarely state their own.

    Raises ManifestError where the entry says too little or too much.
    """

    def __init__(self, session: Session, entry: Entry, batch: int = 16) -> None:
        self.entry = entry
        self._session = session
        self._batch = batch if not session.inputs or session.inputs[0].shape[0] < 0 else session.inputs[0].shape[0]
        self._where = f"{entry.origin}: model `{entry.name}`"
        if len(session.inputs) != 1:
            raise ManifestError(f"{self._where}: a face net takes one input, this one {len(session.inputs)}")
        if entry.normalisation is None:
            raise ManifestError(f"{self._where} needs `normalisation`")
        self._normalisation = entry.normalisation
        self._meaning = {out.meaning: _position(session, out.name) for out in entry.outputs if out.meaning}
        classes = self._meaning.keys() & {"logits", "probabilities"}
        if strange := self._meaning.keys() - set(MEANINGS):
            raise ManifestError(
                f"{self._where}: output meaning {strange.pop()!r} is unknown; use {', '.join(MEANINGS)}"
            )
        self._columns = _columns(entry, self._where) if classes else None
        has_plane = {"valence_arousal", "arousal_valence"} & self._meaning.keys() or {
            "valence", "arousal",
        } <= self._meaning.keys()  # fmt: skip
        if not classes and not has_plane:
            raise ManifestError(f"{self._where}: no output is declared as classes or as valence and arousal")

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Estimates:
        """Estimates for crops (n, height, width, 3), uint8 RGB, n at least 1."""
        pixels = prepare(crops, self._normalisation)
        rows = len(pixels)
        pad = -rows % self._batch if self._session.inputs[0].shape[0] > 0 else 0
        if pad:  # a net of a fixed batch takes only whole ones
            pixels = np.concatenate([pixels, np.repeat(pixels[-1:], pad, axis=0)])
        out = self._session.run_batched({self._session.inputs[0].name: pixels}, self._batch)
        by_meaning = {
            m: np.asarray(out[i], np.float32).reshape(len(pixels), -1)[:rows] for m, i in self._meaning.items()
        }
        emotions = self._emotions(by_meaning)
        valence, arousal = _plane(by_meaning, emotions)
        sd = [np.full(rows, value, np.float32) for value in self.entry.sd]
        return Estimates(np.clip(valence, -1, 1), np.clip(arousal, -1, 1), sd[0], sd[1], emotions)

    def _emotions(self, out: dict[str, Floats]) -> Floats | None:
        if self._columns is None:
            return None
        if "logits" in out:
            shifted = np.exp(out["logits"] - out["logits"].max(axis=1, keepdims=True))
            p = shifted / shifted.sum(axis=1, keepdims=True)
        else:
            p = out["probabilities"]
        if p.shape[1] != len(self.entry.labels):
            raise ManifestError(
                f"{self._where}: the net has {p.shape[1]} classes, `labels` names {len(self.entry.labels)}"
            )
        eight = np.zeros((len(p), len(EMOTIONS)), np.float32)
        for column, target in enumerate(self._columns):
            if target is not None:
                eight[:, target] += p[:, column]
        total = eight.sum(axis=1, keepdims=True)
        return np.where(total > 0, eight / np.maximum(total, np.finfo(np.float32).tiny), 1 / len(EMOTIONS)).astype(
            np.float32
        )


def prepare(crops: npt.NDArray[np.uint8], how: Normalisation) -> Floats:
    """Crops (n, height, width, 3) uint8 RGB as the float32 input that `how` describes."""
    if crops.ndim != 4 or crops.shape[-1] != 3 or crops.dtype != np.uint8 or not len(crops):
        raise BadInput(f"crops are (n, height, width, 3) uint8 RGB, these are {crops.shape} {crops.dtype}")
    if crops.shape[1:3] != how.size:
        import cv2

        height, width = how.size
        area: Any = cv2.INTER_AREA if crops.shape[1] > height else cv2.INTER_LINEAR
        crops = np.stack([cv2.resize(crop, (width, height), interpolation=area) for crop in crops])
    if how.colour == "BGR":
        crops = crops[..., ::-1]
    pixels = crops.astype(np.float32)
    if how.colour == "grey":
        pixels = pixels @ np.array([[0.299], [0.587], [0.114]], np.float32)  # luma, ITU-R BT.601
    pixels = (pixels * np.float32(how.scale) - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2) if how.layout == "NCHW" else pixels)


def _plane(out: dict[str, Floats], emotions: Floats | None) -> tuple[Floats, Floats]:
    if "valence_arousal" in out:
        return out["valence_arousal"][:, 0], out["valence_arousal"][:, 1]
    if "arousal_valence" in out:
        return out["arousal_valence"][:, 1], out["arousal_valence"][:, 0]
    if "valence" in out and "arousal" in out:
        return out["valence"][:, 0], out["arousal"][:, 0]
    assert emotions is not None
    plane = (emotions @ CIRCUMPLEX).astype(np.float32)
    return plane[:, 0], plane[:, 1]


def _columns(entry: Entry, where: str) -> list[int | None]:
    names = [ALIASES.get(label.lower(), label.lower()) for label in entry.labels]
    for name, label in zip(names, entry.labels, strict=True):
        if name and name not in EMOTIONS:
            raise ManifestError(
                f'{where}: label {label!r} is none of {", ".join(EMOTIONS)}; use "" to leave a class out'
            )
    if not any(names):
        raise ManifestError(f"{where} needs `labels`, the net's classes in its order")
    return [EMOTIONS.index(name) if name else None for name in names]


def _position(session: Session, name: str) -> int:
    return [tensor.name for tensor in session.outputs].index(name)
