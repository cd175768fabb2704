"""What the voice model says: of one window, and of a whole signal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VoiceEstimate:
    """What the last seconds of speech express; NaN what the model does not say (rules: arousal alone)."""

    valence: float
    arousal: float
    valence_sd: float
    arousal_sd: float
    emotions: tuple[float, ...]
    """(8,), sums to one, in the order of `liveaffect.models.circumplex.EMOTIONS`; contempt is always 0: no data."""
    more_voices: bool = False
    """Whether two people or more were heard at once: the numbers are then of a mixture, of nobody's voice."""


@dataclass(frozen=True)
class VoiceAffectResult:
    """Estimates of a whole signal, one row per 100 ms; NaN without speech to judge, or with more than one voice."""

    t_s: npt.NDArray[np.float64]
    """(n,) end of the window each row is about, in seconds from the start of the signal."""
    valence: Floats
    arousal: Floats
    valence_sd: Floats
    arousal_sd: Floats
    emotions: Floats
    """(n, 8)."""
    more_voices: npt.NDArray[np.bool_]
    """(n,) where two people or more are heard at once: whose numbers these would be cannot be told."""
    undefined: int
    """Rows whose numbers are NaN: no speech, or more than one voice."""

    def __len__(self) -> int:
        return len(self.t_s)
