"""Do the fusion's 90 % intervals cover 90 %? On held-out faces in sequence, and on simulated people.

    python benchmarks/bench_coverage.py [--data FOLDER] [--split dev] [--faces N] [--people N] [--json OUT]

Faces: each picture of FER+ (the validation part, which chose nothing; `--split dev` is what the filter was fitted on)
stands for 0.7 to 2.3 s at 30 frames/s and moves, turns and changes in light as a head before a camera does; then the
next face comes, at once. Now and then its mouth is covered, the picture is blurred, or nobody is there, for half a
second each. The face model judges every frame; the truth is the mean of the raters' votes on the circumplex.

People: truth and lasting errors are Ornstein-Uhlenbeck processes; nets answer with conditional means. The face (sd
0.25, 30 Hz) is there 80 % of the seconds, the voice (sd 0.3, 10 Hz) half of them. The filter assumes no such thing.
"""

import argparse
import csv
import io
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from liveaffect.models import registry
from liveaffect.models.circumplex import COORDINATES, EMOTIONS, Z90
from liveaffect.models.face import align
from liveaffect.models.fusion.filter import Estimate, FusionSettings, PersonFilter

SECONDS, FPS, FACE_SD, VOICE_SD = 60, 30, 0.25, 0.3
SPREAD = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
SIDE, TOGETHER = 96, 10
FINE, COVERED, BLURRED, GONE = range(4)
SETTINGS = FusionSettings(coast_s=0.4)  # as the fusion node's


class Frame(NamedTuple):
    """One frame of a sequence."""

    crop: np.ndarray
    how: int
    truth: np.ndarray
    since_s: float
    """Since this face came."""


def wander(n: int, tau_s: float, rng: np.random.Generator) -> np.ndarray:
    """An Ornstein-Uhlenbeck process of unit variance, (n,)."""
    a, noise = math.exp(-1 / FPS / tau_s), rng.standard_normal(n)
    x = [float(noise[0])]
    for e in noise[1:]:
        x.append(a * x[-1] + math.sqrt(1 - a * a) * float(e))
    return np.array(x)


def sequences(archive: Path, split: str, count: int) -> Iterator[list[Frame]]:
    """Sequences of ten faces each that at least five raters judged."""
    with zipfile.ZipFile(archive) as z:
        rows = list(csv.DictReader(io.StringIO(z.read("manifest.csv").decode())))
        votes = np.array([[float(row[name]) for name in EMOTIONS] for row in rows])
        validation = np.array([row["is_validation"] == "1" for row in rows])
        dev = ~validation & (np.random.default_rng(20).random(len(rows)) < 0.1)  # as training/face/prepare.py
        usable = (votes.sum(1) >= 5) & np.array([float(row["NF"]) == 0 for row in rows])
        usable &= np.array([row["file"] != "fer0019558.jpg" for row in rows])  # judged elsewhere
        rng = np.random.default_rng(7)
        faces = rng.permutation(np.flatnonzero(usable & (dev if split == "dev" else validation)))[:count]
        for start in range(0, len(faces), TOGETHER):
            yield sequence(
                [
                    (np.asarray(Image.open(io.BytesIO(z.read(rows[i]["file"]))).convert("RGB")), votes[i])
                    for i in faces[start : start + TOGETHER]
                ],
                rng,
            )


