"""Time of the voice model per 100 ms: ten hops taken in, the window summed up, the net run; one thread.

    python benchmarks/bench_voice_affect.py [--steps N] [--json OUT]

Budget: 2 ms per 100 ms of sound, on a window that is full. The reference in the same run is a plain matrix product of
known size, so that figures of a shared machine can be compared.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from liveaffect.models import registry
from liveaffect.models.voice.descriptors import NAMES
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import WINDOW_HOPS, summary

BUDGET_MS = 2.0


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--steps", type=int, default=300)
    options.add_argument("--json", type=Path)
    args = options.parse_args()
    started = time.perf_counter()
    model = registry.load("voice-affect")
    load_ms = 1e3 * (time.perf_counter() - started)
    rng = np.random.default_rng(0)
    values = rng.normal(20, 5, (WINDOW_HOPS, len(NAMES))).astype(np.float32)
    mel = rng.normal(-50, 10, (WINDOW_HOPS, N_MELS)).astype(np.float32)
    rows = [dict(zip(NAMES, row.tolist(), strict=True)) for row in values]
    tuples = [tuple(row.tolist()) for row in mel]
    stream = model.stream()
    for row, spectrum in zip(rows, tuples, strict=True):
        stream.push(row, spectrum, 1.0)
    stream.estimate()
    parts: dict[str, list[float]] = {"whole step": [], "ten hops in": [], "summary": [], "reference product": []}
    a = rng.normal(size=(256, 256)).astype(np.float32)
    for step in range(args.steps):
        begin = time.perf_counter()
        for k in range(10):
            at = (10 * step + k) % WINDOW_HOPS
            stream.push(rows[at], tuples[at], 1.0)
        taken = time.perf_counter()
        stream.estimate()
        done = time.perf_counter()
        summary(stream.window.values)
        summed = time.perf_counter()
        _ = a @ a
        parts["whole step"].append(done - begin)
        parts["ten hops in"].append(taken - begin)
        parts["summary"].append(summed - done)
        parts["reference product"].append(time.perf_counter() - summed)
    table = {
        name: {q: 1e3 * float(np.percentile(v, p)) for q, p in (("p50", 50), ("p99", 99))} for name, v in parts.items()
    }
    print(f"load {load_ms:.0f} ms; budget {BUDGET_MS} ms per 100 ms; {args.steps} steps")
    for name, row in table.items():
        print(f"{name:>18}  p50 {row['p50']:6.3f} ms  p99 {row['p99']:6.3f} ms")
    if args.json:
        args.json.write_text(json.dumps({"load_ms": load_ms, "budget_ms": BUDGET_MS, "ms": table}, indent=1))


if __name__ == "__main__":
    main()
