"""Step 7: the shipped model, through its own API, on the FER+ validation faces; consistency over groups on UTKFace.

python -m training.face.evaluate --data ../shared/data --cache CACHE [--dev] [--json OUT]
"""

import argparse
import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from liveaffect.models import align, metrics
from liveaffect.models.circumplex import COORDINATES, EMOTIONS
from liveaffect.models.face_affect import FaceAffect, FaceAffectResult
from liveaffect.models.rules import FaceRules
from training.face import data, distil, train

WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "weights" / "face-affect.onnx"


def crops_of(cache: Path, name: str, rows: np.ndarray, loose: bool = False) -> list[np.ndarray]:
    """Aligned crops as the sensor makes them; the whole image where `loose` or where no landmarks were found."""
    images = np.load(cache / f"{name}_images.npy", mmap_mode="r")
    points, found = np.load(cache / f"{name}_landmarks.npy", mmap_mode="r"), np.load(cache / f"{name}_found.npy")
    out = []
    for i in rows:
        image = np.array(images[i])
        rgb = image if image.ndim == 3 else np.repeat(image[..., None], 3, 2)
        out.append(align.crop_face(rgb, np.array(points[i])) if found[i] and not loose else align.resize(rgb, 96))
    return out


def measure(result: FaceAffectResult, votes: np.ndarray, seed: int = 0) -> dict[str, float | list[float]]:
    """Every figure of the card for faces with these vote counts (n, 8); rows left NaN are counted, not hidden."""
    told = np.isfinite(result.emotions[:, 0]) & (votes.sum(1) > 0)
    p, count = result.emotions[told].astype(np.float64), votes[told]
    total = count.sum(1)
    share = count / total[:, None]
    strict = share.max(1) > 0.5
    ordered = np.sort(count, 1)
    unique = ordered[:, -1] > ordered[:, -2]
    y, got = share.argmax(1), p.argmax(1)
    kl = (share * (np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(p, 1e-12)))).sum(1)
    truth = share @ COORDINATES
    va = np.stack([result.valence, result.arousal], 1)[told]
    sd = np.stack([result.valence_sd, result.arousal_sd], 1)[told]
    few = total >= 5
    rng = np.random.default_rng(seed)
    boots = [rng.integers(0, strict.sum(), strict.sum()) for _ in range(500)]
    ys, gs = y[strict], got[strict]
    return {
        "n": len(votes),
        "without_answer": int((~told).sum()),
        "n_majority": int(strict.sum()),
        "accuracy_majority": float((ys == gs).mean()),
        "accuracy_majority_95": interval([float((ys[b] == gs[b]).mean()) for b in boots]),
        "accuracy_unique_mode": float((y == got)[unique].mean()),
        "uar": uar(ys, gs),
        "uar_95": interval([uar(ys[b], gs[b]) for b in boots]),
        "recalls": [round(float((gs[ys == k] == k).mean()), 3) if (ys == k).any() else float("nan") for k in range(8)],
        "counts": [int((ys == k).sum()) for k in range(8)],
        "n_five_votes": int(few.sum()),
        "kl_five_votes": float(kl[few].mean()),
        "calibration_error": calibration_error(p, share),
        **{f"ccc_{k}": metrics.ccc(va[:, i], truth[:, i]) for i, k in enumerate(("valence", "arousal"))},
        **{f"rmse_{k}": metrics.rmse(va[:, i], truth[:, i]) for i, k in enumerate(("valence", "arousal"))},
        **{
            f"cover90_{k}": metrics.coverage(va[:, i], sd[:, i], truth[:, i])
            for i, k in enumerate(("valence", "arousal"))
        },
    }


def uar(y: np.ndarray, got: np.ndarray) -> float:
    """Mean recall over the classes present."""
    return float(np.mean([(got[y == k] == k).mean() for k in np.unique(y)]))


def interval(values: list[float]) -> list[float]:
    """2.5 and 97.5 percentiles."""
    return [float(v) for v in np.percentile(values, [2.5, 97.5])]


def calibration_error(p: np.ndarray, share: np.ndarray) -> float:
    """Confidence against the raters' vote share of the predicted class, see `metrics.calibration_error`."""
    got, rows = p.argmax(1), np.arange(len(p))
    return metrics.calibration_error(p[rows, got], share[rows, got])


