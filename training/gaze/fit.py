"""Fits the constants of `models/face/eyes/gaze.py` and prints them.

    python -m training.gaze.fit TRUTH.npz PORTRAITS.npz

TRUTH comes from `training.gaze.truth`: painted eyes say how far MediaPipe's irises follow (gains), how lids and irises
measure, and how large errors are. PORTRAITS comes from `training.gaze.portraits`: people photographed, most of whom
look into the camera, say where zero is.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from liveaffect.models.face.eyes import gaze as model

Floats = NDArray[np.float64]
Kept = NDArray[np.bool_]
NORMAL_90 = 1.645
TYPICAL_GAP = 0.30
"""Distance of the lids over the eye's width that is called open: the median of 1,554 portraits."""
NEARLY_SHUT = 0.15
NEAR_ZERO = 0.03
"""Irises that look into the camera lie so near (widths of the eye) to their most common place; others weigh less."""
SIDE = np.array([-1.0, 1.0])


class Seen:
    """What the model measures of each picture, as arrays: of eyes (n, 2), right and left; heads (n, 3, 3)."""

    def __init__(self, landmarks: NDArray[np.float32], poses: NDArray[np.float32], size: tuple[int, int]) -> None:
        self.size = size
        self.rows = [model.eyes(marks, pose, size) for marks, pose in zip(landmarks, poses, strict=True)]
        table = np.array([[row.right, row.left] for row in self.rows], np.float64)
        self.outwards, self.down, self.gap, self.facing, self.px, self.iris_px = np.moveaxis(table, 2, 0)
        self.head = np.array([row.head for row in self.rows])
        self.tilt = np.array([row.tilt for row in self.rows])
        self.forward = self.head[:, 2, 2] > model.TURNED

    def told(self) -> list[model.Gaze]:
        """What the model says of them with its constants of now."""
        return [model.told(row, self.size) for row in self.rows]


def column(rows: list[model.Gaze], name: str) -> Floats:
    """One number of each row, NaN where there is none."""
    return np.array([np.nan if getattr(row, name) is None else getattr(row, name) for row in rows], np.float64)


def fitted(seen: Seen, truth: Mapping[str, Any], keep: Kept, portraits: Seen) -> dict[str, Any]:
    """All constants, from the rows of `truth` that are kept. The model has them while it is asked, and after that."""
    put(zeros(portraits) | lids(seen, truth, keep, portraits) | irises(seen, truth, keep) | gains(seen, truth, keep))
    rows = seen.told()
    parts: list[tuple[float, ...]] = []
    for axis, name in enumerate(("gaze_yaw_deg", "gaze_pitch_deg")):
        off = column(rows, name) - truth["gaze"][:, axis]
        known = keep & np.isfinite(off)
        sines = level(np.stack([column(rows, angle) for angle in ("gaze_yaw_deg", "gaze_pitch_deg")], 1), seen.tilt)
        causes = np.array([model.causes(row, sine) for row, sine in zip(seen.rows, sines[:, axis], strict=True)]) ** 2
        parts.append(spread(off[known], causes[known]))
    put({"SPREAD": tuple(parts)})
    names = ("GAIN", "ASIDE", "DOWN", "SHUT_GAP", "OPEN_GAP", "IRIS_GAIN", "IRIS_REL_SD", "IRIS_PX_SD", "SPREAD")
    return {name: getattr(model, name) for name in names}


def put(constants: Mapping[str, Any]) -> None:
    """Sets constants of the model."""
    for name, value in constants.items():
        setattr(model, name, value)


def zeros(seen: Seen) -> dict[str, Any]:
    """Where irises stand that look into the camera: the most common place, as a function of the head's turn."""
    ok = (seen.gap.min(1) > 0.2) & (seen.tilt[:, 0] > 0.94) & seen.forward
    r = seen.head[ok]
    back = _most(r[:, 0, 2][:, None], (seen.outwards[ok] * SIDE).mean(1), np.array([0.22]))
    down = _most(r[:, 1, 1:], seen.down[ok].mean(1), np.array([-0.07, 0.05]))
    outwards = float(np.median(seen.outwards[ok].mean(1) / r[:, 0, 0]))
    return {"ASIDE": (round(outwards, 3), round(float(back[0]), 3)), "DOWN": tuple(np.round(down, 3).tolist())}


