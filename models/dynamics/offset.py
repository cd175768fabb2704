"""When one recording of a conversation began within another of it, by what both heard.

The loudness of both (log power in hops of 10 ms, less its average over some seconds) is correlated at every offset by
Fourier transforms, each divided by what the overlap could give at most. Words make such a pattern unmistakable within
some ten seconds, whatever the microphones and rooms do to the sound itself.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

HOP_S = 0.01
LEAST_OVERLAP_S = 10.0
_SMOOTH, _TREND = 5, 200  # hops
_FAR = 100
"""Another peak counts where it lies at least a second away."""
LEAST_CORRELATION, LEAST_RATIO = 0.25, 1.5


class Offset(NamedTuple):
    """How two recordings lie beside each other."""

    seconds: float
    """Time in the first at which the second begins; below 0 where the second began earlier."""
    correlation: float
    """Of the two loudnesses there, -1 to 1."""
    ratio: float
    """That, over the greatest at any other offset."""

    @property
    def sure(self) -> bool:
        """Whether this is the same conversation beyond doubt."""
        return self.correlation >= LEAST_CORRELATION and self.ratio >= LEAST_RATIO


def offset(first: npt.ArrayLike, second: npt.ArrayLike) -> Offset:
    """Finds the offset of two power envelopes: mean squares (n,), (m,) of hops of 10 ms, not negative.

    Raises BadInput where one is shorter than 10 s, or silent throughout.
    """
    a, b = _pattern(first), _pattern(second)
    size = 1 << (len(a) + len(b) - 1).bit_length()

    def correlated(x: Floats, y: Floats) -> Floats:
        found = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size)), size)
        return np.concatenate([found[size - len(b) + 1 :], found[: len(a)]])

    overlap = correlated(np.ones(len(a)), np.ones(len(b)))
    scale = np.sqrt(
        np.maximum(correlated(a * a, np.ones(len(b))), 0.0) * np.maximum(correlated(np.ones(len(a)), b * b), 0.0)
    )
    enough = (overlap >= LEAST_OVERLAP_S / HOP_S - 0.5) & (scale > 1e-9)
    r = np.where(enough, correlated(a, b) / np.maximum(scale, 1e-9), -1.0)
    # a short overlap fits by chance: its correlation is worth less
    r *= np.sqrt(np.minimum(overlap, min(len(a), len(b))) / min(len(a), len(b)))
    at = int(r.argmax())
    others = np.concatenate([r[: max(at - _FAR, 0)], r[at + _FAR :]])
    second_best = max(float(others.max()) if len(others) else 0.0, 0.05)
    finer = 0.0
    if 0 < at < len(r) - 1:
        bend = r[at - 1] - 2.0 * r[at] + r[at + 1]
        finer = 0.5 * float((r[at - 1] - r[at + 1]) / bend) if bend < -1e-12 else 0.0
    return Offset((at - (len(b) - 1) + finer) * HOP_S, float(r[at]), float(r[at]) / second_best)


def _pattern(power: npt.ArrayLike) -> Floats:
    """Log power, smoothed over 50 ms, less its average over two seconds."""
    p = np.asarray(power, np.float64)
    if p.ndim != 1 or len(p) < LEAST_OVERLAP_S / HOP_S:
        raise BadInput(f"finding an offset needs {LEAST_OVERLAP_S:.0f} s of sound, this has {p.size * HOP_S:.1f} s")
    if not float(p.max()) > 0.0:
        raise BadInput("finding an offset needs sound, and this is silent throughout")
    level = np.log(np.maximum(p, 1e-3 * float(p.mean())))
    level = _mean_over(level, _SMOOTH)
    pattern = level - _mean_over(level, _TREND)
    if float(pattern.std()) < 1e-6:
        raise BadInput("finding an offset needs sound that changes, and this does not")
    return pattern


def _mean_over(x: Floats, hops: int) -> Floats:
    half = hops // 2
    padded = np.concatenate([np.full(half + 1, x[0]), x, np.full(half, x[-1])])
    total = np.cumsum(padded)
    return (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
