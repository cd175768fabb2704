"""Step 6b: static int8 of the exported net, and what it costs on the dev faces (shipped only if KL rises < 0.005).

python -m training.face.looks.quantise --cache CACHE --fp32 models/weights/face-affect.onnx --out INT8.onnx
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from training.face import data, train
from training.face.batches import Batches


class Faces(CalibrationDataReader):
    """Batches of clean and degraded training faces for the calibration of activations."""

    def __init__(self, faces: data.Faces, batches: int = 6) -> None:
        rows = np.random.default_rng(0).choice(faces.rows(0), (batches, 64))
        source = Batches(faces, 0)
        drawn = [source.draw(r) if k % 2 else None for k, r in enumerate(rows)]
        arrays = [
            (d.luma, d.geometry, d.present) if d else data.plain(faces, r) for d, r in zip(drawn, rows, strict=True)
        ]
        self._feeds = iter([feed(a) for a in arrays])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)


def feed(arrays: tuple[np.ndarray, ...]) -> dict[str, np.ndarray]:
    """Model inputs from luma, geometry, present."""
    luma, geometry, present = arrays
    crops = np.repeat(luma.round().clip(0, 255).astype(np.uint8)[..., None], 3, 3)
    return {"crops": crops, "geometry": geometry, "present": present}


def judged(path: Path, faces: data.Faces) -> tuple[dict[str, float], float]:
    """Scores on dev faces with geometry, and median milliseconds for one face on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    dev = faces.rows(1)
    inputs = feed(data.plain(faces, dev))
    log_p = np.concatenate(
        [session.run(["log_p"], {k: v[i : i + 64] for k, v in inputs.items()})[0] for i in range(0, len(dev), 64)]
    )
    one = {k: v[:1] for k, v in inputs.items()}
    spent = []
    for _ in range(200):
        begin = time.perf_counter()
        session.run(None, one)
        spent.append(time.perf_counter() - begin)
    return train.score(log_p, faces.target[dev], faces.votes[dev]), float(np.median(spent)) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--fp32", type=Path, default=Path("models/weights/face-affect.onnx"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    faces = data.load(args.cache)
    quantize_static(
        str(args.fp32),
        str(args.out),
        Faces(faces),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "MaxPool"],
    )
    for path in (args.fp32, args.out):
        found, spent = judged(path, faces)
        print(f"{path.name:28s} {path.stat().st_size:9d} bytes  {spent:.2f} ms  " + str(found))


if __name__ == "__main__":
    main()
