"""The voice kernels once more in plain NumPy, written from the formulas: slow, short, and compared with the kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F = NDArray[Any]

RATE, HOP, SHORT, LONG = 16000, 160, 320, 960


def hamming(n: int = SHORT) -> F:
    return 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(n) / (n - 1))


def gauss(n: int = LONG) -> F:
    middle = (n - 1) / 2
    return np.exp(-0.5 * ((np.arange(n) - middle) / (0.4 * middle)) ** 2)


def power(frame: F, n: int) -> F:
    return np.abs(np.fft.rfft(frame, n)) ** 2


def mel(f: F | float) -> F:
    return 1127 * np.log1p(np.asarray(f) / 700)


def mel_matrix() -> F:
    """(26, 257): triangles in mel between 20 and 8000 Hz."""
    edge = np.linspace(mel(20), mel(8000), 28)
    at = mel(np.arange(257) * 31.25)
    rows = [
        np.minimum((at - lo) / (mid - lo), (hi - at) / (hi - mid))
        for lo, mid, hi in zip(edge[:-2], edge[1:-1], edge[2:], strict=True)
    ]
    return np.maximum(rows, 0)


def spectral(p: F, before: F) -> F:
    """The ten descriptors of `spectrum.spectral` from power (257,) and the magnitude of the frame before."""
    bands = mel_matrix() @ p
    centre = 700 * np.expm1(np.linspace(mel(20), mel(8000), 28)[1:-1] / 1127)
    w = 2 * np.pi * centre
    hearing = (w**2 + 56.8e6) * w**4 / ((w**2 + 6.3e6) ** 2 * (w**2 + 0.38e9)) / (1 + w**7 / 1.7e31)
    loudness = np.sum((3.03e-4 * hearing * bands) ** 0.33)
    alpha = 10 * np.log10(p[32:161].sum() / p[1:32].sum())
    hammarberg = 10 * np.log10(p[:64].max() / p[64:161].max())
    flux = np.sqrt(np.sum((np.sqrt(p) - before)[:161] ** 2) / 160)
    logs = np.log(np.maximum(bands * 32767.0**2, 1))
    i, j = np.arange(1, 5)[:, None], np.arange(26)[None, :]
    cosine = np.sqrt(2 / 26) * np.cos(np.pi * i / 26 * (j + 0.5)) * (1 + 11 * np.sin(np.pi * i / 22))
    return np.array([loudness, alpha, hammarberg, slope(p, 0, 16), slope(p, 16, 48), flux, *(cosine @ logs)])


def slope(p: F, first: int, last: int) -> float:
    """Regression with the number of bins less one, as the reference has it."""
    k = np.arange(first, last + 1)
    x, y, n = 31.25 * k, 10 * np.log10(p[k]), last - first
    return float((n * (x @ y) - x.sum() * y.sum()) / (n * (x @ x) - x.sum() ** 2))


POINTS_PER_OCTAVE = 512 / np.log2(8000 / 25)


def octave_spectrum(p: F) -> F:
    magnitude = np.sqrt(p)
    peak = np.zeros(513, bool)
    peak[1:-1] = (magnitude[1:-1] > magnitude[:-2]) & (magnitude[1:-1] > magnitude[2:])
    near = np.convolve(peak, np.ones(5), "same") > 0
    near |= np.cumsum(peak) == 0
    kept = np.where(near, magnitude, 0)
    smooth = kept.copy()
    smooth[1:-1] = 0.25 * kept[:-2] + 0.5 * kept[1:-1] + 0.25 * kept[2:]
    hz = 25 * 2 ** (np.arange(513) / POINTS_PER_OCTAVE)
    weight = 0.5 + np.arctan(3 * (np.log2(hz) - 5)) / np.pi
    return natural_spline(smooth, np.minimum(hz / 15.625, 512)) * weight


def natural_spline(y: F, at: F) -> F:
    """Natural cubic spline through (0, y0), (1, y1), ... read at `at`, by solving the full linear system."""
    n = len(y)
    matrix = np.eye(n)
    right = np.zeros(n)
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = 1, 4, 1
        right[i] = 6 * (y[i - 1] - 2 * y[i] + y[i + 1])
    bend = np.linalg.solve(matrix, right)
    i = np.minimum(at.astype(int), n - 2)
    b = at - i
    a = 1 - b
    return a * y[i] + b * y[i + 1] + ((a**3 - a) * bend[i] + (b**3 - b) * bend[i + 1]) / 6


def candidates(octave: F) -> list[tuple[float, float]]:
    """(Hz, voicing) of the six strongest pitches between 55 and 1000 Hz."""
    shift = np.floor(POINTS_PER_OCTAVE * np.log2(np.arange(1, 16))).astype(int)
    lost = np.average(POINTS_PER_OCTAVE * np.log2(np.arange(1, 16)) - shift, weights=0.85 ** np.arange(15))
    total = np.zeros(513)
    for h, by in enumerate(shift):
        total[: 513 - by] += 0.85**h / 15 * octave[by:]
    found: list[tuple[float, float]] = []
    first = int(np.ceil(POINTS_PER_OCTAVE * np.log2(55 / 25)))
    last = int(np.floor(POINTS_PER_OCTAVE * np.log2(1000 / 25)))
    for j in range(first, last + 1):
        left, y, right = total[j - 1 : j + 2]
        if y > left and y >= right:
            step = 0.5 * (left - right) / (left - 2 * y + right)
            height = y - 0.25 * (left - right) * step
            hz = 25 * 2 ** ((j + step - lost) / POINTS_PER_OCTAVE)
            found.append((float(hz), float(max(1 - total.mean() / height, 0))))
    return sorted(found, key=lambda pair: -pair[1])[:6]


def autocorrelation(p: F, lags: int) -> F:
    """Of the 1024-point frame behind a power spectrum."""
    return 1024 * np.fft.irfft(p)[:lags]


def formant_autocorrelation(p: F) -> F:
    """At 11 kHz lags, band above 5.5 kHz cut off, pre-emphasised from 50 Hz."""
    k = np.arange(353)
    w = 2 * np.pi * k * 15.625 / 11000
    emphasis = np.abs(1 - np.exp(-2 * np.pi * 50 / 11000) * np.exp(-1j * w)) ** 2
    double = np.where(k == 0, 1, 2)
    return np.array([np.sum(double * emphasis * p[:353] * np.cos(lag * w)) for lag in range(11)])


def predictor(r: F, noise: float) -> F:
    """Solves the normal equations outright."""
    n = len(r) - 1
    full = r.copy()
    full[0] *= 1 + noise
    matrix = full[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    return np.concatenate([[1.0], np.linalg.solve(matrix, -r[1:])])


def formants(a: F) -> F:
    """F1, B1, F2, B2, F3, B3 from the roots as LAPACK finds them."""
    roots = np.roots(a)
    roots = roots[roots.imag > 1e-7 * np.abs(roots)]
    hz = np.angle(roots) * 11000 / (2 * np.pi)
    width = np.abs(np.log(np.abs(roots))) * 11000 / np.pi
    inside = (hz >= 50) & (hz <= 5450)
    order = np.argsort(hz[inside])
    pairs = np.stack([hz[inside][order], width[inside][order]], axis=1)[:3]
    return np.concatenate([pairs, np.full((3 - len(pairs), 2), np.nan)]).ravel()


def noise_ratio(p: F, f0: float) -> float:
    r = np.fft.irfft(p)
    centre = int(np.floor(RATE / f0 + 0.5))
    best = r[centre - 2 : centre + 3].max()
    return float(np.clip(10 * np.log10(best / (r[0] - best)), -20, 100)) if best > 0 else -20.0


def harmonic_db(p: F, f0: float, number: int) -> float:
    """Height of the spectral peak nearest to a harmonic, within half the pitch."""
    m = np.sqrt(p)
    at = number * f0 / 15.625
    best, level = 0.5 * f0 / 15.625, np.nan
    for k in range(1, len(m) - 1):
        if m[k] > m[k - 1] and m[k] >= m[k + 1]:
            step = 0.5 * (m[k - 1] - m[k + 1]) / (m[k - 1] - 2 * m[k] + m[k + 1])
            if abs(k + step - at) < best:
                best = abs(k + step - at)
                level = 20 * np.log10(m[k] - 0.25 * (m[k - 1] - m[k + 1]) * step)
    return float(level)


def viterbi(log2_hz: F, strength: F, found: NDArray[np.int64], c: dict[str, float]) -> list[int]:
    """The cheapest path by trying all transitions; log2_hz, strength: (n, 6)."""
    n = len(found)
    cost = np.full((n, 7), np.inf)
    origin = np.zeros((n, 7), int)
    for i in range(n):
        best = strength[i, 0] if found[i] else 0.0
        for s in [*range(found[i]), 6]:
            weak = max(c["THRESHOLD"] - strength[i, s], 0) if s < 6 else max(best - c["THRESHOLD"], 0)
            local = c["STRENGTH"] * weak + (c["RANK"] * (best - strength[i, s]) if s < 6 else 0)
            if i == 0:
                cost[i, s] = local
                continue
            step = np.full(7, np.inf)
            for o in [6, *range(found[i - 1])]:
                if (s < 6) != (o < 6):
                    step[o] = c["SWITCH"]
                else:
                    step[o] = c["JUMP"] * abs(log2_hz[i, s] - log2_hz[i - 1, o]) if s < 6 else 0.0
            total = cost[i - 1] + step
            origin[i, s] = 6 if total[6] <= total.min() else int(np.argmin(total))
            cost[i, s] = total.min() + local
    path = [6 if cost[-1, 6] <= cost[-1].min() else int(np.argmin(cost[-1]))]
    for i in range(n - 1, 0, -1):
        path.append(int(origin[i, path[-1]]))
    return path[::-1]


def confirm(frame: F, found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Candidates (Hz, strength) of a windowed frame (960,) weighed by its autocorrelation below 800 Hz."""
    p = power(frame, 1024)
    hz = np.arange(513) * 15.625
    low = np.where((hz > 32) & (hz <= 800), p * np.cos(np.pi * hz / 1600) ** 2, 0.0)
    if low.sum() <= 0.01 * p[1:-1].sum():
        return found
    lag = np.arange(400)
    r = np.cos(2 * np.pi * np.outer(lag, hz) / RATE) @ low / low.sum() * np.exp((lag / (0.8 * 479.5)) ** 2)
    repeats = np.array([r[[k - 2, k, k + 2]].max() for k in (int(RATE / f + 0.5) for f, _ in found)])
    pulses = np.interp(np.max(frame**2) / np.mean(frame**2), [50, 90], [0, 1])
    rise = 0.75 * pulses * np.interp(repeats, [0.8, 0.9], [0, 1])
    doubt = 0.5 * np.interp(repeats.max(), [0.92, 0.97], [0, 1]) * np.maximum(repeats.max() - repeats - 0.15, 0)
    strength = np.array([s + a * max(0.8 - s, 0) - b for (_, s), a, b in zip(found, rise, doubt, strict=True)])
    return [(found[i][0], float(strength[i])) for i in np.argsort(-strength, kind="stable")]


