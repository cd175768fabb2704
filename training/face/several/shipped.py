"""What is exported: two heads and the earlier net, joined under either prior, and the net that finds the face."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from training.face.net import SIDE, Calibration, FaceNet, PlaceNet, Shipped
from training.face.several import net as nets

SAID = ("votes", "labels", "elder", "taught", "spread", "embedding")
HEADS = 3
STRENGTH = 0.5
"""Share of what the teachers would say of valence and arousal beyond the mean of their categories: a faint smile and a
broad one are both surely happiness, and not equally pleasant."""


class Joined(NamedTuple):
    """Under one prior: factor of each head and a bias; first without geometry, then with it."""

    heads: tuple[list[float], list[float]] = ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2])
    bias: tuple[list[float], list[float]] = ([0.0] * 8, [0.0] * 8)

    @classmethod
    def of(cls, fits: list[np.ndarray]) -> "Joined":
        """From what `fit` gives without and with geometry."""
        heads, bias = ([f[part].tolist() for f in fits] for part in (slice(0, HEADS), slice(HEADS, None)))
        return cls((heads[0], heads[1]), (bias[0], bias[1]))


class Both(Shipped):
    """`Shipped`, its logits joined of the votes' head, the labels' head and the net it grew from: a sum, so the
    distribution is a weighted geometric mean of three. Either prior has its own weights."""

    def __init__(
        self,
        net: nets.TwoHeads,
        elder: FaceNet,
        place: PlaceNet,
        joined: dict[str, Joined],
        calibration: Calibration,
        means: np.ndarray | None = None,
    ) -> None:
        super().__init__(net, place, calibration)
        self.elder = elder
        self.register_buffer("means", torch.zeros(8, 2) if means is None else torch.tensor(means, dtype=torch.float32))
        for prior, one in joined.items():
            self.register_buffer(f"{prior}_heads", torch.tensor(one.heads))
            self.register_buffer(f"{prior}_bias", torch.tensor(one.bias))

    def forward(self, crops: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        luma = (crops.float() * self.luma).sum(3).unsqueeze(1)
        without, given = self.heard(luma, geometry, present)
        *logits, taught, spread, embedding = (0.5 * (a + b) for a, b in zip(without, given, strict=True))
        log_p = self.join("natural", logits, present)
        p = log_p.exp()
        va = (p @ self.coordinates + STRENGTH * (taught - p @ self.means)).clamp(-1, 1)
        sd = (spread.exp() * self.gain.square() + self.floor.square()).sqrt()
        (here, wide), (there, wide_too) = self.place(luma), self.place(luma.flip(3))
        place = 0.5 * (here + there * self.turned)
        flat = self.join("uniform", logits, present)
        return log_p, va, sd, embedding, place, (0.25 * (wide + wide_too)).exp(), flat

    def join(self, prior: str, logits: list[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (n, 8) under a prior."""
        heads, bias = getattr(self, f"{prior}_heads"), getattr(self, f"{prior}_bias")
        factors = heads[0] * (1 - present) + heads[1] * present
        joined = bias[0] * (1 - present) + bias[1] * present
        for k, one in enumerate(logits):
            joined = joined + one * factors[:, k : k + 1]
        return torch.log_softmax(joined, 1)

    def heard(
        self, luma: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """What `SAID` names, means over face and mirror: without geometry, and with it where it is present."""
        mirrored = geometry.index_select(1, self.order) * self.sign
        none, without, given = torch.zeros_like(present), [], []
        for picture, shape in ((luma, geometry), (luma.flip(3), mirrored)):
            seen, seen_before = self.net.look(picture), self.elder.look(picture)
            for there, answers in ((none, without), (present, given)):
                said = self.net.hear(seen, shape, there)
                said["elder"], _, spread, *_ = self.elder.judge(seen_before, shape, there)
                said["spread"] = 0.5 * (said["spread"] + spread)
                answers.append(said)
        return tuple([0.5 * (one[k] + two[k]) for k in SAID] for one, two in (without, given))


def place_of(path: Path) -> PlaceNet:
    """The net that finds the face, out of an exported file."""
    import onnx
    from onnx import numpy_helper

    net = PlaceNet().eval()
    graph = onnx.load(str(path)).graph
    tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    convs = [n for n in graph.node if n.op_type == "Conv" and "place" in n.name and "_1/" not in n.name]
    pairs, last = [], None
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            last = module
            pairs.append([module, None])
        elif isinstance(module, nn.BatchNorm2d) and last is not None:
            pairs[-1][1] = module
    with torch.no_grad():
        for (conv, norm), node in zip(pairs, convs, strict=True):
            weight, bias = (tensors[name] for name in node.input[1:3])
            conv.weight.copy_(weight)
            if norm is None:
                conv.bias.copy_(bias)
            else:  # folded in already: a norm that only adds the bias
                norm.running_mean.zero_(), norm.running_var.fill_(1 - norm.eps)
                norm.weight.fill_(1), norm.bias.copy_(bias)
        for name, value in net.named_parameters():
            if f"place.{name}" in tensors and value.ndim <= 2 and not name.endswith("norm"):
                value.copy_(tensors[f"place.{name}"])
    return net


def example_for(shipped: Both) -> tuple[torch.Tensor, ...]:
    """Random input."""
    torch.manual_seed(0)
    return (
        torch.randint(0, 255, (3, SIDE, SIDE, 3), dtype=torch.uint8),
        torch.randn(3, shipped.net.mean.shape[0]),
        torch.tensor([[1.0], [0.0], [1.0]]),
    )


def write(shipped: torch.nn.Module, path: Path, example: tuple[torch.Tensor, ...]) -> float:
    """The ONNX file, checked; returns its largest difference from torch on the example."""
    import onnx
    import onnxruntime

    names = ["log_p", "va", "va_sd", "embedding", "place", "place_sd", "log_p_uniform"]
    inputs = ["crops", "geometry", "present"]
    axes = {name: {0: "n"} for name in inputs + names}
    torch.onnx.export(
        shipped, example, str(path), input_names=inputs, output_names=names, dynamic_axes=axes, opset_version=17,
        dynamo=False,
    )  # fmt: skip
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(None, {k: v.numpy() for k, v in zip(inputs, example, strict=True)})
    with torch.no_grad():
        wanted = shipped(*example)
    return max(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, wanted, strict=True))
