"""What a voice usually sounds like to the encoder: a running mean over a stream, so that microphone and room cancel."""

from typing import Final

import numpy as np
import numpy.typing as npt

HALF_S: Final = 30.0
"""Seconds of speech at which a voice's own mean counts half against the population's."""
MOST_S: Final = 300.0
"""From so many seconds on the mean forgets: people and rooms change."""


class Usual:
    """The running mean of one stream: causal, part of the stream's state, forgotten at a gap.

    A microphone, a room, a language and a pair of vocal cords move what the encoder says of all speech alike. Heads
    that were fitted to several corpora, each moved to one middle, take a voice's own middle away as far as it is
    known. Whoever is angry from the first word on looks a little less angry for it (`training/voice/README.md`).
    """

    def __init__(self, width: int) -> None:
        self.mean: npt.NDArray[np.float32] = np.zeros(width, np.float32)
        self._sum = np.zeros(width)
        self.seconds = 0.0

    def reset(self) -> None:
        """Forgets the voice."""
        self.seconds = 0.0
        self._sum[:] = 0.0
        self.mean = np.zeros_like(self.mean)

    def add(self, encoded: npt.NDArray[np.float32], seconds: float) -> None:
        """Takes in what the encoder says of a window, as so many seconds of new speech."""
        if self.seconds + seconds > MOST_S:
            self._sum *= (MOST_S - seconds) / self.seconds
            self.seconds = MOST_S - seconds
        self._sum += seconds * encoded.astype(np.float64)
        self.seconds += seconds
        self.mean = (self._sum / self.seconds).astype(np.float32)

    @property
    def weight(self) -> float:
        """How far the mean is believed against the population's, 0 to 1."""
        return self.seconds / (self.seconds + HALF_S)
