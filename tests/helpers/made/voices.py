"""Real talkers, and a voice heard as the voice node hears it: hop by hop."""

from pathlib import Path

import numpy as np

from liveaffect.models.files.net import Net
from liveaffect.models.voice.activity import VoiceActivity
from liveaffect.models.voice.affect import STEP_HOPS, VoiceAffectModel, VoiceEstimate
from liveaffect.models.voice.descriptors import NAMES, VoiceStream
from liveaffect.models.voice.mel import HOP, LogMel


def talker(shared: Path, name: str) -> np.ndarray:
    """The sound of a clip of GRID, float32 at 16 kHz."""
    import av

    with av.open(str(shared / "clips" / name)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16000)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)


def live(model: VoiceAffectModel, sound: np.ndarray, shared: Path) -> list[VoiceEstimate | None]:
    """What is said every `STEP_HOPS`: hops of 160 samples, descriptors as a mapping with None, the rest held back."""
    activity = VoiceActivity(Net(shared / "models" / "silero_vad_16k_op15.onnx"))
    voice, mel, stream = VoiceStream(), LogMel(), model.stream()
    rows: list[np.ndarray] = []
    said: list[VoiceEstimate | None] = []
    hop = 0
    for start in range(0, len(sound) // HOP * HOP, HOP):
        piece = sound[start : start + HOP]
        rows.append(mel.push(piece))
        activity.push(piece)
        for values in voice.push(piece).values:
            named = {n: None if np.isnan(v) else float(v) for n, v in zip(NAMES, values, strict=True)}
            stream.push(named, tuple(rows[hop].tolist()), activity.of_hop(hop))
            hop += 1
            if hop % STEP_HOPS == 0:
                said.append(stream.estimate())
    return said
