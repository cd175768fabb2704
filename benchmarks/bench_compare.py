"""Do intervals of differences between conditions hold the truth as often as they say? On made people.

    python benchmarks/bench_compare.py [--runs 200] [--parts whole,over,within] [--json F]

`whole`: score tables of made people go through `compare`, with a known difference and with none. `over`: differences
of participants from normal, skewed, heavy-tailed and mixed distributions, by ways of making an interval. `within`: one
person and one stretch per condition, beside a block bootstrap. All intervals are of 95 %.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
from made import affect as made
from made import conditions

from liveaffect.models.evaluation import autocorrelated
from liveaffect.models.evaluation.contrast import between, dz, paired, t_quantile
from liveaffect.offline.comparing.differences import Comparison
from liveaffect.offline.comparing.write import compare

Floats = np.ndarray
FEW = (5, 8, 12, 20)


def held(low: float | None, high: float | None, truth: float) -> float:
    return math.nan if low is None or high is None else float(low <= truth <= high)


def whole(runs: int) -> dict[str, dict[str, float]]:
    """The whole way: tables, times, levels, intervals of valence. How often they hold 0.15; how often 0 is left out."""
    rows = {}
    for n in FEW:
        for skewed in (False, True):
            found: dict[str, list[float]] = {"holds_0.15": [], "wrong_0": [], "width": []}
            for seed in range(runs):
                one = level(compare(*conditions.study(n, 0.15, seed, skewed=skewed, seconds=15.0)))
                none = level(compare(*conditions.study(n, 0.0, seed + 10_000, skewed=skewed, seconds=15.0)))
                found["holds_0.15"].append(held(one[0], one[1], 0.15))
                found["wrong_0"].append(1 - held(none[0], none[1], 0.0))
                found["width"].append((one[1] or math.nan) - (one[0] or math.nan))
            rows[f"{n} participants, {'skewed' if skewed else 'normal'}"] = {
                k: float(np.mean(v)) for k, v in found.items()
            }
            tell(rows)
    found = {"holds_0.15": [], "wrong_0": [], "width": []}
    for seed in range(runs):
        one = level(compare(*conditions.study(1, 0.15, seed, varies=0.0, seconds=180.0)))
        none = level(compare(*conditions.study(1, 0.0, seed + 10_000, varies=0.0, seconds=180.0)))
        found["holds_0.15"].append(held(one[0], one[1], 0.15))
        found["wrong_0"].append(1 - held(none[0], none[1], 0.0))
        found["width"].append((one[1] or math.nan) - (one[0] or math.nan))
    rows["one participant, 3 minutes per condition"] = {k: float(np.mean(v)) for k, v in found.items()}
    tell(rows)
    return rows


def level(found: Comparison) -> tuple[float | None, float | None]:
    [one] = [one for one in found.contrasts if one.measure.name == "level_valence"]
    return (None, None) if one.difference is None else (one.difference.low, one.difference.high)


def over(runs: int) -> dict[str, dict[str, float]]:
    """Coverage of 0 by the percentile bootstrap, Student's t, and what is taken; of half a standard deviation by dz."""
    rng = np.random.default_rng(7)
    rows = {}
    kinds = {
        "normal": rng.standard_normal,
        "skewed": lambda k: rng.exponential(1.0, k) - 1.0,
        "heavy": lambda k: rng.standard_t(3, k),
        "outliers": lambda k: rng.standard_normal(k) * np.where(rng.random(k) < 0.1, 4.0, 1.0),
    }
    for name, draw in kinds.items():
        for n in FEW:
            found: dict[str, list[float]] = {key: [] for key in ("percentile", "t", "taken", "taken_between", "dz_0.5")}
            for seed in range(5 * runs):
                d = draw(n)
                half = t_quantile(0.975, n - 1) * d.std(ddof=1) / math.sqrt(n)
                drawn = d[rng.integers(0, n, (999, n))].mean(1)
                ours, other = paired(d, seed=seed), between(draw(n), draw(n), seed=seed)
                effect = dz(d + 0.5 * (3.0**0.5 if name == "heavy" else 1.0 if name != "outliers" else 2.5**0.5))
                low, high = np.quantile(drawn, [0.025, 0.975])
                found["percentile"].append(held(float(low), float(high), 0.0))
                found["t"].append(held(d.mean() - half, d.mean() + half, 0.0))
                found["taken"].append(held(ours.low, ours.high, 0.0))
                found["taken_between"].append(held(other.low, other.high, 0.0))
                found["dz_0.5"].append(math.nan if effect is None else held(effect.low, effect.high, 0.5))
            rows[f"{name}, {n}"] = {key: float(np.nanmean(v)) for key, v in found.items()}
            tell(rows)
    return rows


def within(runs: int) -> dict[str, dict[str, float]]:
    """One person: coverage of no difference by what is taken and by a circular block bootstrap."""
    rows = {}
    for tau in (1.0, 3.0, 10.0, 30.0):
        for seconds in (60, 180, 600):
            found: dict[str, list[float]] = {"taken": [], "block_bootstrap": [], "width": []}
            for seed in range(runs):
                rng = np.random.default_rng([seed, round(tau * 10), seconds])
                a, b = (seen(tau, seconds, rng) for _ in range(2))
                ours = autocorrelated.difference([a], [b])
                found["taken"].append(held(ours.low, ours.high, 0.0))
                found["block_bootstrap"].append(held(*blocks(a, b, rng), 0.0))
                found["width"].append((ours.high or math.nan) - (ours.low or math.nan))
            rows[f"inertia {tau:g} s, {seconds} s each"] = {key: float(np.nanmean(v)) for key, v in found.items()}
            rows[f"inertia {tau:g} s, {seconds} s each"]["width"] = float(np.nanmedian(found["width"]))
            tell(rows)
    return rows


def seen(tau: float, seconds: int, rng: np.random.Generator) -> Floats:
    """Means by seconds of what a net says of a person, with gaps; without drift, which no interval can know."""
    x = 0.2 * made.wander(seconds * 5, 0.2, tau, rng)
    blocks_ = made.said(x, 5, rng, made.Net(drift=0.0))[0].reshape(-1, 5)
    known = np.isfinite(blocks_).sum(1)
    return np.where(known >= 3, np.nansum(blocks_, 1) / np.maximum(known, 1), np.nan)


def blocks(a: Floats, b: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile interval of a circular block bootstrap with blocks of 1.5 (memory^2 n)^(1/3) seconds."""
    draws = np.zeros(499)
    for sign, one in ((-1.0, a), (1.0, b)):
        x = one[np.isfinite(one)]
        size = int(
            np.clip(round(1.5 * (autocorrelated.memory_of(one) ** 2 * len(x)) ** (1 / 3)), 2, max(len(x) // 4, 2))
        )
        starts = rng.integers(0, len(x), (499, math.ceil(len(x) / size)))
        at = (starts[:, :, None] + np.arange(size)) % len(x)
        draws += sign * x[at].reshape(499, -1)[:, : len(x)].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def tell(rows: dict[str, dict[str, float]]) -> None:
    name, found = list(rows.items())[-1]
    print(f"{name:44}" + "".join(f"{key} {value:6.3f}  " for key, value in found.items()), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--parts", default="whole,over,within")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    parts = {"whole": whole, "over": over, "within": within}
    results = {name: parts[name](asked.runs) for name in asked.parts.split(",")}
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1))
