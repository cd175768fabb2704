"""Do the measures of dynamics find what is there, and nothing where there is nothing? On made people.

    python benchmarks/bench_dynamics.py [--seeds 20] [--parts inertia,coupling,lags,shifts,cost] [--json F]

People move as Ornstein-Uhlenbeck processes of known rate. A net says something of them at 30 and 10 frames a second,
with noise that partly lasts, a slow drift, deviations that change, and a fifth of the time missing in stretches. Times
are CPU.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
from made import affect as made

from liveaffect.models.dynamics.correlation import WindowedCorrelation
from liveaffect.models.dynamics.coupling import coupling
from liveaffect.models.dynamics.inertia import Interval, motion
from liveaffect.models.dynamics.shifts import ShiftFinder, ShiftFound
from liveaffect.models.dynamics.tracker import DynamicsTracker

SECONDS = 180.0


def inside(found: Interval | None, truth: float) -> float:
    return float(found is not None and found.low <= truth <= found.high)


def inertia(seeds: int) -> dict[str, dict[str, float]]:
    """Coverage of 90 % intervals by inertia and rate of frames."""
    rows = {}
    for tau in (0.5, 1.0, 2.0, 5.0, 15.0, 60.0):
        for hz in (30, 10):
            cover, median = [], []
            for seed in range(seeds):
                y, stated = made.person(seed, tau, hz, SECONDS)
                one = motion(y, stated, frames=hz / 5)
                jump = 0.2 * math.sqrt(2 * (1 - math.exp(-1 / tau)))
                truths = (one.inertia_s, tau), (one.variability, 0.2), (one.instability, jump), (one.level, 0.1)
                cover.append([inside(*pair) for pair in truths])
                median.append(one.inertia_s.value if one.inertia_s else math.nan)
            names = ("inertia", "variability", "instability", "level")
            rows[f"inertia {tau:g} s, {hz} Hz"] = {
                **dict(zip(names, np.mean(cover, axis=0).tolist(), strict=True)), "median_s": float(np.median(median))
            }  # fmt: skip
            tell(rows)
    return rows


def couplings(seeds: int) -> dict[str, dict[str, float]]:
    """Coverage of the rates' 90 % intervals, and how often a rate is called beyond chance."""
    rows = {}
    for rates, pull in (((0.5, 0.5), 0.0), ((1.0, 0.3), 0.0), ((0.5, 0.5), 0.15), ((0.5, 0.5), 0.4), ((1.0, 1.0), 0.8)):
        for hz in (30, 10):
            cover, clear = [], []
            for seed in range(seeds):
                rng = np.random.default_rng([seed, hz, round(pull * 100), round(rates[0] * 10)])
                x = made.coupled(round(SECONDS * 60), 1 / 60, rates, (0.0, pull), 0.2, rng)[:: 60 // hz]
                found = coupling(made.said(x[:, 0], hz, rng), made.said(x[:, 1], hz, rng))
                if found is None:
                    continue
                ways = (found.first_by_second, 0.0), (found.second_by_first, pull)
                cover.append([inside(way.rate, truth) for way, truth in ways])
                clear.append([way.beyond_chance for way, _ in ways])
            told, called = np.mean(cover, axis=0), np.mean(clear, axis=0)
            rows[f"pull {pull:g} of rates {rates[0]:g} and {rates[1]:g}, {hz} Hz"] = {
                "cover_none": told[0], "cover_pull": told[1], "called_none": called[0], "called_pull": called[1],
            }  # fmt: skip
            tell(rows)
    return rows


def lags(seeds: int) -> dict[str, dict[str, float]]:
    """Error of the lag, and what is called beyond chance."""
    rows = {}
    for gain in (0.0, 0.6, 0.9):
        for hz in (30, 10):
            error, inner, share, called = [], [], [], []
            for seed in range(seeds):
                lag = (-2.0, -0.8, 0.0, 0.8, 2.0)[seed % 5]
                (a, _), (b, _) = made.follower(seed, lag, gain, hz, SECONDS)
                windows = WindowedCorrelation()
                windows.add(a, b)
                windows.settle()
                found = windows.following()
                if found is None:
                    continue
                error.append(abs(found.lag_s - lag))
                inner.append(found.lag_low_s <= lag <= found.lag_high_s)
                share.append(found.share)
                called.append(found.beyond_chance)
            rows[f"follows by {gain:g}, {hz} Hz"] = {
                "within_150_ms": float(np.mean(np.array(error) <= 0.15)), "median_error_s": float(np.median(error)),
                "cover_lag": float(np.mean(inner)), "windows_called": float(np.mean(share)),
                "wholes_called": float(np.mean(called)),
            }  # fmt: skip
            tell(rows)
    return rows


def shifts(seeds: int) -> dict[str, dict[str, float]]:
    """Shifts of 0.4 found within 1.5 s, and false ones in people who never shift."""
    rows = {}
    for sd, tau in ((0.05, 3.0), (0.1, 1.0), (0.1, 3.0), (0.1, 15.0), (0.15, 3.0)):
        hit = number = false = 0
        minutes = 0.0
        for seed in range(seeds):
            hz = 30 if seed % 2 else 10
            y, stated, times = made.stepping(seed, hz, SECONDS, sd=sd, tau_s=tau, size=0.4)
            told = found_in(y, stated)
            hit += sum(any(abs(one.at_s - t) <= 1.0 and one.found_s <= t + 1.5 for one in told) for t in times)
            number += len(times)
            y, stated, _ = made.stepping(seed, hz, SECONDS, sd=sd, tau_s=tau, size=0.0)
            false += len(found_in(y, stated))
            minutes += SECONDS / 60
        rows[f"shifts of 0.4 among sd {sd:g}, {tau:g} s"] = {
            "found": hit / number, "false_in_10_minutes": 10 * false / minutes,
        }  # fmt: skip
        tell(rows)
    return rows


def found_in(y: made.Floats, stated: made.Floats) -> list[ShiftFound]:
    finder = ShiftFinder()
    steps = (finder.step(k * made.BLOCK_S, float(y[k]), float(stated[k])) for k in range(len(y)) if math.isfinite(y[k]))
    return [one for one in steps if one is not None]


def cost(seeds: int) -> dict[str, dict[str, float]]:
    """CPU time of everything about two people, per second of stream, after the first ten seconds."""
    del seeds
    (a, _), (b, _) = made.follower(0, 0.8, 0.9, 30, 60, net=made.Net())
    rng = np.random.default_rng(0)
    frames = np.repeat(np.nan_to_num(np.stack([a, b], 1)), 6, axis=0)
    frames = np.clip(np.tile(frames, (7, 1)) + 0.05 * rng.standard_normal((len(frames) * 7, 2)), -1, 1)
    tracker, p = DynamicsTracker(), (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05)
    begun = 0.0
    for k, row in enumerate(frames.tolist()):
        if k == 3600:  # kernels are compiled or loaded
            begun = time.process_time()
        t_ns = k * 33_333_333
        for who, value in enumerate(row):
            tracker.see(t_ns, who, (value, 0.5 * value, 0.2, 0.2, p), (max(5 * value, 0.0), 0.1))
            tracker.speak(t_ns, who, float(k // 90 % 2 == who))
        tracker.advance(t_ns)
    share = (time.process_time() - begun) / ((len(frames) - 3600) / 30)
    rows = {"cost of two people": {"share_of_a_core": share}}
    tell(rows)
    return rows


def tell(rows: dict[str, dict[str, float]]) -> None:
    name, row = next(reversed(rows.items()))
    print(f"{name:<36}" + "   ".join(f"{key} {value:.3f}" for key, value in row.items()), flush=True)


PARTS = {"inertia": inertia, "coupling": couplings, "lags": lags, "shifts": shifts, "cost": cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--parts", default=",".join(PARTS), help="which of " + ", ".join(PARTS))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    for part in arguments.parts.split(","):
        if part not in PARTS:
            parser.error(f"--parts: there is no {part}, but {', '.join(PARTS)}")
        rows |= PARTS[part](arguments.seeds)
    for name in ("inertia", "variability", "instability", "level", "cover_none", "cover_pull"):
        known = [row[name] for row in rows.values() if name in row]
        if known:
            print(f"90 % intervals of {name}: cover {np.mean(known):.3f} over all")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
