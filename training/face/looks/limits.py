"""Step 8: at which light, size, blur, noise and turn the shipped model stops being reliable, on the dev faces.

python -m training.face.looks.limits --cache CACHE [--every 3]
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.face import affect as face_affect
from liveaffect.models.face import align, quality
from liveaffect.models.face.affect import FaceAffectModel
from training.face.evaluate import WEIGHTS, crops_of
from training.face.landmarks import in_colour

Degrade = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def dark(level: float) -> Degrade:
    """Light cut to `level` of what it was, with the noise a sensor then shows (2 grey levels)."""

    def apply(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.clip(crop * level + rng.normal(0, 2, crop.shape[:2])[..., None], 0, 255).astype(np.uint8)

    return apply


def small(side: float) -> Degrade:
    """The face taken at `side` pixels for the whole crop, then enlarged."""
    return lambda crop, _: align.resize(align.resize(crop, int(side)), crop.shape[0])


def blurred(radius: float) -> Degrade:
    """Gaussian blur of `radius` pixels of a 96 pixel crop."""

    def apply(crop: np.ndarray, _: np.random.Generator) -> np.ndarray:
        reach = int(3 * radius + 1)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
        kernel /= kernel.sum()
        out = np.pad(crop.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
        out = sum(k * out[i : i + crop.shape[0]] for i, k in enumerate(kernel))
        out = sum(k * out[:, i : i + crop.shape[1]] for i, k in enumerate(kernel))
        return np.asarray(out).round().astype(np.uint8)

    return apply


def noisy(sd: float) -> Degrade:
    """White noise of `sd` grey levels."""
    return lambda crop, rng: np.clip(crop + rng.normal(0, sd, crop.shape), 0, 255).astype(np.uint8)


def covered(share: float) -> Degrade:
    """The lower `share` of the crop under an even grey, as by a mask."""

    def apply(crop: np.ndarray, _: np.random.Generator) -> np.ndarray:
        out = crop.copy()
        out[int(crop.shape[0] * (1 - share)) :] = 128
        return out

    return apply


SWEEPS: dict[str, tuple[Callable[[float], Degrade], tuple[float, ...]]] = {
    "light": (dark, (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)),
    "size px": (small, (96, 48, 32, 24, 16, 12, 8)),
    "blur px": (blurred, (0.5, 1.5, 2.5, 4.0, 6.0)),
    "noise": (noisy, (5, 10, 20, 40)),
    "covered": (covered, (0.2, 0.3, 0.4, 0.5)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--loose", action="store_true", help="the table of loose crops instead")
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    found, pose = np.load(args.cache / "ferplus_found.npy"), np.load(args.cache / "ferplus_geometry.npy")
    rows = np.flatnonzero(z["dev"] & found & (z["votes"].sum(1) >= 5))
    share = z["votes"][rows] / z["votes"][rows].sum(1, keepdims=True)
    model = FaceAffectModel(args.weights)
    if args.loose:
        loose_crops(args.cache, rows[:: args.every], share[:: args.every], model)
        return
    crops = crops_of(args.cache, "ferplus", rows)
    print("                  n   accuracy     KL   rmse v   sd v   sd v widened   quality   low")
    rng = np.random.default_rng(0)
    part = slice(None, None, args.every)
    for name, (make, levels) in SWEEPS.items():
        for level in levels:
            spoilt = [make(level)(crop, rng) for crop in crops[part]]
            box = level if name == "size px" else 96.0
            line(f"{name} {level:g}", model, spoilt, share[part], [box] * len(spoilt), np.zeros(len(spoilt)))
    yaw = np.abs(np.degrees(np.arcsin(np.clip(pose[rows, -2], -1, 1))))
    for low, high in ((0, 10), (10, 20), (20, 30), (30, 40), (40, 55), (55, 90)):
        pick = np.flatnonzero((yaw >= low) & (yaw < high))
        if len(pick) >= 10:
            spoilt = [crops[i] for i in pick]
            line(f"yaw {low}-{high}", model, spoilt, share[pick], [96.0] * len(pick), yaw[pick])


def loose_crops(cache: Path, rows: np.ndarray, share: np.ndarray, model: FaceAffectModel) -> None:
    """Print accuracy and KL for crops that many times as wide as the aligned one, centred and shifted by 0.12 of its
    side on both axes, cut again and (by a model told never to) judged as they come."""
    images = np.load(cache / "ferplus_images.npy", mmap_mode="r")
    matrix = np.load(cache / "ferplus_matrix.npy").astype(np.float64)
    signs = np.random.default_rng(0).choice([-0.12, 0.12], (len(rows), 2))
    found = {}
    for scale in (0.6, 0.75, 1.0, 1.3, 1.7, 2.3, 3.0):
        for name, shift in (("centred", 0 * signs), ("shifted", signs)):
            crops = []
            for i, away in zip(rows, shift, strict=True):
                rgb = in_colour(np.array(images[i]))
                linear = matrix[i, :, :2] * rgb.shape[0]
                place = linear @ (0.5 + away - scale / 2) + matrix[i, :, 2] * rgb.shape[0]
                crops.append(align.warp(rgb, np.column_stack([linear * scale / 96, place]), 96))
            for cuts in (2, 0):
                face_affect.CUTS = cuts
                p = model.predict(np.stack(crops)).emotions
                kl = (share * (np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(p, 1e-12)))).sum(1).mean()
                right = (p.argmax(1) == share.argmax(1))[share.max(1) > 0.5].mean()
                found[name, cuts] = f"{right:.3f} / {kl:.3f}"
        face_affect.CUTS = 2
        print(f"| {scale:g} | " + " | ".join(found.values()) + " |", flush=True)


def line(
    name: str, model: FaceAffectModel, crops: list[np.ndarray], share: np.ndarray, box: list[float], yaw: np.ndarray
):
    """Print what the model (crops alone) makes of one condition."""
    judged = [quality.face_quality(c, b, y) for c, b, y in zip(crops, box, yaw, strict=True)]
    worth = np.array([j.quality for j in judged], np.float32)
    result, wide = model.predict(np.stack(crops)), model.predict(np.stack(crops), quality=worth)
    p = result.emotions
    strict = share.max(1) > 0.5
    accuracy = (p.argmax(1) == share.argmax(1))[strict].mean()
    kl = (share * (np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(p, 1e-12)))).sum(1).mean()
    rmse = np.sqrt(np.mean((result.valence - share @ COORDINATES[:, 0]) ** 2))
    low = np.mean([j.low_quality for j in judged])
    print(
        f"{name:14s} {len(crops):5d}   {accuracy:.3f}   {kl:.3f}   {rmse:.3f}   {result.valence_sd.mean():.3f}   "
        f"{wide.valence_sd.mean():.3f}   {worth.mean():.2f}   {low:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
