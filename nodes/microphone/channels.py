"""From the channels of a recording to the one that is heard, so that what is audible in any of them stays as loud."""

from collections.abc import Sequence

import numpy as np

from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import Array

BLOCK_S = 0.01
MEMORY_S = 0.4
"""Time constant of the energies and correlations that decide."""
NOW_S = 0.1
"""The same where what has just begun would be lost by them: a speaker in the other channel."""
LOST = 0.36
"""Two channels of one strength that do not resemble each other keep half of it in their mean, one alone a quarter."""
SILENT = 1e-6
"""Mean square below which a block (-60 dB of full scale) says nothing of its channels."""
ALONE = 10.0
"""A channel stronger than another by this (10 dB) is heard alone; below `TOGETHER` (6 dB) both are again."""
TOGETHER = 4.0
CENTRE = 0.01
"""The centre of a surround mix carries the dialogue: it is heard alone unless 20 dB below the strongest channel."""
AGAINST = -0.5
"""Correlation below which two channels are taken for one recorded with opposite signs; above 0 it is none again."""
HELD_S = 0.2
"""A change must hold so long, the first one only `FIRST_S`."""
FIRST_S = 0.05
CLIPPED = 0.999

Weights = tuple[float, ...]


class Mixer:
    """Mixes blocks of any number of channels to one. Causal: what has not yet been heard changes nothing.

    Parameters
    ----------
    wanted: "auto", "mix" (the mean of all), "left", "right", or the number of a channel, counted from 1.

    "auto" hears the mean of the channels as long as they resemble each other; one alone where the others are 10 dB
    weaker (speech in one of two channels would lose 6 dB); the difference where they have opposite signs (their mean
    is silence); and of a surround mix the centre, where dialogue is. Changes are faded over 10 ms.
    """

    def __init__(self, wanted: str | int = "auto") -> None:
        self.wanted = wanted
        self._names: tuple[str, ...] = ()
        self._weights: Weights | None = None
        self._products: tuple[np.ndarray, np.ndarray] | None = None
        """Mean products of the channels, over the memory and just now."""
        self._next: tuple[Weights, float] | None = None
        self.heard: dict[str, float] = {}
        """What has been heard of what is not the plain mean, in words, and for how many seconds."""

    def mix(self, data: Array, rate: int, names: Sequence[str] = ()) -> Array:
        """(channels, n) samples to (n,), in the type of the mean; `names` are FFmpeg's ("FL", "FR", "FC", ...)."""
        if len(data) == 1:
            return data[0]
        if len(set(names)) != len(data):  # a recorder names none of its channels
            names = [str(n + 1) for n in range(len(data))]
        names = tuple(names)
        if self.wanted == "mix":
            return data.mean(axis=0)
        if self.wanted != "auto":
            return data[channel_index(self.wanted, names)]
        if names != self._names:
            self._names, self._weights, self._products, self._next = names, None, None, None
        step = max(1, round(rate * BLOCK_S))
        out = [self._block(data[:, at : at + step], rate) for at in range(0, data.shape[1], step)]
        return out[0] if len(out) == 1 else np.concatenate(out) if out else data.mean(axis=0)

    def _block(self, data: Array, rate: int) -> Array:
        seconds = data.shape[1] / rate
        product = np.asarray(data @ data.T, np.float64) / data.shape[1]
        slow, fast = self._products or (product, product)
        self._products = (_faded(slow, product, seconds / MEMORY_S), _faded(fast, product, seconds / NOW_S))
        before = self._weights or self._mean
        if float(product.diagonal().max()) >= SILENT:
            self._decide(seconds)
        after = self._weights or self._mean
        if after != self._mean:
            words = self._words(after)
            self.heard[words] = self.heard.get(words, 0.0) + seconds
        if before == after:
            return _weighted(data, after, self._mean)
        fade = np.linspace(0.0, 1.0, data.shape[1], endpoint=False)
        old, new = _weighted(data, before, self._mean), _weighted(data, after, self._mean)
        return (old + (new - old) * fade).astype(old.dtype)

    def _decide(self, seconds: float) -> None:
        assert self._products is not None
        slow, fast = self._products
        wanted = self._choose(slow)
        weights = np.array(wanted) / np.count_nonzero(wanted)
        if float(weights @ fast @ weights) < LOST * float(fast.diagonal().max()):
            wanted = self._choose(fast)
        if wanted == self._weights:
            self._next = None
        else:
            held = seconds + (self._next[1] if self._next is not None and self._next[0] == wanted else 0.0)
            self._next = (wanted, held)
            if held >= (FIRST_S if self._weights is None else HELD_S):
                self._weights, self._next = wanted, None

    def _choose(self, product: np.ndarray) -> Weights:
        power = product.diagonal()
        loudest = float(power.max())
        if "FC" in self._names and power[self._names.index("FC")] >= CENTRE * loudest:
            return self._one(self._names.index("FC"))
        full = [n for n, name in enumerate(self._names) if not name.startswith("LFE")]
        best = max(full, key=lambda n: power[n])
        now = self._weights or self._mean
        limit = TOGETHER if now != self._mean and 0.0 in [now[n] for n in full] else ALONE
        weights = [0.0] * len(power)
        for n in full:
            if power[n] * limit >= power[best]:
                alike = float(product[n, best] / np.sqrt(power[n] * power[best]))
                weights[n] = -1.0 if n != best and alike < (0.0 if -1.0 in now else AGAINST) else 1.0
        if weights[full[0]] < 0:  # the first keeps its sign, whichever is louder just now
            weights = [-w if w else 0.0 for w in weights]
        return tuple(weights)

    @property
    def _mean(self) -> Weights:
        return (1.0,) * len(self._names)

    def _one(self, index: int) -> Weights:
        return tuple(float(n == index) for n in range(len(self._names)))

    def _words(self, weights: Weights) -> str:
        used = [name for name, weight in zip(self._names, weights, strict=True) if weight]
        if len(used) == 1:
            return f"channel {self._names.index(used[0]) + 1} of {len(weights)} ({used[0]}) alone"
        if any(weight < 0 for weight in weights):
            return "the difference of channels of opposite sign"
        return f"channels {', '.join(str(self._names.index(name) + 1) for name in used)} of {len(weights)}"


