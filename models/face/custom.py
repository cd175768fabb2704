"""A user's own face net: any ONNX file whose manifest entry says how pixels go in and what comes out."""

from typing import Any

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS, distribution_at
from liveaffect.models.errors import BadInput, ManifestError
from liveaffect.models.face.affect import FaceAffectResult, Prior, widen
from liveaffect.models.files.manifest import Entry, Normalisation
from liveaffect.models.files.net import Net

Floats = npt.NDArray[np.float32]

ALIASES = {
    "happy": "happiness", "joy": "happiness", "surprised": "surprise", "sad": "sadness", "angry": "anger",
    "disgusted": "disgust", "afraid": "fear", "fearful": "fear", "contemptuous": "contempt",
}  # fmt: skip
"""Names other nets give the eight categories. A label of "" marks a class to be left out."""


MEANINGS = ("valence", "arousal", "valence_arousal", "arousal_valence", "logits", "probabilities")
"""What an output of such a net may hold."""


class CustomFaceModel:
    """Runs a user's net on aligned face crops.

    The entry needs `normalisation` and outputs whose `meaning` is `valence`, `arousal`, `valence_arousal`,
    `arousal_valence`, `logits` or `probabilities` (the last two with `labels`). A net with classes alone gets its
    valence and arousal from them: the mean of the categories' places on the circumplex, weighted by probability.
    The standard deviations are the entry's `sd`: such nets rarely state their own.

    Raises ManifestError where the entry says too little or too much.
    """

    def __init__(self, net: Net, entry: Entry, batch: int = 16) -> None:
        self.entry = entry
        self.net = net
        self._batch = batch if not net.inputs or net.inputs[0].shape[0] < 0 else net.inputs[0].shape[0]
        self._where = f"{entry.origin}: model `{entry.name}`"
        if len(net.inputs) != 1:
            raise ManifestError(f"{self._where}: a face net takes one input, this one {len(net.inputs)}")
        if entry.normalisation is None:
            raise ManifestError(f"{self._where} needs `normalisation`")
        self._normalisation = entry.normalisation
        self._meaning = {out.meaning: _position(net, out.name) for out in entry.outputs if out.meaning}
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

    def predict(
        self,
        crops: npt.NDArray[np.uint8],
        geometry: npt.NDArray[np.float32] | None = None,  # noqa: ARG002  both are part of what a face net takes
        prior: Prior = "natural",  # noqa: ARG002
        quality: Floats | None = None,
    ) -> FaceAffectResult:
        """As `FaceAffect.predict` for n crops, (n, height, width, 3) uint8 RGB, n at least 1.

        `geometry` is not looked at and `prior` changes nothing: such a net says what it says. A net without classes
        gets the distribution that lies at its valence and arousal. `embedding` is (n, 0).
        """
        pixels = prepare(crops, self._normalisation)
        rows = len(pixels)
        pad = -rows % self._batch if self.net.inputs[0].shape[0] > 0 else 0
        if pad:  # a net of a fixed batch takes only whole ones
            pixels = np.concatenate([pixels, np.repeat(pixels[-1:], pad, axis=0)])
        out = self.net.run_batched({self.net.inputs[0].name: pixels}, self._batch)
        said = {
            name: np.asarray(out[i], np.float32).reshape(len(pixels), -1)[:rows] for name, i in self._meaning.items()
        }
        emotions = self._emotions(said)
        valence, arousal = (np.clip(axis, -1, 1).astype(np.float32) for axis in _plane(said, emotions))
        if emotions is None:
            emotions = distribution_at(valence, arousal).astype(np.float32)
        sd = np.tile(np.array(self.entry.sd, np.float32), (rows, 1))
        if quality is not None:
            sd = widen(sd, np.asarray(quality, np.float32))
        nothing = np.empty((rows, 0), np.float32)
        return FaceAffectResult(valence, arousal, sd[:, 0], sd[:, 1], emotions, nothing)

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
        crops = np.stack(
            [np.asarray(cv2.resize(crop, (width, height), interpolation=area), np.uint8) for crop in crops]
        )
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


def _position(net: Net, name: str) -> int:
    return [tensor.name for tensor in net.outputs].index(name)
