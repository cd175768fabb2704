"""The speech encoder (`registry.load("voice-encoder")`): log-mel rows of a window to what three layers say of it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.files.net import Net
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import WINDOW_HOPS

Floats = npt.NDArray[np.float32]

ENCODED: Final = 1152
"""Numbers the encoder says of a window: the means over time of its three layers, 384 each."""


class VoiceEncoderModel:
    """The first layers of a speech recogniser over an ONNX net; no word is recognised, no order of sounds kept.

    One window at a time: its products are scaled by what is in them, so that a batch would change the bits.
    Raises ModelBroken: the net was made for other rows than this version computes.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        net.expect("rows", N_MELS)
        self.encode(np.zeros((WINDOW_HOPS, N_MELS), np.float32))  # the first run is slow

    def encode(self, mel_db: Floats) -> Floats:
        """What it says of log-mel rows (n, 80) in dB of any level, n 1 to 300: (1152,)."""
        return self.hear(mel_db)[0]

    def hear(self, mel_db: Floats) -> tuple[Floats, Floats]:
        """The same, and what the layers say of every third 20 ms position: (1, ceil(n / 6), 1152)."""
        means, positions = self.net.run({"rows": mel_db[None]})
        return means[0], positions
