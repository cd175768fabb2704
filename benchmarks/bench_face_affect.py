"""Time of the face model: one face on one thread as the sensor asks, a loose crop that is cut again, and batches.

    python benchmarks/bench_face_affect.py [--provider cpu|cuda] [--steps N] [--json OUT]

Budget: 4 ms for one face. The reference in the same run is a plain matrix product of known size, so that figures of a
shared machine can be compared. With `--provider cuda` the batches run there, and the largest difference to the CPU's
answers is told.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from liveaffect.models import registry
from liveaffect.models.face.affect import FaceAffectResult
from liveaffect.models.face.population import NEUTRAL_MEAN

BUDGET_MS = 4.0
BATCH = 256


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--provider", choices=("cpu", "cuda"), default="cpu")
    options.add_argument("--steps", type=int, default=200)
    options.add_argument("--json", type=Path)
    args = options.parse_args()
    started = time.perf_counter()
    model = registry.load("face-affect")
    load_ms = 1e3 * (time.perf_counter() - started)
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (BATCH, 96, 96, 3)).astype(np.uint8)
    vectors = (NEUTRAL_MEAN + rng.normal(0, 0.1, (BATCH, len(NEUTRAL_MEAN)))).astype(np.float32)
    a = rng.normal(size=(256, 256)).astype(np.float32)
    table = {
        "one face with geometry": timed(lambda: model.predict(crops[:1], vectors[:1]), args.steps),
        "one crop alone": timed(lambda: model.predict(crops[:1]), args.steps),
        "reference product": timed(lambda: a @ a, args.steps),
    }
    batched = model if args.provider == "cpu" else registry.load("face-affect", provider="cuda")
    spent = timed(lambda: batched.predict(crops, vectors), max(args.steps // 20, 5))
    rate = BATCH / spent["p50"] * 1e3
    print(f"load {load_ms:.0f} ms; budget {BUDGET_MS} ms a face; batches on {batched.net.providers[0]}")
    if batched.net.notice:
        print(batched.net.notice)
    for name, row in table.items():
        print(f"{name:>24}  p50 {row['p50']:6.3f} ms  p99 {row['p99']:6.3f} ms")
    worst = apart(model.predict(crops, vectors), batched.predict(crops, vectors))
    print(f"{rate:24.0f} faces/s in batches of {BATCH}; largest difference to the CPU {worst:.1e}")
    if args.json:
        told = {"load_ms": load_ms, "budget_ms": BUDGET_MS, "ms": table, "faces_per_s": rate, "difference": worst}
        args.json.write_text(json.dumps(told | {"providers": batched.net.providers}, indent=1))


def timed(call: Callable[[], object], steps: int) -> dict[str, float]:
    """Median and 99th percentile in ms, after three calls that do not count."""
    spent = []
    for step in range(steps + 3):
        begin = time.perf_counter()
        call()
        if step >= 3:
            spent.append(time.perf_counter() - begin)
    return {"p50": 1e3 * float(np.median(spent)), "p99": 1e3 * float(np.percentile(spent, 99))}


def apart(one: FaceAffectResult, other: FaceAffectResult) -> float:
    """The largest difference between two answers, over everything but the embedding."""
    names = ("valence", "arousal", "valence_sd", "arousal_sd", "emotions")
    return max(float(np.abs(getattr(one, name) - getattr(other, name)).max()) for name in names)


if __name__ == "__main__":
    main()
