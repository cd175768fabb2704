"""Time of one fusion step and of giving a voice to a face, per person and frame, against one NumPy call as a yardstick.

python benchmarks/bench_fusion.py [--json OUT]
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from liveaffect.models.fusion.attribution import Attributor
from liveaffect.models.fusion.filter import Estimate, PersonFilter

STEPS = 20_000
SPREAD = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
FACE = Estimate(0.3, 0.2, 0.2, 0.25, SPREAD)
VOICE = Estimate(-0.1, 0.4, 0.3, 0.2, SPREAD)


def timed(step: Callable[[int], object]) -> dict[str, float]:
    """Median and 99th percentile in microseconds of `step(i)` over many i."""
    taken = np.empty(STEPS)
    for i in range(STEPS):
        start = time.perf_counter_ns()
        step(i)
        taken[i] = (time.perf_counter_ns() - start) / 1e3
    return {"p50_us": float(np.median(taken)), "p99_us": float(np.quantile(taken, 0.99))}


def attribution(faces: int) -> Callable[[int], object]:
    attributor, hop = Attributor(), 0

    def step(i: int) -> object:
        nonlocal hop
        while hop / 100 <= i / 30:
            attributor.add_speech(hop / 100, 0.9)
            hop += 1
        attributor.add_mouths(i / 30, dict.fromkeys(range(faces), 0.2))
        return attributor.speaking(i / 30)

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    out = parser.parse_args().json
    face, both, matrix = PersonFilter(), PersonFilter(), np.eye(3)
    rows = {
        "face alone, every frame": timed(lambda i: face.step(i / 30, FACE, None)),
        "face and voice, every frame": timed(lambda i: both.step(i / 30, FACE, VOICE)),
        "peek": timed(lambda i: face.peek(STEPS / 30 + i / 30)),
        "attribution, 1 face, 3 hops": timed(attribution(1)),
        "attribution, 4 faces, 3 hops": timed(attribution(4)),
        "yardstick: np.linalg.inv of 3x3": timed(lambda _: np.linalg.inv(matrix)),
    }
    for name, row in rows.items():
        print(f"{name:<34} p50 {row['p50_us']:7.1f} us   p99 {row['p99_us']:7.1f} us")
    if out:
        out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
