"""Run as a program: lip speeds and speech probabilities of clips, as JSON; apart from the tests' own process.

python lips_and_speech.py MODELS_FOLDER CLIP...
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

# mediapipe reports usage to its maker unless this stands before it is loaded
os.environ.update(HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9", NO_PROXY="", no_proxy="")


def lip_speeds(clip: str, model: Path) -> list[tuple[float, float]]:
    """(seconds, lip opening speed in face heights per second) of the first face found in each frame."""
    import av
    import mediapipe as mp
    import numpy as np
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)), running_mode=vision.RunningMode.VIDEO
    )
    speeds: list[tuple[float, float]] = []
    before: tuple[float, float] | None = None
    with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(clip) as media:
        for frame in media.decode(video=0):
            image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            t = float(frame.time or 0.0)
            found = landmarker.detect_for_video(mp.Image(mp.ImageFormat.SRGB, image), round(t * 1000)).face_landmarks
            if not found:
                before = None
                continue
            points = np.array([(p.x * image.shape[1], p.y * image.shape[0]) for p in found[0]])
            opening = float(np.linalg.norm(points[13] - points[14]) / np.linalg.norm(points[10] - points[152]))
            if before is not None:
                speeds.append((t, abs(opening - before[1]) / (t - before[0])))
            before = t, opening
    return speeds


def speech(clip: str, model: Path) -> list[tuple[float, float]]:
    """(seconds, probability of speech) every 32 ms, stamped at the end of the samples it rests on."""
    import av
    import numpy as np
    import onnxruntime

    resampler, samples = av.AudioResampler("flt", "mono", 16000), []
    with av.open(clip) as media:
        if not media.streams.audio:
            return []
        for frame in media.decode(audio=0):
            samples += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    sound = np.concatenate(samples).astype(np.float32)
    session = onnxruntime.InferenceSession(str(model))
    state, context, out = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for start in range(0, len(sound) - 511, 512):
        inputs: dict[str, Any] = {"input": np.concatenate([context, sound[start : start + 512]])[None], "state": state}
        answer, state = session.run(None, {**inputs, "sr": np.array(16000, np.int64)})
        out.append(((start + 512) / 16000, float(np.asarray(answer)[0, 0])))
        context = sound[start + 448 : start + 512]
    return out


if __name__ == "__main__":
    models = Path(sys.argv[1])
    result = {
        Path(clip).name: {
            "lips": lip_speeds(clip, models / "face_landmarker.task"),
            "speech": speech(clip, models / "silero_vad_16k_op15.onnx"),
        }
        for clip in sys.argv[2:]
    }
    print(json.dumps(result))