def _most(columns: Floats, wanted: Floats, start: Floats) -> Floats:
    """Regression through most: weights fall off with the distance, so that who looks elsewhere does not pull."""
    for _ in range(60):
        weight = np.exp(-0.25 * ((wanted - columns @ start) / NEAR_ZERO) ** 2)
        start = np.asarray(np.linalg.lstsq(columns * weight[:, None], wanted * weight, rcond=None)[0], np.float64)
    return start


def gains(seen: Seen, truth: Mapping[str, Any], keep: Kept) -> dict[str, Any]:
    """How much of a direction's sine a width of the eye is: least squares, with offsets of these pictures' own."""
    ok = keep & (truth["shut"] > 0.5) & seen.forward
    true = level(truth["gaze"], seen.tilt)[ok]
    x = np.column_stack([(seen.outwards * SIDE).mean(1), seen.head[:, 0, 2]])[ok]
    y = np.column_stack([seen.down.mean(1), seen.head[:, 1, 1:]])[ok]
    found = [np.linalg.lstsq(a, true[:, k], rcond=None)[0] for k, a in enumerate((x, y))]
    return {"GAIN": tuple(round(float(one[0]), 2) for one in found)}


def level(angles: Floats, tilt: Floats) -> Floats:
    """Directions (n, 2) in degrees as unit vectors (n, 3) of the levelled picture."""
    yaw, pitch = np.radians(angles).T
    x, y, z = np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)
    c, s = tilt.T
    return np.stack([c * x + s * y, c * y - s * x, z], 1)


def lids(seen: Seen, truth: Mapping[str, Any], keep: Kept, portraits: Seen) -> dict[str, Any]:
    """The distances of the lids, over the eye's width, at which an eye counts as closed and as open: as MediaPipe has
    them on painted eyes that are nearly closed, and on people who were photographed."""
    shut = truth["gap"][keep] < NEARLY_SHUT * TYPICAL_GAP
    wide = portraits.gap[portraits.forward]
    if not shut.any() or not len(wide):
        raise SystemExit("too few pictures to fit on: make more with --draws, --people and --every")
    return {"SHUT_GAP": round(float(np.median(seen.gap[keep][shut])), 3), "OPEN_GAP": round(float(np.median(wide)), 3)}


def irises(seen: Seen, truth: Mapping[str, Any], keep: Kept) -> dict[str, Any]:
    """What MediaPipe's irises must be multiplied by, and how that varies, in part with 1 over their size."""
    ok = keep & (truth["shut"] > 0.5)
    ratio = truth["iris_px"][ok].mean(1) / seen.iris_px[ok].max(1)
    gain = float(np.median(ratio))
    causes = np.column_stack([np.ones(len(ratio)), 1 / (seen.iris_px[ok].max(1) * gain) ** 2])
    base, small = spread(100 * (ratio / gain - 1), causes)
    return {"IRIS_GAIN": round(gain, 3), "IRIS_REL_SD": round(base / 100, 3), "IRIS_PX_SD": round(small / 100, 3)}


def spread(off: Floats, causes: Floats) -> tuple[float, ...]:
    """Deviations by their causes, (n, k) squared, the first of them 1: a Student's t of 4 degrees, scaled to 90 %."""

    def cost(logs: Floats) -> float:
        variance = causes @ np.exp(2 * logs)
        return float((np.log(variance) / 2 + 2.5 * np.log1p(off**2 / variance / 4)).mean())

    start = np.log(np.sqrt(np.mean(off**2) / causes.shape[1] / np.maximum(causes.mean(0), 1e-9)))
    best = minimize(cost, start, method="Nelder-Mead", options={"maxiter": 3000}).x
    scale = float(np.quantile(np.abs(off) / np.sqrt(causes @ np.exp(2 * best)), 0.9)) / NORMAL_90
    return tuple(np.round(np.exp(best) * scale, 2).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth", type=Path)
    parser.add_argument("portraits", type=Path)
    asked = parser.parse_args()
    truth, people = (dict(np.load(path)) for path in (asked.truth, asked.portraits))
    seen = Seen(truth["landmarks"], truth["found_pose"], tuple(truth["size"].tolist()))
    portraits = Seen(people["landmarks"], people["pose"], tuple(people["size"].tolist()))
    for name, value in fitted(seen, truth, ~truth["judge"], portraits).items():
        print(f"{name} = {value}")


if __name__ == "__main__":
    main()
