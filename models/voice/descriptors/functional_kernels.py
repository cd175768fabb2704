"""The 88 functionals of eGeMAPS v02 over any window of hops."""
# pyright: basic

from typing import Any

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.voice.columns import INDEX, NAMES
from liveaffect.models.voice.descriptors.functional_names import ALL, FUNCTIONAL_NAMES, UNVOICED, VOICED
from liveaffect.models.voice.descriptors.jit import kernel

_HOP_S = 0.01
_ALL_COLUMNS = np.array([INDEX[name] for name in ALL])
_VOICED_COLUMNS = np.array([INDEX[name] for name in VOICED])
_UNVOICED_COLUMNS = np.array([INDEX[name] for name in UNVOICED])
_F0, _LOUDNESS, _LEVEL = INDEX["f0_semitone"], INDEX["loudness_sone"], INDEX["rms_db"]


def functionals_of(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The 88 functionals of a window of hops, float32 (88,), named by `FUNCTIONAL_NAMES`.

    values: (n, len(NAMES)) as in `Hops.values`, hops in order, NaN where undefined. NaN where a functional has
    nothing to be computed from (no voiced hop, fewer than two rising slopes, ...).
    Source: Eyben et al. 2016, section 3.2.

    Raises
    ------
    BadInput: `values` does not have one column per descriptor.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != len(NAMES):
        raise BadInput(f"values have shape {values.shape}; give (n, {len(NAMES)}), the columns of NAMES")
    out = np.empty(len(FUNCTIONAL_NAMES))
    _functionals(np.ascontiguousarray(values, np.float64), _ALL_COLUMNS, _VOICED_COLUMNS, _UNVOICED_COLUMNS, out)
    return out.astype(np.float32)


@kernel
def _functionals(values, everywhere, when_voiced, when_unvoiced, out):
    n = values.shape[0]
    work = np.empty(n)
    out[:] = np.nan
    _contour(values[:, _F0], work, out[0:10])
    _contour(values[:, _LOUDNESS], work, out[10:20])
    voicing = values[:, _F0]
    place = 20
    for column in everywhere:
        _moments(values[:, column], voicing, -1, out[place : place + 2])
        place += 2
    for column in when_voiced:
        _moments(values[:, column], voicing, 1, out[place : place + 2])
        place += 2
    two = np.empty(2)
    for column in when_unvoiced:
        _moments(values[:, column], voicing, 0, two)
        out[place] = two[0]
        place += 1
    if n == 0:
        return
    _, peaks = _slopes(values[:, _LOUDNESS], n, out[0:0])
    out[place] = peaks / (n * _HOP_S)
    _segments(voicing, out[place + 1 : place + 6])
    energy = 0.0
    measured = 0
    for i in range(n):
        if not np.isnan(values[i, _LEVEL]):
            energy += 10.0 ** (0.1 * values[i, _LEVEL])
            measured += 1
        elif not np.isnan(values[i, _LOUDNESS]):
            measured += 1
    if measured > 0 and energy > 0.0:
        out[place + 6] = 10.0 * np.log10(energy / measured)


@kernel
def _moments(x, voicing, which, out):
    """Mean, and standard deviation over the mean (with its sign), of the hops wanted: 1 voiced, 0 unvoiced, -1 all."""
    n = 0
    total = 0.0
    for i in range(x.shape[0]):
        if not np.isnan(x[i]) and (which < 0 or (which == 1) != np.isnan(voicing[i])):
            total += x[i]
            n += 1
    if n == 0:
        out[:] = np.nan
        return
    mean = total / n
    square = 0.0
    for i in range(x.shape[0]):
        if not np.isnan(x[i]) and (which < 0 or (which == 1) != np.isnan(voicing[i])):
            square += (x[i] - mean) ** 2
    out[0] = mean
    out[1] = np.sqrt(square / n) / mean if mean != 0.0 else np.nan


@kernel
def _contour(x, work, out):
    """The ten functionals of a contour, undefined hops left out."""
    n = 0
    for i in range(x.shape[0]):
        if not np.isnan(x[i]):
            work[n] = x[i]
            n += 1
    if n == 0:
        return
    _moments(work[:n], work[:n], -1, out[0:2])
    _slopes(work, n, out[6:10])
    ordered = np.sort(work[:n])
    for k in range(3):
        at = (0.2 + 0.3 * k) * (n - 1)
        low = int(at)
        high = min(low + 1, n - 1)
        out[2 + k] = ordered[low] + (at - low) * (ordered[high] - ordered[low])
    out[5] = out[4] - out[2]


@kernel
def _slopes(x, n, out):
    """Mean and deviation of rising and of falling slopes per second between extrema; returns (valleys, peaks).

    An extremum counts where the contour turns by more than a tenth of its range.
    """
    low = np.inf
    high = -np.inf
    for i in range(n):
        if not np.isnan(x[i]):
            low = min(low, x[i])
            high = max(high, x[i])
    turn = 0.1 * (high - low)
    sums = np.zeros((2, 3))
    peaks = 0
    valleys = 0
    direction = 0
    top = 0
    bottom = 0
    origin = -1
    for i in range(n):
        if np.isnan(x[i]):
            continue
        if not x[top] >= x[i]:
            top = i
        if not x[bottom] <= x[i]:
            bottom = i
        if direction >= 0 and x[top] - x[i] > turn:
            if direction > 0 or top > 0:
                peaks += 1
            if origin >= 0 and top > origin:
                _add(sums[0], (x[top] - x[origin]) / ((top - origin) * _HOP_S))
            origin = top
            direction = -1
            bottom = i
        elif direction <= 0 and x[i] - x[bottom] > turn:
            if direction < 0 or bottom > 0:
                valleys += 1
            if origin >= 0 and bottom > origin:
                _add(sums[1], (x[origin] - x[bottom]) / ((bottom - origin) * _HOP_S))
            origin = bottom
            direction = 1
            top = i
    for k in range(out.shape[0] // 2):
        if sums[k, 0] > 0.0:
            mean = sums[k, 1] / sums[k, 0]
            out[2 * k] = mean
            out[2 * k + 1] = np.sqrt(max(sums[k, 2] / sums[k, 0] - mean * mean, 0.0))
    return valleys, peaks


@kernel
def _add(sums, value):
    sums[0] += 1.0
    sums[1] += value
    sums[2] += value * value


@kernel
def _segments(voicing, out):
    """Voiced runs per second, and mean and deviation of the lengths of voiced and unvoiced runs in seconds."""
    sums = np.zeros((2, 3))
    n = voicing.shape[0]
    run = 0
    for i in range(n):
        run += 1
        if i == n - 1 or np.isnan(voicing[i]) != np.isnan(voicing[i + 1]):
            _add(sums[1 if np.isnan(voicing[i]) else 0], run * _HOP_S)
            run = 0
    out[0] = sums[0, 0] / (n * _HOP_S)
    for k in range(2):
        if sums[k, 0] > 0.0:
            mean = sums[k, 1] / sums[k, 0]
            out[1 + 2 * k] = mean
            out[2 + 2 * k] = np.sqrt(max(sums[k, 2] / sums[k, 0] - mean * mean, 0.0))
