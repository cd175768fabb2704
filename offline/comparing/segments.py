"""One stretch of one participant: level, variability, shares of categories, dynamics, speech, and what is missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.dynamics.evidence import block_of
from liveaffect.models.dynamics.inertia import LEAST_S
from liveaffect.models.dynamics.person import moved
from liveaffect.offline.comparing.recordings import Seen
from liveaffect.offline.comparing.times import Slot
from liveaffect.offline.tables.summary import SPEECH

Floats = npt.NDArray[np.float64]


class Measure(NamedTuple):
    """What is compared of each condition."""

    name: str
    words: str
    unit: str
    low: float
    high: float
    group: str
    ratio: bool = False
    """Compared as a ratio: it spans orders of magnitude."""


_DIMENSIONS = ("valence", "arousal")
MEASURES: tuple[Measure, ...] = (
    *(Measure(f"level_{d}", f"mean {d} after fusion", "1", -1, 1, "Level") for d in _DIMENSIONS),
    *(
        Measure(f"variability_{d}", f"standard deviation of {d} in the stretch, by seconds", "1", 0, 1, "Variability")
        for d in _DIMENSIONS
    ),
    *(
        Measure(f"share_{e}", f"share of the time with numbers in which {e} is the most probable", "1", 0, 1, "Shares")
        for e in EMOTIONS
    ),
    Measure("share_speaking", "share of the time in which this person speaks", "1", 0, 1, "Shares"),
    *(
        Measure(
            f"inertia_{d}_s", f"time in which what is left of a displacement of {d} falls to 37 %", "s", 0, math.inf,
            "Dynamics", True,
        )
        for d in _DIMENSIONS
    ),
    *(
        Measure(
            f"instability_{d}", f"root mean square of differences of {d} over 1 s, without noise", "1", 0, math.inf,
            "Dynamics", True,
        )
        for d in _DIMENSIONS
    ),
    Measure("missing", "share of the time without numbers", "1", 0, 1, "Missing"),
)  # fmt: skip
"""In the order in which they are told."""
BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True)
class Segment:
    """What one stretch shows."""

    slot: Slot
    seconds: float
    """Time of the stretch that lies in the recording."""
    known_s: float
    """Of that, time with numbers."""
    missing_s: dict[str, float]
    """Why there are none -> for how long; `outside` is time of the stretch beyond the recording."""
    values: dict[str, float | None]
    series: dict[str, Floats] = field(default_factory=dict)
    """Measure -> its means by seconds, NaN where nothing was seen: of those that are means over time."""


def segment_of(slot: Slot) -> Segment:
    """Measures one stretch. What there is too little of is None: dynamics need half a minute with numbers."""
    seen = slot.recording.seen(slot.face_id)
    inside, for_s = _inside(seen, slot)
    ok = inside & (seen.state == "ok") & (for_s > 0)
    known_s, seconds = float(for_s[ok].sum()), float(for_s[inside].sum())
    missing = {
        str(state): float(for_s[inside & (seen.state == state)].sum())
        for state in np.unique(seen.state[inside & (seen.state != "ok")])
    }
    outside = (slot.end_s - slot.start_s) - max(
        0.0, min(slot.end_s, slot.recording.end_s) - max(slot.start_s, slot.recording.begin_s)
    )
    if outside > 0.5:
        missing["outside"] = outside
    series = _by_seconds(seen, slot, for_s, ok)
    whole = seconds + missing.get("outside", 0.0)
    values: dict[str, float | None] = {"missing": 1 - known_s / whole if whole > 0 else None}
    for name, line in (("valence", seen.valence), ("arousal", seen.arousal)):
        values[f"level_{name}"] = float(line[ok] @ for_s[ok]) / known_s if known_s > 0 else None
        told = series[f"level_{name}"][np.isfinite(series[f"level_{name}"])]
        values[f"variability_{name}"] = float(told.std(ddof=1)) if len(told) >= 3 else None
    told_s = float(for_s[ok & (seen.category >= 0)].sum())
    for k, name in enumerate(EMOTIONS):
        share = float(for_s[ok & (seen.category == k)].sum())
        values[f"share_{name}"] = share / told_s if told_s > 0 else None
    heard = inside & np.isfinite(seen.speaking)
    heard_s = float(for_s[heard].sum())
    spoken = float(for_s[heard & (seen.speaking >= SPEECH)].sum())
    values["share_speaking"] = spoken / heard_s if heard_s > 0 else None
    values |= _dynamics(slot)
    return Segment(slot, seconds, known_s, missing, values, series)


def pooled(segments: Sequence[Segment]) -> dict[str, float | None]:
    """Several stretches of one participant in one condition as one: weighted by their time with numbers."""
    found: dict[str, float | None] = {}
    for measure in MEASURES:
        some = [(one.values.get(measure.name), _weight(one, measure)) for one in segments]
        known = [(value, weight) for value, weight in some if value is not None and weight > 0]
        total = sum(weight for _, weight in known)
        if not known:
            found[measure.name] = None
        elif measure.ratio:
            found[measure.name] = math.exp(sum(math.log(max(v, 1e-6)) * w for v, w in known) / total)
        else:
            found[measure.name] = sum(v * w for v, w in known) / total
    return found


def missing_of(segments: Sequence[Segment]) -> Mapping[str, float]:
    """Why there are no numbers -> seconds, the longest first."""
    found: dict[str, float] = {}
    for one in segments:
        for state, seconds in one.missing_s.items():
            found[state] = found.get(state, 0.0) + seconds
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _weight(one: Segment, measure: Measure) -> float:
    whole = one.seconds + one.missing_s.get("outside", 0.0)
    return whole if measure.name in ("missing", "share_speaking") else one.known_s


def _inside(seen: Seen, slot: Slot) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which instants stand in the stretch, and for how long of it."""
    begin = np.maximum(seen.at_s, slot.start_s)
    end = np.minimum(seen.at_s + seen.for_s, slot.end_s)
    for_s = np.maximum(end - begin, 0.0)
    return for_s > 0, for_s


