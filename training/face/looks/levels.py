"""Step 9e: what levels of a known design give on JAFFE, beside others, with how few faces, and where it is wrong.

python -m training.face.looks.levels --cache CACHE [--weights NET.onnx]

JAFFE's design is its publication's: ten women pose each of seven categories about three times. No label sets a level;
packages and teachers are levelled alike, from what `peers` has kept in CACHE.
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.categories.level import levelled, levels, shares_of
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.affect import FaceAffectModel
from training.face.evaluate import WEIGHTS
from training.face.figures import DRAWS, Figure, figure, over_people, uar
from training.face.looks.packages import PACKAGES
from training.face.looks.peers import ANGRY, Judged, Said, jaffe, ours, package, rafdb, teachers
from training.face.prepare import manifest
from training.face.several.report import SEVEN, spearman
from training.face.several.targets import ARCHIVES

DESIGN = [EMOTIONS[k] for k in SEVEN]
FEW = (21, 42, 84)


def called(emotions: np.ndarray, shown: list[str] | None = None, by: np.ndarray | None = None) -> np.ndarray:
    """Classes (n,); with a design, after levelling to it on rows `by`, or on all."""
    if shown is not None:
        emotions = levelled(emotions, levels(emotions if by is None else emotions[by], shares_of(shown)))
    return np.array(SEVEN)[emotions[:, SEVEN].argmax(1)]


def about(emotions: np.ndarray, judged: Judged) -> dict[str, Figure]:
    """As the net says it, and levelled; levels are set anew on every resampling."""
    y, ratings, rows = judged.y, judged.ratings, np.arange(len(judged.y))
    assert ratings is not None
    rated = np.flatnonzero(np.isfinite(ratings).all(1))
    found: dict[str, Figure] = {}
    for words, shown in (("", None), (", levelled", DESIGN)):
        say = lambda r, shown=shown: called(emotions[r], shown)  # noqa: E731
        found[f"accuracy{words}"] = figure(lambda r, say=say: float((say(r) == y[r]).mean()), rows)
        found[f"mean recall{words}"] = figure(lambda r, say=say: uar(y[r], say(r)), rows)
        for k in (ANGRY, EMOTIONS.index("disgust"), EMOTIONS.index("fear")):
            found[f"{EMOTIONS[k]}{words}"] = figure(
                lambda r, k=k, say=say: float((say(r) == k)[y[r] == k].mean()), rows
            )
    shift = levels(emotions, shares_of(DESIGN))
    found["rank correlation, levelled"] = figure(lambda r: spearman(levelled(emotions, shift), ratings, r), rated)
    return found


def few(emotions: np.ndarray, judged: Judged, who: np.ndarray) -> None:
    """Mean recall where levels are set on few faces: of one woman, of the nine others, of so many at random."""
    y, rng = judged.y, np.random.default_rng(0)
    one, others = np.empty_like(y), np.empty_like(y)
    for name in np.unique(who):
        mine = who == name
        one[mine] = called(emotions[mine], DESIGN)
        others[mine] = called(emotions, DESIGN, ~mine)[mine]
    for words, got in (("each woman by herself", one), ("the nine others", others)):
        recall = over_people(lambda r, got=got: uar(y[r], got[r]), who)
        anger = over_people(lambda r, got=got: float((got[r] == ANGRY)[y[r] == ANGRY].mean()), who)
        print(f"levels of {words}, intervals over women: mean recall {recall}, anger {anger}")
    for n in FEW:
        drawn = [called(emotions, DESIGN, rng.choice(len(y), n, replace=False)) for _ in range(DRAWS)]
        recalls = [uar(y, got) for got in drawn]
        low, high = np.percentile(recalls, [5, 95])
        print(
            f"levels of {n} faces drawn at random: {np.mean(recalls):.3f} (nine draws in ten {low:.3f} to {high:.3f})"
        )


def wrong(emotions: np.ndarray, y: np.ndarray, title: str) -> None:
    """Accuracy where the design is told as seven alike and is not so."""
    plain, told = (float((called(emotions, shown) == y).mean()) for shown in (None, DESIGN))
    print(f"{title}, n {len(y)}: accuracy {plain:.3f}, levelled to seven alike {told:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--teachers", type=Path, default=Path("../shared/teachers"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    net = FaceAffectModel(args.weights)
    judged = jaffe(args.data, args.cache)
    columns: dict[str, Said] = {k.name: package(k, None, args.cache, "jaffe", judged) for k in PACKAGES}
    columns["four AffectNet nets averaged"] = teachers(args.teachers, args.cache, "jaffe", judged, 1)
    mine = ours(net, args.cache, "jaffe", judged)
    columns = {name: said for name, said in (columns | mine).items() if said.probabilities}
    found = {name: about(said.emotions, judged) for name, said in columns.items()}
    print("| | n | " + " | ".join(found) + " |\n|---|---" + "|---" * len(found) + "|")
    for line in next(iter(found.values())):
        cells = [column[line] for column in found.values()]
        print(f"| {line} | {cells[0].n} | " + " | ".join(map(str, cells)) + " |", flush=True)
    emotions = mine["face-affect, uniform prior"].emotions
    print("\nuniform prior, levels of fewer faces than the 213:")
    few(emotions, judged, np.array([row["subject"] for row in manifest(args.data / ARCHIVES["jaffe"])]))
    print("\nuniform prior, where the design is told wrongly:")
    wrong(
        emotions[np.isin(judged.y, [0, 1])], judged.y[np.isin(judged.y, [0, 1])], "JAFFE's neutral and happy pictures"
    )
    wild = rafdb(args.data, args.cache)
    known = wild.y >= 0
    wrong(
        ours(net, args.cache, "rafdb_test", wild)["face-affect, uniform prior"].emotions[known],
        wild.y[known],
        "RAF-DB test",
    )


if __name__ == "__main__":
    main()
