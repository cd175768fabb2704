"""Gaze, openness of the eyes and distance against pictures in which they are known.

    python -m training.gaze.truth out/gaze_truth.npz                       # makes the pictures, some minutes
    python -m training.gaze.portraits FACES.zip out/gaze_portraits.npz     # people who look into the camera
    python benchmarks/bench_gaze.py out/gaze_truth.npz out/gaze_portraits.npz [--check OTHERS.npz]

First every constant is fitted anew five times, each time without a fifth of the people, who are then judged: median
and 90th percentile of the error in degrees by direction, turn of the head and width of the face, and how often the
stated 90 % intervals hold. Then the same with the constants as they are. `--check` are more portraits that look into
the camera, which nothing was fitted on. Prints tables and writes out/bench_gaze.json.
"""

import argparse
import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from liveaffect.models.face.eyes import gaze as model  # noqa: E402
from training.gaze.fit import NORMAL_90, TYPICAL_GAP, Seen, column, fitted, put  # noqa: E402

Floats = NDArray[np.float64]
FOLDS = 5
WIDTHS = (30, 60, 100, 170, 301)
TURNS = (0, 10, 20, 31)
DIRECTIONS = (0, 10, 20, 37)
ANGLES = ("gaze_yaw_deg", "gaze_pitch_deg")
SPREADS = ("gaze_sd_deg", "gaze_pitch_sd_deg")
WEBCAM_PX, WEBCAM_DEG = (1920, 1080), 65.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth", type=Path)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--check", type=Path)
    asked = parser.parse_args()
    truth, portraits = dict(np.load(asked.truth)), of(asked.portraits)
    seen = Seen(truth["landmarks"], truth["found_pose"], tuple(truth["size"].tolist()))
    names = ("GAIN", "ASIDE", "DOWN", "SHUT_GAP", "OPEN_GAP", "IRIS_GAIN", "IRIS_REL_SD", "IRIS_PX_SD", "SPREAD")
    now = {name: getattr(model, name) for name in names}
    told: dict[str, Any] = {"pictures": len(seen.rows), "people": len(set(truth["person"].tolist()))}
    print(f"{told['pictures']} pictures of {told['people']} people")
    rows: list[Any] = [None] * len(seen.rows)
    for fold in range(FOLDS):
        out = truth["person"] % FOLDS == fold
        fitted(seen, truth, ~out & ~truth["judge"], portraits)
        for k, row in zip(
            np.flatnonzero(out), [model.told(seen.rows[k], seen.size) for k in np.flatnonzero(out)], strict=True
        ):
            rows[k] = row
    print("\npeople who were left out of the fit")
    told["left_out"] = study(rows, truth, seen)
    put(now)
    print("\nconstants as they are")
    told["as_is"] = study(seen.told(), truth, seen)
    for name, path in (("portraits of the fit", asked.portraits), ("portraits of no fit", asked.check)):
        if path is not None:
            told[name] = zero(name, of(path).told())
    told["us_a_face"] = cost(truth, seen.size)
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "bench_gaze.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def of(path: Path) -> Seen:
    held = np.load(path)
    return Seen(held["landmarks"], held["pose"], tuple(held["size"].tolist()))


