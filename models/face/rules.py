"""Rule-based face affect from blendshapes alone: nothing learned; the stand-in where licences forbid the net.

On the FER+ validation faces with landmarks: accuracy 0.654 where one class holds most votes (n 2446; the net 0.878),
UAR 0.32, valence CCC 0.63, arousal CCC 0.55 (training/face/evaluate.py). Weights were set by hand on dev faces.
"""

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.errors import BadInput
from liveaffect.models.face.affect import FaceAffectResult, Prior, widen
from liveaffect.models.face.geometry import BLENDSHAPES, GEOMETRY_SIZE

# Expressions as facial action units (Friesen and Ekman, EMFACS-7, 1983; Du, Tao and Martinez, "Compound facial
# expressions of emotion", PNAS 111(15), 2014), written as MediaPipe blendshapes: index, weight, level at rest.
# Levels at rest are what the landmarker gives a calm face (it always sees some squint and some press).
_RULES: dict[str, tuple[tuple[int, float, float], ...]] = {
    "happiness": ((44, 5.0, 0.06), (45, 5.0, 0.06), (48, 0.6, 0.1), (49, 0.6, 0.1)),  # AU12, AU10/25 of a broad smile
    "surprise": ((3, 1.6, 0.15), (4, 1.2, 0.15), (5, 1.2, 0.15), (21, 2.0, 0.03), (22, 2.0, 0.03), (25, 4.5, 0.1)),
    "sadness": ((30, 3.5, 0.02), (31, 3.5, 0.02), (9, 2.0, 0.15), (10, 2.0, 0.15), (42, 2.5, 0.1), (3, 1.0, 0.2)),
    "anger": ((1, 3.5, 0.15), (2, 3.5, 0.15), (36, 0.8, 0.1), (37, 0.8, 0.1), (34, 2.5, 0.1), (35, 2.5, 0.1)),
    "disgust": ((50, 8.0, 0.0), (51, 8.0, 0.0), (48, 2.0, 0.15), (49, 2.0, 0.15), (1, 0.8, 0.15), (2, 0.8, 0.15)),
    "fear": ((3, 1.6, 0.15), (21, 2.2, 0.03), (22, 2.2, 0.03), (46, 2.5, 0.1), (47, 2.5, 0.1), (25, 1.5, 0.1)),
    "contempt": ((28, 1.2, 0.1), (29, 1.2, 0.1)),
}
# Against an expression: a smile rules out sadness, anger, disgust and fear; raised brows rule out anger.
_AGAINST: dict[str, tuple[tuple[int, float], ...]] = {
    "surprise": ((44, 1.5), (45, 1.5), (1, 1.5), (2, 1.5)),
    "sadness": ((44, 3.5), (45, 3.5), (25, 2.5)),
    "anger": ((44, 3.0), (45, 3.0), (3, 3.0), (21, 2.0)),
    "disgust": ((44, 2.5), (45, 2.5)),
    "fear": ((44, 3.0), (45, 3.0), (1, 1.0)),
}
_BIAS = np.array([1.2, -0.6, -0.8, -0.6, -0.6, -1.9, -1.7, -2.4])  # the less common, the more evidence is asked
_NAMES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
_WITHIN_SD = np.array([0.37, 0.24], np.float32)  # RMSE 0.36 and 0.22 against votes, FER+ validation faces


class FaceRulesModel:
    """Drop-in for `FaceAffect` that reads the blendshapes in the geometry and never looks at the crops."""

    def predict(
        self,
        crops: NDArray[np.uint8] | None,
        geometry: NDArray[np.float32] | None = None,
        prior: Prior = "natural",
        quality: NDArray[np.float32] | None = None,
    ) -> FaceAffectResult:
        """As `FaceAffect.predict`; without geometry every number is NaN. `embedding` is the blendshapes, (n, 52).

        `geometry` is (n, 52) blendshapes, (n, GEOMETRY_SIZE) or (n, 2 * GEOMETRY_SIZE). Raises BadInput otherwise.
        """
        if geometry is None:
            if crops is None:
                raise BadInput("face-rules: neither crops nor geometry; give (n, 52) blendshapes as geometry")
            geometry = np.full((len(crops), BLENDSHAPES), np.nan, np.float32)
        if geometry.ndim != 2 or geometry.shape[1] not in (BLENDSHAPES, GEOMETRY_SIZE, 2 * GEOMETRY_SIZE):
            raise BadInput(f"face-rules: geometry is {geometry.shape}; give (n, 52) blendshapes or a geometry vector")
        blend = geometry[:, :BLENDSHAPES].astype(np.float32)
        emotions = distribution(blend, uniform=prior == "uniform")
        va = emotions @ COORDINATES
        sd = np.where(np.isfinite(va), _WITHIN_SD, np.nan).astype(np.float32)
        if quality is not None:
            sd = widen(sd, np.asarray(quality, np.float32))
        return FaceAffectResult(va[:, 0], va[:, 1], sd[:, 0], sd[:, 1], emotions, blend)


def distribution(blendshapes: NDArray[np.float32], uniform: bool = False) -> NDArray[np.float32]:
    """Distribution (n, 8) over the categories from blendshapes (n, 52); NaN rows stay NaN.

    `uniform` drops the bias that asks more evidence of the less common categories.
    """
    score = np.zeros((len(blendshapes), 8), np.float64)
    for name, parts in _RULES.items():
        for index, weight, rest in parts:
            score[:, _NAMES.index(name)] += weight * np.maximum(blendshapes[:, index] - rest, 0)
    for name, parts in _AGAINST.items():
        for index, weight in parts:
            score[:, _NAMES.index(name)] -= weight * blendshapes[:, index]
    lopsided = np.abs(blendshapes[:, 44] - blendshapes[:, 45]) + np.abs(blendshapes[:, 28] - blendshapes[:, 29])
    score[:, _NAMES.index("contempt")] += 3.0 * np.maximum(lopsided - 0.15, 0)
    if not uniform:
        score += _BIAS
    score -= score.max(1, keepdims=True)
    p = np.exp(score)
    return (p / p.sum(1, keepdims=True)).astype(np.float32)
