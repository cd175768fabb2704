"""Learns to tell when two people speak at once, from what the encoder's layers say at each position: a net of its own.

    python -m training.voice.together --encoder OUT/voice-encoder.onnx --cache CACHE --out OUT/voice-together.onnx

Mixtures (`training.voice.mixtures`) are made once; corpora left
out in turn say where the threshold lies; then a small net over each 20 ms position is fitted to all of them.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from scipy.stats import rankdata

from training.voice.data import ZIPS
from training.voice.encoder import LAYERS, STEP, WIDTH, Graph
from training.voice.mixtures import ONE, TWO, Mixtures, cached

Array = np.ndarray
WIDE, NARROW, ROUNDS, FALSE = 64, 32, 3, 0.01
LIMIT = 8.0
"""Standardised numbers are cut at this."""
MOSTLY = 0.3
"""From this share of positions with both on a mixture counts as overlapped."""


class Positions(torch.nn.Module):
    """(n, 1152) standardised -> (n,) log-odds that two speak."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = torch.nn.Linear(LAYERS * WIDTH, WIDE), torch.nn.Linear(WIDE, NARROW)
        self.c, self.d = torch.nn.Linear(NARROW, 1), torch.nn.Dropout(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gelu = torch.nn.functional.gelu
        return self.c(gelu(self.b(self.d(gelu(self.a(x))))))[..., 0]


def scaled(layers: Array, mean: Array, sd: Array) -> torch.Tensor:
    return torch.from_numpy(((layers.astype(np.float32) - mean) / sd).clip(-LIMIT, LIMIT))


def fit(parts: list[Mixtures], mean: Array, sd: Array) -> Positions:
    """On every eighth position of each window, another eighth each round."""
    torch.manual_seed(0)
    rng, net = np.random.default_rng(0), Positions()
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=3e-2)
    for turn in range(ROUNDS):
        drawn = [part.positions(rng, 8) for part in parts]
        x, y = (np.concatenate(column) for column in zip(*drawn, strict=True))
        order = rng.permutation(len(x))
        for start in range(0, len(order) - 512, 512):
            rows = order[start : start + 512]
            seen = scaled(x[rows], mean, sd)
            answer = net(seen + 0.1 * torch.randn_like(seen))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(answer, torch.from_numpy(np.float32(y[rows])))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - (turn + 1) / ROUNDS) + 5e-5
    return net.eval()


def share(net: Positions, part: Mixtures, mean: Array, sd: Array) -> Array:
    """Per window what the exported net says."""
    found = []
    with torch.no_grad():
        for layers, n in zip(part.layers, part.lengths, strict=True):
            found.append(float(torch.sigmoid(net(scaled(layers[:n:STEP], mean, sd))).mean()))
    return np.array(found)


def exported(state: Mapping[str, Array], mean: Array, scale: Array) -> onnx.ModelProto:
    """`positions` (1, n, 1152) of the encoder to `together` (1, 1): the mean over them of the probability of two.

    `state` holds the weights of `Positions`; `scale` is one over the deviation.
    """
    g = Graph()
    x = g("Mul", g("Sub", "positions", g.constant(mean)), g.constant(scale))
    x = g("Clip", x, g.constant(-LIMIT), g.constant(LIMIT))
    for name in "ab":
        x = g("Gelu", g.linear(x, state[f"{name}.weight"], state[f"{name}.bias"]))
    x = g("Sigmoid", g.linear(x, state["c.weight"], state["c.bias"]))
    g("ReduceMean", x, g.constant([1], np.int64), output="together", keepdims=0)
    rows = helper.make_tensor_value_info("positions", TensorProto.FLOAT, [1, "n", LAYERS * WIDTH])
    said = helper.make_tensor_value_info("together", TensorProto.FLOAT, [1, 1])
    graph = helper.make_graph(g.nodes, "voice-together", [rows], [said], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("--encoder", "--cache", "--out"):
        options.add_argument(name, type=Path, required=True)
    args = options.parse_args()
    torch.set_num_threads(1)
    encoder = onnx.load(args.encoder)
    parts = cached(encoder, args.cache)
    some = [part.layers[:, 10:50:7].reshape(-1, LAYERS * WIDTH).astype(np.float32) for part in parts.values()]
    mean = np.mean([x.mean(axis=0) for x in some], axis=0)
    sd = np.sqrt(np.mean([x.var(axis=0) for x in some], axis=0)) + 1e-3
    said = {held: share(fit([parts[c] for c in ZIPS if c != held], mean, sd), parts[held], mean, sd) for held in ZIPS}
    report(parts, said)
    state = {name: value.numpy() for name, value in fit(list(parts.values()), mean, sd).state_dict().items()}
    onnx.save(exported(state, mean, 1.0 / sd), args.out)


def report(parts: dict[str, Mixtures], said: dict[str, Array]) -> float:
    """Prints what left-out corpora give; returns the threshold: FALSE of one voice's windows, corpora alike, pass."""
    alone = {c: said[c][parts[c].kind == ONE] for c in parts}
    grid = np.linspace(0.05, 0.95, 181)
    least = float(grid[np.argmax([np.mean([(v >= t).mean() for v in alone.values()]) <= FALSE for t in grid])])
    print(f"threshold {least:.3f}")
    for corpus, part in parts.items():
        both = (part.kind == TWO) & (part.overlap > MOSTLY)
        ranks = rankdata(np.concatenate([said[corpus][both], alone[corpus]]))[: both.sum()]
        area = (ranks.sum() - both.sum() * (both.sum() + 1) / 2) / both.sum() / len(alone[corpus])
        found = [(said[corpus][both & (part.db == db)] >= least).mean() for db in (0, 5, 10)]
        wrong = (alone[corpus] >= least).mean()
        print(f"{corpus:>10} area {area:.3f}, found {np.round(found, 2)}, one voice called more {wrong:.3f}")
    return least


if __name__ == "__main__":
    main()
