"""Step 6: calibrate on the dev faces, export to ONNX, check it and hold it against torch.

python -m training.face.export --cache CACHE --run RUN [--out models/weights/face-affect.onnx]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import COORDINATES
from training.face import data
from training.face.distil import load_net
from training.face.net import SIDE, FaceNet, Shipped


def fit_temperature(logits: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """The temperature of least cross-entropy to the votes, by golden section over 0.5 to 2."""

    def cost(heat: float) -> float:
        z = logits / heat
        log_p = z - np.logaddexp.reduce(z, 1, keepdims=True)
        return float(-(weight * (target * log_p).sum(1)).mean())

    low, high = 0.5, 2.0
    for _ in range(40):
        a, b = high - 0.618 * (high - low), low + 0.618 * (high - low)
        low, high = (low, b) if cost(a) < cost(b) else (a, high)
    return 0.5 * (low + high)


def calibrate(nets: list[FaceNet], faces: data.Faces) -> tuple[tuple[float, float], tuple[float, float]]:
    """Temperatures without and with geometry, and the gain that makes (valence, arousal) errors of unit z-score."""
    dev = faces.rows(1)
    weight = np.minimum(faces.votes[dev] / 10, 1)
    plainly = Shipped(nets, (1.0, 1.0), (1.0, 1.0)).eval()
    heat, z = [], []
    for geometry in (False, True):
        luma, vectors, present = data.plain(faces, dev)
        present = present if geometry else np.zeros_like(present)
        use = present[:, 0] == geometry
        log_p, va, sd = run(plainly, (luma, vectors, present))
        heat.append(fit_temperature(log_p[use], faces.target[dev][use], weight[use]))
        hot = log_p / heat[-1]
        moved = (np.exp(hot - np.logaddexp.reduce(hot, 1, keepdims=True)) - np.exp(log_p)) @ COORDINATES
        z.append((va + moved - faces.target[dev] @ COORDINATES)[use] / sd[use])
    gain = np.sqrt(np.mean(np.square(np.concatenate(z)), 0))
    return (heat[0], heat[1]), (float(gain[0]), float(gain[1]))


@torch.no_grad()
def run(shipped: Shipped, arrays: tuple[np.ndarray, ...], batch: int = 256) -> tuple[np.ndarray, ...]:
    """Log-probabilities, valence-arousal and deviation of prepared luma, geometry, present."""
    outs = []
    for i in range(0, len(arrays[0]), batch):
        luma, geo, present = (torch.from_numpy(a[i : i + batch]) for a in arrays)
        crops = luma.round().to(torch.uint8)[..., None].expand(-1, -1, -1, 3)
        outs.append([o.numpy() for o in shipped(crops, geo, present)[:3]])
    return tuple(np.concatenate(column) for column in zip(*outs, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, nargs="+", help="one trained run, or several to average")
    parser.add_argument("--out", type=Path, default=Path("models/weights/face-affect.onnx"))
    args = parser.parse_args()
    faces = data.load(args.cache)
    nets = [load_net(run) for run in args.run]
    heat, gain = calibrate(nets, faces)
    shipped = Shipped(nets, heat, gain).eval()
    example = (
        torch.randint(0, 255, (2, SIDE, SIDE, 3), dtype=torch.uint8),
        torch.randn(2, nets[0].mean.shape[0]),
        torch.ones(2, 1),
    )
    names = ["log_p", "va", "va_sd", "embedding"]
    inputs = ["crops", "geometry", "present"]
    torch.onnx.export(
        shipped,
        example,
        str(args.out),
        input_names=inputs,
        output_names=names,
        dynamic_axes={name: {0: "n"} for name in inputs + names},
        opset_version=17,
        dynamo=False,
    )
    worst = parity(args.out, shipped, faces)
    train_rows = faces.rows(0)
    votes = faces.target[train_rows].mean(0)
    told = {"temperature": heat, "sd_gain": gain, "parity": worst, "bytes": args.out.stat().st_size}
    told |= {
        "prior": votes.round(4).tolist(),
        "population_sd": (faces.target[train_rows] @ COORDINATES).std(0).tolist(),
    }
    (args.run[0] / "export.json").write_text(json.dumps(told))
    print(json.dumps(told, indent=1))


def parity(path: Path, shipped: torch.nn.Module, faces: data.Faces) -> float:
    """Largest difference between torch and onnxruntime over 256 dev faces; the file is checked first."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    luma, vectors, present = data.plain(faces, faces.rows(1)[:256])
    crops = np.repeat(luma.round().astype(np.uint8)[..., None], 3, 3)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(None, {"crops": crops, "geometry": vectors, "present": present})
    with torch.no_grad():
        wanted = shipped(torch.from_numpy(crops), torch.from_numpy(vectors), torch.from_numpy(present))
    return max(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, wanted, strict=True))


if __name__ == "__main__":
    main()
