"""Conformal sets and compound names: calibrated on half of FER+ validation, judged on the other half.

python -m training.face.sets --data ../shared/data --cache CACHE [--release]

Pictures go to the halves by the last bit of the SHA-256 of their file's name. `--release` writes the thresholds beside
the weights. The rule for compound names was fixed on the dev faces (`--dev` prints its figures there).
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from liveaffect.models.categories.compound import COMPOUNDS, compound
from liveaffect.models.categories.likely import COVERAGE, FILE, LikelySets, Thresholds, calibrate, save
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.affect import FaceAffectModel
from liveaffect.models.files import manifest
from training.face.evaluate import WEIGHTS, crops_of
from training.face.prepare import manifest as pictures

GROUPS = (0, 1, 2, 3, 4, 5, 5, 5)  # disgust, fear and contempt have some 25 faces in a half: one threshold
FEW = 5  # valid votes; fewer do not tell two top categories
SECOND = 0.2  # share of the votes that a second category must have to be one
REPEATS = 200


def half(names: list[str], salt: str = "") -> np.ndarray:
    """(n,) bool: which pictures calibrate."""
    return np.array([hashlib.sha256((salt + name).encode()).digest()[-1] & 1 == 1 for name in names])


def held(sets: LikelySets, p: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether each set holds the label, and (n,) its size."""
    found = [sets.of(row) for row in p.tolist()]
    return np.array([EMOTIONS[k] in s for k, s in zip(labels, found, strict=True)]), np.array([len(s) for s in found])


def votes_pair(votes: np.ndarray) -> str:
    """The compound that the votes' two top categories make, or ""."""
    order = np.argsort(-votes, kind="stable")
    if votes[order[1]] < SECOND * votes.sum() or votes[order[1]] == votes[order[2]]:
        return ""
    pair = {EMOTIONS[order[0]], EMOTIONS[order[1]]}
    return next((name for name, parts in COMPOUNDS.items() if set(parts) == pair), "")


def names_table(p: np.ndarray, votes: np.ndarray) -> None:
    """Precision and recall of compound names."""
    enough = votes.sum(1) >= FEW
    said = np.array([compound(row) for row in p[enough].tolist()])
    true = np.array([votes_pair(row) for row in votes[enough]])
    print("| name | votes say so | told | right | precision | recall |\n|---|---|---|---|---|---|")
    for name in [*COMPOUNDS, "all seven"]:
        told = said != "" if name == "all seven" else said == name
        there = true != "" if name == "all seven" else true == name
        right = int((told & (said == true)).sum())
        shares = [f"{right / n:.2f}" if n else "" for n in (int(told.sum()), int(there.sum()))]
        print(f"| {name} | {there.sum()} | {told.sum()} | {right} | {shares[0]} | {shares[1]} |")
    close = said[(said != "") & (true != said)]
    print(f"\n{enough.sum()} faces of five votes or more; of {len(close)} names the votes did not bear out, ", end="")
    first = votes[enough].argmax(1)[(said != "") & (true != said)]
    named = sum(EMOTIONS[k] in COMPOUNDS[name] for k, name in zip(first, close, strict=True))
    print(f"{named} had the votes' first category as one of the two")


def sets_table(p: np.ndarray, votes: np.ndarray, names: list[str]) -> np.ndarray:
    """Coverage by category and sizes on the other half; gives the thresholds."""
    majority = votes.max(1) > votes.sum(1) / 2
    labels = votes.argmax(1)
    first = half(names)
    learn, judge = majority & first, majority & ~first
    least = calibrate(p[learn], labels[learn], GROUPS, COVERAGE)
    sets = LikelySets(tuple(least))
    inside, size = held(sets, p[judge], labels[judge])
    again = np.full((REPEATS, len(EMOTIONS) + 1), np.nan)
    for r in range(REPEATS):
        a = half(names, f"{r} ")
        other = LikelySets(tuple(calibrate(p[majority & a], labels[majority & a], GROUPS, COVERAGE)))
        rows = majority & ~a
        ok, _ = held(other, p[rows], labels[rows])
        of = labels[rows]
        again[r] = [*(ok[of == k].mean() if (of == k).any() else np.nan for k in range(len(EMOTIONS))), ok.mean()]
    mean = np.nanmean(again, 0)
    print("| | faces | least probability | coverage | mean over 200 other halvings |\n|---|---|---|---|---|")
    of = labels[judge]
    for k, name in enumerate(EMOTIONS):
        row = inside[of == k]
        print(f"| {name} | {len(row)} | {least[k]:.3f} | {row.mean():.3f} | {mean[k]:.3f} |")
    rare = np.isin(of, (5, 6, 7))
    print(f"| disgust, fear, contempt together | {rare.sum()} | | {inside[rare].mean():.3f} | |")
    print(f"| all | {len(inside)} | | {inside.mean():.3f} | {mean[-1]:.3f} |")
    share = [f"{n}: {np.mean(size == n):.3f}" for n in range(1, int(size.max()) + 1)]
    print(f"\nsizes: {', '.join(share)}; mean {size.mean():.2f}")
    top = [EMOTIONS[k] for k in p[judge].argmax(1)]
    without = np.mean([t not in sets.of(row) for t, row in zip(top, p[judge].tolist(), strict=True)])
    print(f"sets without the likeliest category: {without:.3f}")
    here = ~first & (votes.sum(1) >= FEW)
    each = [
        sum(v[EMOTIONS.index(n)] for n in sets.of(row)) for v, row in zip(votes[here], p[here].tolist(), strict=True)
    ]
    print(f"single votes inside, all {here.sum()} faces of the half: {sum(each) / votes[here].sum():.3f}\n")
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--release", action="store_true")
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    rows = np.flatnonzero(z["dev"] if args.dev else z["validation"])
    votes, vectors = z["votes"][rows], np.load(args.cache / "ferplus_geometry.npy")[rows]
    every = [row["file"] for row in pictures(args.data / "ferplus.zip")]
    names = [every[i] for i in rows]
    model, crops = FaceAffectModel(WEIGHTS), np.stack(crops_of(args.cache, "ferplus", rows))
    least: dict[str, dict[str, float]] = {}
    count = 0
    for prior in ("natural", "uniform"):
        p = model.predict(crops, vectors, prior=prior).emotions.astype(np.float64)
        print(f"\n### {prior} prior\n")
        found = sets_table(p, votes, names)
        least[prior] = {name: round(float(v), 6) for name, v in zip(EMOTIONS, found, strict=True)}
        count = int((half(names) & (votes.max(1) > votes.sum(1) / 2)).sum())
        names_table(p, votes)
    if args.release:
        version = manifest.entry("face-affect").version
        save(Thresholds(f"face-affect {version}", COVERAGE, count, least), FILE)


if __name__ == "__main__":
    main()
