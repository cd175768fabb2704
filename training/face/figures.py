"""Figures of the card, each with its interval by bootstrap over faces (FER+ and UTKFace name no subjects)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.evaluation import metrics
from liveaffect.models.face.affect import FaceAffectResult

DRAWS = 400


class Figure(NamedTuple):
    """A number with its 95 % interval and the faces behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def figure(of: Callable[[np.ndarray], float], rows: np.ndarray, seed: int = 0) -> Figure:
    """`of(rows)`, and the percentiles 2.5 and 97.5 of it over `DRAWS` resamplings of the rows."""
    rng = np.random.default_rng(seed)
    if not len(rows):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    drawn = [of(rng.choice(rows, len(rows))) for _ in range(DRAWS)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Figure(float(of(rows)), float(low), float(high), len(rows))


def over_people(of: Callable[[np.ndarray], float], who: np.ndarray, seed: int = 0) -> Figure:
    """`of(rows)` with its interval, people `who` (n,) drawn again with all their rows; `n` is theirs."""
    rows = [np.flatnonzero(who == name) for name in np.unique(who)]
    return figure(lambda drawn: of(np.concatenate([rows[k] for k in drawn])), np.arange(len(rows)), seed)


def measure(result: FaceAffectResult, votes: np.ndarray) -> dict[str, Figure | int]:
    """Every figure for faces with these vote counts (n, 8); rows left NaN are counted, not hidden."""
    told = np.isfinite(result.emotions[:, 0]) & (votes.sum(1) > 0)
    p, count = result.emotions[told].astype(np.float64), votes[told].astype(np.float64)
    total = count.sum(1)
    share = count / total[:, None]
    y, got, row = share.argmax(1), p.argmax(1), np.arange(len(p))
    kl = (share * (np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(p, 1e-12)))).sum(1)
    truth = share @ COORDINATES
    va = np.stack([result.valence, result.arousal], 1)[told]
    sd = np.stack([result.valence_sd, result.arousal_sd], 1)[told]
    all_rows, strict, few = row, np.flatnonzero(share.max(1) > 0.5), np.flatnonzero(total >= 5)
    sure, agreed = p[row, got], share[row, got]
    found: dict[str, Figure | int] = {
        "faces": len(votes),
        "without an answer": int((~told).sum()),
        "faces with a majority": len(strict),
        "accuracy there": figure(lambda r: float((y[r] == got[r]).mean()), strict),
        "UAR, eight classes": figure(lambda r: uar(y[r], got[r]), strict),
        "mean KL to the votes, five or more": figure(lambda r: float(kl[r].mean()), few),
        "calibration error against vote share": figure(
            lambda r: metrics.calibration_error(sure[r], agreed[r]), all_rows
        ),
    }
    for k, name in enumerate(("valence", "arousal")):
        found[f"{name} CCC"] = figure(lambda r, k=k: metrics.ccc(va[r, k], truth[r, k]), all_rows)
        found[f"{name} RMSE"] = figure(lambda r, k=k: metrics.rmse(va[r, k], truth[r, k]), all_rows)
        found[f"90 % interval covers, {name}"] = figure(
            lambda r, k=k: metrics.coverage(va[r, k], sd[r, k], truth[r, k]), all_rows
        )
    return found


def uar(y: np.ndarray, got: np.ndarray) -> float:
    """Mean recall over the classes present."""
    return float(np.mean([(got[y == k] == k).mean() for k in np.unique(y)]))


def recalls(result: FaceAffectResult, votes: np.ndarray) -> tuple[list[int], list[Figure]]:
    """Faces and recall of each class where it has the majority; faces without an answer count as missed."""
    share = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    got = np.where(np.isfinite(result.emotions[:, 0]), np.nan_to_num(result.emotions).argmax(1), -1)
    of = [np.flatnonzero((share.max(1) > 0.5) & (share.argmax(1) == k)) for k in range(8)]
    right = [figure(lambda r, k=k: float((got[r] == k).mean()), rows) for k, rows in enumerate(of)]
    return [len(rows) for rows in of], right


def sureness(result: FaceAffectResult, truth: np.ndarray) -> list[tuple[str, int, float, float, float]]:
    """Are the deviations right where they are small? Per predicted class: faces, mean sd of valence, RMS error, RMS of
    error over sd (1 is right)."""
    from liveaffect.models.circumplex import EMOTIONS

    got, error = result.emotions.argmax(1), result.valence - truth[:, 0]
    out = []
    for k, name in enumerate(EMOTIONS):
        for low, high in ((0.0, 0.85), (0.85, 1.01)):
            top = result.emotions.max(1)
            rows = (got == k) & (top >= low) & (top < high)
            if rows.sum() >= 20:
                z = error[rows] / result.valence_sd[rows]
                name_here = name + (", p >= 0.85" if low else "")
                sd, rms = float(result.valence_sd[rows].mean()), float(np.sqrt(np.mean(error[rows] ** 2)))
                out.append((name_here, int(rows.sum()), sd, rms, float(np.sqrt(np.mean(z**2)))))
    return out
