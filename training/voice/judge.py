"""Scores of heads on speakers or corpora they never saw: recall, order in valence and arousal, coverage, intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS, N_EMOTIONS
from liveaffect.models.voice.baseline import HALF_S
from liveaffect.models.voice.usual import Usual
from liveaffect.models.voice.window import WINDOW_HOPS
from training.voice.export import DROWNED_DB, DROWNED_STEP_DB, FULL_DB, Heads
from training.voice.heads import Fitted
from training.voice.table import Calm, Table

Array = np.ndarray
HIGH, LOW = [EMOTIONS.index(n) for n in ("anger", "fear")], [EMOTIONS.index(n) for n in ("neutral", "sadness")]
BAD, GOOD = [EMOTIONS.index(n) for n in ("sadness", "anger", "disgust", "fear")], [EMOTIONS.index("happiness")]

NINETY, NINETY_FIVE = 1.645, 1.960
"""Half of an interval that holds so many in a hundred, in deviations."""


@dataclass
class Said:
    """What heads that never saw them say of windows (n), before calibration."""

    cold: Array
    relative: Array
    plane_cold: Array
    plane_relative: Array
    weight: Array
    """How far the speaker's baseline is believed, 0 where there is none."""
    used: Array
    """Whether the utterance is part of that baseline."""
    typical: Array
    """(n, 10): what cold heads say of speech on average: log-ratios, valence, arousal."""

    @staticmethod
    def of(fitted: Fitted, table: Table, calm: Calm) -> "Said":
        """Of the rows of `table`, whose speakers `calm` knows."""
        mean, seconds, known = calm.of(table)
        cold, relative = fitted.cold_of(table.means), fitted.relative_of(table.means - mean)
        weight = np.where(known, seconds / (seconds + HALF_S), 0.0)
        middle = np.concatenate([part[0] for part in fitted.cold_of(fitted.typical[None])])
        typical = np.repeat(middle[None], len(table), axis=0)
        return Said(cold[0], relative[0], cold[1], relative[1], weight, calm.used.copy(), typical)

    @staticmethod
    def joined(parts: "Sequence[Said]") -> "Said":
        """One after the other."""
        return Said(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Said)))

    def where(self, mask: Array) -> "Said":
        """The rows where `mask` is true, or at these places."""
        return Said(*(getattr(self, f.name)[mask] for f in fields(self)))


def with_usual(said: Said, order: Sequence[Array], seconds: float = 3.0) -> Said:
    """As a stream says it that hears the rows of each of `order` one after the other, so many seconds each.

    All heads are linear, so that moving what the encoder says moves their answers. Rows come in the order heard.
    """
    rows = np.concatenate(order)
    found = said.where(rows)
    start = 0
    for part in order:
        own = slice(start, start + len(part))
        start += len(part)
        answers = np.concatenate([found.cold[own], found.plane_cold[own]], axis=1)
        usual = Usual(answers.shape[1])
        for k, row in enumerate(answers.copy()):
            usual.add(row.astype(np.float32), seconds)
            answers[k] = row - usual.weight * (usual.mean - found.typical[own][k])
        found.cold[own], found.plane_cold[own] = answers[:, :N_EMOTIONS], answers[:, N_EMOTIONS:]
    return found


def answer(
    h: Heads, said: Said, table: Table, baseline: bool, allowed: Array | None = None
) -> tuple[Array, Array, Array]:
    """Emotions (n, 8), mean (n, 2), sd (n, 2): what the exported graph computes, from `said`.

    allowed (n, 8): categories that may be named; those that any corpus has where None.
    """
    believed = (h.trust * said.weight * baseline)[:, None]
    logits = (1 - believed) * said.cold + believed * said.relative
    plane = (1 - believed) * said.plane_cold + believed * said.plane_relative
    logits = logits * np.exp(terms(table, believed) @ h.sharpness)[:, None]
    logits = np.where(h.present if allowed is None else allowed & h.present, logits, -1e4)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    place = p @ CIRCUMPLEX
    mean = np.clip(place + np.clip(plane - place, -h.reach, h.reach) * h.leave, -0.95, 0.95)
    variance = np.maximum(p @ CIRCUMPLEX**2 - place**2, 0.0)
    variance = variance * h.spread**2 + h.floor**2
    return p, mean, widened(np.sqrt(variance), table.reach_db, h.drowned)


def widened(
    sd: Array, reach_db: Array, drowned: Array, db: float = DROWNED_DB, step_db: float = DROWNED_STEP_DB
) -> Array:
    """Deviations (n, 2) that were `sd` in silence: the more the speech drowns, the nearer to `drowned` (2,)."""
    share = expit((db - reach_db) / step_db)[:, None]
    return np.sqrt(sd**2 + share * np.maximum(np.square(drowned) - sd**2, 0.0))


