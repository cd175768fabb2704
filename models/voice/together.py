"""Whether two speak at once (`registry.load("voice-together")`): a small net over what the encoder's layers say."""

from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.files.net import Net
from liveaffect.models.voice.encoder import ENCODED

MORE_VOICES: Final = 0.4
"""From this share of a window on in which two seem to speak at once, it is called more than one voice."""


class VoiceTogetherModel:
    """Learned from research corpora, which the encoder was not: a file of its own, and the sensor runs without it.

    Raises ModelBroken: the net was made for another encoder than this version has.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        net.expect("positions", ENCODED)
        self.share(np.zeros((1, 50, ENCODED), np.float32))  # the first run is slow

    def share(self, positions: npt.NDArray[np.float32]) -> float:
        """Share of a window in which two people or more seem to speak at once, 0 to 1.

        `positions` (1, n, 1152): what the encoder says of every third position (`VoiceEncoderModel.hear`).
        """
        return float(self.net.run({"positions": positions})[0][0, 0])

    def more(self, positions: npt.NDArray[np.float32]) -> bool:
        """Whether that is called more than one voice."""
        return self.share(positions) >= MORE_VOICES
