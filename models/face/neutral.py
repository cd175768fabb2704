"""A person's running neutral geometry: causal, starting from the population, moved only by calm frames."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.population import NEUTRAL_MEAN, NEUTRAL_SD

PRIOR_S = 8.0  # the population counts as this many seconds of calm face
MEMORY_S = 120.0  # older calm is forgotten on this scale, so that light, glasses or a moved camera are followed
MAX_STEP_S = 0.2  # a gap in the frames never counts as calm time
MAX_YAW_SINE = 0.35  # about 20 degrees; beyond it landmarks and blendshapes drift with the pose
# What moves in expressions more than between people: brow, lid, jaw and mouth blendshapes.
_EXPRESSIVE = np.array([1, 2, 3, 4, 5, 21, 22, 25, 30, 31, 34, 35, 40, 41, 44, 45, 46, 47, 48, 49])


class CalmMean:
    """Mean of what calm frames show, shrunk towards what the population's do, older calm forgotten."""

    def __init__(self, population: NDArray[np.floating[Any]]) -> None:
        self._population = population
        self._mean: NDArray[np.float64] = population.astype(np.float64)
        self.seconds = 0.0
        """Calm seconds it rests on, after forgetting."""

    @property
    def share(self) -> float:
        """How much of it is the person's own, 0 to 1."""
        return self.seconds / (self.seconds + PRIOR_S)

    @property
    def beyond(self) -> NDArray[np.float64]:
        """The person's mean beyond the population's, not shrunk."""
        return self._mean - self._population

    def learn(self, value: NDArray[np.float64], calm: float, dt_s: float) -> None:
        """One frame of the past: what it shows, its calmness 0 to 1, the seconds since the frame before."""
        dt_s = min(max(dt_s, 0.0), MAX_STEP_S)
        weight = calm * dt_s
        if weight <= 0:
            return
        self.seconds = self.seconds * np.exp(-dt_s / MEMORY_S) + weight
        self._mean = self._mean + weight / self.seconds * (value - self._mean)


class RunningNeutral:
    """State of one track. Make a new one when the person's track is reset.

    >>> import numpy as np
    >>> RunningNeutral().step(np.zeros(GEOMETRY_SIZE, np.float32), dt_s=0.03).shape == (2 * GEOMETRY_SIZE,)
    True
    """

    def __init__(self) -> None:
        self._own = CalmMean(NEUTRAL_MEAN)

    @property
    def value(self) -> NDArray[np.float32]:
        """The neutral geometry believed now, (GEOMETRY_SIZE,): the person's mean shrunk towards the population."""
        return (NEUTRAL_MEAN + self._own.share * self._own.beyond).astype(np.float32)

    @property
    def seconds(self) -> float:
        """Calm seconds it rests on, after forgetting."""
        return self._own.seconds

    def step(self, geometry: NDArray[np.float32], dt_s: float) -> NDArray[np.float32]:
        """The model input for this frame, (2 * GEOMETRY_SIZE,): raw, then raw minus the neutral of the past.

        The frame then moves the neutral by its calmness and `dt_s`, the seconds since the last frame of this track.
        Raises ValueError for another shape; a frame that is not finite is returned as it came and teaches nothing.
        """
        if geometry.shape != (GEOMETRY_SIZE,):
            raise ValueError(f"geometry has shape {geometry.shape}; give ({GEOMETRY_SIZE},)")
        joined = np.concatenate([geometry, geometry - self.value]).astype(np.float32)
        if np.isfinite(geometry).all():
            exact = geometry.astype(np.float64)
            self._own.learn(exact, self.calmness(exact), dt_s)
        return joined

    def calmness(self, geometry: NDArray[np.float64] | NDArray[np.float32]) -> float:
        """How far a frame passes for neutral, 0 to 1: near the present neutral in brow, lid, jaw, mouth; frontal."""
        if abs(geometry[-2]) > MAX_YAW_SINE:
            return 0.0
        away: NDArray[np.floating[Any]] = (geometry - self.value)[_EXPRESSIVE] / NEUTRAL_SD[_EXPRESSIVE]
        return float(np.exp(-0.5 * np.mean(np.square(away))))


class RunningNeutrals:
    """The running neutral of everybody in view: each begins at the population and ends with its track."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[RunningNeutral, int]] = {}

    def begin(self, present: Iterable[int], *, anew: bool) -> set[int]:
        """A frame with these ids; whoever is not in it is forgotten, with `anew` everybody is. Gives who is kept:
        whatever else is known of people ends with theirs."""
        kept = set[int]() if anew else set(present)
        self._seen = {i: found for i, found in self._seen.items() if i in kept}
        return kept

    def calmness(self, face_id: int, geometry: NDArray[np.float32]) -> float:
        """How far this frame passes for neutral by what was known of the face before it, 0 to 1."""
        return self._of(face_id, 0)[0].calmness(geometry)

    def step(self, face_id: int, t_ns: int, geometry: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """The model's input for one face of the frame, (2 * GEOMETRY_SIZE,), and the seconds since the face was seen
        before (0 the first time). Errors as `RunningNeutral.step`."""
        neutral, before_ns = self._of(face_id, t_ns)
        self._seen[face_id] = (neutral, t_ns)
        elapsed_s = (t_ns - before_ns) / 1e9
        return neutral.step(geometry, elapsed_s), elapsed_s

    def _of(self, face_id: int, t_ns: int) -> tuple[RunningNeutral, int]:
        return self._seen.get(face_id) or (RunningNeutral(), t_ns)


def relative(geometry: NDArray[np.float32]) -> NDArray[np.float32]:
    """Model input (..., 2 * GEOMETRY_SIZE) for stills, where nothing is known of the person: minus the population."""
    return np.concatenate([geometry, geometry - NEUTRAL_MEAN], -1).astype(np.float32)
