"""Windows of the corpora as one table: what the encoder says, what the corpora say, and how much each counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import CIRCUMPLEX, N_EMOTIONS
from training.voice.data import manifest

Array = np.ndarray
STRONG, WEAK = 0.15, -0.10
"""What RAVDESS's strong and normal intensity add to a category's arousal (its two levels lie around the mean)."""
LEVELS = (-0.25, 0.0, 0.45)
"""Arousal that BAVED's low, neutral and high expression are taken for."""
FEW = 30
"""A category of a corpus with fewer windows counts less."""


@dataclass
class Table:
    """Columns over windows (n)."""

    corpus: Array
    copy: Array
    index: Array
    """Which utterance of its corpus."""
    kind: Array
    hops: Array
    reach_db: Array
    means: Array
    """(n, 1152) float32."""
    label: Array
    speaker: Array
    level: Array
    intensity: Array

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: Array) -> "Table":
        """The rows where `mask` is true, or at these places."""
        return Table(*(getattr(self, f.name)[mask] for f in fields(self)))

    def classes(self) -> Array:
        """(n, 8) bool: the categories that the window's corpus has."""
        found = np.zeros((len(self), N_EMOTIONS), bool)
        for corpus in np.unique(self.corpus):
            mine = self.corpus == corpus
            found[mine] = np.isin(np.arange(N_EMOTIONS), self.label[mine])
        return found

    def places(self) -> Array:
        """(n, 2) valence and arousal to learn: the category's place, by intensity; NaN where nothing is said."""
        place = np.where(self.label[:, None] >= 0, CIRCUMPLEX[self.label], np.nan)
        place[:, 1] += np.where(
            self.intensity == 2, STRONG, np.where((self.intensity == 1) & (self.label > 0), WEAK, 0.0)
        )
        place[:, 1] = np.where(self.level >= 0, np.array(LEVELS)[self.level], place[:, 1])
        return place


def load(cache: Path, corpora: Sequence[str], copies: Sequence[int] = (0,), file: Path | None = None) -> Table:
    """The windows in `cache` of whatever is there, or in `file`; of ASED only the sentences that all emotions share."""
    parts: list[dict[str, Array]] = []
    for corpus in corpora:
        listed = manifest(corpus)
        for copy in copies:
            path = file or cache / f"{corpus}-{copy}.npz"
            if copy and not path.exists():
                continue
            with np.load(path) as held:
                part = {name: held[name] for name in ("index", "kind", "hops", "reach_db")}
                part["means"] = held["means"].astype(np.float32)
            said = [listed[i] for i in part["index"]]
            part |= {name: np.array([getattr(u, name) for u in said]) for name in ("label", "level", "intensity")}
            part["speaker"] = np.array([u.speaker for u in said], object)
            part["corpus"], part["copy"] = np.full(len(said), corpus, object), np.full(len(said), copy)
            common = np.array([u.common for u in said])
            parts.append({name: column[common] for name, column in part.items()})
    return Table(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def weights(table: Table, corpora: Mapping[str, float]) -> Array:
    """How much each window counts: corpora as told, categories within one alike, speakers by the root of their number.

    Utterances count once however many windows they have; disturbed copies a third of those as recorded.
    """
    weight = np.zeros(len(table))
    for corpus in np.unique(table.corpus):
        mine = table.corpus == corpus
        kinds = np.unique(table.label[mine])
        for label in kinds:
            cell = np.flatnonzero(mine & (table.label == label))
            place = np.unique(table.speaker[cell], return_inverse=True)[1]
            heard, copies = np.bincount(place), np.where(table.copy[cell] == 0, 1.0, 1 / 3)
            own = copies / np.sqrt(heard[place])
            share = min(len(np.unique(table.index[cell])) / FEW, 1.0) / len(kinds)
            weight[cell] = corpora.get(corpus, 1.0) * share * own / own.sum()
    return (weight / weight.sum()).astype(np.float32)


@dataclass
class Calm:
    """Calm speech of each speaker of a table: what the encoder says of it on average, and which rows it is made of."""

    mean: dict[str, Array]
    seconds: dict[str, float]
    used: Array

    def of(self, table: Table) -> tuple[Array, Array, Array]:
        """Per row the speaker's calm mean (n, 1152), zeros where unknown, the seconds heard, whether it is known."""
        known = np.array([s in self.mean for s in table.speaker])
        mean = np.zeros((len(table), table.means.shape[1]), np.float32)
        seconds = np.zeros(len(table), np.float32)
        for speaker, value in self.mean.items():
            mine = table.speaker == speaker
            mean[mine], seconds[mine] = value, self.seconds[speaker]
        return mean, seconds, known


def calm_of(table: Table, rng: np.random.Generator, seconds: float = 30.0) -> Calm:
    """From random whole neutral utterances as recorded, at most half of a speaker's, until `seconds` were heard."""
    found = Calm({}, {}, np.zeros(len(table), bool))
    plain = (table.label == 0) & (table.kind == 0) & (table.copy == 0)
    for speaker in np.unique(table.speaker):
        rows = rng.permutation(np.flatnonzero(plain & (table.speaker == speaker)))
        rows = rows[: len(rows) // 2]
        heard = np.cumsum(table.hops[rows]) * 0.01
        rows = rows[: int(np.searchsorted(heard, seconds)) + 1]
        if len(rows):
            found.mean[speaker] = np.average(table.means[rows], axis=0, weights=table.hops[rows])
            found.seconds[speaker] = min(float(heard[len(rows) - 1]), seconds)
            found.used |= (table.speaker == speaker) & np.isin(table.index, table.index[rows])
    return found
