"""EDF+: a person's numbers as evenly spaced signals of 16 bit, states and markers as annotations."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from liveaffect.offline.formats.extra import extra
from liveaffect.offline.formats.regular import regular
from liveaffect.offline.formats.tiers import passers_by, persons, tiers_of
from liveaffect.offline.tables.score import POSE_COLUMNS
from liveaffect.offline.tables.streams import zero_utc

RANGES: dict[str, tuple[float, float]] = {
    "valence": (-1, 1), "arousal": (-1, 1), "yaw_deg": (-180, 180), "pitch_deg": (-180, 180), "roll_deg": (-180, 180),
    "f0_hz": (0, 1000), "distance_m": (0, 10), "gaze_sd_deg": (0, 30), "gaze_pitch_sd_deg": (0, 30),
    **dict.fromkeys(("eye_yaw_deg", "eye_pitch_deg", "gaze_yaw_deg", "gaze_pitch_deg"), (-90, 90)),
}  # fmt: skip
UNITS = {
    **dict.fromkeys((name for name in POSE_COLUMNS if name.endswith("_deg")), "deg"),
    **dict.fromkeys(("distance_m", "distance_sd_m"), "m"),
    "f0_hz": "Hz",
    "loudness_sone": "sone",
    "discord": "bit",
}
MISSING = "missing"


def write_edf(table: pl.DataFrame, markers: pl.DataFrame, target: Path) -> list[str]:
    """One file of a table. EDF knows no missing value: a sample without one lies on a line between its neighbours, and
    the signal `missing` is 1 there. Raises UsageError without the library, OSError.
    """
    edfio: Any = extra("edfio", "edf")
    people, few = persons(table)
    start_s = min(float(rows["t_s"][0]) for _, rows in people)
    seconds = 1 + max(int(float(rows["t_s"][-1]) - start_s + 1e-6) for _, rows in people)
    signals: list[Any] = []
    for k, (_, rows) in enumerate(people):
        signals += _signals(edfio, rows, f"p{k} " if len(people) > 1 else "", start_s, seconds)
    annotations, early = [], 0
    for tier in tiers_of(table, markers):
        if tier.kind not in ("states", "markers"):
            continue
        for begin, end, label in tier.stretches:
            onset, text = begin - start_s, label if tier.kind == "markers" else f"{tier.name}: {label}"
            if onset < 0 or onset > seconds:
                early += 1
                continue
            annotations.append(
                edfio.EdfAnnotation(round(onset, 6), round(end - begin, 6) if end > begin else None, text)
            )
    begun = zero_utc(table)
    recording = edfio.Recording(startdate=begun.date(), equipment_code="liveaffect") if begun else None
    time = begun.time().replace(tzinfo=None) if begun else datetime.time(0, 0, 0)
    edf = edfio.Edf(signals, recording=recording, starttime=time, data_record_duration=1, annotations=annotations)
    edf.write(target)
    notes = ["a missing sample lies on a line between its neighbours; the signal `missing` is 1 there"]
    notes += passers_by(few)
    return notes + ([f"{early} markers outside the recording are left out"] if early else [])


def _signals(edfio: Any, rows: pl.DataFrame, prefix: str, start_s: float, seconds: int) -> list[Any]:
    """A person's signals, all of so many whole seconds, which are EDF's records."""
    found = regular(rows)
    lead = round((found.start_s - start_s) * found.rate_hz)
    whole = seconds * found.rate_hz
    count = min(len(found.values) + lead, whole)
    laid = np.full((whole, len(found.names)), np.nan)
    laid[lead:count] = found.values[: count - lead]
    gone = ~np.isfinite(laid[:, 0]) if len(found.names) else np.ones(whole, bool)
    made: list[Any] = []
    for name, line in zip(found.names, laid.T, strict=True):
        known = np.isfinite(line)
        filled = np.interp(np.arange(whole), np.flatnonzero(known), line[known])
        low, high = RANGES.get(name, (0.0, 5.0 if name.startswith("au") else 1.0))
        low, high = min(low, float(np.floor(filled.min()))), max(high, float(np.ceil(filled.max())))
        made.append(
            edfio.EdfSignal(
                filled, found.rate_hz, label=f"{prefix}{name}"[:16], physical_dimension=UNITS.get(name, "")[:8],
                physical_range=(low, high), transducer_type="face and voice",
            )
        )  # fmt: skip
    flags = gone.astype(np.float64)
    made.append(edfio.EdfSignal(flags, found.rate_hz, label=f"{prefix}{MISSING}", physical_range=(0, 1)))
    return made
