"""Time of the voice model: fifty hops taken in, five answers, of which one asks encoder and heads; one thread.

    python benchmarks/bench_voice_affect.py [--steps N] [--json OUT]

Budget: a tenth of a core, 50 ms per 500 ms of sound, on a window that is full. The reference in the same run is a plain
matrix product of known size, so that figures of a shared machine can be compared.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from liveaffect.models import registry
from liveaffect.models.voice.affect import STEP_HOPS, VoiceAffectModel, VoiceAffectStream
from liveaffect.models.voice.descriptors import NAMES
from liveaffect.models.voice.mel import HOP, N_MELS, LogMel
from liveaffect.models.voice.window import WINDOW_HOPS

BUDGET_MS = 50.0
ROUND_HOPS = VoiceAffectModel.fresh_hops


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--steps", type=int, default=100)
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
    stream, log_mel, sound = model.stream(), LogMel(), rng.normal(0, 0.1, HOP).astype(np.float32)
    for row, spectrum in zip(rows, tuples, strict=True):
        stream.push(row, spectrum, 1.0)
    stream.estimate()
    names = ("whole round", "hops in", "encoder", "heads and window", "log-mel of a hop", "reference product")
    parts: dict[str, list[float]] = {name: [] for name in names}
    a = rng.normal(size=(256, 256)).astype(np.float32)
    for step in range(args.steps):
        begin = time.thread_time()
        for k in range(ROUND_HOPS):
            at = (ROUND_HOPS * step + k) % WINDOW_HOPS
            stream.push(rows[at], tuples[at], 1.0)
            if (k + 1) % STEP_HOPS == 0 and k + 1 < ROUND_HOPS:
                stream.estimate()
        taken = time.thread_time()
        stream.estimate()
        done = time.thread_time()
        model.encode(stream.window.mel)
        encoded = time.thread_time()
        log_mel.push(sound)
        ready = time.thread_time()
        _ = a @ a
        parts["whole round"].append(done - begin)
        parts["hops in"].append(taken - begin)
        parts["encoder"].append(encoded - done)
        parts["heads and window"].append(done - taken - (encoded - done))
        parts["log-mel of a hop"].append(ready - encoded)
        parts["reference product"].append(time.thread_time() - ready)
    grown = _growth(stream, rows, tuples, args.steps)
    table = {
        name: {q: 1e3 * float(np.percentile(v, p)) for q, p in (("p50", 50), ("p99", 99))} for name, v in parts.items()
    }
    share = table["whole round"]["p50"] / (10.0 * ROUND_HOPS)
    print(
        f"load {load_ms:.0f} ms; budget {BUDGET_MS} ms per {10 * ROUND_HOPS} ms; {args.steps} rounds; "
        f"{share:.1%} of a core while someone speaks"
    )
    for name, row in table.items():
        print(f"{name:>18}  p50 {row['p50']:6.3f} ms  p99 {row['p99']:6.3f} ms")
    print(f"the most memory it needed grew by {grown} KiB in as many rounds more")
    if args.json:
        args.json.write_text(
            json.dumps(
                {"load_ms": load_ms, "budget_ms": BUDGET_MS, "share_of_core": share, "grown_kib": grown, "ms": table},
                indent=1,
            )
        )


def _growth(
    stream: VoiceAffectStream, rows: list[dict[str, float]], tuples: list[tuple[float, ...]], steps: int
) -> int:
    """KiB by which the process's most memory grows over `steps` rounds, after a tenth as many."""
    held = 0
    for step in range(steps + steps // 10):
        if step == steps // 10:
            held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for row, spectrum in zip(rows[:ROUND_HOPS], tuples[:ROUND_HOPS], strict=True):
            stream.push(row, spectrum, 1.0)
        stream.estimate()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held


if __name__ == "__main__":
    main()
