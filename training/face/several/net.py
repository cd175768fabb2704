"""The face net with a head for each convention: votes as FER+ counts them, labels as RAF-DB's raters gave them."""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from training.face import grow
from training.face.net import EMBEDDING, FaceNet


class TwoHeads(FaceNet):
    """`FaceNet`, whose classes are the votes, and a second head beside it."""

    def __init__(
        self, widths: tuple[int, ...] = (16, 24, 48, 112, 192), drop: float = 0.25, deeper: bool = True
    ) -> None:
        super().__init__(widths, drop, deeper)
        self.widths, self.deeper = tuple(widths), deeper
        self.labels = nn.Linear(EMBEDDING, 8)

    def heads(self, luma: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits of both conventions and everything else there is, by name."""
        return self.hear(self.look(luma), geometry, present)

    def hear(self, seen: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> dict[str, torch.Tensor]:
        """The same from pooled features."""
        scaled = ((geometry - self.mean) / self.scale).clamp(-4, 4)
        shape = self.shape(scaled) * present + self.missing * (1 - present)
        embedding = self.join(torch.cat([seen, shape], 1))
        hidden = self.drop(embedding)
        return {
            "votes": self.classes(hidden),
            "labels": self.labels(hidden),
            "residual": 0.5 * torch.tanh(self.residual(hidden)),
            "spread": self.spread(hidden).clamp(-7, 0),
            "taught": self.taught(hidden),
            "said": self.said(hidden),
            "embedding": embedding,
        }


def masked(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Log-probabilities among the allowed classes (n, 8) bool alone."""
    return F.log_softmax(logits.masked_fill(~allowed, -1e4), 1)


def begin(net: TwoHeads, source: Path, luma: torch.Tensor) -> None:
    """Start from an exported net or another run; a head that the source never learned starts as its classes."""
    if source.suffix == ".onnx":
        grow.start(net, source, luma)
        net.labels.load_state_dict(net.classes.state_dict())
    else:
        net.load_state_dict(torch.load(source, weights_only=True)["net"])


def save(net: TwoHeads, path: Path, **more: object) -> None:
    """Written whole or not at all."""
    beside = path.with_suffix(".new")
    torch.save({"net": net.state_dict(), "widths": net.widths, "deeper": net.deeper, **more}, beside)
    beside.replace(path)


def load(path: Path) -> TwoHeads:
    """The net of `save`, ready to predict."""
    saved = torch.load(path, weights_only=True)
    net = TwoHeads(tuple(saved["widths"]), deeper=saved["deeper"])
    net.load_state_dict(saved["net"])
    return net.eval()


LAYERS = 10  # convolutions of the net with `deeper`


def exported(path: Path, luma: torch.Tensor) -> TwoHeads:
    """The net behind an exported file of version 2, where it comes first; `luma` (n, 64, 64) are faces to norm over.

    What training alone had (residual, teachers' classes, covers) is not in the file and is left as it begins.
    """
    own, convs = grow.weights_in(path)
    folded = [pair for _, pair in convs[:LAYERS]]
    shapes = [weight.shape[0] for weight, _ in folded]
    net = TwoHeads(tuple(shapes[k] for k in (0, 1, 2, 4, 7)))
    net.load_state_dict(own, strict=False)
    grow.unfold(net, folded, luma)
    return net.eval()
