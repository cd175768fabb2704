"""Scores of a voice net on speakers or corpora it never saw: recall, arousal order, calibration, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from liveaffect.models.circumplex import EMOTIONS
from training.voice.batches import mel_of, weight_of
from training.voice.data import SIX
from training.voice.nets import VoiceAffectNet
from training.voice.windows import Windows, calm_baseline

Array = np.ndarray


@dataclass
class Predicted:
    """What the net says of windows (n); `scored` leaves out the calm utterances its baseline was made of."""

    rows: Array
    emotions: Array
    mean: Array
    sd: Array
    scored: Array

    def only(self, mask: Array) -> "Predicted":
        """The part of it where `mask` (n,) is true."""
        return Predicted(*(getattr(self, f.name)[mask] for f in fields(self)))

    @staticmethod
    def joined(parts: "Sequence[Predicted]") -> "Predicted":
        """One after the other."""
        return Predicted(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Predicted)))


def predict(net: VoiceAffectNet, windows: Windows, rows: Array, seconds: float, seed: int = 11) -> Predicted:
    """The net on windows `rows`, with `seconds` of the speaker's calm speech as baseline (0: cold).

    At most half of a speaker's calm utterances go into the baseline, so that the others can be scored.
    """
    rng = np.random.default_rng(seed)
    label, level = windows.column("label")[rows], windows.column("level")[rows]
    names = np.array([f"{windows.utterance[i].speaker}#{windows.copy[i]}" for i in rows])
    summary = np.full((len(rows), windows.summary.shape[1]), np.nan, np.float32)
    calm_mel, weight = np.zeros((len(rows), windows.mel.shape[1]), np.float32), np.zeros((len(rows), 1), np.float32)
    scored = np.ones(len(rows), bool)
    for name in np.unique(names) if seconds > 0 else []:
        mine = np.flatnonzero(names == name)
        calm = mine[((label[mine] == 0) | (level[mine] == 0) | (level[mine] == 1)) & windows.whole[rows[mine]]]
        half = rng.permutation(calm)[: len(calm) // 2]
        heard = np.cumsum((windows.stop - windows.start)[rows[half]]) * 0.01
        half = half[: int(np.searchsorted(heard, seconds)) + 1]
        b = calm_baseline(windows, rows[half], seconds, rng)
        if b is not None:
            summary[mine], calm_mel[mine], weight[mine] = b.summary, b.mel, weight_of(b.seconds)
            used = set(windows.index[rows[half]])
            scored[[i for i in mine if windows.index[rows[i]] in used]] = False
    outs = []
    with torch.no_grad():
        for k in range(0, len(rows), 256):
            part = slice(k, k + 256)
            mel, hops = mel_of(windows, rows[part]) if len(net.mel) else (torch.zeros(0), torch.zeros(0))
            t = [torch.from_numpy(a[part]) for a in (windows.summary[rows], summary, calm_mel, weight)]
            outs.append(net(t[0], mel, hops, t[1], t[2], t[3]))
    p, mean, sd = (torch.cat(column).numpy() for column in zip(*outs, strict=True))
    return Predicted(rows, p, mean, sd, scored)


def recall(label: Array, emotions: Array, classes: tuple[int, ...] = SIX) -> float:
    """Unweighted average recall among `classes`: the most probable of them against the label."""
    chosen = np.array(classes)[emotions[:, list(classes)].argmax(axis=1)]
    return float(np.mean([np.mean(chosen[label == c] == c) for c in classes if np.any(label == c)]))


def pairs(value: Array, high: Array, low: Array, group: Array) -> tuple[float, int]:
    """Share of pairs within a group (high, low) whose `value` is in that order, and how many pairs."""
    right = count = 0
    for g in np.unique(group):
        a, b = value[high & (group == g)], value[low & (group == g)]
        right += int((a[:, None] > b[None, :]).sum())
        count += len(a) * len(b)
    return (right / count if count else float("nan")), count


def scores(windows: Windows, said: Predicted, draws: int = 400, seed: int = 3) -> dict[str, tuple[float, float, float]]:
    """Name to (value, low, high): 95 % intervals by bootstrap of speakers.

    Judged by the window at an utterance's end, and (`_rows`) by the mean over all windows of the utterance.
    """
    said = said.only(said.scored)
    names = np.array([f"{windows.utterance[i].speaker}/{windows.index[i]}#{windows.copy[i]}" for i in said.rows])
    key = np.unique(names, return_inverse=True)[1]
    count = np.bincount(key)[:, None]
    mean_p, mean_m = np.zeros((len(count), said.emotions.shape[1])), np.zeros((len(count), 2))
    np.add.at(mean_p, key, said.emotions)
    np.add.at(mean_m, key, said.mean)
    end = windows.whole[said.rows]
    all_p, all_m = (mean_p / count)[key[end]], (mean_m / count)[key[end]]
    said = said.only(end)
    rows, p, mean = said.rows, said.emotions, said.mean
    label, intensity, level = (windows.column(n)[rows] for n in ("label", "intensity", "level"))
    speaker = np.array([f"{windows.utterance[i].speaker}#{windows.copy[i]}" for i in rows])
    unique = np.unique(speaker)

    def of(chosen: Array) -> dict[str, float]:
        where = np.concatenate([np.flatnonzero(speaker == s) for s in chosen])
        group = np.concatenate([np.full(int((speaker == s).sum()), k) for k, s in enumerate(chosen)])
        y, q, m = label[where], p[where], mean[where]
        all_q, all_n = all_p[where], all_m[where]
        six = np.isin(y, SIX)
        found = {"uar6": recall(y[six], q[six]) if six.any() else np.nan}
        found["uar6_rows"] = recall(y[six], all_q[six]) if six.any() else np.nan
        found["anger_over_neutral"] = pairs(m[:, 1], y == EMOTIONS.index("anger"), y == 0, group)[0]
        found["anger_over_neutral_rows"] = pairs(all_n[:, 1], y == EMOTIONS.index("anger"), y == 0, group)[0]
        found["strong_over_normal"] = pairs(
            m[:, 1], intensity[where] == 2, intensity[where] == 1, group * 10 + np.maximum(y, 0)
        )[0]
        found["high_over_low"] = pairs(m[:, 1], level[where] == 2, level[where] == 0, group)[0]
        return found

    rng = np.random.default_rng(seed)
    here = of(unique)
    again = [of(rng.choice(unique, len(unique))) for _ in range(draws)]
    result = {}
    for name, value in here.items():
        others = np.array([a[name] for a in again])
        bounds = np.nanpercentile(others, [2.5, 97.5]) if np.isfinite(others).any() else (np.nan, np.nan)
        result[name] = (float(value), float(bounds[0]), float(bounds[1]))
    return result


def calibration(windows: Windows, said: Predicted, bins: int = 10) -> dict[str, float]:
    """Calibration error of the confidence, coverage of the 90 % intervals of valence and arousal, over all windows."""
    label = windows.column("label")
    said = said.only(said.scored & (label[said.rows] >= 0))
    if not len(said.rows):
        return {}
    label, target, p, mean, sd = label[said.rows], windows.targets()[said.rows], said.emotions, said.mean, said.sd
    confidence, right = p.max(axis=1), p.argmax(axis=1) == label
    edge = np.minimum((confidence * bins).astype(int), bins - 1)
    ece = sum(abs(confidence[edge == b].mean() - right[edge == b].mean()) * np.mean(edge == b) for b in np.unique(edge))
    inside = np.abs(target - mean) <= 1.645 * sd
    return {
        "ece": float(ece), "confidence": float(confidence.mean()), "accuracy": float(right.mean()),
        "coverage_valence": float(inside[:, 0].mean()), "coverage_arousal": float(inside[:, 1].mean()),
        "sd_valence": float(sd[:, 0].mean()), "sd_arousal": float(sd[:, 1].mean()),
        "rmse_valence": float(np.sqrt(np.mean((target - mean)[:, 0] ** 2))),
        "rmse_arousal": float(np.sqrt(np.mean((target - mean)[:, 1] ** 2))),
    }  # fmt: skip
