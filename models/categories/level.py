"""Levels: what a model says of a study's faces, brought to how often the study's design shows each category.

A model that learned elsewhere has a level of its own for each category under another camera, light and people: it may
give angry faces more anger than others get, and yet call none of them angry. A design that is known mends that without
a label: every distribution is multiplied by one factor for each category and made to sum to 1 again, the factors such
that on average each category has the share in which it is shown. That is raking (Deming and Stephan 1940, "On a least
squares adjustment of a sampled frequency table", Annals of Mathematical Statistics 11), here of a classifier's
posteriors as in Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
probabilities", Neural Computation 14, who estimate the shares that a design knows. The order in which faces are given a
category hardly changes; where the design is told wrongly, the answers are wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import EMOTIONS, LEAST_SHARE, N_EMOTIONS, AnyFloats, moved
from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]
Shown = str | Mapping[str, float] | Sequence[str]
LEAST_EACH: Final = 2
"""So many for each category that is shown are asked for: a level rests on all of them together."""
ALL: Final = "all"
_TURNS: Final = 2_000
_NEAR: Final = 1e-6


def shares_of(shown: Shown) -> Floats:
    """The shares (8,) of a design, which sum to 1; a category that is not shown has 0.

    Parameters
    ----------
    shown: "all"; names, with how often where that differs, as in "neutral=2,anger,fear" or a list of such; or a mapping
        of names to how often.

    Raises
    ------
    BadInput: a name that is no category or comes twice, a number that is not above 0, fewer than two categories.
    """
    if isinstance(shown, str):
        shown = tuple(EMOTIONS) if shown.strip() == ALL else shown.split(",")
    if isinstance(shown, Mapping):
        pairs = [(name, float(often)) for name, often in shown.items()]
    else:
        pairs = [_pair(word) for word in shown]
    shares = np.zeros(N_EMOTIONS)
    for name, often in pairs:
        if name not in EMOTIONS:
            raise BadInput(f"'{name}' is no category: name some of {', '.join(EMOTIONS)}, or '{ALL}'")
        if not (np.isfinite(often) and often > 0):
            raise BadInput(f"{name} is shown {often:g} times: say how often, above 0, or leave it out")
        if shares[EMOTIONS.index(name)]:
            raise BadInput(f"{name} is named twice")
        shares[EMOTIONS.index(name)] = often
    if np.count_nonzero(shares) < 2:
        raise BadInput(f"a design shows two categories at least: name them, as in neutral,anger=2, or '{ALL}'")
    return shares / shares.sum()


def levels(emotions: AnyFloats, shares: AnyFloats, weights: AnyFloats | None = None) -> Floats:
    """What is to be added to log-probabilities (8,): 0 on average over the categories shown, -inf for the others.

    Parameters
    ----------
    emotions: (n, 8) distributions of all that a study showed; rows with NaN are passed over.
    shares: (8,) of the design, from `shares_of`.
    weights: (n,) how much each row counts, 0 and up; all alike without it.

    Raises
    ------
    BadInput: other shapes, or fewer than `LEAST_EACH` rows for each category that is shown.
    """
    p, of = np.asarray(emotions, np.float64), np.asarray(shares, np.float64)
    w = np.ones(len(p)) if weights is None else np.asarray(weights, np.float64)
    if p.ndim != 2 or p.shape[1:] != (N_EMOTIONS,) or of.shape != (N_EMOTIONS,) or w.shape != (len(p),):
        raise BadInput(
            f"distributions are (n, 8), shares (8,), weights (n,): these are {p.shape}, {of.shape}, {w.shape}"
        )
    told = np.isfinite(p).all(1) & (w > 0)
    there = of > 0
    if np.count_nonzero(told) < LEAST_EACH * np.count_nonzero(there):
        raise BadInput(
            f"{np.count_nonzero(told)} rows with numbers are too few for levels of {np.count_nonzero(there)} "
            f"categories: {LEAST_EACH} for each are asked for"
        )
    found = np.maximum(p[told][:, there], LEAST_SHARE)
    w, wanted = w[told] / w[told].sum(), of[there]
    factors = np.ones(len(wanted))
    for _ in range(_TURNS):
        mean = w @ (found * factors / (found @ factors)[:, None])
        factors *= wanted / mean
        if np.abs(mean - wanted).max() < _NEAR:
            break
    shift = np.full(N_EMOTIONS, -np.inf)
    shift[there] = np.log(factors) - np.log(factors).mean()
    return shift


def levelled(emotions: AnyFloats, shift: AnyFloats) -> AnyFloats:
    """Distributions (n, 8) with `shift` (8,), from `levels`, added to their logarithms; NaN stays NaN."""
    return moved(np.asarray(emotions, np.float64), shift)


def _pair(word: str) -> tuple[str, float]:
    name, given, often = word.strip().partition("=")
    try:
        return name.strip(), float(often) if given else 1.0
    except ValueError:
        raise BadInput(
            f"'{word.strip()}' is not understood: write a category, or one with how often, as in anger=2"
        ) from None
