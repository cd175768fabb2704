"""Conformal sets: the categories of which one, nine times in ten, is what most raters would call the face.

Split conformal prediction with a threshold for each category (Vovk 2012, "Conditional validity of inductive conformal
predictors"; Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers", JASA 114): a category belongs
to the set where its probability reaches the category's threshold, the tenth percentile of what faces got whose raters
called them so. Rare categories share one (Ding et al. 2023, "Class-conditional conformal prediction with many
classes"). The thresholds lie beside the model's weights; `training/face/sets.py` makes them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import EMOTIONS, N_EMOTIONS
from liveaffect.models.errors import BadInput, ModelBroken

Floats = npt.NDArray[np.float64]
COVERAGE: Final = 0.9
"""Share of faces whose set holds the raters' majority."""
FILE: Final = Path(__file__).resolve().parents[1] / "weights" / "face-affect-sets.json"


class Thresholds(msgspec.Struct, forbid_unknown_fields=True):
    """The file of thresholds: for which weights, and the least probability of each category under each prior."""

    model: str
    """Name and version, as `face/affect` carries it: "face-affect 2.1"."""
    coverage: float
    faces: int
    """How many they rest on."""
    least: dict[str, dict[str, float]]
    """Prior -> category -> least probability, 0 to 1."""


@dataclass(frozen=True)
class LikelySets:
    """The sets of one model under one prior; `of` gives that of a distribution."""

    least: tuple[float, ...]
    """(8,) least probability of each category, in the order of `EMOTIONS`."""

    @staticmethod
    def load(model: str, prior: str, file: Path = FILE) -> "LikelySets | None":
        """Those that were calibrated for `model` ("name version") and `prior`; None where none were.

        Raises ModelBroken where the file is not what it should be.
        """
        try:
            known = msgspec.json.decode(file.read_bytes(), type=Thresholds)
        except (OSError, msgspec.MsgspecError) as error:
            raise ModelBroken(f"{file} cannot be read ({error}); install liveaffect again") from None
        least = known.least.get(prior)
        if known.model != model or least is None:
            return None
        if set(least) != set(EMOTIONS):
            raise ModelBroken(f"{file}: prior {prior!r} lacks categories; install liveaffect again")
        return LikelySets(tuple(least[name] for name in EMOTIONS))

    def of(self, emotions: Sequence[float]) -> tuple[str, ...]:
        """The categories that belong to the set, likeliest first; the likeliest alone where none reaches its threshold.

        The likeliest itself may be missing: where it is happiness, which faces that raters call happy get with more
        than such a share, and not this face.

        Raises BadInput where these are not eight finite entries that are not negative, or all are zero.
        """
        total = sum(emotions)
        if len(emotions) != N_EMOTIONS or not all(p >= 0.0 for p in emotions) or not 0.0 < total < math.inf:
            raise BadInput(f"a set is told from eight shares over {EMOTIONS}, not from {tuple(emotions)!r}")
        ranked = sorted(range(N_EMOTIONS), key=lambda k: (-emotions[k], k))
        kept = [k for k in ranked if emotions[k] >= self.least[k] * total] or ranked[:1]
        return tuple(EMOTIONS[k] for k in kept)


def calibrate(emotions: Floats, labels: npt.NDArray[np.int64], groups: Sequence[int], coverage: float) -> Floats:
    """Thresholds (8,) by which the sets of faces like these hold their labels with probability `coverage`, or more.

    Parameters
    ----------
    emotions: (n, 8) distributions of faces that the model did not learn from.
    labels: (n,) what raters called them, as indices of `EMOTIONS`.
    groups: category -> number of the group whose faces set its threshold.
    coverage: 0 to 1. A group with too few faces for it has the threshold 0: such a category is in every set.
    """
    own = emotions[np.arange(len(labels)), labels]
    of_group = np.asarray(groups)[labels]
    least = np.zeros(N_EMOTIONS)
    for k, group in enumerate(groups):
        found = np.sort(own[of_group == group])
        beyond = math.floor((len(found) + 1) * (1.0 - coverage) + 1e-9)  # may lie below the threshold
        least[k] = found[beyond - 1] if beyond >= 1 else 0.0
    return least


def save(found: Thresholds, file: Path) -> None:
    """Writes the file of thresholds."""
    file.write_text(json.dumps(msgspec.to_builtins(found), indent=1) + "\n", "utf-8")
