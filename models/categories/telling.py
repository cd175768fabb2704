"""What a person's distribution is told as: its compound emotion and its set, or nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from liveaffect.models.categories.compound import compound
from liveaffect.models.categories.likely import LikelySets


class Words(NamedTuple):
    """A distribution in words."""

    compound: str = ""
    likely: tuple[str, ...] = ()


class Telling:
    """Tells distributions of whatever face model is heard, under one prior.

    Parameters
    ----------
    prior: of the face model, "natural" or "uniform".
    """

    def __init__(self, prior: str = "natural") -> None:
        self._prior, self._model = prior, ""
        self._sets: LikelySets | None = None

    def model(self, label: str) -> None:
        """The model that the faces are judged by from now on, "name version"; sets are given for calibrated ones."""
        if label != self._model:
            self._model, self._sets = label, LikelySets.load(label, self._prior)

    def of(self, emotions: Sequence[float] | None, face_weight: float | None) -> Words:
        """The words for a distribution that says something; sets only where most of it comes from the face."""
        if emotions is None:
            return Words()
        seen = self._sets is not None and face_weight is not None and face_weight > 0.5
        return Words(compound(emotions), self._sets.of(emotions) if seen and self._sets is not None else ())
