"""Step 4: turn the teachers' words into targets: classes in the raters' convention, valence-arousal residuals.

python -m training.face.distil --cache CACHE [--student RUN]   (the student fixes the gain of the residual)
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import COORDINATES, EMOTIONS
from training.face import data, grow, train
from training.face.net import FaceNet


def refit(x: np.ndarray, target: np.ndarray, weight: np.ndarray, full: bool) -> tuple[np.ndarray, np.ndarray]:
    """Logistic map (k, 8), (8,) from teachers' log-probabilities to votes; or one temperature and a prior."""
    torch.manual_seed(0)
    a, t, w = torch.tensor(x), torch.tensor(target), torch.tensor(weight)
    teachers = x.shape[1] // 8
    start = torch.eye(8).repeat(teachers, 1) / teachers
    heat = torch.ones(1, requires_grad=True)
    matrix, bias = torch.zeros(len(start), 8, requires_grad=full), torch.zeros(8, requires_grad=True)
    free = [p for p in (heat, matrix, bias) if p.requires_grad]
    optimizer = torch.optim.LBFGS(free, lr=0.5, max_iter=200)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        log_p = torch.log_softmax(a @ (heat * start + matrix) + bias, 1)
        loss = -(w * (t * log_p).sum(1)).mean() + 2e-3 * matrix.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (heat * start + matrix).detach().numpy(), bias.detach().numpy()


def apply(x: np.ndarray, fit: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Logits of a refit."""
    return x @ fit[0] + fit[1]


def prior_votes(votes: np.ndarray, p: np.ndarray) -> float:
    """How many votes the teachers' word is worth: the Dirichlet-multinomial fit of (n, 8) votes given (n, 8) `p`."""

    def likelihood(k: float) -> float:
        a = k * np.maximum(p, 1e-4)
        return float(
            (_lgamma(votes + a) - _lgamma(a)).sum() + (_lgamma(a.sum(1)) - _lgamma(a.sum(1) + votes.sum(1))).sum()
        )

    grid = np.exp(np.linspace(np.log(0.2), np.log(50), 60))
    return float(grid[np.argmax([likelihood(k) for k in grid])])


def _lgamma(x: np.ndarray) -> np.ndarray:
    return torch.lgamma(torch.from_numpy(np.asarray(x, np.float64))).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument(
        "--student", type=Path, help="a trained run, whose error on dev faces fixes the residual's gain"
    )
    args = parser.parse_args()
    for name in ("utk_target", "residual", "ferplus_posterior"):
        (args.cache / f"{name}.npy").unlink(missing_ok=True)
    faces = data.load(args.cache)
    x = data.log_classes(args.cache / "ferplus_classes.npy").astype(np.float32)
    asked = np.isfinite(x[:, 0]) & (faces.votes > 0)
    fit_rows, dev = np.flatnonzero(asked & (faces.split == 0)), np.flatnonzero(asked & (faces.split == 1))
    weight = np.minimum(faces.votes[fit_rows] / 10, 1).astype(np.float32)
    fits = {"prior refit": refit(x[fit_rows], faces.target[fit_rows], weight, False)}
    fits["full refit"] = refit(x[fit_rows], faces.target[fit_rows], weight, True)
    mean = x.reshape(len(x), -1, 8).mean(1)
    table = {"as they come": train.score(mean[dev], faces.target[dev], faces.votes[dev])}
    table |= {k: train.score(apply(x[dev], f), faces.target[dev], faces.votes[dev]) for k, f in fits.items()}
    print(f"teachers' average on {len(dev)} dev faces")
    for name, found in table.items():
        print(f"  {name:14s}" + "".join(f"  {k} {v:.3f}" for k, v in found.items()))
    posterior = faces.target.copy()
    said = apply(x[asked], fits["full refit"])
    said = np.exp(said - np.logaddexp.reduce(said, 1, keepdims=True))
    counted = np.round(faces.target[asked] * faces.votes[asked, None])
    learned = faces.split[asked] == 0
    worth = prior_votes(counted[learned], said[learned])
    posterior[asked] = (counted + worth * said) / (counted.sum(1, keepdims=True) + worth)
    np.save(args.cache / "ferplus_posterior.npy", posterior.astype(np.float32))
    print(f"the teachers' word weighs as much as {worth:.2f} votes")
    logits = apply(data.log_classes(args.cache / "utk_classes.npy").astype(np.float32), fits["full refit"])
    utk = np.exp(logits - np.logaddexp.reduce(logits, 1, keepdims=True))
    print("teacher-labelled faces, mean distribution:", dict(zip(EMOTIONS, utk.mean(0).round(3).tolist(), strict=True)))
    np.save(args.cache / "utk_target.npy", utk.astype(np.float32))
    gain = [0.0, 0.0]
    if args.student:
        residual, gain = residuals(args, faces, utk)
        np.save(args.cache / "residual.npy", residual.astype(np.float32))
    (args.cache / "distil.json").write_text(json.dumps({"teachers": table, "gain": gain, "worth": worth}))


def residuals(args: argparse.Namespace, faces: data.Faces, utk: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Gain times what the teachers say beyond the class means, (n, 2) for FER+ then the teacher-labelled faces."""
    said = [np.load(args.cache / f"{name}_va.npy").mean(0)[:, ::-1] for name in ("ferplus", "utk")]
    known = np.flatnonzero((faces.split == 0) & (faces.votes > 0) & np.isfinite(said[0][:, 0]))
    means = np.linalg.lstsq(faces.target[known], said[0][known], rcond=None)[0]
    print("teachers' valence and arousal per class:")
    for name, (v, a), own in zip(EMOTIONS, means, COORDINATES, strict=True):
        print(f"  {name:10s} {v:+.2f} {a:+.2f}   circumplex {own[0]:+.2f} {own[1]:+.2f}")
    beyond = [said[0] - faces.target @ means, said[1] - utk @ means]
    dev = faces.rows(1)
    dev = dev[np.isfinite(said[0][dev, 0])]
    net = load_net(args.student, faces)
    logits = train.predict(net, data.plain(faces, dev))[0]
    p = np.exp(logits - np.logaddexp.reduce(logits, 1, keepdims=True))
    left = faces.target[dev] @ COORDINATES - p @ COORDINATES
    spoke = said[0][dev] - p @ means
    spoke, left = spoke - spoke.mean(0), left - left.mean(0)
    gain = [float((spoke[:, k] @ left[:, k]) / (spoke[:, k] @ spoke[:, k])) for k in (0, 1)]
    for k, name in enumerate(("valence", "arousal")):
        explained = np.corrcoef(spoke[:, k], left[:, k])[0, 1]
        print(f"gain of the residual: {name} {gain[k]:.3f} (r {explained:.3f})")
    return np.concatenate([b * np.array(gain) for b in beyond]), gain  # NaN where the teachers were not asked


def load_net(run: Path, faces: data.Faces | None = None) -> FaceNet:
    """The averaged net of a run, or of an exported file (which needs `faces` to norm over), ready to predict."""
    if run.suffix == ".onnx":
        assert faces is not None
        net = grow.exported_net(run, torch.from_numpy(data.plain(faces, faces.rows(0)[::25])[0]))
        return net.eval()
    saved = torch.load(run / "last.pt")
    net = FaceNet(saved["widths"], deeper=saved.get("deeper", False))
    net.load_state_dict(saved["net"], strict=False)
    return net.eval()


if __name__ == "__main__":
    main()
