"""Whole signals: any sample rate and channel count in, a table of descriptors or functionals out."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.voice.columns import NAMES
from liveaffect.models.voice.descriptors.constants import SAMPLE_RATE, STATES
from liveaffect.models.voice.descriptors.functional_kernels import FUNCTIONAL_NAMES, functionals_of
from liveaffect.models.voice.descriptors.stream import DEFAULT_LOOKAHEAD_MS, Hops, VoiceStream

if TYPE_CHECKING:
    import polars as pl

Array = npt.NDArray[Any]


def descriptors(signal: Array, *, sample_rate: float, lookahead_ms: float = DEFAULT_LOOKAHEAD_MS) -> "pl.DataFrame":
    """Low-level descriptors of a whole signal, the same numbers a stream gives.

    signal: (n,), (n, channels) or (channels, n), integers of full scale or floats in [-1, 1]; channels are averaged.
    sample_rate: Hz; anything but 16000 is resampled with soxr.
    Returns a polars DataFrame, one row per 10 ms hop: `t_s` (middle of its 60 ms frame: 0.03, 0.04, ...), `state`
    ("ok", "silence", "invalid"), then one column per descriptor of `NAMES`, null where it is undefined.
    A signal shorter than one frame (60 ms) has no rows.

    Raises
    ------
    BadInput: the signal is no array of numbers, or the rate is not positive.
    """
    import polars as pl

    hops = analyse(signal, sample_rate=sample_rate, lookahead_ms=lookahead_ms)
    states: list[str] = [STATES[s] for s in hops.state]
    frame = pl.DataFrame({"t_s": hops.t_s, "state": states}, schema={"t_s": pl.Float64, "state": pl.String})
    schema: Any = dict.fromkeys(NAMES, pl.Float32)
    table = pl.from_numpy(hops.values, schema=schema).fill_nan(None)
    return frame.hstack(table)


def functionals(signal: Array, *, sample_rate: float, lookahead_ms: float = DEFAULT_LOOKAHEAD_MS) -> "pl.DataFrame":
    """The 88 functionals of a whole signal: one row, one column per name of `FUNCTIONAL_NAMES`, null where undefined.

    Arguments and errors as in `descriptors`.
    """
    import polars as pl

    values = functionals_of(analyse(signal, sample_rate=sample_rate, lookahead_ms=lookahead_ms).values)
    return pl.from_numpy(values[None, :], schema=dict.fromkeys(FUNCTIONAL_NAMES, pl.Float32)).fill_nan(None)


def analyse(signal: Array, *, sample_rate: float, lookahead_ms: float = DEFAULT_LOOKAHEAD_MS) -> Hops:
    """`descriptors` as arrays."""
    stream = VoiceStream(lookahead_ms=lookahead_ms)
    pushed = stream.push(mono_16k(signal, sample_rate=sample_rate))
    ended = stream.flush()
    return Hops(0, np.concatenate([pushed.values, ended.values]), np.concatenate([pushed.state, ended.state]))


def mono_16k(signal: Array, *, sample_rate: float) -> npt.NDArray[np.float32]:
    """Signal of any rate and channel count as float32 (n,) at 16 kHz. Arguments and errors as in `descriptors`.

    Samples that are not finite stay so only where they are: they are put back as NaN after resampling.
    """
    signal = np.asarray(signal)
    if signal.dtype.kind not in "fiu" or signal.ndim not in (1, 2):
        raise BadInput(
            f"the signal has shape {signal.shape} and type {signal.dtype}; give numbers (n,) or (n, channels)"
        )
    if not (np.isfinite(sample_rate) and sample_rate > 0):
        raise BadInput(f"sample_rate is {sample_rate}; give the signal's rate in Hz")
    if signal.dtype.kind in "iu":
        info = np.iinfo(signal.dtype)
        middle = 0.0 if info.min < 0 else (info.max + 1) / 2
        signal = (signal - middle) / ((info.max + 1) / (1 if info.min < 0 else 2))
    if signal.ndim == 2:
        signal = signal.mean(axis=0 if signal.shape[0] < signal.shape[1] else 1)
    x = np.asarray(signal, np.float32)
    if sample_rate == SAMPLE_RATE:
        return x
    import soxr  # pyright: ignore[reportMissingTypeStubs]

    bad = np.flatnonzero(~np.isfinite(x))
    clean = x.copy()
    clean[bad] = 0.0
    out = np.asarray(soxr.resample(clean, sample_rate, SAMPLE_RATE, quality="HQ"), np.float32).copy()
    if len(bad) and len(out):
        out[np.unique(np.minimum((bad * (SAMPLE_RATE / sample_rate)).astype(np.int64), len(out) - 1))] = np.nan
    return out