def _by_seconds(seen: Seen, slot: Slot, for_s: Floats, ok: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Means of whole seconds of the stretch; a second with less than half of it known is NaN."""
    count = max(math.floor(min(slot.end_s, slot.recording.end_s) - slot.start_s), 0)
    bins = np.clip(np.floor(seen.at_s - slot.start_s), -1, count).astype(np.int64)
    used = ok & (bins >= 0) & (bins < count)
    weight = np.bincount(bins[used], for_s[used], count)[:count] if count else np.zeros(0)
    found: dict[str, Floats] = {}
    lines = {"level_valence": seen.valence, "level_arousal": seen.arousal}
    lines |= {f"share_{name}": (seen.category == k).astype(np.float64) for k, name in enumerate(EMOTIONS)}
    for name, line in lines.items():
        total = np.bincount(bins[used], line[used] * for_s[used], count)[:count] if count else np.zeros(0)
        found[name] = np.where(weight >= 0.5, total / np.maximum(weight, 1e-9), np.nan)
    there = (bins >= 0) & (bins < count)
    gone = np.bincount(bins[there & ~ok], for_s[there & ~ok], count)[:count] if count else np.zeros(0)
    every = np.bincount(bins[there], for_s[there], count)[:count] if count else np.zeros(0)
    found["missing"] = np.where(every > 0, gone / np.maximum(every, 1e-9), 1.0)
    return found


def _dynamics(slot: Slot) -> dict[str, float | None]:
    names = [f"{kind.format(d)}" for kind in ("inertia_{}_s", "instability_{}") for d in _DIMENSIONS]
    found: dict[str, float | None] = dict.fromkeys(names)
    one = slot.recording
    evidence = one.evidence.get(slot.face_id)
    end_s = min(slot.end_s, one.end_s)
    if evidence is None or end_s - slot.start_s < LEAST_S:
        return found
    begin, end = (block_of(one.zero_ns + round(at * 1e9)) for at in (max(slot.start_s, one.begin_s), end_s))
    for name in _DIMENSIONS:
        _, motion = moved(evidence, name, begin, end)
        found[f"inertia_{name}_s"] = motion.inertia_s.value if motion.inertia_s else None
        found[f"instability_{name}"] = motion.instability.value if motion.instability else None
    return found