def study(rows: list[Any], truth: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """Errors by what causes them, lids, and distance."""
    wide = truth["shut"] > 0.5
    off = np.stack([column(rows, name) - truth["gaze"][:, axis] for axis, name in enumerate(ANGLES)], 1)
    spread = np.stack([column(rows, name) for name in SPREADS], 1)
    turn, far = np.abs(truth["turn"]).max(1), np.abs(truth["gaze"]).max(1)
    found: dict[str, Any] = {"all": line("all", off[wide], spread[wide])}
    for what, values, edges in (("width px", truth["width"], WIDTHS), ("turn", turn, TURNS), ("gaze", far, DIRECTIONS)):
        for low, high in pairwise(edges):
            here = wide & (values >= low) & (values < high)
            found[f"{what} {low}-{high}"] = line(f"{what} {low} to {high - 1}", off[here], spread[here])
    small = truth["width"] < 60
    found["large, straight"] = line(
        "from 100 px, turn to 10", *(a[wide & (truth["width"] >= 100) & (turn < 10)] for a in (off, spread))
    )
    inside = np.degrees(
        np.stack([np.arctan2(truth["inside"][:, 0], -truth["inside"][:, 2]), np.arcsin(truth["inside"][:, 1])], 1)
    )
    eye = np.stack([column(rows, name) for name in ("eye_yaw_deg", "eye_pitch_deg")], 1) - inside
    found["eye in head"] = line("eyes in the head, all", eye[wide], spread[wide])
    opened = np.stack([column(rows, name) for name in ("open_right", "open_left")], 1)
    true = np.clip(truth["gap"] / TYPICAL_GAP, 0, 1)
    for name, here in (("lids, all", small | ~small), ("lids, under 60 px", small), ("lids, from 60 px", ~small)):
        if not here.any():
            continue
        error = np.abs(opened - true)[here]
        closed, wide_open = true[here] < 0.15, true[here] > 0.7
        found[name] = {
            "median": float(np.median(error)), "p90": float(np.quantile(error, 0.9)),
            "closed_called_under_0.3": float((opened[here][closed] < 0.3).mean()),
            "open_called_over_0.5": float((opened[here][wide_open] > 0.5).mean()),
        }  # fmt: skip
        print(f"{name:28}", "  ".join(f"{key} {value:.2f}" for key, value in found[name].items()))
    found["distance"] = distance(rows, truth, seen)
    return found


def line(name: str, off: Floats, spread: Floats) -> dict[str, Any]:
    """Error and coverage of yaw and pitch."""
    said: NDArray[np.bool_] = np.asarray(np.isfinite(off).all(1))
    if not said.any():
        return {"n": len(said)}
    off, spread = off[said], spread[said]
    held = (np.abs(off) <= NORMAL_90 * spread).mean(0)
    numbers = {
        "n": len(said), "said": float(said.mean()), "median": np.median(np.abs(off), 0).tolist(),
        "p90": np.quantile(np.abs(off), 0.9, axis=0).tolist(), "bias": off.mean(0).tolist(),
        "covered": held.tolist(), "sd": np.median(spread, 0).tolist(),
    }  # fmt: skip
    pair = "  ".join(
        f"{key} {numbers[key][0]:5.2f} {numbers[key][1]:5.2f}" for key in ("median", "p90", "bias", "covered", "sd")
    )
    print(f"{name:28} n {numbers['n']:5}  said {numbers['said']:.2f}  {pair}")
    return numbers


def distance(rows: list[Any], truth: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """By a lens of which the angle is known: a face half as large is twice as far. Relative error."""
    focal = max(WEBCAM_PX) / 2 / np.tan(np.radians(WEBCAM_DEG / 2))
    wide = truth["shut"] > 0.5
    place = np.array([row.place for row in seen.rows]) - np.array(WEBCAM_PX) / 2
    stretch = np.sqrt(1 + (place**2).sum(1) / focal**2)
    true = focal * model.IRIS_MM / truth["iris_px"].mean(1) / 1000 * stretch
    ratio = column(rows, "distance_m") / true
    found: dict[str, Any] = {}
    for low, high in pairwise(WIDTHS):
        here = wide & (truth["width"] >= low) & (truth["width"] < high)
        if not here.any():
            continue
        error = np.abs(ratio[here] - 1)
        found[f"{low}-{high}"] = {
            "metres": float(np.median(true[here])), "bias": float(np.median(ratio[here]) - 1),
            "median": float(np.median(error)), "p90": float(np.quantile(error, 0.9)),
        }  # fmt: skip
        print(
            f"distance, {low} to {high - 1} px".ljust(28),
            "  ".join(f"{k} {v:.3f}" for k, v in found[f"{low}-{high}"].items()),
        )
    return found


def zero(name: str, rows: list[Any]) -> dict[str, Any]:
    """People most of whom look into the camera: how near to 0, 0 that is said."""
    angles = np.stack([column(rows, one) for one in ANGLES], 1)
    said: NDArray[np.bool_] = np.asarray(np.isfinite(angles).all(1))
    spread = np.stack([column(rows, one) for one in SPREADS], 1)[said]
    angles = angles[said]
    numbers = {
        "n": len(said), "said": float(said.mean()), "middle": np.median(angles, 0).tolist(),
        "median": np.median(np.abs(angles), 0).tolist(), "p90": np.quantile(np.abs(angles), 0.9, axis=0).tolist(),
        "covered": (np.abs(angles) <= NORMAL_90 * spread).mean(0).tolist(),
    }  # fmt: skip
    print(f"\n{name}: " + "  ".join(f"{k} {np.round(v, 2)}" for k, v in numbers.items()))
    return numbers


def cost(truth: dict[str, Any], size: tuple[int, int]) -> float:
    marks, poses = truth["landmarks"][:500], truth["found_pose"][:500]
    took = []
    for _ in range(5):
        begun = time.process_time()
        for mark, pose in zip(marks, poses, strict=True):
            model.gaze(mark, pose, size)
        took.append((time.process_time() - begun) / len(marks) * 1e6)
    print(f"\n{min(took):.0f} microseconds of processor time a face")
    return min(took)


if __name__ == "__main__":
    main()
