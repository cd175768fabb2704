"""Step 8: the shipped model, through its own API, on the FER+ validation faces; consistency over groups on UTKFace.

python -m training.face.evaluate --data ../shared/data --cache CACHE [--dev] [--json OUT]
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from liveaffect.models.circumplex import COORDINATES, EMOTIONS
from liveaffect.models.evaluation import metrics
from liveaffect.models.face import align
from liveaffect.models.face.affect import FaceAffectModel, FaceAffectResult
from liveaffect.models.face.rules import FaceRulesModel
from training.face import data, distil, train
from training.face.figures import Figure, figure, measure, recalls, sureness
from training.face.landmarks import SETS, in_colour
from training.face.prepare import manifest

WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "weights" / "face-affect.onnx"


def crops_of(cache: Path, name: str, rows: np.ndarray, loose: bool = False, tall: float = 1.0) -> list[np.ndarray]:
    """Aligned crops as the sensor makes them; the whole image where `loose` or where no landmarks were found.

    The images are first made `tall` times as high.
    """
    images = np.load(cache / f"{name}_images.npy", mmap_mode="r")
    points, found = np.load(cache / f"{name}_landmarks.npy", mmap_mode="r"), np.load(cache / f"{name}_found.npy")
    out = []
    for i in rows:
        image = np.array(images[i])
        rgb = in_colour(image)
        if tall != 1.0:
            rgb = np.asarray(Image.fromarray(rgb).resize((rgb.shape[1], round(rgb.shape[0] * tall))))
        out.append(align.crop_face(rgb, np.array(points[i])) if found[i] and not loose else align.resize(rgb, 96))
    return out


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


def against_taught(cache: Path, rows: np.ndarray, ours: FaceAffectResult) -> dict[str, tuple[float, float]]:
    """Correlation and CCC with the teachers' own valence and arousal."""
    spoke = np.load(cache / "ferplus_va.npy").mean(0)[rows, ::-1]
    heard, found = np.isfinite(spoke[:, 0]), {}
    for k, (name, mine) in enumerate((("valence", ours.valence), ("arousal", ours.arousal))):
        found[name] = metrics.pearson(mine[heard], spoke[heard, k]), metrics.ccc(mine[heard], spoke[heard, k])
        print(f"against the teachers' {name}, n {heard.sum()}: r {found[name][0]:.3f}, CCC {found[name][1]:.3f}")
    return found


def groups(args: argparse.Namespace, model: FaceAffectModel) -> dict[str, dict[str, Figure]]:
    """Mean outputs and agreement between views over age, gender and origin on UTKFace: consistency, not accuracy."""
    people = manifest(args.data / SETS["utk"][0])
    rows = np.arange(0, len(people), args.group_every)
    vectors = np.load(args.cache / "utk_geometry.npy")[rows]
    aligned = model.predict(np.stack(crops_of(args.cache, "utk", rows)), vectors)
    loose = model.predict(np.stack(crops_of(args.cache, "utk", rows, loose=True)))
    told = np.load(args.cache / "utk_earlier.npy")[rows]
    spoke = np.load(args.cache / "utk_va.npy").mean(0)[rows, 1]
    heard = np.isfinite(spoke)
    slope, level = np.polyfit(spoke[heard], aligned.valence[heard], 1)
    age = np.array([float(people[i]["age"]) for i in rows])
    gender, race = (np.array([int(float(people[i][k])) for i in rows]) for k in ("gender", "race"))
    masks = {"all": age > 0}
    masks |= {f"age {a}-{b - 1}": (age >= a) & (age < b) for a, b in ((18, 30), (30, 45), (45, 60), (60, 120))}
    masks |= {f"gender {k}": gender == k for k in np.unique(gender)}
    masks |= {f"race {k}": race == k for k in np.unique(race)}
    top = aligned.emotions.argmax(1)
    shown = {
        "agrees with 1.2": (top == told.argmax(1)).astype(float),
        "loose agrees with aligned": (top == loose.emotions.argmax(1)).astype(float),
        "p(neutral)": aligned.emotions[:, 0],
        "p(happiness)": aligned.emotions[:, 1],
        "p(anger)": aligned.emotions[:, 4],
        "valence at equal teachers'": aligned.valence - slope * spoke - level,
        "valence sd": aligned.valence_sd,
    }
    return {
        name: {
            what: figure(lambda r, v=values: float(np.nanmean(v[r])), np.flatnonzero(m))
            for what, values in shown.items()
        }
        for name, m in masks.items()
        if m.sum() >= 30
    }


