"""The emotion categories, their order, and where each lies on the valence-arousal plane.

Coordinates are the mean pleasure and arousal ratings of the emotion terms "happy", "surprised", "sad", "angry",
"disgusted", "fearful" and "contempt" in Russell and Mehrabian (1977), "Evidence for a three-factor theory of
emotions", J. Research in Personality 11, 273-294, table 1, on scales of -1 to 1. Neutral is the origin of the
circumplex by definition (Russell 1980, "A circumplex model of affect", J. Personality and Social Psychology 39).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating[Any]]
LEAST_SHARE: Final = 1e-6
"""What has none of a category is taken to have so much where logarithms are taken."""

EMOTIONS: Final = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The order of every eight-way distribution in this project."""

N_EMOTIONS: Final = len(EMOTIONS)


def likeliest(shares: Sequence[float]) -> int:
    """Index of the category with the most of an eight-way distribution; of several, the first."""
    return max(range(N_EMOTIONS), key=shares.__getitem__)


def moved(shares: AnyFloats, logs: AnyFloats) -> AnyFloats:
    """Distributions (n, 8) with `logs`, (8,) or (n, 8), added to their logarithms; rows sum to 1, NaN stays NaN."""
    log_p = np.log(np.maximum(shares, LEAST_SHARE)) + logs
    found = np.exp(log_p - log_p.max(1, keepdims=True))
    return found / found.sum(1, keepdims=True)


CIRCUMPLEX: Final[FloatArray] = np.array(
    [
        (0.00, 0.00),
        (0.81, 0.51),
        (0.40, 0.67),
        (-0.63, -0.27),
        (-0.51, 0.59),
        (-0.60, 0.35),
        (-0.64, 0.60),
        (-0.23, 0.31),
    ]
)
"""Coordinates (8, 2): rows in the order of `EMOTIONS`, columns valence and arousal in [-1, 1]; read-only."""
CIRCUMPLEX.flags.writeable = False

COORDINATES: Final[npt.NDArray[np.float32]] = CIRCUMPLEX.astype(np.float32)
"""The same in single precision, as nets take it; read-only."""
COORDINATES.flags.writeable = False

EMOTION_COLOURS: Final = dict(
    zip(
        EMOTIONS,
        ("#aab1bd", "#e69f00", "#56b4e9", "#0072b2", "#d55e00", "#009e73", "#7b5aa6", "#cc79a7"),
        strict=True,
    )
)
"""Told apart by colour-blind readers (Okabe and Ito 2008, "Color universal design"), and by their order."""

Z90: Final = 1.6448536269514722
"""A normal variable lies within so many standard deviations of its mean nine times in ten."""

ELLIPSE90: Final = 2.145966026289347
"""The same for two independent ones together: the root of the chi-square quantile 0.90 with 2 degrees of freedom."""

_PLAUSIBLE_SPREAD: Final = 0.3  # typical standard deviation of the ratings of one term (Russell and Mehrabian 1977)


def normalise(emotions: npt.ArrayLike, floor: float = 0.0) -> FloatArray:
    """Distributions that sum to one along the last axis, each probability at least about `floor`.

    Parameters
    ----------
    emotions: (..., 8), finite and not negative, any positive sum.
    floor: the least probability, 0 to 1/8.

    Raises
    ------
    ValueError: a negative or non-finite entry, a row that sums to zero, or a last axis that is not 8 long.
    """
    p = np.asarray(emotions, dtype=np.float64)
    if p.ndim == 0 or p.shape[-1] != N_EMOTIONS:
        raise ValueError(
            f"a distribution has {N_EMOTIONS} entries in the order {EMOTIONS}, this one has shape {p.shape}"
        )
    if not np.all(np.isfinite(p)) or np.any(p < 0.0):
        raise ValueError("a distribution needs finite entries that are not negative; check the model's output")
    total = p.sum(axis=-1, keepdims=True)
    if np.any(total <= 0.0):
        raise ValueError("a distribution sums to zero; a missing estimate is None, never zeros")
    p = p / total
    return floor + (1.0 - N_EMOTIONS * floor) * p


def circumplex_mean(emotions: npt.ArrayLike) -> FloatArray:
    """Expected (valence, arousal) of a distribution: (..., 8) gives (..., 2), within [-1, 1]."""
    return normalise(emotions) @ CIRCUMPLEX


def circumplex_sd(emotions: npt.ArrayLike, within: float = _PLAUSIBLE_SPREAD) -> FloatArray:
    """Standard deviation of (valence, arousal) under a distribution over categories: (..., 8) gives (..., 2).

    Law of total variance: the spread between the categories' coordinates, plus `within`, the spread inside one.
    """
    p = normalise(emotions)
    mean = p @ CIRCUMPLEX
    between = np.maximum(p @ CIRCUMPLEX**2 - mean**2, 0.0)
    return np.sqrt(between + within**2)


def distribution_at(valence: npt.ArrayLike, arousal: npt.ArrayLike, spread: float = _PLAUSIBLE_SPREAD) -> FloatArray:
    """The distribution over categories of a point of the plane: Gaussians of sd `spread` around each category.

    Parameters
    ----------
    valence, arousal: (...), in [-1, 1]; scalars allowed.
    spread: standard deviation of a category in the plane, > 0.

    Returns
    -------
    (..., 8). A crude inverse (several categories lie close together): for fallbacks and tests, not a classifier.
    """
    point = np.stack(np.broadcast_arrays(np.asarray(valence, float), np.asarray(arousal, float)), axis=-1)
    logits = -0.5 * (((point[..., None, :] - CIRCUMPLEX) / spread) ** 2).sum(axis=-1)
    logits -= logits.max(axis=-1, keepdims=True)
    weights = np.exp(logits)
    return weights / weights.sum(axis=-1, keepdims=True)
