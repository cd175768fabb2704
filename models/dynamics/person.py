"""One person over some time: how valence and arousal move, and in which categories the time was spent."""

from dataclasses import dataclass, field

from liveaffect.models.dynamics.categories import Stays, stays
from liveaffect.models.dynamics.evidence import (
    AROUSAL,
    AROUSAL_VAR,
    CATEGORIES,
    DIMENSIONS,
    VALENCE,
    VALENCE_VAR,
    Evidence,
)
from liveaffect.models.dynamics.inertia import BLOCK_S, FACE_ERROR, VOICE_ERROR, ErrorModel, Motion, motion
from liveaffect.models.dynamics.shifts import ShiftFinder, ShiftFound, ShiftSettings

COLUMNS = {"valence": (VALENCE, VALENCE_VAR), "arousal": (AROUSAL, AROUSAL_VAR)}
ERRORS: dict[str, ErrorModel] = {"face": FACE_ERROR, "voice": VOICE_ERROR}


@dataclass(frozen=True, slots=True)
class Measures:
    """One person's measures over [begin, end) of the blocks."""

    by: str
    """Whose word they rest on: "face" or "voice"."""
    valence: Motion
    arousal: Motion
    stays: Stays


def moved(evidence: Evidence, dimension: str, begin: int, end: int) -> tuple[str, Motion]:
    """How valence or arousal moved in [begin, end), and by whose word."""
    by = evidence.by(begin, end)
    blocks = evidence.estimates(by)
    table = blocks.dense(begin, end)
    value, var = COLUMNS[dimension]
    return by, motion(table[:, value], table[:, var], ERRORS[by], frames=blocks.frames(begin, end))


def stayed(evidence: Evidence, begin: int, end: int) -> Stays:
    """Categories in [begin, end)."""
    table = evidence.estimates(evidence.by(begin, end)).dense(begin, end)
    return stays(table[:, CATEGORIES:], begin)


def measures(evidence: Evidence, begin: int, end: int) -> Measures:
    """Everything about one person in [begin, end)."""
    by, valence = moved(evidence, "valence", begin, end)
    return Measures(by, valence, moved(evidence, "arousal", begin, end)[1], stayed(evidence, begin, end))


@dataclass(slots=True)
class ShiftWatch:
    """Finds one person's shifts as blocks come in: by the face, or by the voice of someone without one."""

    settings: ShiftSettings
    _finders: dict[tuple[str, str], ShiftFinder] = field(default_factory=dict[tuple[str, str], ShiftFinder])
    _next: int = -1

    def step(self, evidence: Evidence, end: int) -> list[tuple[str, ShiftFound]]:
        """Takes the blocks before `end` that it has not had; gives dimension and shift of each found."""
        by = "face" if evidence.face.span is not None else "voice"
        blocks = evidence.estimates(by)
        span = blocks.span
        if span is None:
            return []
        begin = max(self._next, span[0])
        table = blocks.dense(begin, end)
        self._next = end
        found: list[tuple[str, ShiftFound]] = []
        for k in range(len(table)):
            if table[k, VALENCE] != table[k, VALENCE]:  # NaN: nothing was seen
                continue
            for dimension in DIMENSIONS:
                finder = self._finders.get((by, dimension))
                if finder is None:
                    finder = self._finders[by, dimension] = ShiftFinder(self.settings, ERRORS[by])
                value, var = COLUMNS[dimension]
                one = finder.step((begin + k) * BLOCK_S, float(table[k, value]), float(table[k, var]))
                if one is not None:
                    found.append((dimension, one))
        return found