def astray(x: F, middle: float, period: float) -> bool:
    """Whether less than 0.3 of the cycle's energy lies in its middle half."""
    quarter, at = int(0.25 * period + 0.5), int(middle + 0.5)
    inner, whole = (np.sum(x[at - w : at + w + 1] ** 2) for w in (quarter, 2 * quarter))
    return bool(inner < 0.3 * whole)


def whiten(x: F, a: F) -> F:
    """Inverse filter, then the binomial low-pass of five taps."""
    return np.convolve(x, np.convolve(a, np.array([1, 4, 6, 4, 1]) / 16))[: len(x)]


def best_lag(x: F, origin: int, period: float) -> tuple[float, float]:
    """Shift of best normalised correlation near a period, between samples by a finely resampled correlation."""
    half, reach = int(0.5 * period) + 1, int(np.ceil(0.15 * period)) + 1
    own = x[origin - half : origin + half + 1]
    lags = np.arange(int(period + 0.5) - reach - 6, int(period + 0.5) + reach + 7)
    match = np.array([np.dot(own, x[origin + t - half : origin + t + half + 1]) for t in lags])
    match /= [np.sqrt((own @ own) * np.sum(x[origin + t - half : origin + t + half + 1] ** 2)) for t in lags]
    inner = lags[6:-6]
    best = inner[np.argmax(match[6:-6])]
    fine = np.arange(best - 1, best + 1, 1e-3)
    distance = fine[:, None] - lags[None, :]
    taper = np.where(np.abs(distance) <= 6.0, 0.5 + 0.5 * np.cos(np.pi * distance / 6.5), 0.0)
    value = (np.sinc(distance) * taper) @ match
    return float(fine[np.argmax(value)]), float(value.max())


def functionals_moments(x: F, keep: NDArray[np.bool_]) -> tuple[float, float]:
    wanted = x[keep & ~np.isnan(x)]
    return float(wanted.mean()), float(wanted.std() / wanted.mean())
