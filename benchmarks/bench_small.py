"""What smallness, blur and compression cost: the same faces small, measured where they are, against themselves large.

    python benchmarks/bench_small.py [--people 42] [--widths 15,20,30,40,60,100,180,300] [--left-out]

Portraits as in bench_room.py, each at `--looks` places of a plain picture, with noise and JPEG of quality 80; again
blurred by a twentieth of the face's width (standard deviation), and again with JPEG of quality 30. Landmarks in per
cent of the face's width, action units on their scale of 0 to 5. `wider` is the extra standard deviation that the
difference from the large picture asks for, divided by what the net says by itself (root of the means of squares): above
1 it says too little. The half of the people with even numbers and that with odd ones stand apart, so that what is
fitted on one is judged on the other. Prints a table and writes out/bench_small.json.

With `--left-out`, whether the widening holds for people that it was not fitted on. The width at which widening ends
(`quality.SIZE_PX`, upper end) is fitted on one half of the people, by the log score of plain and compressed faces, and
judged on the other half. Covered is what a 95 % interval about the small face's estimate holds of the truth that the
large picture's estimate and its stated deviation leave open: where both are calibrated, 0.95. What the small picture
adds is judged alone too, by intervals of the added deviation about the difference; below 1 the added is nearly nothing.
Behind each share the 95 % interval over people drawn again. Writes out/bench_small_people.json.
"""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from bench_room import ROOT, Bench, Found, Measured, Picture, background, cv2, paste, portraits, true
from numpy.typing import NDArray
from scipy.special import ndtr

from liveaffect.models.face.affect import POPULATION_SD
from liveaffect.models.face.align import crop_face, face_px
from liveaffect.models.face.geometry import geometry, pose_degrees
from liveaffect.models.face.neutral import relative
from liveaffect.models.face.quality import SIZE_PX, face_quality

CONDITIONS = {"plain": (0.0, 80), "blurred": (0.05, 80), "compressed": (0.0, 30)}
"""Blur in widths of the face, quality of the JPEG."""
Z95 = 1.959964
ENDS = np.arange(16.0, 101.0, 2.0)
"""Upper ends that are tried."""
FITTED = ("plain", "compressed")
Floats = NDArray[np.float64]
# columns of a row
PERSON, WIDTH, PX, OTHER, V, A, SMALL_V, SMALL_A, LARGE_V, LARGE_A = range(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=42)
    parser.add_argument("--widths", default="15,20,30,40,60,100,180,300")
    parser.add_argument("--looks", type=int, default=2, help="positions of each portrait")
    parser.add_argument(
        "--left-out", action="store_true", help="coverage on people that the widening was not fitted on"
    )
    asked = parser.parse_args()
    bench = Bench()
    truths = [(p, t) for p in portraits(asked.people) if (t := true(bench, p)) is not None]
    if asked.left_out:
        left_out(bench, truths, [int(w) for w in asked.widths.split(",")], asked.looks)
        return
    rows: list[dict[str, Any]] = []
    for name, (blur, quality) in CONDITIONS.items():
        for width in (int(w) for w in asked.widths.split(",")):
            rows.append({"condition": name, "width": width} | study(bench, truths, width, blur, quality, asked.looks))
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "bench_small.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


Shot = tuple[int, Measured, Picture, "np.ndarray[Any, np.dtype[np.float64]]", Found | None]
"""Number of the person, the large picture's numbers, the frame, where the landmarks are, and what was found there."""


def shots(
    bench: Bench, truths: list[tuple[Picture, Measured]], width: int, blur: float, quality: int, looks: int
) -> Iterator[Shot]:
    """Every portrait so wide, at `looks` places, spoiled, and searched for landmarks where it is."""
    rng = np.random.default_rng(width)
    for person, (portrait, truth) in enumerate(truths):
        side = 4 * width
        for _ in range(looks):
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
            yield person, truth, frame, points, found


def study(
    bench: Bench, truths: list[tuple[Picture, Measured]], width: int, blur: float, quality: int, looks: int
) -> dict[str, Any]:
    rows, low = [], []
    for person, truth, frame, points, found in shots(bench, truths, width, blur, quality, looks):
        if found is None:
            continue
        said = bench.measured(frame, found)
        marks = float(np.linalg.norm(said.points - points, axis=1).mean()) / width
        au = float(np.abs(said.au - truth.au).mean())
        off, grown = said.affect[:2] - truth.affect[:2], said.affect[2:] ** 2 - truth.affect[2:] ** 2
        rows.append((person % 2, marks, au, *off, *grown, *said.affect[2:]))
        low.append(bool(said.low))
    asked = looks * len(truths)
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