def _faded(old: np.ndarray, new: np.ndarray, age: float) -> np.ndarray:
    keep = float(np.exp(-age))
    return keep * old + (1 - keep) * new


def _weighted(data: Array, weights: Weights, mean: Weights) -> Array:
    if weights == mean:
        return data.mean(axis=0)
    count = sum(1 for weight in weights if weight)
    return (np.asarray(weights, data.dtype) / count) @ data


def channel_index(wanted: str | int, names: Sequence[str]) -> int:
    """Index of the channel that a setting names. Raises UsageError where the sound has no such channel."""
    sides = {"left": "FL", "right": "FR"}
    if isinstance(wanted, str) and wanted in sides:
        if sides[wanted] in names:
            return list(names).index(sides[wanted])
        number = 1 if wanted == "left" else 2
    else:
        number = int(wanted)
    if not 1 <= number <= len(names):
        raise UsageError(f"microphone.channel is {wanted!r}, but the sound has {len(names)} channel(s), counted from 1")
    return number - 1


def check_channel(wanted: str | int) -> str | int:
    """A setting of `microphone.channel` as `Mixer` takes it. Raises UsageError for what it cannot be."""
    if isinstance(wanted, str) and wanted.isdigit():
        wanted = int(wanted)
    if wanted in ("auto", "mix", "left", "right") or (isinstance(wanted, int) and wanted >= 1):
        return wanted
    raise UsageError(f"microphone.channel is {wanted!r}: it can be auto, mix, left, right, or a number from 1")


class Mender:
    """Repairs samples that are no numbers, and counts them and those that lie at the limit."""

    WILD = 8.0
    """A sample 18 dB beyond full scale, among others that are not, is a fault of the file."""

    def __init__(self) -> None:
        self.repaired = self.clipped = self.count = 0
        self._last: Array | None = None

    def mend(self, data: Array) -> Array:
        """(channels, n) samples: NaN, infinite and wild ones become the line between their neighbours."""
        self.count += data.size
        if data.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                good = np.abs(data) < self.WILD
            if not good.all():
                data = self._filled(data, good)
        hot = np.abs(data) >= CLIPPED
        if hot.any() and data.shape[1] > 2:
            self.clipped += int((hot[:, 2:] & hot[:, 1:-1] & hot[:, :-2]).sum())
        if data.shape[1]:
            self._last = data[:, -1].copy()
        return data

    @property
    def clipped_share(self) -> float:
        """Share of samples in runs of three or more at the limit."""
        return self.clipped / max(self.count, 1)

    def _filled(self, data: Array, good: np.ndarray) -> Array:
        data = data.copy()
        last = self._last if self._last is not None and len(self._last) == len(data) else np.zeros(len(data))
        at = np.arange(data.shape[1])
        for channel, known in enumerate(good):
            missing = ~known
            self.repaired += int(missing.sum())
            places = np.concatenate(([-1], at[known]))
            values = np.concatenate(([float(last[channel])], data[channel, known]))
            data[channel, missing] = np.interp(at[missing], places, values)
        return data
