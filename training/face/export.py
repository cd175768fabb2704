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
from training.face.batches import Batches
from training.face.distil import load_net
from training.face.net import SIDE, Calibration, FaceNet, PlaceNet, Shipped


def fit_classes(logits: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[float, list[float]]:
    """Temperature and bias of least cross-entropy to the votes, the bias held towards none."""
    x, t, w = (torch.from_numpy(np.asarray(a, np.float64)) for a in (logits, target, weight))
    heat, bias = torch.zeros(1, dtype=torch.float64, requires_grad=True), torch.zeros(8, dtype=torch.float64)
    bias.requires_grad_(True)
    optimizer = torch.optim.LBFGS([heat, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        cost = -(w * (t * torch.log_softmax(x * heat.exp() + bias, 1)).sum(1)).mean() + 1e-3 * bias.square().sum()
        cost.backward()
        return cost

    optimizer.step(closure)
    return float((-heat).exp().item()), [float(b) for b in (bias - bias.mean()).detach()]


def fit_deviation(error: np.ndarray, sd: np.ndarray) -> tuple[float, float]:
    """Gain and floor of the deviation by the likelihood of the errors; with both, neither the surest nor the least sure
    faces are told too small a one."""
    best = (np.inf, 1.0, 0.0)
    for gain in np.linspace(0.6, 1.8, 61):
        for floor in np.linspace(0.0, 0.2, 41):
            variance = np.square(gain * sd) + floor * floor
            best = min(best, (float((np.square(error) / variance + np.log(variance)).mean()), gain, floor))
    return float(best[1]), float(best[2])


def calibrate(net: FaceNet, place: PlaceNet, faces: data.Faces) -> Calibration:
    """Everything fitted on the dev faces."""
    dev = faces.rows(1)
    weight = np.minimum(faces.votes[dev] / 10, 1)
    plainly = Shipped(net, place, Calibration()).eval()
    truth = faces.target[dev] @ COORDINATES
    heats, biases, errors, deviations = [], [], [], []
    spoilt = Batches(faces, 31, ("loose",), clean=0.0).draw(dev)
    luma, vectors, present = data.plain(faces, dev)
    # Both columns of `heats` are of plain faces; the deviation is held to degraded ones too.
    views = [
        (luma, np.zeros_like(present), present[:, 0] >= 0, True),
        (luma, present, present[:, 0] > 0, True),
        (spoilt.luma, np.zeros_like(present), present[:, 0] >= 0, False),
    ]
    for picture, there, use, plain in views:
        log_p, va, sd = run(plainly, (picture, vectors, there))
        if plain:
            heat, bias = fit_classes(log_p[use], faces.target[dev][use], weight[use])
            heats.append(heat), biases.append(bias)
        hot = log_p / heats[int(there.any())] + biases[int(there.any())]
        moved = (np.exp(hot - np.logaddexp.reduce(hot, 1, keepdims=True)) - np.exp(log_p)) @ COORDINATES
        errors.append((va + moved - truth)[use]), deviations.append(sd[use])
    error, sd = np.concatenate(errors), np.concatenate(deviations)
    (gain_v, floor_v), (gain_a, floor_a) = (fit_deviation(error[:, k], sd[:, k]) for k in (0, 1))
    return Calibration((heats[0], heats[1]), (biases[0], biases[1]), (gain_v, gain_a), (floor_v, floor_a))


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
    parser.add_argument("--run", type=Path, required=True, help="a run, or an exported net to calibrate anew")
    parser.add_argument("--place", type=Path, required=True, help="the run of `place`")
    parser.add_argument("--out", type=Path, default=Path("models/weights/face-affect.onnx"))
    args = parser.parse_args()
    faces = data.load(args.cache)
    net, place = load_net(args.run, faces), PlaceNet().eval()
    place.load_state_dict(torch.load(args.place / "place.pt")["net"])
    calibration = calibrate(net, place, faces)
    shipped = Shipped(net, place, calibration).eval()
    example = (
        torch.randint(0, 255, (2, SIDE, SIDE, 3), dtype=torch.uint8),
        torch.randn(2, net.mean.shape[0]),
        torch.ones(2, 1),
    )
    names = ["log_p", "va", "va_sd", "embedding", "place", "place_sd"]
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
    told = calibration._asdict() | {"parity": worst, "bytes": args.out.stat().st_size}
    told |= {
        "prior": votes.round(4).tolist(),
        "population_sd": (faces.target[train_rows] @ COORDINATES).std(0).tolist(),
    }
    args.out.with_suffix(".json").write_text(json.dumps(told))
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
