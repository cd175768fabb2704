"""Speech probability by Silero's voice activity net, as a stream: 10 ms hops in, one probability per hop out."""

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.files.net import Net
from liveaffect.models.voice.descriptors.constants import HOP, SAMPLE_RATE

WINDOW = 512
"""Samples of one decision at 16 kHz: 32 ms."""
CONTEXT = 64


class VoiceActivity:
    """One stream. A hop's probability is that of the 32 ms window which holds the middle of the hop.

    Parameters
    ----------
    net: of "silero-vad" (inputs `input` (1, 576), `state` (2, 1, 128), `sr`).
    """

    def __init__(self, net: Net) -> None:
        self._net = net
        self._rate = np.array(SAMPLE_RATE, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forgets everything: the next sample is sample 0 of a new stream."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._input = np.zeros((1, CONTEXT + WINDOW), np.float32)
        self._filled = 0
        self._windows = 0
        self._probabilities: dict[int, float] = {}

    def push(self, samples: npt.NDArray[np.float32]) -> None:
        """Takes in samples, float32 (n,), mono 16 kHz in [-1, 1]; those that are not finite count as silence."""
        if samples.ndim != 1:
            raise BadInput(f"voice activity takes mono samples (n,), not an array of shape {samples.shape}")
        at = 0
        while at < len(samples):
            n = min(WINDOW - self._filled, len(samples) - at)
            piece = self._input[0, CONTEXT + self._filled : CONTEXT + self._filled + n]
            np.copyto(piece, samples[at : at + n])
            self._filled += n
            at += n
            if self._filled == WINDOW:
                self._decide()

    def of_hop(self, hop: int) -> float | None:
        """Probability of speech, 0 to 1, in hop `hop` (160 samples from 160 * hop on); None where its window is not
        complete. Asking for a hop forgets those of earlier windows."""
        window = (hop * HOP + HOP // 2) // WINDOW
        for old in [key for key in self._probabilities if key < window]:
            del self._probabilities[old]
        return self._probabilities.get(window)

    def _decide(self) -> None:
        if not np.isfinite(self._input.sum()):
            np.nan_to_num(self._input, copy=False)
        np.minimum(np.maximum(self._input, -1.0, out=self._input), 1.0, out=self._input)
        output, self._state = self._net.run({"input": self._input, "state": self._state, "sr": self._rate})
        self._probabilities[self._windows] = float(output[0, 0])
        self._input[0, :CONTEXT] = self._input[0, -CONTEXT:]
        self._filled = 0
        self._windows += 1