def terms(table: Table, believed: Array) -> Array:
    """(n, 4): what the logarithm of sharpness is a sum of."""
    length = np.log2(np.maximum(table.hops / WINDOW_HOPS, 0.1))
    clear = (np.clip(table.reach_db, 0.0, FULL_DB) - FULL_DB) * 0.1
    return np.column_stack([np.ones(len(table)), believed[:, 0], length, clear])


def calibrate(h: Heads, said: Said, table: Table, baseline: Array, weight: Array) -> None:
    """Sets `sharpness` to what makes the labels least surprising, then the spread on the plane to hold nine in ten.

    baseline (n,) 0 or 1: with it or cold; weight (n,): how much each row counts.
    """
    allowed = table.classes() & h.present
    right = np.arange(len(table)), table.label
    believed = (h.trust * said.weight * baseline)[:, None]
    logits = (1 - believed) * said.cold + believed * said.relative
    inputs = terms(table, believed)
    weight = weight / weight.sum()

    def surprise(sharpness: Array) -> float:
        z = np.where(allowed, logits * np.exp(inputs @ sharpness)[:, None], -1e4)
        top = z.max(axis=1, keepdims=True)
        log_p = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
        return float(-log_p[right] @ weight)

    h.sharpness = np.asarray(
        minimize(surprise, h.sharpness, method="Nelder-Mead", options={"maxiter": 150, "fatol": 1e-5, "xatol": 1e-3}).x
    )
    place = table.places()
    for k in range(2):

        def miss(scale: float, k: int = k) -> float:
            h.spread[k] = scale
            _, mean, sd = answer(h, said, table, baseline=True)
            return abs(weight @ (np.abs(place[:, k] - mean[:, k]) <= NINETY * sd[:, k]) - 0.9)

        h.spread[k] = minimize_scalar(miss, bounds=(0.5, 2.0), method="bounded", options={"xatol": 0.01}).x


def recall(label: Array, p: Array) -> float:
    """Unweighted average recall among the categories that `label` has: the most probable of them against the label."""
    classes = [c for c in range(N_EMOTIONS) if (label == c).any()]
    chosen = np.array(classes)[p[:, classes].argmax(axis=1)]
    return float(np.mean([np.mean(chosen[label == c] == c) for c in classes]))


def pairs(value: Array, high: Array, low: Array, group: Array) -> float:
    """Share of pairs within a group (high, low) whose `value` is in that order."""
    right = count = 0
    for g in np.unique(group):
        a, b = value[high & (group == g)], value[low & (group == g)]
        right += int((a[:, None] > b[None, :]).sum())
        count += len(a) * len(b)
    return right / count if count else float("nan")


def scores(table: Table, p: Array, mean: Array, sd: Array) -> dict[str, float]:
    """Recall, arousal and valence in pairs of one speaker, coverage of 90 % intervals, how sure against right."""
    label, place = table.label, table.places()
    group = np.unique(table.speaker.astype(str), return_inverse=True)[1]
    away = np.abs(place - mean) / sd
    inside, within = away <= NINETY, away <= NINETY_FIVE
    classes = np.unique(label)
    among = p[:, classes] / p[:, classes].sum(axis=1, keepdims=True)
    neutral = label == 0
    return {
        "recall": recall(label, p),
        "arousal": pairs(mean[:, 1], np.isin(label, HIGH), np.isin(label, LOW), group),
        "valence": pairs(mean[:, 0], np.isin(label, GOOD), np.isin(label, BAD), group),
        "valence_in_90": float(inside[:, 0].mean()),
        "arousal_in_90": float(inside[:, 1].mean()),
        "valence_in_95": float(within[:, 0].mean()),
        "arousal_in_95": float(within[:, 1].mean()),
        "confidence": float(among.max(axis=1).mean()),
        "accuracy": float((classes[among.argmax(axis=1)] == label).mean()),
        "neutral_first": float((p[neutral].argmax(axis=1) == 0).mean()) if neutral.any() else float("nan"),
        "neutral_anger_fear": float(p[neutral][:, HIGH].sum(axis=1).mean()) if neutral.any() else float("nan"),
    }


def interval(speakers: Array, of: Callable[[Array], float], draws: int = 300, seed: int = 3) -> tuple[float, float]:
    """95 % by bootstrap of speakers; `of` gets the places of the rows drawn."""
    rows = [np.flatnonzero(speakers == s) for s in np.unique(speakers)]
    rng = np.random.default_rng(seed)
    found = [of(np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])) for _ in range(draws)]
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)
