"""Measures of agreement between estimates and labels, each as a function of sums, so that a bootstrap is one product.

Every measure takes finite arrays and refuses others: whoever has missing values drops and counts them first (see
`liveaffect.models.evaluation.tables`). A measure that is not defined (one sample, no spread, an empty class) is NaN.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS, Z90, normalise
from liveaffect.models.errors import BadInput

FloatArray = npt.NDArray[np.float64]
BINS = 15
"""Equal bins of confidence for the calibration error (Guo et al. 2017)."""
_LEAST_PROBABILITY = 1e-6
_LEAST_VARIANCE = 1e-12  # rounding of sums of squares of numbers of order one


def ccc(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Concordance correlation coefficient (Lin 1989, with 1/n moments), -1 to 1."""
    return float(ccc_of(moment_sums(estimate, truth).sum(axis=0)))


def pearson(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Pearson's correlation coefficient, -1 to 1."""
    return float(pearson_of(moment_sums(estimate, truth).sum(axis=0)))


def rmse(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Root mean square error, in the unit of the inputs."""
    return float(rmse_of(moment_sums(estimate, truth).sum(axis=0)))


def sign_agreement(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Share of samples whose estimate has the sign of the truth (Nicolaou et al. 2011), 0 to 1; zero is a sign."""
    return float(sign_agreement_of(moment_sums(estimate, truth).sum(axis=0)))


def coverage(estimate: npt.ArrayLike, sd: npt.ArrayLike, truth: npt.ArrayLike, half_width: float = Z90) -> float:
    """Share of truths within `half_width` standard deviations of the estimate, 0 to 1; 0.9 is right by default."""
    return float(mean_of(inside_sums(estimate, sd, truth, half_width).sum(axis=0)))


def noise_scale(estimate: npt.ArrayLike, sd: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Factor on the standard deviations with which 90 % intervals cover 90 % of these truths.

    Fit it on clips the model never saw and give it to the fusion as `face_noise_scale` or `voice_noise_scale`.
    """
    x, s, y = _finite(estimate, sd, truth)
    return float(np.quantile(np.abs(x - y) / s, 0.9) / Z90) if len(x) else float("nan")


def accuracy(confusion: npt.ArrayLike) -> float:
    """Share on the diagonal of a confusion matrix (truth in rows)."""
    return float(accuracy_of(np.asarray(confusion, dtype=np.float64).reshape(-1)))


def uar(confusion: npt.ArrayLike) -> float:
    """Unweighted average recall over the classes that occur in the truth (rows)."""
    return float(uar_of(np.asarray(confusion, dtype=np.float64).reshape(-1)))


def macro_f1(confusion: npt.ArrayLike) -> float:
    """Mean F1 over the classes that occur in truth or estimate."""
    return float(macro_f1_of(np.asarray(confusion, dtype=np.float64).reshape(-1)))


def confusion_matrix(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Counts (8, 8), rows the true category, columns the estimated one, from indices (n,) each."""
    return confusion_sums(estimate, truth).sum(axis=0).reshape(N_EMOTIONS, N_EMOTIONS).astype(np.int64)


def kl_to_votes(estimate: npt.ArrayLike, votes: npt.ArrayLike) -> float:
    """Mean Kullback-Leibler divergence from the votes' distribution to the estimate's, nats; (n, 8) each."""
    return float(mean_of(kl_sums(estimate, votes).sum(axis=0)))


def calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Expected calibration error over 15 equal bins (Guo et al. 2017), 0 to 1.

    `confidence` (n,) is the probability of the predicted category; `right` (n,) is 1 or 0 where it is the label, or,
    the better yardstick where raters differ, the share of votes the predicted category got.
    """
    return float(calibration_error_of(bin_sums(confidence, right).sum(axis=0)))


# --- sums: one row per sample, which may be added up over samples, subjects or resamples in any way -----------------


def moment_sums(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> FloatArray:
    """(n, 7): count, x, y, xx, yy, xy, equal sign."""
    x, y = _finite(estimate, truth)
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, np.sign(x) == np.sign(y)], axis=-1)


def inside_sums(estimate: npt.ArrayLike, sd: npt.ArrayLike, truth: npt.ArrayLike, half_width: float) -> FloatArray:
    """(n, 2): count, whether the truth lies within the interval."""
    x, s, y = _finite(estimate, sd, truth)
    if np.any(s <= 0.0):
        raise BadInput("standard deviations must be above 0")
    return np.stack([np.ones_like(x), (np.abs(x - y) <= half_width * s).astype(np.float64)], axis=-1)


def kl_sums(estimate: npt.ArrayLike, votes: npt.ArrayLike) -> FloatArray:
    """(n, 2): count, divergence. Estimated probabilities below 1e-6 count as that."""
    p, v = np.maximum(normalise(estimate), _LEAST_PROBABILITY), normalise(votes)
    logs = np.log(np.where(v > 0.0, v, 1.0)) - np.log(p)
    return np.stack([np.ones(len(p)), np.sum(v * logs, axis=-1)], axis=-1)


def confusion_sums(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> FloatArray:
    """(n, 64): one-hot, row-major (truth, estimate)."""
    x, y = np.asarray(estimate, dtype=np.int64), np.asarray(truth, dtype=np.int64)
    if x.shape != y.shape or x.ndim != 1:
        raise BadInput(f"a confusion matrix needs two lists of equal length, not {x.shape} and {y.shape}")
    if np.any((x < 0) | (x >= N_EMOTIONS) | (y < 0) | (y >= N_EMOTIONS)):
        raise BadInput(f"categories are numbered 0 to {N_EMOTIONS - 1}")
    sums = np.zeros((len(x), N_EMOTIONS**2))
    sums[np.arange(len(x)), y * N_EMOTIONS + x] = 1.0
    return sums


def bin_sums(confidence: npt.ArrayLike, right: npt.ArrayLike) -> FloatArray:
    """(n, 45): count, confidence and share right, for each of the 15 bins."""
    c, r = _finite(confidence, right)
    if np.any((c < 0.0) | (c > 1.0 + 1e-9) | (r < 0.0) | (r > 1.0 + 1e-9)):
        raise BadInput("confidences and shares lie in [0, 1]")
    bins = np.minimum((c * BINS).astype(np.int64), BINS - 1)
    sums = np.zeros((len(c), 3, BINS))
    for k, column in enumerate((np.ones_like(c), c, r)):
        sums[np.arange(len(c)), k, bins] = column
    return sums.reshape(len(c), 3 * BINS)


# --- measures of sums (..., k) --------------------------------------------------------------------------------------


def ccc_of(sums: FloatArray) -> FloatArray:
    """Concordance correlation of `moment_sums`, (...,)."""
    mean_x, mean_y, var_x, var_y, cov = _moments(sums)
    return _ratio(2.0 * cov, var_x + var_y + (mean_x - mean_y) ** 2)


def pearson_of(sums: FloatArray) -> FloatArray:
    """Pearson's correlation of `moment_sums`, (...,)."""
    _, _, var_x, var_y, cov = _moments(sums)
    return _ratio(cov, np.sqrt(var_x * var_y))


def rmse_of(sums: FloatArray) -> FloatArray:
    """Root mean square error of `moment_sums`, (...,)."""
    return np.sqrt(np.maximum(_ratio(sums[..., 3] + sums[..., 4] - 2.0 * sums[..., 5], sums[..., 0]), 0.0))


def sign_agreement_of(sums: FloatArray) -> FloatArray:
    """Share of pairs with one sign, of `moment_sums`, (...,)."""
    return _ratio(sums[..., 6], sums[..., 0])


def mean_of(sums: FloatArray) -> FloatArray:
    """Mean of sums whose first entry is a count, (...,)."""
    return _ratio(sums[..., 1], sums[..., 0])


def accuracy_of(sums: FloatArray) -> FloatArray:
    """Accuracy of confusion counts, (...,)."""
    counts = _square(sums)
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def recalls_of(sums: FloatArray) -> FloatArray:
    """(..., 8); NaN for classes without truth."""
    counts = _square(sums)
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def uar_of(sums: FloatArray) -> FloatArray:
    """Unweighted average recall over the classes that have truth, (...,)."""
    return _mean_known(recalls_of(sums))


def macro_f1_of(sums: FloatArray) -> FloatArray:
    """Mean F1 score over the classes that occur, (...,)."""
    counts = _square(sums)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _mean_known(_ratio(2.0 * hits, counts.sum(axis=-1) + counts.sum(axis=-2)))


def calibration_error_of(sums: FloatArray) -> FloatArray:
    """Expected calibration error of reliability sums (Guo et al. 2017), (...,)."""
    counts, confidence, right = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, BINS), -2, 0)
    return _ratio(np.abs(confidence - right).sum(axis=-1), counts.sum(axis=-1))


def bootstrap(
    sums: FloatArray, subjects: npt.NDArray[np.int64], measure: Callable[[FloatArray], FloatArray],
    *, resamples: int = 1000, seed: int = 0, level: float = 0.95,
) -> tuple[float, float]:  # fmt: skip
    """Percentile interval of a measure over resampled subjects (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    sums: (n, k) rows per sample; subjects: (n,) numbers 0 to S - 1, resampled with replacement as wholes.

    Returns
    -------
    Lower and upper bound; NaN where fewer than two subjects, or the measure is undefined in all resamples.
    """
    count = int(subjects.max()) + 1 if len(subjects) else 0
    if count < 2:
        return float("nan"), float("nan")
    per_subject = np.zeros((count, sums.shape[1]))
    np.add.at(per_subject, subjects, sums)
    rng, values = np.random.default_rng(seed), list[FloatArray]()
    for start in range(0, resamples, 100):
        drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=min(100, resamples - start))
        values.append(measure(drawn @ per_subject))
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def _moments(sums: FloatArray) -> tuple[FloatArray, ...]:
    n = sums[..., 0]
    x, y = _ratio(sums[..., 1], n), _ratio(sums[..., 2], n)
    var_x, var_y = _ratio(sums[..., 3], n) - x * x, _ratio(sums[..., 4], n) - y * y
    var_x, var_y = (np.where(var < _LEAST_VARIANCE, 0.0, var) for var in (var_x, var_y))
    return x, y, var_x, var_y, _ratio(sums[..., 5], n) - x * y


def _square(sums: FloatArray) -> FloatArray:
    return sums.reshape(*sums.shape[:-1], N_EMOTIONS, N_EMOTIONS)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """a / b, NaN where b is zero to rounding."""
    return np.where(np.abs(b) > 1e-12, a / np.where(np.abs(b) > 1e-12, b, 1.0), np.nan)


def _mean_known(x: FloatArray) -> FloatArray:
    known = np.isfinite(x)
    return _ratio(np.where(known, x, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))


def _finite(*arrays: npt.ArrayLike) -> tuple[FloatArray, ...]:
    out = tuple(np.asarray(a, dtype=np.float64) for a in arrays)
    if any(a.shape != out[0].shape or a.ndim != 1 for a in out):
        raise BadInput(f"samples must be lists of equal length, not {[a.shape for a in out]}")
    if not all(np.all(np.isfinite(a)) for a in out):
        raise BadInput("samples must be finite: drop missing values first, and count them")
    return out