def against_teachers(cache: Path, rows: np.ndarray, ours: FaceAffectResult) -> dict[str, dict[str, float]]:
    """The teachers' average, as it comes and refitted on training faces, and ours, where the teachers were asked."""
    x, faces = data.log_classes(cache / "ferplus_classes.npy").astype(np.float32), data.load(cache)
    asked = np.isfinite(x[:, 0]) & (faces.votes[: len(x)] > 0)
    learn = np.flatnonzero(asked & (faces.split[: len(x)] == 0))
    weight = np.minimum(faces.votes[learn] / 10, 1).astype(np.float32)
    here = asked[rows]
    pick = rows[here]
    if not len(pick):
        return {}
    said = {"teachers as they come": x[pick].reshape(len(pick), -1, 8).mean(1)}
    for name, full in (("teachers, prior refitted", False), ("teachers, refitted", True)):
        said[name] = distil.apply(x[pick], distil.refit(x[learn], faces.target[learn], weight, full))
    said["face-affect"] = np.log(np.maximum(ours.emotions[here], 1e-9))
    found = {k: train.score(v, faces.target[pick], faces.votes[pick]) for k, v in said.items()}
    return {k: {"n": float(len(pick)), **v} for k, v in found.items()}


def groups(args: argparse.Namespace, model: FaceAffect) -> dict[str, dict[str, float]]:
    """Mean outputs and agreement between views over age, gender and origin on UTKFace: consistency, not accuracy."""
    with zipfile.ZipFile(args.data / "utkface_adults_128px.zip") as z:
        people = list(csv.DictReader(io.StringIO(z.read("manifest.csv").decode())))
    rows = np.arange(0, len(people), args.group_every)
    vectors = np.load(args.cache / "utk_geometry.npy")[rows]
    aligned = model.predict(np.stack(crops_of(args.cache, "utk", rows)), vectors)
    bare = model.predict(np.stack(crops_of(args.cache, "utk", rows)))
    told = np.load(args.cache / "utk_target.npy")[rows]
    age = np.array([float(people[i]["age"]) for i in rows])
    gender, race = (np.array([int(float(people[i][k])) for i in rows]) for k in ("gender", "race"))
    masks = {f"age {a}-{b - 1}": (age >= a) & (age < b) for a, b in ((18, 30), (30, 45), (45, 60), (60, 120))}
    masks |= {f"gender {k}": gender == k for k in np.unique(gender)}
    masks |= {f"race {k}": race == k for k in np.unique(race)}
    table = {}
    for name, m in masks.items():
        if m.sum() < 30:
            continue
        table[name] = {
            "n": int(m.sum()),
            "agrees_with_teachers": float((aligned.emotions.argmax(1) == told.argmax(1))[m].mean()),
            "agrees_without_geometry": float((aligned.emotions.argmax(1) == bare.emotions.argmax(1))[m].mean()),
            "p_neutral": float(aligned.emotions[m, 0].mean()),
            "p_happiness": float(aligned.emotions[m, 1].mean()),
            "p_anger": float(aligned.emotions[m, 4].mean()),
            "valence_minus_teachers": float((aligned.valence - told @ COORDINATES[:, 0])[m].mean()),
            "valence_sd": float(aligned.valence_sd[m].mean()),
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--dev", action="store_true", help="the dev faces of the training part instead of validation")
    parser.add_argument("--every", type=int, default=1, help="take every n-th FER+ face")
    parser.add_argument("--group-every", type=int, default=3, help="take every n-th UTKFace face")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    rows = np.flatnonzero(z["dev"] if args.dev else z["validation"])[:: args.every]
    votes, vectors = z["votes"][rows], np.load(args.cache / "ferplus_geometry.npy")[rows]
    model = FaceAffect(args.weights)
    aligned, loose = (np.stack(crops_of(args.cache, "ferplus", rows, loose)) for loose in (False, True))
    found = {
        "aligned, geometry": measure(model.predict(aligned, vectors), votes),
        "aligned": measure(model.predict(aligned), votes),
        "loose": measure(model.predict(loose), votes),
        "uniform prior": measure(model.predict(aligned, vectors, prior="uniform"), votes),
        "rules": measure(FaceRules().predict(None, vectors), votes),
    }
    for name in found["aligned"]:
        print(f"{name:24s}" + "".join(f"{shown(column[name]):>26s}" for column in found.values()))
    print("columns:", ", ".join(found), "| recalls in the order", EMOTIONS)
    said = np.load(args.cache / "ferplus_va.npy").mean(0)[rows, ::-1]
    result, taught = model.predict(aligned, vectors), {}
    for k, (name, ours) in enumerate((("valence", result.valence), ("arousal", result.arousal))):
        taught[name] = metrics.pearson(ours, said[:, k]), metrics.ccc(ours, said[:, k])
        print(f"against the teachers' {name}: r {taught[name][0]:.3f}, CCC {taught[name][1]:.3f}")
    beaten = against_teachers(args.cache, rows, result)
    for name, line in beaten.items():
        print(f"{name:24s}" + "  ".join(f"{k} {v:.3f}" for k, v in line.items()))
    table = groups(args, model)
    for name, line in table.items():
        print(
            f"{name:12s}" + "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items())
        )
    if args.json:
        args.json.write_text(
            json.dumps({"figures": found, "teachers": beaten, "teachers_va": taught, "groups": table}, indent=1)
        )


def shown(value: float | list[float]) -> str:
    """A number or a list, short."""
    if isinstance(value, list):
        return "/".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