def small_rows(
    bench: Bench, truths: list[tuple[Picture, Measured]], widths: list[int], looks: int, name: str
) -> Floats:
    """One row a face, as the columns above say; deviations as the net says them, without what quality adds."""
    found_rows = []
    for width in widths:
        for person, truth, frame, _, found in shots(bench, truths, width, *CONDITIONS[name], looks):
            if found is None:
                continue
            size = frame.shape[1], frame.shape[0]
            crop, (yaw, pitch, _) = crop_face(frame, found.landmarks), pose_degrees(found.pose)
            other = face_quality(crop, 1e9, yaw, pitch).quality
            vector = relative(geometry(found.blendshapes, found.landmarks, size, found.pose)[None])
            said = bench.affect.predict(crop[None], geometry=vector)
            off = said.valence[0] - truth.affect[0], said.arousal[0] - truth.affect[1]
            small = said.valence_sd[0], said.arousal_sd[0]
            px = face_px(found.landmarks, size)
            found_rows.append((person, width, px, other, *off, *small, *truth.affect[2:]))
    return np.array(found_rows, np.float64)


def said_sd(table: Floats, end: float) -> Floats:
    """(n, 2): what is said where widening ends at this width of the crop."""
    small = np.clip((table[:, PX] - SIZE_PX[0]) / (end - SIZE_PX[0]), 0, 1)
    lost = 1 - np.minimum(small, table[:, OTHER])
    return np.sqrt(table[:, SMALL_V : SMALL_A + 1] ** 2 + (lost[:, None] * np.array(POPULATION_SD)) ** 2)


def score(table: Floats, end: float) -> float:
    """Mean negative log score; lower is better."""
    variance = said_sd(table, end) ** 2
    error = table[:, LARGE_V : LARGE_A + 1] ** 2 + table[:, V : A + 1] ** 2
    return float((np.log(variance) + error / variance).mean())


def covered(table: Floats, end: float) -> Floats:
    """(n, 2): how likely the interval is to hold the truth."""
    reach, off, large = Z95 * said_sd(table, end), table[:, V : A + 1], table[:, LARGE_V : LARGE_A + 1]
    return ndtr((reach - off) / large) - ndtr((-reach - off) / large)


def drawn(table: Floats, values: Floats) -> list[float]:
    """Mean of each column, and its 95 % interval over people drawn again: [v, low, high, a, low, high]."""
    people = np.unique(table[:, PERSON])
    sums = np.array([values[table[:, PERSON] == one].sum(0) for one in people])
    counts = np.array([(table[:, PERSON] == one).sum() for one in people])
    picks = np.random.default_rng(0).integers(0, len(people), (2000, len(people)))
    again = sums[picks].sum(1) / counts[picks].sum(1)[:, None]
    low, high = np.percentile(again, (2.5, 97.5), axis=0)
    return [round(float(x), 3) for k in (0, 1) for x in (values[:, k].mean(), low[k], high[k])]


def left_out(bench: Bench, truths: list[tuple[Picture, Measured]], widths: list[int], looks: int) -> None:
    """Fits on one half, judges on the other, prints and writes."""
    tables = {name: small_rows(bench, truths, widths, looks, name) for name in CONDITIONS}
    fits = []
    for half in (0, 1):
        mine = np.vstack([tables[name][tables[name][:, PERSON] % 2 == half] for name in FITTED])
        fits.append(float(min(ENDS, key=lambda end: score(mine, end))))
    print(f"{len(truths)} people; widening ends at {fits[0]:g} px by the even, {fits[1]:g} by the odd, "
          f"shipped {SIZE_PX[1]:g}", flush=True)  # fmt: skip
    told: list[dict[str, Any]] = []
    for name, table in tables.items():
        for width in widths:
            some = table[table[:, WIDTH] == width]
            if not len(some):
                continue
            left = np.empty((len(some), 2))
            for half in (0, 1):
                theirs = some[:, PERSON] % 2 != half
                left[theirs] = covered(some[theirs], fits[half])
            line: dict[str, Any] = {"condition": name, "width": width, "n": len(some)}
            line["left_out"], line["shipped"] = drawn(some, left), drawn(some, covered(some, SIZE_PX[1]))
            added = said_sd(some, SIZE_PX[1]) ** 2 - some[:, LARGE_V : LARGE_A + 1] ** 2
            inside = np.abs(some[:, V : A + 1]) <= Z95 * np.sqrt(np.maximum(added, 0))
            line["added_alone"] = drawn(some, inside.astype(np.float64))
            told.append(line)
            print("  ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "bench_small_people.json").write_text(
        json.dumps({"ends": fits, "rows": told}, indent=2) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
