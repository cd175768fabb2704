"""Step 10: how what the net says grows from a calm face to a strong one, on morphs of one person.

python -m training.face.looks.strength --cache CACHE [--weights NET.onnx ...]

JAFFE's ten women, each from a calm picture of hers to a strong one of each emotion; never trained on.
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.affect import FaceAffectModel
from training.face.colour.morphs import morph, points_of
from training.face.colour.store import cut, inner
from training.face.evaluate import WEIGHTS
from training.face.figures import over_people
from training.face.prepare import manifest
from training.face.several.targets import ARCHIVES, labels_of

STEPS = 8
STRONG = 2  # pictures of each woman and emotion
MOVED = 0.15  # from end to end, for a change to be one


def morphs(data: Path, cache: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Crops (n, STEPS + 1, 96, 96, 3), geometry (n, STEPS + 1, G), emotion (n,), person (n,)."""
    labels = labels_of(data, "jaffe")
    people = np.array([row["subject"] for row in manifest(data / ARCHIVES["jaffe"])])
    images, matrix = np.load(cache / "jaffe_images.npy", mmap_mode="r"), np.load(cache / "jaffe_matrix.npy")
    points, vectors = points_of(np.load(cache / "jaffe_landmarks.npy"), matrix), np.load(cache / "jaffe_geometry.npy")
    shares, crops, geometry, emotions, who = np.linspace(0, 1, STEPS + 1), [], [], [], []
    for person in np.unique(people):
        calm = np.flatnonzero((people == person) & (labels == 0))[0]
        for emotion in range(1, len(EMOTIONS)):
            for strong in np.flatnonzero((people == person) & (labels == emotion))[:STRONG]:
                pair = [cut(np.asarray(images[i]), matrix[i]) for i in (calm, strong)]
                crops.append(inner(np.stack([morph(pair, [points[calm], points[strong]], s) for s in shares])))
                geometry.append(np.stack([(1 - s) * vectors[calm] + s * vectors[strong] for s in shares]))
                emotions.append(emotion)
                who.append(person)
    return np.stack(crops), np.stack(geometry).astype(np.float32), np.array(emotions), np.array(who)


def growth(values: np.ndarray) -> dict[str, np.ndarray]:
    """Of values (n, STEPS + 1), for those that move from end to end: what each does on the way (m,); NaN for others."""
    whole = values[:, -1] - values[:, 0]
    moved = np.abs(whole) >= MOVED
    steps = np.diff(values, axis=1) * np.sign(whole)[:, None]
    sums = np.abs(steps).sum(1)
    found = {
        "change along the way that is forward": np.maximum(steps, 0).sum(1) / np.maximum(sums, 1e-9),
        "change done half way": (values[:, STEPS // 2] - values[:, 0]) / np.where(moved, whole, 1),
        "largest of eight steps": steps.max(1) / np.maximum(np.abs(whole), 1e-9),
    }
    return {name: np.where(moved, of, np.nan) for name, of in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", default=[WEIGHTS])
    args = parser.parse_args()
    crops, geometry, emotions, who = morphs(args.data, args.cache)
    n, flat = len(crops), (-1, *crops.shape[2:])
    for weights in args.weights:
        said = FaceAffectModel(weights).predict(crops.reshape(flat), geometry.reshape(-1, geometry.shape[2]), "uniform")
        tracks = {"valence": said.valence.reshape(n, -1), "arousal": said.arousal.reshape(n, -1)}
        shares = said.emotions.reshape(n, STEPS + 1, 8)
        tracks["the emotion's share"] = shares[np.arange(n), :, emotions]
        print(f"{weights}: {n} morphs of {len(np.unique(who))} women, uniform prior")
        for name, values in tracks.items():
            for what, of in growth(values).items():
                mean, low, high, _ = over_people(lambda rows, of=of: float(np.nanmean(of[rows])), who)
                print(f"  {name}, {what}: {mean:.2f} ({low:.2f} to {high:.2f}), n {np.isfinite(of).sum()}", flush=True)


if __name__ == "__main__":
    main()
