"""Batches for the voice nets: who is drawn, what calm speech is known of them, and what they are to learn."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.voice.baseline import HALF_S
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import WINDOW_HOPS
from training.voice.windows import Windows, calm_baseline

Array = np.ndarray
BASELINES = 6


def weight_of(seconds: float) -> float:
    """How far a baseline of so many seconds of calm speech is believed, 0 to 1."""
    return seconds / (seconds + HALF_S)


@dataclass
class Pool:
    """Windows with their targets and calm baselines, ready to be drawn from."""

    windows: Windows
    label: Array
    corpus: Array
    speaker: Array
    """(n,) number of the speaker and copy a window belongs to."""
    target: Array
    """(n, 2) valence, arousal; NaN where the corpus says neither."""
    calm_summary: Array
    """(speakers, BASELINES, S) float32, raw."""
    calm_mel: Array
    calm_weight: Array
    """(speakers, BASELINES); 0 where nothing calm is known."""
    calm: Array
    """(n,) bool: whole windows of calm speech."""

    @classmethod
    def of(cls, windows: Windows, seed: int = 7) -> "Pool":
        """Draws the baselines: BASELINES per speaker and copy, of 3 to 60 s."""
        label, corpus = windows.column("label"), windows.column("corpus")
        level = windows.column("level")
        names = np.array([f"{u.speaker}#{k}" for u, k in zip(windows.utterance, windows.copy, strict=True)])
        unique, speaker = np.unique(names, return_inverse=True)
        calm = ((label == 0) | ((level >= 0) & (level <= 1))) & windows.whole
        rng = np.random.default_rng(seed)
        shape = (len(unique), BASELINES)
        summary = np.full((*shape, windows.summary.shape[1]), np.nan, np.float32)
        mel, weight = np.zeros((*shape, N_MELS), np.float32), np.zeros(shape, np.float32)
        for s in range(len(unique)):
            rows = np.flatnonzero(calm & (speaker == s))
            for k in range(BASELINES):
                seconds = float(np.exp(rng.uniform(np.log(3.0), np.log(60.0))))
                if (b := calm_baseline(windows, rows, seconds, rng)) is not None:
                    summary[s, k], mel[s, k], weight[s, k] = b.summary, b.mel, weight_of(b.seconds)
        return cls(windows, label, corpus, speaker, windows.targets(), summary, mel, weight, calm)


@dataclass
class Batch:
    """Rows of a pool as tensors; `pairs` (p, 2) are positions in the batch whose first should have more arousal."""

    rows: Array
    variant: Array
    weight: Tensor
    label: Tensor
    target: Tensor
    allowed: Tensor
    """(n, 8) bool: the categories the window's corpus has."""
    pairs: Tensor


class Sampler:
    """Draws windows evenly over corpora, categories and speakers, with pairs that are ordered in arousal."""

    def __init__(self, pool: Pool, rows: Array, seed: int, cold: float = 0.5) -> None:
        self.pool, self.rng, self.cold = pool, np.random.default_rng(seed), cold
        acted = rows[pool.label[rows] >= 0]
        self.cells = [
            [
                acted[(pool.corpus[acted] == c) & (pool.label[acted] == e)]
                for e in np.unique(pool.label[acted[pool.corpus[acted] == c]])
            ]
            for c in np.unique(pool.corpus[acted])
        ]
        self.allowed = {
            c: np.isin(np.arange(len(EMOTIONS)), pool.label[acted[pool.corpus[acted] == c]])
            for c in np.unique(pool.corpus[acted])
        }
        level, intensity = pool.windows.column("level"), pool.windows.column("intensity")
        self.order = []
        for high, low in ((level == 2, level == 1), (level == 2, level == 0), (level == 1, level == 0)):
            self.order += self._matched(rows, high, low, pool.speaker)
        self.order += self._matched(rows, intensity == 2, intensity == 1, pool.speaker * 8 + np.maximum(pool.label, 0))

    @staticmethod
    def _matched(rows: Array, high: Array, low: Array, group: Array) -> list[tuple[Array, Array]]:
        found = []
        for g in np.unique(group[rows]):
            mine = rows[group[rows] == g]
            a, b = mine[high[mine]], mine[low[mine]]
            if len(a) and len(b):
                found.append((a, b))
        return found

    def draw(self, size: int, pairs: int) -> Batch:
        """`size` windows with categories and `pairs` ordered pairs."""
        rng, pool = self.rng, self.pool
        rows = []
        for k in range(size):
            cells = self.cells[k % len(self.cells)]
            cell = cells[rng.integers(len(cells))]
            rows.append(cell[rng.integers(len(cell))])
        for _ in range(pairs if self.order else 0):
            high, low = self.order[rng.integers(len(self.order))]
            rows += [high[rng.integers(len(high))], low[rng.integers(len(low))]]
        rows = np.array(rows)
        variant = rng.integers(BASELINES, size=len(rows))
        known = rng.random(len(rows)) >= self.cold
        for k in range(size, len(rows), 2):  # the two of a pair are heard with the same baseline
            variant[k + 1], known[k + 1] = variant[k], known[k]
        weight = pool.calm_weight[pool.speaker[rows], variant] * known
        allowed = np.stack([self.allowed.get(c, np.ones(len(EMOTIONS), bool)) for c in pool.corpus[rows]])
        order = np.arange(size, len(rows)).reshape(-1, 2)
        return Batch(
            rows, variant, torch.tensor(weight[:, None], dtype=torch.float32), torch.tensor(pool.label[rows]),
            torch.tensor(pool.target[rows], dtype=torch.float32), torch.tensor(allowed), torch.tensor(order),
        )  # fmt: skip


def mel_of(windows: Windows, rows: Array) -> tuple[Tensor, Tensor]:
    """Log-mel rows (n, 300, 40), newest last, zeros before the first, and how many are filled (n, 1)."""
    out = np.zeros((len(rows), WINDOW_HOPS, N_MELS), np.float32)
    hops = windows.stop[rows] - windows.start[rows]
    for k, i in enumerate(rows):
        out[k, WINDOW_HOPS - hops[k] :] = windows.mel[windows.start[i] : windows.stop[i]]
    return torch.from_numpy(out), torch.tensor(hops[:, None], dtype=torch.float32)