def table(columns: dict[str, dict[str, Figure | int]]) -> None:
    """Print as Markdown."""
    first = next(iter(columns.values()))
    print("| | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for name in first:
        print(f"| {name} | " + " | ".join(str(column[name]) for column in columns.values()) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--dev", action="store_true", help="the dev faces of the training part instead of validation")
    parser.add_argument("--every", type=int, default=1, help="take every n-th FER+ face")
    parser.add_argument("--group-every", type=int, default=5, help="take every n-th UTKFace face")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    rows = np.flatnonzero(z["dev"] if args.dev else z["validation"])[:: args.every]
    votes, vectors = z["votes"][rows], np.load(args.cache / "ferplus_geometry.npy")[rows]
    model = FaceAffectModel(args.weights)
    aligned, loose = (np.stack(crops_of(args.cache, "ferplus", rows, loose)) for loose in (False, True))
    said = {
        "aligned, geometry": model.predict(aligned, vectors),
        "aligned": model.predict(aligned),
        "loose": model.predict(loose),
        "uniform prior": model.predict(aligned, vectors, prior="uniform"),
        "rules": FaceRulesModel().predict(None, vectors),
    }
    found = {name: measure(result, votes) for name, result in said.items()}
    table(found)
    by_class = {}
    for name in ("aligned, geometry", "loose", "uniform prior", "rules"):
        counts, right = recalls(said[name], votes)
        by_class["faces"] = dict(zip(EMOTIONS, counts, strict=True))
        by_class[name] = dict(zip(EMOTIONS, right, strict=True))
    print()
    table(by_class)
    share = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    few = votes.sum(1) >= 5
    result = said["aligned, geometry"]
    print("\n| predicted | faces | mean sd of valence | RMS error | RMS of error over sd |\n|---|---|---|---|---|")
    for line in sureness(_rows(result, few), share[few] @ COORDINATES):
        print(f"| {line[0]} | {line[1]} | {line[2]:.3f} | {line[3]:.3f} | {line[4]:.2f} |")
    taught: dict[str, tuple[float, float]] = {}
    beaten: dict[str, dict[str, float]] = {}
    if (args.cache / "ferplus_classes.npy").exists() and (args.cache / "ferplus_va.npy").exists():
        taught = against_taught(args.cache, rows, result)
        beaten = against_teachers(args.cache, rows, result)
        for name, line in beaten.items():
            print(f"{name:24s}" + "  ".join(f"{k} {v:.3f}" for k, v in line.items()))
    by_group = groups(args, model)
    print()
    table({"n": {k: v["p(neutral)"].n for k, v in by_group.items()}} | _turned(by_group))
    if args.json:
        figures = {"figures": found, "recalls": by_class, "teachers": beaten, "va": taught, "groups": by_group}
        args.json.write_text(json.dumps(figures, indent=1))


def _rows(result: FaceAffectResult, keep: np.ndarray) -> FaceAffectResult:
    return FaceAffectResult(*(getattr(result, name)[keep] for name in FaceAffectResult.__dataclass_fields__))


def _turned(by_group: dict[str, dict[str, Figure]]) -> dict[str, dict[str, Figure | int]]:
    measures = next(iter(by_group.values()))
    return {what: {group: line[what] for group, line in by_group.items()} for what in measures}


if __name__ == "__main__":
    main()