def sequence(faces: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> list[Frame]:
    """Pictures and votes, one after the other, as frames of a camera."""
    lasts = (rng.uniform(0.7, 2.3, len(faces)) * FPS).astype(int)
    n = int(lasts.sum())
    across, down, larger = (0.025 * wander(n, 0.5, rng) + 0.006 * rng.standard_normal(n) for _ in range(3))
    turned = np.radians(3 * wander(n, 0.5, rng) + 0.5 * rng.standard_normal(n))
    light = 1 + 0.1 * wander(n, 1.0, rng)
    states = rng.choice([FINE, COVERED, BLURRED, GONE], size=n * 2 // FPS + 1, p=[0.8, 0.06, 0.06, 0.08])
    which = np.repeat(np.arange(len(faces)), lasts)
    since = np.concatenate([np.arange(k) for k in lasts]) / FPS
    frames = []
    for i in range(n):
        image, votes = faces[which[i]]
        how = int(states[i * 2 // FPS])
        scale = image.shape[0] / SIDE * math.exp(-larger[i])
        c, s = scale * math.cos(turned[i]), scale * math.sin(turned[i])
        middle = image.shape[0] * (0.5 - np.array([across[i], down[i]]))
        matrix = np.array([[c, -s, middle[0] - (c - s) * SIDE / 2], [s, c, middle[1] - (s + c) * SIDE / 2]])
        crop = align.warp(image, matrix, SIDE)
        if how == BLURRED:
            crop = align.resize(align.resize(crop, 14), SIDE)
        seen = crop * light[i]
        if how == COVERED:
            seen[int(0.6 * SIDE) :] = 110.0
        seen += 3 * rng.standard_normal((SIDE, SIDE, 1))
        frames.append(Frame(np.clip(seen, 0, 255).astype(np.uint8), how, votes / votes.sum(), float(since[i])))
    return frames


def followed(frames: list[Frame], said: list[Estimate]) -> np.ndarray:
    """(n, 10): fused and the face's own error and sd of valence, then of arousal; since when; how. NaN without."""
    person, rows = PersonFilter(SETTINGS), []
    for i, (frame, one) in enumerate(zip(frames, said, strict=True)):
        seen = None if frame.how == GONE else one
        fused, (valence, arousal) = person.step(i / FPS, seen, None), frame.truth @ COORDINATES
        row = [math.nan] * 8
        numbers = (fused.valence, fused.valence_sd, fused.arousal, fused.arousal_sd)
        if None not in numbers:
            v, v_sd, a, a_sd = (float(x or 0.0) for x in numbers)
            row[:2], row[4:6] = (v - valence, v_sd), (a - arousal, a_sd)
        if seen is not None:
            row[2:4], row[6:8] = (seen.valence - valence, seen.valence_sd), (seen.arousal - arousal, seen.arousal_sd)
        rows.append([*row, frame.since_s, frame.how])
    return np.array(rows, float)


def on_faces(archive: Path, split: str, count: int) -> dict[str, dict[str, float]]:
    """Coverage by kind of frame, with 95 % intervals by bootstrap over sequences."""
    model, parts = registry.load("face-affect"), []
    for frames in sequences(archive, split, count):
        r = model.predict(np.stack([frame.crop for frame in frames]))
        columns = zip(r.valence, r.arousal, r.valence_sd, r.arousal_sd, r.emotions.tolist(), strict=True)
        said = [Estimate(float(v), float(a), float(vs), float(s), tuple(p)) for v, a, vs, s, p in columns]
        parts.append(followed(frames, said))
    kinds = {
        "all frames": lambda x: x[:, 8] >= 0,
        "half a second after a new face": lambda x: x[:, 8] > 0.5,
        "nobody there, carried on": lambda x: x[:, 9] == GONE,
        "covered or blurred": lambda x: (x[:, 9] == COVERED) | (x[:, 9] == BLURRED),
    }
    rng, rows = np.random.default_rng(0), {}
    for name, of in kinds.items():
        row = {"frames": float(sum(of(x).sum() for x in parts)), "faces": float(count)}
        for first, what in ((0, "fused valence"), (4, "fused arousal"), (2, "face valence"), (6, "face arousal")):
            sums = np.array([inside(x[of(x)], first) for x in parts])
            drawn = sums[rng.integers(0, len(sums), (1000, len(sums)))].sum(1)
            if sums[:, 1].sum():
                low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
                row |= {what: sums[:, 0].sum() / sums[:, 1].sum(), f"{what} low": low, f"{what} high": high}
        rows[name] = {key: float(value) for key, value in row.items()}
    return rows


def inside(rows: np.ndarray, first: int) -> tuple[float, float]:
    """How many errors lie within their 90 % interval, and how many there are."""
    known = np.isfinite(rows[:, first])
    error, sd = rows[known, first], rows[known, first + 1]
    return float(np.sum(np.abs(error) < Z90 * sd)), float(len(error))


def answers(truth: np.ndarray, sd: float, lasting: float, bias_tau_s: float, rng: np.random.Generator) -> np.ndarray:
    """What a net of this standard deviation says: the conditional mean of each frame alone, in [-1, 1]."""
    variance = 1 / (1 / sd**2 - 1 / SETTINGS.prior_valence_sd**2)
    n = len(truth)
    error = math.sqrt(lasting) * wander(n, bias_tau_s, rng) + math.sqrt(1 - lasting) * rng.standard_normal(n)
    return np.clip((truth + math.sqrt(variance) * error) * sd**2 / variance, -1, 1)


def person(seed: int, affect_tau_s: float, bias_tau_s: float) -> np.ndarray:
    """(n, 3): error of the fused value, its sd, and the face's own error, at every frame with numbers."""
    rng, n = np.random.default_rng(seed), SECONDS * FPS
    truth = SETTINGS.prior_valence_sd * wander(n, affect_tau_s, rng)
    face, voice = answers(truth, FACE_SD, 0.8, bias_tau_s, rng), answers(truth, VOICE_SD, 0.9, bias_tau_s, rng)
    there, heard = rng.random(SECONDS) < 0.8, rng.random(SECONDS) < 0.5
    filtered, rows = PersonFilter(SETTINGS), []
    for i, x in enumerate(truth):
        seen = Estimate(float(face[i]), 0.0, FACE_SD, 0.25, SPREAD) if there[i // FPS] else None
        said = Estimate(float(voice[i]), 0.0, VOICE_SD, 0.25, SPREAD) if heard[i // FPS] and i % 3 == 0 else None
        fused = filtered.step(i / FPS, seen, said)
        if fused.valence is not None and fused.valence_sd is not None:
            rows.append((fused.valence - x, fused.valence_sd, face[i] - x))
    return np.array(rows)


def on_people(count: int) -> dict[str, dict[str, float]]:
    worlds = {
        "affect and errors last 4 s": (4.0, 4.0),
        "affect lasts 1 s": (1.0, 4.0),
        "affect lasts 20 s": (20.0, 4.0),
        "errors last 1 s": (4.0, 1.0),
        "errors never change": (4.0, 1e9),
    }
    rows = {}
    for name, lasts in worlds.items():
        x = np.concatenate([person(seed, *lasts) for seed in range(count)])
        rows[name] = {
            "coverage_90": float(np.mean(np.abs(x[:, 0]) < Z90 * x[:, 1])),
            "rmse": float(np.sqrt(np.mean(x[:, 0] ** 2))),
            "face_rmse": float(np.sqrt(np.mean(x[:, 2] ** 2))),
            "mean_sd": float(np.mean(x[:, 1])),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with ferplus.zip")
    parser.add_argument("--split", choices=("validation", "dev"), default="validation")
    parser.add_argument("--faces", type=int, default=600)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    archive, rows = arguments.data / "ferplus.zip", on_people(arguments.people)
    for name, row in rows.items():
        print(f"simulated: {name:<28}" + "   ".join(f"{key} {value:.3f}" for key, value in row.items()), flush=True)
    if not archive.is_file():
        print(f"no faces: {archive} is not here; name its folder with --data")
    else:
        faces = on_faces(archive, arguments.split, arguments.faces)
        for name, row in faces.items():
            told = [
                f"{what} {row[what]:.3f} ({row[f'{what} low']:.3f} to {row[f'{what} high']:.3f})"
                for what in ("fused valence", "fused arousal", "face valence", "face arousal")
                if what in row
            ]
            print(f"faces, {arguments.split}: {name:<31} {int(row['frames'])} frames   " + "   ".join(told))
        rows |= faces
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
