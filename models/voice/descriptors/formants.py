"""Formants of one frame: linear prediction from its spectrum, and the roots of the predictor."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.constants import FORMANT_RATE
from liveaffect.models.voice.descriptors.jit import kernel

_LOWEST_HZ = 50.0
_HIGHEST_HZ = FORMANT_RATE / 2 - 50.0
_COUNT = 3


@kernel
def autocorrelation(power, lag_cosine, keep, r):
    """Set `r` to keep * r plus the autocorrelation that belongs to a power spectrum.

    power: float64 (>= bins,), |X|^2; lag_cosine: float64 (order + 1, bins), its inverse transform; r: float64
    (order + 1,).
    """
    lags, bins = lag_cosine.shape
    whole = bins // 4 * 4
    for lag in range(lags):
        s0 = 0.0
        s1 = 0.0
        s2 = 0.0
        s3 = 0.0
        row = lag_cosine[lag]
        for k in range(0, whole, 4):
            s0 += row[k] * power[k]
            s1 += row[k + 1] * power[k + 1]
            s2 += row[k + 2] * power[k + 2]
            s3 += row[k + 3] * power[k + 3]
        for k in range(whole, bins):
            s0 += row[k] * power[k]
        total = (s0 + s1) + (s2 + s3)
        # Not keep * r where keep is zero: `r` may be scratch that holds NaN.
        r[lag] = keep * r[lag] + total if keep > 0.0 else total


@kernel
def predictor(r, noise, a, work):
    """Write the linear predictor 1 + a1 z^-1 + ... into `a`; return False where there is nothing to predict.

    r: float64 (order + 1,), autocorrelation; noise: share of white noise added, which bounds the predictor;
    a, work: float64 (order + 1,). Levinson-Durbin recursion (Makhoul 1975).
    """
    lags = r.shape[0]
    error = r[0] * (1.0 + noise)
    if error <= 1e-20:
        return False
    a[:] = 0.0
    a[0] = 1.0
    for i in range(1, lags):
        total = r[i]
        for j in range(1, i):
            total += a[j] * r[i - j]
        k = -total / error
        for j in range(1, i):
            work[j] = a[j] + k * a[i - j]
        for j in range(1, i):
            a[j] = work[j]
        a[i] = k
        error *= 1.0 - k * k
        if error <= 0.0:
            return False
    return True


@kernel
def formants(a, coefficients, out):
    """Write frequency and bandwidth (Hz) of the first three formants into `out`; NaN where there are fewer.

    a: float64 (11,), `predictor`; coefficients: float64 (11,) scratch; out: float64 (6,): F1, B1, F2, B2, F3, B3.
    A formant is a root in the upper half-plane between 50 and 5450 Hz, bandwidth -ln|z| rate / pi; roots outside
    the unit circle are mirrored in. Roots by Laguerre's method with deflation (Press et al., Numerical Recipes, 9.5).
    """
    for i in range(2 * _COUNT):
        out[i] = np.nan
    degree = a.shape[0] - 1
    for i in range(degree + 1):
        coefficients[i] = a[i]
    found = 0
    left = degree
    while left > 0:
        z = _root(coefficients, left, complex(0.0, 0.0))
        z = _polish(a, z)
        if abs(z.imag) <= 1e-7 * abs(z):
            # One real root: divide by (x - z).
            for i in range(1, left + 1):
                coefficients[i] += coefficients[i - 1] * z.real
            left -= 1
            continue
        p = 2.0 * z.real
        q = -(z.real * z.real + z.imag * z.imag)
        for i in range(1, left + 1):
            coefficients[i] += p * coefficients[i - 1] + (q * coefficients[i - 2] if i > 1 else 0.0)
        left -= 2
        size = abs(z)
        hz = abs(np.arctan2(z.imag, z.real)) * FORMANT_RATE / (2.0 * np.pi)
        if hz < _LOWEST_HZ or hz > _HIGHEST_HZ or size < 1e-6:
            continue
        width = abs(np.log(size)) * FORMANT_RATE / np.pi
        place = min(found, _COUNT)
        while place > 0 and out[2 * place - 2] > hz:
            place -= 1
        if place < _COUNT:
            for i in range(min(found, _COUNT - 1), place, -1):
                out[2 * i] = out[2 * i - 2]
                out[2 * i + 1] = out[2 * i - 1]
            out[2 * place] = hz
            out[2 * place + 1] = width
        found += 1


@kernel
def _root(c, degree, z):
    """One root of sum c[i] z^(degree - i) by Laguerre's method."""
    for step in range(60):
        b = complex(c[0], 0.0)
        d = complex(0.0, 0.0)
        f = complex(0.0, 0.0)
        size = abs(b)
        distance = abs(z)
        for i in range(1, degree + 1):
            f = z * f + d
            d = z * d + b
            b = z * b + c[i]
            size = abs(b) + distance * size
        if abs(b) <= 1e-14 * size:
            break
        g = d / b
        h = g * g - 2.0 * f / b
        s = np.sqrt((degree - 1) * (degree * h - g * g))
        up = g + s
        down = g - s
        if abs(up) < abs(down):
            up = down
        change = degree / up if abs(up) > 0.0 else (1.0 + distance) * np.exp(1j * step)
        z = z - change
        if abs(change) <= 1e-10 * abs(z):
            break
    return z


@kernel
def _polish(a, z):
    """Two Newton steps on the whole polynomial undo the error that deflation leaves."""
    for _ in range(2):
        b = complex(a[0], 0.0)
        d = complex(0.0, 0.0)
        for i in range(1, a.shape[0]):
            d = z * d + b
            b = z * b + a[i]
        if abs(d) < 1e-12:
            break
        z = z - b / d
    return z
