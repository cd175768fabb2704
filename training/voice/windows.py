"""Training windows cut from the cache: what a `SpeechWindow` would hold at some instant of each utterance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import CIRCUMPLEX
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import LEAST_HOPS, SPEECH, WINDOW_HOPS, counted, summary
from training.voice.data import Utterance, manifest

Array = np.ndarray
STRONG, WEAK = 0.15, -0.10
"""What RAVDESS's strong and normal intensity add to the class's arousal (its two levels lie around the class mean)."""


@dataclass
class Windows:
    """Windows (n) of several corpora and copies; `mel` rows start[i] : stop[i] belong to window i."""

    utterance: list[Utterance]
    """The utterance each window is of."""
    index: Array
    """(n,) which utterance of its corpus."""
    copy: Array
    """(n,) 0 as recorded, 1.. a virtual session."""
    whole: Array
    """(n,) bool: the window at the end of the utterance; the others are cut at random."""
    summary: Array
    """(n, len(SUMMARY_NAMES)) float32, NaN where undefined."""
    start: Array
    stop: Array
    mel: Array
    """(rows, 40) float16."""

    def __len__(self) -> int:
        return len(self.index)

    def column(self, name: str) -> Array:
        """An attribute of the utterances as (n,)."""
        return np.array([getattr(u, name) for u in self.utterance])

    def targets(self) -> Array:
        """(n, 2) valence and arousal to learn: the category's place, by intensity; NaN where there is no category."""
        label, intensity = self.column("label"), self.column("intensity")
        target = np.where(label[:, None] >= 0, CIRCUMPLEX[label], np.nan)
        target[:, 1] += np.where(intensity == 2, STRONG, np.where((intensity == 1) & (label > 0), WEAK, 0.0))
        return np.clip(target, -0.95, 0.95)


def build(cache: Path, corpora: list[str], copies: int, cuts: int = 2, seed: int = 5, every: int = 0) -> Windows:
    """Windows of the utterances in `cache`: the whole one and `cuts` random ones each; too short ones are left out.

    every: instead of the random ones those a stream judges, each so many hops of speech.
    """
    utterances: list[Utterance] = []
    index, copy_of, whole, summaries, start, stop, mels = [], [], [], [], [], [], []
    rows = 0
    for corpus in corpora:
        listed = manifest(corpus)
        for copy in range(copies):
            path = cache / f"{corpus}-{copy}.features.npz"
            rng = np.random.default_rng([seed, copy])
            with np.load(path) as file:
                cut = np.cumsum(file["n"])[:-1]
                values, mel, speech = (np.split(file[k], cut) for k in ("values", "mel", "speech"))
            for i, utterance in enumerate(listed):
                kept = counted(speech[i])
                heard = np.cumsum(speech[i][kept] >= SPEECH)
                n = int(kept.sum())
                if n == 0 or heard[-1] < LEAST_HOPS:
                    continue
                v = values[i][kept]
                mels.append(mel[i][kept])
                first = int(np.searchsorted(heard, LEAST_HOPS)) + 1
                others = _steps(n, first, every) if every else _cuts(n, first, cuts, rng)
                for k, (a, b) in enumerate([(max(n - WINDOW_HOPS, 0), n), *others]):
                    utterances.append(utterance)
                    index.append(i)
                    copy_of.append(copy)
                    whole.append(k == 0)
                    summaries.append(summary(v[a:b]))
                    start.append(rows + a)
                    stop.append(rows + b)
                rows += n
    return Windows(
        utterances, np.array(index), np.array(copy_of), np.array(whole), np.stack(summaries),
        np.array(start), np.array(stop), np.concatenate(mels) if mels else np.zeros((0, N_MELS), np.float16),
    )  # fmt: skip


def _steps(n: int, first: int, every: int) -> list[tuple[int, int]]:
    return [(max(b - WINDOW_HOPS, 0), b) for b in range(first, n + 1, every)]


def _cuts(n: int, first: int, cuts: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    found = []
    for _ in range(cuts):
        b = int(rng.integers(first, n + 1))
        # Half as after a silence (all since the onset), half as in the midst of longer speech.
        a = 0 if rng.random() < 0.5 else int(rng.integers(0, max(b - LEAST_HOPS, 0) + 1))
        found.append((max(a, b - WINDOW_HOPS), b))
    return found


@dataclass
class Baseline:
    """What a speaker's calm speech looks like: means over hops and windows, and how many seconds were heard."""

    summary: Array
    mel: Array
    seconds: float


def calm_baseline(windows: Windows, rows: Array, seconds: float, rng: np.random.Generator) -> Baseline | None:
    """From random calm utterances among the windows `rows` (of one speaker and copy) until `seconds` were heard."""
    chosen, heard = [], 0.0
    for i in rng.permutation(rows):
        if heard >= seconds:
            break
        chosen.append(i)
        heard += (windows.stop[i] - windows.start[i]) * 0.01
    if not chosen:
        return None
    mel = np.concatenate([windows.mel[windows.start[i] : windows.stop[i]] for i in chosen]).astype(np.float32)
    table = windows.summary[chosen]
    known = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, table, 0.0).sum(axis=0) / known.sum(axis=0)
    return Baseline(mean.astype(np.float32), mel.mean(axis=0), min(heard, seconds))
