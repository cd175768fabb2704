"""What smallness, blur and compression cost: the same faces small, measured where they are, against themselves large.

    python benchmarks/bench_small.py [--people 42] [--widths 15,20,30,40,60,100,180,300]

Portraits as in bench_room.py, each at `--looks` places of a plain picture, with noise and JPEG of quality 80; again
blurred by a twentieth of the face's width (standard deviation), and again with JPEG of quality 30. Landmarks in per
cent of the face's width, action units on their scale of 0 to 5. `wider` is the extra standard deviation that the
difference from the large picture asks for, divided by what the net says by itself (root of the means of squares): above
1 it says too little. The half of the people with even numbers and that with odd ones stand apart, so that what is
fitted on one is judged on the other. Prints a table and writes out/bench_small.json.
"""

import argparse
import json
from typing import Any

import numpy as np
from bench_room import ROOT, Bench, Measured, Picture, background, cv2, paste, portraits, true

CONDITIONS = {"plain": (0.0, 80), "blurred": (0.05, 80), "compressed": (0.0, 30)}
"""Blur in widths of the face, quality of the JPEG."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=42)
    parser.add_argument("--widths", default="15,20,30,40,60,100,180,300")
    parser.add_argument("--looks", type=int, default=2, help="positions of each portrait")
    asked = parser.parse_args()
    bench = Bench()
    truths = [(p, t) for p in portraits(asked.people) if (t := true(bench, p)) is not None]
    rows: list[dict[str, Any]] = []
    for name, (blur, quality) in CONDITIONS.items():
        for width in (int(w) for w in asked.widths.split(",")):
            rows.append({"condition": name, "width": width} | study(bench, truths, width, blur, quality, asked.looks))
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "bench_small.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def study(
    bench: Bench, truths: list[tuple[Picture, Measured]], width: int, blur: float, quality: int, looks: int
) -> dict[str, Any]:
    rng = np.random.default_rng(width)
    rows, low, asked = [], [], 0
    for person, (portrait, truth) in enumerate(truths):
        side = 4 * width
        for _ in range(looks):
            asked += 1
            frame = background(None, (side, side))
            at = side / 2 + rng.uniform(-0.2, 0.2) * width, side / 2 + rng.uniform(-0.2, 0.2) * width
            points = paste(frame, portrait, truth.points, width, at)
            if blur:
                frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), blur * width), np.uint8)
            noisy = np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
            packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            frame = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
            extent = points.max(0) - points.min(0)
            found = bench.crops.measure(frame, points.min(0) + extent / 2, float(extent.max()))
            if found is None:
                continue
            said = bench.measured(frame, found)
            marks = float(np.linalg.norm(said.points - points, axis=1).mean()) / width
            au = float(np.abs(said.au - truth.au).mean())
            off, grown = said.affect[:2] - truth.affect[:2], said.affect[2:] ** 2 - truth.affect[2:] ** 2
            rows.append((person % 2, marks, au, *off, *grown, *said.affect[2:]))
            low.append(bool(said.low))
    table = np.array(rows) if rows else np.full((1, 9), np.nan)
    told: dict[str, Any] = {
        "landmarks": round(len(rows) / asked, 3), "marks_pct": round(100 * float(table[:, 1].mean()), 2),
        "au": round(float(table[:, 2].mean()), 3), "low": round(float(np.mean(low)) if low else 1.0, 2),
    }  # fmt: skip
    for place, name in ((3, "valence"), (4, "arousal")):
        told[f"{name}_rms"] = round(float(np.sqrt((table[:, place] ** 2).mean())), 3)
        told[f"{name}_sd"] = round(float(table[:, place + 4].mean()), 3)
        for half in (0, 1):
            some = table[table[:, 0] == half]
            if not len(some):
                continue
            wanted, said = (some[:, place] ** 2).mean(), some[:, place + 2].mean()
            told[f"{name}_wider_{'odd' if half else 'even'}"] = round(float(np.sqrt(wanted / max(said, 1e-6))), 2)
    return told


if __name__ == "__main__":
    main()
