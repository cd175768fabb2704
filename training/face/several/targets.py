"""What is wanted of each face of each collection, in two conventions: votes as FER+ counts them, labels as RAF-DB's.

Where a collection has only some of the classes, only these compete (`allowed`). Where nobody was asked, the word of an
earlier net stands in, which learned from the teachers.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import EMOTIONS
from training.face.data import teachers_average
from training.face.prepare import manifest

TRAINED = ("ferplus", "rafdb_train", "rare", "utk")
ARCHIVES = {
    "rafdb_train": "rafdb_train.zip",
    "rafdb_test": "rafdb_test.zip",
    "rare": "affectnet_rare.zip",
    "jaffe": "jaffe.zip",
}
SEVEN = np.array([name != "contempt" for name in EMOTIONS])
RARE = np.isin(EMOTIONS, ["fear", "contempt", "disgust", "sadness"])
ALL = np.ones(8, bool)
OPEN = 0.08  # share of a label's distribution that is left open
EARLIER = 0.33  # share of a vote's target that is what the earlier net says


@dataclass
class Wanted:
    """One row a face; `votes` and `labels` are distributions over eight classes, `*_weight` 0 where nothing is said."""

    votes: np.ndarray  # (n, 8)
    votes_weight: np.ndarray  # (n,)
    labels: np.ndarray  # (n, 8)
    labels_weight: np.ndarray  # (n,)
    allowed: np.ndarray  # (n, 8) bool: the classes that compete, in both
    said: np.ndarray  # (n, 8) the teachers' average, NaN where they were not asked
    taught: np.ndarray  # (n, 2) the teachers' valence and arousal, NaN likewise
    draw: np.ndarray  # (n,) how often to draw the face, sums to 1 over the training part
    dev: np.ndarray  # (n,) bool, not trained on
    kind: np.ndarray  # (n,) index in TRAINED


def labels_of(data: Path, name: str) -> np.ndarray:
    """Class index of every face of a labelled collection."""
    return np.array([EMOTIONS.index(row["label"]) for row in manifest(data / ARCHIVES[name])])


def dev_of(n: int) -> np.ndarray:
    """(n,) bool: which faces of a collection without a split of its own are not trained on."""
    return np.random.default_rng(21).random(n) < 0.1


def _spoken(cache: Path, name: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    said, taught = np.full((n, 8), np.nan, np.float32), np.full((n, 2), np.nan, np.float32)
    if (cache / f"{name}_classes.npy").exists():
        said = teachers_average(cache / f"{name}_classes.npy")
    if (cache / f"{name}_va.npy").exists():
        taught = np.load(cache / f"{name}_va.npy").mean(0)[:, ::-1].astype(np.float32)
    return said, taught


def _soft(hard: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Labels (n,) as distributions: most of it for the label, the rest even over what competes."""
    even = allowed / allowed.sum(-1, keepdims=True)
    return ((1 - OPEN) * np.eye(8)[hard] + OPEN * even).astype(np.float32)


def _draws(classes: np.ndarray, weight: np.ndarray, dev: np.ndarray) -> np.ndarray:
    """Rare classes more often: by the inverse square root of the class's mass."""
    train = weight * ~dev
    mass = (classes * train[:, None]).sum(0) / train.sum()
    rare = np.where(mass > 0, np.maximum(mass, 1e-3) ** -0.5, 0)
    draw = train * (classes @ rare)
    return draw / draw.sum()


def build(data: Path, cache: Path, name: str) -> Wanted:
    """Targets of one collection; faces that are twins of judging ones (`twins`) are never drawn."""
    kind = TRAINED.index(name)
    n = len(np.load(cache / f"{name}_found.npy"))
    said, taught = _spoken(cache, name, n)
    if name == "ferplus":
        z = np.load(cache / "ferplus_votes.npz")
        total = z["votes"].sum(1)
        votes = z["votes"] / np.maximum(total, 1)[:, None]
        earlier = np.load(cache / "ferplus_earlier.npy")
        votes = np.where(total[:, None] > 0, (1 - EARLIER) * votes + EARLIER * earlier, votes)
        weight = np.minimum(total / 10, 1)
        dev = z["dev"] | z["validation"]
        allowed = np.repeat(ALL[None], n, 0)
        draw = _draws(votes, weight, dev)
        return _wanted(votes, weight, votes, 0.2 * weight, allowed, said, taught, draw, dev, kind)
    dev = dev_of(n)
    twin, every = cache / f"{name}_twin.npy", np.ones(n)
    seen = ~np.load(twin) if twin.exists() else every
    if name == "utk":
        base = np.load(cache / "utk_earlier.npy")
        allowed = np.repeat(ALL[None], n, 0)
        draw = _draws(base, seen, dev)
        return _wanted(base, 0.5 * every, base, 0.2 * every, allowed, said, taught, draw, dev, kind)
    hard = labels_of(data, name)
    allowed = np.repeat((SEVEN if name == "rafdb_train" else RARE)[None], n, 0)
    soft, draw = _soft(hard, allowed), _draws(np.eye(8)[hard], seen, dev)
    own, other = (1.0, 0.25) if name == "rafdb_train" else (0.6, 0.4)
    return _wanted(soft, other * every, soft, own * every, allowed, said, taught, draw, dev, kind)


def _wanted(
    votes: np.ndarray,
    votes_weight: np.ndarray,
    labels: np.ndarray,
    labels_weight: np.ndarray,
    allowed: np.ndarray,
    said: np.ndarray,
    taught: np.ndarray,
    draw: np.ndarray,
    dev: np.ndarray,
    kind: int,
) -> Wanted:
    f = np.float32
    return Wanted(
        *(np.asarray(a, f) for a in (votes, votes_weight, labels, labels_weight)),
        allowed,
        *(np.asarray(a, f) for a in (said, taught)),
        draw,
        dev,
        np.full(len(votes), kind),
    )


def take(wanted: Wanted, rows: np.ndarray) -> Wanted:
    """Some of the rows."""
    return Wanted(*(getattr(wanted, f.name)[rows] for f in fields(Wanted)))


def join(parts: list[Wanted]) -> Wanted:
    """One after the other."""
    return Wanted(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Wanted)))
