"""Start a net from a trained one that is no larger, so that at first it says the same; average it with its offspring.

python -m training.face.grow --cache CACHE --source models/weights/face-affect.onnx --out RUN
    [--widths 20 32 64 112 176 --deeper] [--offspring RUN2 --share 0.6]

The average of a net and of one trained on from it is often better than both, the more so on other data (Wortsman et
al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

import argparse
import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.face.net import Deeper, FaceNet

Folded = tuple[torch.Tensor, torch.Tensor]  # weight and bias of a convolution


def start(net: FaceNet, source: Path, luma: torch.Tensor) -> None:
    """Grow `net` from a run's folder or an exported ONNX file; `luma` (n, 64, 64) are faces to norm over."""
    if source.suffix == ".onnx":
        old = exported_net(source, luma)
    else:
        saved = torch.load(source / "last.pt")
        old = FaceNet(saved["widths"], deeper=saved.get("deeper", False))
        old.load_state_dict(saved["net"], strict=False)
    _copy(net, old)
    print(f"grown from {source}: its logits change by {difference(net, old, luma[:64]):.1e}")


def exported_net(path: Path, luma: torch.Tensor) -> FaceNet:
    """The net behind an exported ONNX file; `luma` (n, 64, 64) are faces to norm over."""
    saved = exported(path)
    net = FaceNet(saved["widths"])
    net.load_state_dict(saved["net"], strict=False)
    unfold(net, saved["folded"], luma)
    return net


def exported(path: Path) -> dict:
    """Widths, head weights and the convolutions (batch norm folded in) of a one-net export."""
    # Two views go through the net, so each convolution stands there twice; the second goes by "_1".
    own, convs = weights_in(path)
    folded = [pair for name, pair in convs if "_1/" not in name]
    shapes = [w.shape[0] for w, _ in folded]
    return {"net": own, "widths": tuple(shapes[k] for k in (0, 1, 2, 4, 6)), "folded": folded}


def weights_in(path: Path) -> tuple[dict[str, torch.Tensor], list[tuple[str, Folded]]]:
    """Head weights of the net in an exported file, and every convolution but the place net's, named, in order."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    for n in graph.node:  # weights that are alike are kept once
        if n.op_type == "Identity" and n.input[0] in tensors:
            tensors[n.output[0]] = tensors[n.input[0]]
    convs = [n for n in graph.node if n.op_type == "Conv" and "place" not in n.name]
    own = {m.group(1): v for k, v in tensors.items() if (m := re.match(r"(?:nets\.0|net)\.(.*)", k))}
    return own, [(n.name, (tensors[n.input[1]], tensors[n.input[2]])) for n in convs]


@torch.no_grad()
def unfold(net: FaceNet, folded: list[Folded], luma: torch.Tensor) -> None:
    """Give each convolution its folded weights, and its norm the statistics and scale that make it change nothing."""
    pairs, last = [], None
    for module in [*net.stem.modules(), *net.body.modules()]:
        if isinstance(module, nn.Conv2d):
            last = module
        elif isinstance(module, nn.BatchNorm2d):
            pairs.append((last, module))
    sums: dict[int, torch.Tensor] = {}
    net.eval()
    for (conv, norm), (weight, bias) in zip(pairs, folded, strict=True):
        conv.weight.copy_(weight)
        hook = conv.register_forward_hook(lambda _m, _i, out: sums.__setitem__(0, out))
        net.look(luma[:, None])
        hook.remove()
        out = sums[0]
        norm.running_mean.copy_(out.mean((0, 2, 3)))
        norm.running_var.copy_(out.var((0, 2, 3)))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(norm.running_mean + bias)


@torch.no_grad()
def _copy(net: FaceNet, old: FaceNet) -> None:
    """Old weights into the corner of the new ones; what is new feeds nothing old."""
    state = net.state_dict()
    known = {_counted(net, old, name): value for name, value in old.state_dict().items()}
    for name, value in state.items():
        if name not in known or name in ("mean", "scale", "coordinates"):
            continue
        was = known[name]
        if value.shape == was.shape:
            value.copy_(was)
        elif value.ndim in (2, 4) and name.startswith(("join", "covered")):
            _pooled(value, was)
        else:
            corner = tuple(slice(0, n) for n in was.shape)
            if value.ndim == 4:
                value[: was.shape[0]] = 0
            value[corner] = was
    net.load_state_dict(state)
    for module in net.modules():
        if isinstance(module, Deeper) and not any(isinstance(m, Deeper) for m in old.modules()):
            nn.init.zeros_(module.norm.weight)


def _counted(net: FaceNet, old: FaceNet, name: str) -> str:
    """The new net's name for an old tensor: `Deeper` blocks move the numbers of the body's parts."""
    part, _, rest = name.removeprefix("body.").partition(".")
    if not name.startswith("body."):
        return name
    kinds = [
        [i for i, m in enumerate(n.body) if isinstance(m, Deeper) == deeper] for n in (net, old) for deeper in (0, 1)
    ]
    new, new_deep, was, was_deep = kinds
    at = new[was.index(int(part))] if int(part) in was else new_deep[was_deep.index(int(part))]
    return f"body.{at}.{rest}"


def _pooled(value: torch.Tensor, was: torch.Tensor) -> None:
    """Columns are means, then maxima of the channels, then the rest (geometry)."""
    rest = 48 if value.shape[1] % 2 == 0 and value.shape[0] > 1 else 0
    new, old = (value.shape[1] - rest) // 2, (was.shape[1] - rest) // 2
    value[: was.shape[0]] = 0
    value[: was.shape[0], :old] = was[:, :old]
    value[: was.shape[0], new : new + old] = was[:, old : 2 * old]
    if rest:
        value[: was.shape[0], -rest:] = was[:, -rest:]


def difference(net: FaceNet, old: FaceNet, luma: torch.Tensor) -> float:
    """Largest difference of the two nets' logits without geometry."""
    with torch.no_grad():
        size = net.mean.shape[0]
        zero, none = torch.zeros(len(luma), size), torch.zeros(len(luma), 1)
        a, b = (m.eval()(luma[:, None], zero, none)[0].numpy() for m in (net, old))
    return float(np.abs(a - b).max())


@torch.no_grad()
def average(net: FaceNet, offspring: FaceNet, share: float) -> None:
    """Move `net` by `share` of the way to `offspring`; heads that the first never learned are the second's."""
    grown = offspring.state_dict()
    for name, value in net.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(grown[name], 1.0 if name.startswith(("covered", "said")) else share)


def main() -> None:
    from training.face import data

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--widths", type=int, nargs=5, default=(16, 24, 48, 96, 160))
    parser.add_argument("--deeper", action="store_true")
    parser.add_argument("--offspring", type=Path)
    parser.add_argument("--share", type=float, default=0.6)
    args = parser.parse_args()
    torch.manual_seed(11)
    faces = data.load(args.cache)
    net = FaceNet(tuple(args.widths), deeper=args.deeper)
    mean, scale = data.geometry_scale(faces)
    net.mean.copy_(torch.from_numpy(mean)), net.scale.copy_(torch.from_numpy(scale))
    start(net, args.source, torch.from_numpy(data.plain(faces, faces.rows(0)[::30])[0]))
    if args.offspring:
        saved = torch.load(args.offspring / "last.pt")
        offspring = FaceNet(saved["widths"], deeper=saved["deeper"])
        offspring.load_state_dict(saved["net"])
        average(net, offspring, args.share)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"net": net.state_dict(), "widths": tuple(args.widths), "deeper": args.deeper}, args.out / "last.pt")


if __name__ == "__main__":
    main()
