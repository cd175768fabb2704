"""Training windows cut from the cache: what a `SpeechWindow` would hold at some instant of each utterance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveaffect.models.voice_mel import N_MELS
from liveaffect.models.voice_window import LEAST_HOPS, SPEECH, SUMMARY_NAMES, WINDOW_HOPS, counted, summary
from training.voice.data import Utterance, manifest

Array = np.ndarray


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


def build(cache: Path, corpora: list[str], copies: int, cuts: int = 2, seed: int = 5) -> Windows:
    """Windows of the utterances in `cache`: the whole one and `cuts` random ones each; too short ones are left out."""
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
                for k, (a, b) in enumerate([(max(n - WINDOW_HOPS, 0), n), *_cuts(n, first, cuts, rng)]):
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
    with np.errstate(invalid="ignore"):
        mean = np.nanmean(windows.summary[chosen], axis=0)
    return Baseline(mean, mel.mean(axis=0), min(heard, seconds))


def names() -> tuple[str, ...]:
    """Columns of `Windows.summary`."""
    return SUMMARY_NAMES
