"""Conditions held against each other, measure by measure: over participants, or within the one that there is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from liveaffect.models.evaluation import autocorrelated
from liveaffect.models.evaluation.contrast import LEAST, Difference, between, dz, hedges_g, paired
from liveaffect.offline.comparing.segments import MEASURES, Measure, Segment, pooled

MOST_PAIRED = 4
"""Of more conditions, each is held against the first alone."""
LEVEL = 0.95


@dataclass(frozen=True)
class Contrast:
    """One measure, second condition against the first. None where there is too little to say it."""

    measure: Measure
    first: str
    second: str
    design: str
    """`paired`: the same participants in both; `between`: others; `segments`, `time`: within one participant."""
    n: int
    """Participants (`paired`), of both conditions (`between`), stretches (`segments`), or seconds with numbers."""
    mean_first: float | None
    mean_second: float | None
    difference: Difference | None
    """Of `ratio` measures, second over first."""
    effect_name: str = ""
    """`dz`, `g` over participants; `d_within`: by the spread within the one participant."""
    effect: tuple[float, float | None, float | None] | None = None
    left_out: tuple[str, ...] = ()
    """Participants that have only one of both."""

    @property
    def clear(self) -> bool:
        """The interval holds no equality of the conditions."""
        if self.difference is None or self.difference.low is None or self.difference.high is None:
            return False
        same = 1.0 if self.measure.ratio else 0.0
        return not self.difference.low <= same <= self.difference.high


@dataclass(frozen=True)
class Comparison:
    """Everything that a page and the tables say."""

    conditions: list[str]
    participants: list[str]
    segments: list[Segment]
    contrasts: list[Contrast]
    level: float
    by: str
    """What said when the conditions were."""
    notes: list[str] = field(default_factory=list)

    def of(self, condition: str, participant: str | None = None) -> list[Segment]:
        """The stretches of a condition, of one participant or of all."""
        return [
            one
            for one in self.segments
            if one.slot.condition == condition and participant in (None, one.slot.participant)
        ]

    def table(self, condition: str) -> dict[str, dict[str, float | None]]:
        """Participant -> measures in a condition."""
        return {
            who: pooled(mine) for who in self.participants if (mine := self.of(condition, who))
        }  # fmt: skip


def compared(segments: Sequence[Segment], conditions: Sequence[str], by: str, *, level: float = LEVEL) -> Comparison:
    """All pairs of up to four conditions; of more, each against the first."""
    participants = sorted({one.slot.participant for one in segments}, key=_natural)
    whole = Comparison(list(conditions), participants, list(segments), [], level, by)
    tables = {condition: whole.table(condition) for condition in conditions}
    pairs = list(combinations(conditions, 2))
    if len(conditions) > MOST_PAIRED:
        pairs = [pair for pair in pairs if pair[0] == conditions[0]]
    for first, second in pairs:
        for measure in MEASURES:
            found = _contrast(whole, measure, first, second, tables[first], tables[second])
            if found is not None:
                whole.contrasts.append(found)
    return whole


def _contrast(
    whole: Comparison,
    measure: Measure,
    first: str,
    second: str,
    a_of: dict[str, dict[str, float | None]],
    b_of: dict[str, dict[str, float | None]],
) -> Contrast | None:
    a = {who: value for who, found in a_of.items() if (value := found[measure.name]) is not None}
    b = {who: value for who, found in b_of.items() if (value := found[measure.name]) is not None}
    if not a and not b:
        return None
    both = [who for who in whole.participants if who in a and who in b]
    lacking = tuple(who for who in whole.participants if (who in a_of or who in b_of) and who not in both)
    if len(both) >= 2:
        x, y = (np.array([_scaled(some[who], measure) for who in both]) for some in (a, b))
        effect = dz(y - x, level=whole.level)
        told = paired(y - x, level=whole.level)
        design, n = "paired", len(both)
    elif not both and len(a) >= 2 and len(b) >= 2:
        x, y = (np.array([_scaled(value, measure) for value in some.values()]) for some in (a, b))
        effect = hedges_g(x, y, level=whole.level)
        told = between(x, y, level=whole.level)
        design, n, lacking = "between", len(x) + len(y), ()
    elif both:
        return _within(whole, measure, first, second, both[0])
    else:
        x, y = (np.array([_scaled(value, measure) for value in some.values()]) for some in (a, b))
        means = [_back(float(one.mean()), measure) if len(one) else None for one in (x, y)]
        return Contrast(measure, first, second, "none", 0, means[0], means[1], None, left_out=lacking)
    return Contrast(
        measure, first, second, design, n,
        _back(float(x.mean()), measure), _back(float(y.mean()), measure), _bounded(told, measure),
        effect.name if effect else "", (effect.value, effect.low, effect.high) if effect else None, lacking,
    )  # fmt: skip


def _within(whole: Comparison, measure: Measure, first: str, second: str, who: str) -> Contrast:
    """One participant: over stretches where there are enough, else over time, whose samples depend on each other."""
    mine = [whole.of(condition, who) for condition in (first, second)]
    means = [pooled(some)[measure.name] for some in mine]
    x, y = (
        np.array([_scaled(v, measure) for one in some if (v := one.values.get(measure.name)) is not None])
        for some in mine
    )
    if min(len(x), len(y)) >= LEAST:
        told, effect = between(x, y, level=whole.level), hedges_g(x, y, level=whole.level)
        return Contrast(
            measure, first, second, "segments", len(x) + len(y), _back(float(x.mean()), measure),
            _back(float(y.mean()), measure), _bounded(told, measure), "g of stretches" if effect else "",
            (effect.value, effect.low, effect.high) if effect else None,
        )  # fmt: skip
    series = [[one.series[measure.name] for one in some if measure.name in one.series] for some in mine]
    counts = [sum(int(np.isfinite(one).sum()) for one in some) for some in series]
    if min(counts) == 0:
        a, b = means
        only = None if a is None or b is None else Difference(b / a if measure.ratio else b - a)
        return Contrast(measure, first, second, "none", 0, a, b, only)
    told = _bounded(autocorrelated.difference(series[0], series[1], level=whole.level), measure)
    levels = [autocorrelated.level_of(some) for some in series]
    spread = math.sqrt(0.5 * (levels[0].sd ** 2 + levels[1].sd ** 2))
    effect3 = None
    if spread > 1e-9:
        ends = [None if end is None else end / spread for end in (told.low, told.high)]
        effect3 = (told.value / spread, ends[0], ends[1])
    return Contrast(
        measure, first, second, "time", sum(counts), levels[0].value, levels[1].value, told,
        "d_within" if effect3 else "", effect3,
    )  # fmt: skip


def _scaled(value: float, measure: Measure) -> float:
    return math.log(max(value, 1e-6)) if measure.ratio else value


def _back(value: float, measure: Measure) -> float:
    return math.exp(value) if measure.ratio else value


def _bounded(told: Difference, measure: Measure) -> Difference:
    """As a ratio where it is one, else within what a difference can be."""
    if measure.ratio:
        ends = [None if x is None else math.exp(min(max(x, -50.0), 50.0)) for x in (told.low, told.high)]
        return Difference(math.exp(told.value), ends[0], ends[1])
    most = measure.high - measure.low
    low, high = told.low, told.high
    if low is None or high is None:
        return told
    return Difference(told.value, max(low, -most), min(high, most))


def _natural(name: str) -> tuple[object, ...]:
    """p2 before p10."""
    digits, parts = "", list[object]()
    for letter in f"{name}\0":
        if letter.isdigit():
            digits += letter
            continue
        if digits:
            parts += [(0, int(digits), "")]
            digits = ""
        parts += [(1, 0, letter)]
    return tuple(parts)
