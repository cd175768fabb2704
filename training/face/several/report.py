"""Step 9b: the shipped model, through its own API, on collections of other kinds: RAF-DB's test part and JAFFE.

python -m training.face.several.report --cache CACHE [--weights NET.onnx]

Nothing is chosen by these. RAF-DB's aligned pictures are squeezed; "as faces are" has that undone (see `prepare`).
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face import own
from liveaffect.models.face.affect import FaceAffectModel, FaceAffectResult
from liveaffect.models.face.neutral import PRIOR_S
from liveaffect.models.face.population import NEUTRAL_MEAN
from training.face.evaluate import WEIGHTS, crops_of
from training.face.figures import Figure, figure, uar
from training.face.prepare import SQUEEZED, manifest
from training.face.several.targets import ARCHIVES, labels_of

SEVEN = [k for k, name in enumerate(EMOTIONS) if name != "contempt"]
CALM_S = 30.0  # of a person's calm face before, where its own neutral is given
RATED = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")


def called(result: FaceAffectResult) -> np.ndarray:
    """The likeliest of the seven categories these collections have."""
    return np.array(SEVEN)[result.emotions[:, SEVEN].argmax(1)]


def right(y: np.ndarray, got: np.ndarray) -> dict[str, Figure]:
    """Accuracy, mean recall and every class's recall, with intervals."""
    rows = np.arange(len(y))
    found = {
        "accuracy": figure(lambda r: float((y[r] == got[r]).mean()), rows),
        "mean recall": figure(lambda r: uar(y[r], got[r]), rows),
    }
    for k in SEVEN:
        mine = rows[y == k]
        found[EMOTIONS[k]] = figure(lambda r, k=k: float((got[r] == k).mean()), mine)
    return found


def table(columns: dict[str, dict[str, Figure]]) -> None:
    """Print as Markdown."""
    first = next(iter(columns.values()))
    print("| | n | " + " | ".join(columns) + " |\n|---" + "|---" * (len(columns) + 1) + "|")
    for name, one in first.items():
        print(
            f"| {name} | {one.n} | " + " | ".join(str(column[name]) for column in columns.values()) + " |", flush=True
        )


def spearman(emotions: np.ndarray, ratings: np.ndarray, rows: np.ndarray) -> float:
    """Mean over the six rated emotions of the rank correlation of probability and rated strength."""
    found = []
    for k, name in enumerate(RATED):
        a, b = rankdata(emotions[rows, EMOTIONS.index(name)]), rankdata(ratings[rows, k])
        found.append(np.corrcoef(a, b)[0, 1])
    return float(np.mean(found))


def ratings_of(rows: list[dict[str, str]]) -> np.ndarray:
    """(n, 6) rated strengths of JAFFE's pictures, NaN where nobody rated."""
    return np.array([[float(row[f"rating_{name}"] or "nan") for name in RATED] for row in rows])


def neutral_of(rows: list[dict[str, str]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By subject: its pictures, and its neutral ones."""
    who = np.array([row["subject"] for row in rows])
    calm = np.array([row["label"] == "neutral" for row in rows])
    return {subject: (who == subject, calm & (who == subject)) for subject in np.unique(who)}


def beside_own(vectors: np.ndarray, rows: list[dict[str, str]]) -> np.ndarray:
    """(n, 2G): geometry, and what it is beside the person's own neutral pictures, as after half a minute of calm."""
    share, out = CALM_S / (CALM_S + PRIOR_S), np.concatenate([vectors, vectors - NEUTRAL_MEAN], 1)
    for mine, calm in neutral_of(rows).values():
        out[mine, vectors.shape[1] :] -= share * (np.nanmean(vectors[calm], 0) - NEUTRAL_MEAN)
    return out.astype(np.float32)


def beside_answers(
    said: FaceAffectResult, rows: list[dict[str, str]], population: np.ndarray, whose: str = "own"
) -> FaceAffectResult:
    """Answers beside those to the person's own neutral pictures, after as long; `whose` "other" takes those of all the
    others instead: what of the gain is the camera's."""
    shifts, calm_all = np.zeros(said.emotions.shape), np.array([row["label"] == "neutral" for row in rows])
    for mine, calm in neutral_of(rows).values():
        answer, taught = own.OwnAnswer(population), calm if whose == "own" else calm_all & ~mine
        mean = np.exp(np.log(np.maximum(said.emotions[taught], 1e-6)).mean(0))
        for _ in range(int(CALM_S / 0.1)):
            answer.learn(mean, 1.0, 0.1)
        shifts[mine] = answer.shift
    return own.beside(said, shifts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--every", type=int, default=1, help="take every n-th face of RAF-DB's test part")
    args = parser.parse_args()
    model = FaceAffectModel(args.weights)
    y = labels_of(args.data, "rafdb_test")
    every = np.flatnonzero(~np.load(args.cache / "rafdb_test_twin.npy"))[:: args.every]
    print(f"RAF-DB test part, {len(every)} of {len(y)} faces: those without a twin in its training part")
    y = y[every]
    columns = {}
    vectors = np.load(args.cache / "rafdb_test_geometry.npy")[every]
    aligned = np.stack(crops_of(args.cache, "rafdb_test", every))
    loose = np.stack(crops_of(args.cache, "rafdb_test", every, True))
    tall = np.stack(crops_of(args.cache, "rafdb_test", every, tall=SQUEEZED["rafdb_test"]))
    upright = np.load(args.cache / "rafdb_test_tall_geometry.npy")[every]
    for prior in ("natural", "uniform"):
        columns[f"aligned, {prior}"] = right(y, called(model.predict(aligned, prior=prior)))
        columns[f"aligned, geometry, {prior}"] = right(y, called(model.predict(aligned, vectors, prior=prior)))
        columns[f"loose, {prior}"] = right(y, called(model.predict(loose, prior=prior)))
        columns[f"as faces are, {prior}"] = right(y, called(model.predict(tall, upright, prior=prior)))
    table(columns)
    y = labels_of(args.data, "jaffe")
    every = np.arange(len(y))
    crops, vectors = np.stack(crops_of(args.cache, "jaffe", every)), np.load(args.cache / "jaffe_geometry.npy")
    rows = manifest(args.data / ARCHIVES["jaffe"])
    relative = beside_own(vectors, rows)
    ratings = ratings_of(rows)
    rated = np.flatnonzero(np.isfinite(ratings).all(1))
    print(f"\nJAFFE, {len(y)} faces of 10 women; seven categories; rank correlation with six rated strengths")
    columns = {}
    for prior in ("natural", "uniform"):
        asked = {"aligned": None, "aligned, geometry": vectors, "own geometry": relative}
        answers = {how: model.predict(crops, given, prior=prior) for how, given in asked.items()}
        population = model.neutral(prior)
        if population is not None:
            for how, whose in (("own geometry and answer", "own"), ("own geometry, others' answer", "other")):
                answers[how] = beside_answers(answers["own geometry"], rows, population, whose)
        for how, said in answers.items():
            found = right(y, called(said))
            found["rank correlation"] = figure(lambda r, s=said: spearman(s.emotions, ratings, r), rated)
            columns[f"{how}, {prior}"] = found
    table(columns)


if __name__ == "__main__":
    main()
