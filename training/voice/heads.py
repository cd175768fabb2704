"""Fits the heads: categories by logistic regression on each layer, valence and arousal by ridge regression."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from liveaffect.models.circumplex import N_EMOTIONS
from training.voice.logistic import fit_softmax
from training.voice.table import Calm, Table, weights

Array = np.ndarray
LAYERS, WIDTH = 3, 384


@dataclass(frozen=True)
class Recipe:
    """What was chosen on left-out corpora."""

    corpora: Mapping[str, float]
    """Weight of each corpus; those not named count 1."""
    l2: float = 30.0
    ridge: float = 3.0
    centred: float = 1.0
    """Share of a corpus's own mean (room, microphone, language) taken away before fitting, where it has neutral."""
    layers: tuple[int, ...] = (0, 1, 2)
    components: int = 128
    """Directions of most variance that a layer is judged by: the rest is shrunk to little anyway, and costs time."""
    rounds: int = 50


@dataclass
class Fitted:
    """Matrices over what the encoder says, the last row added: categories (1153, 8), valence and arousal (1153, 2)."""

    cold: Array
    relative: Array
    plane_cold: Array
    plane_relative: Array
    present: Array
    typical: Array
    """(1152,): what the encoder says of speech on average; a voice's own average is moved there."""

    def cold_of(self, means: Array) -> tuple[Array, Array]:
        """Log-ratios (n, 8) and linear valence and arousal (n, 2)."""
        return means @ self.cold[:-1] + self.cold[-1], means @ self.plane_cold[:-1] + self.plane_cold[-1]

    def relative_of(self, away: Array) -> tuple[Array, Array]:
        """The same from differences to calm speech."""
        return away @ self.relative[:-1] + self.relative[-1], away @ self.plane_relative[:-1] + self.plane_relative[-1]


def fit(table: Table, calm: Calm, recipe: Recipe) -> Fitted:
    """All heads from the rows of `table`; `calm` is of the same table."""
    named = table.label >= 0
    weight = weights(table, recipe.corpora)
    x = _centred(table, weight, recipe.centred)
    mean, _, known = calm.of(table)
    away = table.means - mean
    known &= ~calm.used
    present = np.isin(np.arange(N_EMOTIONS), table.label)
    return Fitted(
        cold=_categories(table.where(named), x[named], recipe),
        relative=_categories(table.where(named & known), away[named & known], recipe),
        plane_cold=_plane(table, x, recipe),
        plane_relative=_plane(table.where(known), away[known], recipe),
        present=present,
        typical=weight @ table.means / weight.sum(),
    )


def _centred(table: Table, weight: Array, share: float) -> Array:
    x = table.means.copy()
    all_mean = weight @ x
    for corpus in np.unique(table.corpus):
        mine = table.corpus == corpus
        if (table.label[mine] == 0).any():
            x[mine] -= share * (weight[mine] @ x[mine] / weight[mine].sum() - all_mean)
    return x


def _categories(table: Table, x: Array, recipe: Recipe) -> Array:
    weight, allowed = weights(table, recipe.corpora), table.classes()
    wanted = np.eye(N_EMOTIONS, dtype=bool)[table.label]
    found = np.zeros((LAYERS * WIDTH + 1, N_EMOTIONS), np.float32)
    for layer in recipe.layers:
        at = slice(layer * WIDTH, (layer + 1) * WIDTH)
        z, middle, scale = _standard(x[:, at], weight)
        basis = np.linalg.eigh((z * (weight / weight.sum())[:, None]).T @ z)[1][:, -recipe.components :]
        w = fit_softmax(np.ascontiguousarray(z @ basis), wanted, allowed, weight, recipe.l2, recipe.rounds)
        full = basis @ w[:-1]
        found[at] = full / scale[:, None] / len(recipe.layers)
        found[-1] += (w[-1] - (middle / scale) @ full) / len(recipe.layers)
    return found


def _plane(table: Table, x: Array, recipe: Recipe) -> Array:
    """Of the second layer alone."""
    place, weight = table.places(), weights(table, recipe.corpora)
    at, x = slice(WIDTH, 2 * WIDTH), x[:, WIDTH : 2 * WIDTH]
    found = np.zeros((LAYERS * WIDTH + 1, 2), np.float32)
    for k in range(2):
        said = ~np.isnan(place[:, k])
        w = weight[said] / weight[said].sum()
        z, middle, scale = _standard(x[said], w)
        target = place[said, k] - w @ place[said, k]
        gram = (z * w[:, None]).T @ z + recipe.ridge * np.eye(z.shape[1], dtype=np.float32)
        solved = np.linalg.solve(gram, (z * w[:, None]).T @ target.astype(np.float32))
        found[at, k] = solved / scale
        found[-1, k] = w @ place[said, k] - (middle / scale) @ solved
    return found


def _standard(x: Array, weight: Array) -> tuple[Array, Array, Array]:
    middle = weight @ x / weight.sum()
    scale = np.sqrt(weight @ np.square(x - middle) / weight.sum()) + 1e-6
    return ((x - middle) / scale).astype(np.float32), middle, scale
