"""Silero speech probabilities of many utterances at once."""

import numpy as np
import numpy.typing as npt

from liveaffect.models.files.net import Net

FRAME, CONTEXT = 512, 64
HOP = 160


def speech_probs(net: Net, signals: list[npt.NDArray[np.float32]], batch: int = 64) -> list[np.ndarray]:
    """Per signal the speech probability of each 10 ms hop (n // 160,): that of the 32 ms frame its middle lies in."""
    order = np.argsort([len(s) for s in signals])
    found: list[np.ndarray] = [np.zeros(0, np.float32)] * len(signals)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        frames = max(-(-len(signals[i]) // FRAME) for i in chosen)
        block = np.zeros((len(chosen), CONTEXT + frames * FRAME), np.float32)
        for row, i in enumerate(chosen):
            block[row, CONTEXT : CONTEXT + len(signals[i])] = signals[i]
        state = np.zeros((2, len(chosen), 128), np.float32)
        probs = np.zeros((len(chosen), frames), np.float32)
        for f in range(frames):
            piece = np.ascontiguousarray(block[:, f * FRAME : f * FRAME + CONTEXT + FRAME])
            p, state = net.run({"input": piece, "state": state, "sr": np.array(16000, np.int64)})
            probs[:, f] = p[:, 0]
        for row, i in enumerate(chosen):
            hops = len(signals[i]) // HOP
            found[i] = probs[row, (np.arange(hops) * HOP + HOP // 2) // FRAME]
    return found
