"""Step 3: cache what the AffectNet-trained teachers say about clean faces (never fine-tuned, never shipped).

python -m training.face.teachers --teachers ../shared/teachers --cache CACHE
"""

import argparse
import time
from pathlib import Path

import numpy as np

from liveaffect.models.face import align
from training.face.landmarks import SETS, in_colour

# The teachers' own class order, as columns of ours (neutral, happiness, surprise, sadness, anger, disgust, fear, ...).
TEACHER_ORDER = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
SIDE = 224


class Teacher:
    """One TFLite net; `run` takes (224, 224, 3) uint8 RGB and gives 8 class probabilities or (arousal, valence)."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._net = Interpreter(str(path), num_threads=1)
        self._net.allocate_tensors()
        self._in = self._net.get_input_details()[0]["index"]
        self._out = self._net.get_output_details()[0]["index"]

    def run(self, rgb: np.ndarray) -> np.ndarray:
        self._net.set_tensor(self._in, np.ascontiguousarray(rgb[None, ..., ::-1]).astype(np.float32))
        self._net.invoke()
        return self._net.get_tensor(self._out)[0].copy()


def teacher_crop(image: np.ndarray, matrix: np.ndarray, margin: float) -> np.ndarray:
    """The aligned face with `margin` more room around it, (224, 224, 3) uint8 RGB; `matrix` is unit crop to image."""
    rgb = in_colour(image)
    linear = matrix[:, :2] * (rgb.shape[1] * (1 + 2 * margin) / SIDE)
    centre = (matrix @ np.array([0.5, 0.5, 1.0])) * rgb.shape[1]
    shift = centre - linear @ np.array([SIDE / 2, SIDE / 2])
    return align.warp(rgb, np.column_stack([linear, shift]), SIDE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=Path, default=Path("../shared/teachers"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--set", required=True, choices=list(SETS))
    parser.add_argument("--kind", required=True, choices=("classes", "va"))
    parser.add_argument("--margin", type=float, default=-0.03)
    parser.add_argument(
        "--every", type=int, default=1, help="every n-th image only; the rest stay as they are, at first NaN"
    )
    args = parser.parse_args()
    paths = [p for p in sorted(args.teachers.glob("*.tflite")) if ("AroVal" in p.name) == (args.kind == "va")]
    target = args.cache / f"{args.set}_{args.kind}.npy"
    images, matrix = np.load(args.cache / f"{args.set}_images.npy"), np.load(args.cache / f"{args.set}_matrix.npy")
    nets = [Teacher(p) for p in paths]
    out = np.full((len(nets), len(images), 2 if args.kind == "va" else 8), np.nan, np.float32)
    if target.exists():  # go on where an earlier call was stopped
        out = np.load(target)
    begin = time.perf_counter()
    todo = [i for i in range(0, len(images), args.every) if np.isnan(out[0, i, 0])]
    for k, i in enumerate(todo):
        crop = teacher_crop(images[i], matrix[i], args.margin)
        for j, net in enumerate(nets):
            out[j, i] = net.run(crop)
        if k % 500 == 499:
            print(f"  {k + 1}/{len(todo)}  {(time.perf_counter() - begin) / (k + 1) * 1e3:.1f} ms/image", flush=True)
            np.save(target, out)
    np.save(target, out)
    print("\n".join(p.name for p in paths))


if __name__ == "__main__":
    main()
