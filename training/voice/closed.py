"""Members of the voice model that are solved for: support vectors, kernel ridge regression, arousal by hand."""

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC
from torch import Tensor

from liveaffect.models.circumplex import N_EMOTIONS
from training.voice.batches import BASELINES, Pool
from training.voice.nets import N_OUT, POINTS, ArousalRule, Kernel, SummaryNet

Array = np.ndarray
MARGIN = 2.0
"""Margins of the support vectors become logits by this."""
VOTE = 5.0
"""The kernel machine's answers, some 0 to 1, become logits by this."""
DISTURBED = 1 / 3
"""Weight of a window in a virtual session against one as recorded."""


def fit_linear(pool: Pool, rows: Array, seed: int, baselined: bool, cost: float = 1e-3) -> SummaryNet:
    """Linear support vectors, one category against the rest, on sound as recorded; ridge regression of the plane."""
    net = standardised(pool, rows, "linear", baselined)
    rows = rows[pool.windows.copy[rows] == 0]
    rows, x, even = _examples(net, pool, rows, seed)
    machine = LinearSVC(C=cost, dual=False).fit(x, pool.label[rows], sample_weight=even)
    plane = Ridge(alpha=len(rows) / 20).fit(x, np.arctanh(pool.target[rows]), sample_weight=even)
    left = np.tanh(plane.predict(x)) - pool.target[rows]
    head = np.zeros((x.shape[1], N_OUT))
    bias = np.full(N_OUT, -20.0)
    head[:, machine.classes_] = MARGIN * machine.coef_.T
    bias[machine.classes_] = MARGIN * machine.intercept_
    at = slice(N_EMOTIONS, N_EMOTIONS + 2)
    head[:, at], bias[at] = plane.coef_.T, plane.intercept_
    bias[N_EMOTIONS + 2 :] = np.log(left.std(axis=0))
    return _with_head(net, head, bias)


def fit_kernel(pool: Pool, rows: Array, seed: int, baselined: bool, ridge: float = 1.0) -> SummaryNet:
    """Ridge regression of categories and plane on a Gaussian kernel with POINTS windows (Nystroem's approximation)."""
    net = standardised(pool, rows, "kernel", baselined)
    rows, x, even = _examples(net, pool, rows, seed)
    here = np.flatnonzero(pool.windows.copy[rows] == 0)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(here, POINTS, replace=False, p=even[here] / even[here].sum())
    kernel = net.net[0]
    assert isinstance(kernel, Kernel)
    kernel.points.copy_(torch.tensor(x[chosen]))
    with torch.no_grad():
        near = kernel(torch.tensor(x, dtype=torch.float32)).numpy().astype(np.float64)
    value, vector = np.linalg.eigh(near[chosen])
    root = vector[:, value > 1e-3] / np.sqrt(value[value > 1e-3])
    feature = near @ root
    one = (pool.label[rows][:, None] == np.arange(N_EMOTIONS)) - 1 / (N_EMOTIONS - 1)
    target = np.concatenate([one, pool.target[rows]], axis=1)
    inverse = np.linalg.inv((feature * even[:, None]).T @ feature + ridge * np.eye(feature.shape[1]))
    solved = inverse @ (feature * even[:, None]).T @ target
    # What is left where a window is left out (leverage), not what is left of a fit that saw it.
    leverage = even * np.einsum("ij,jk,ik->i", feature, inverse, feature)
    left = (target - feature @ solved)[:, N_EMOTIONS:] / (1 - np.minimum(leverage, 0.9))[:, None]
    head = np.zeros((POINTS, N_OUT))
    head[:, : N_EMOTIONS + 2] = root @ solved * np.array([VOTE] * N_EMOTIONS + [1.0, 1.0])
    bias = np.zeros(N_OUT)
    bias[N_EMOTIONS + 2 :] = np.log(np.sqrt(np.average(left**2, axis=0, weights=even)))
    return _with_head(net, head, bias)


def fit_rule(pool: Pool, rows: Array) -> ArousalRule:
    """What a point of arousal by hand is worth, cold and with a baseline: two straight lines by least squares."""
    rows = rows[pool.windows.whole[rows] & (pool.label[rows] >= 0) & (pool.windows.copy[rows] == 0)]
    middle = torch.tensor(np.nanmedian(pool.windows.summary[rows], axis=0), dtype=torch.float32)
    rule = ArousalRule(middle)
    even = np.sqrt(_even(pool, rows))[:, None]
    summary, calm = (torch.tensor(x) for x in (pool.windows.summary[rows], pool.calm_summary[pool.speaker[rows], 0]))
    weight = torch.tensor(pool.calm_weight[pool.speaker[rows], 0][:, None])
    for k, believed in enumerate((0.0 * weight, weight)):
        points = rule.points(summary, calm, believed).numpy()
        inputs = np.concatenate([points, np.ones_like(points)], axis=1)
        line = np.linalg.lstsq(inputs * even, pool.target[rows, 1] * even[:, 0])[0]
        rule.line[k] = torch.tensor(line, dtype=torch.float32)
    return rule


def standardised(pool: Pool, rows: Array, kind: str, baselined: bool) -> SummaryNet:
    """A new net that knows the middle and scale of the windows `rows` and how much calm speech of a speaker varies."""
    x = pool.windows.summary[rows[:: max(len(rows) // 8000, 1)]]
    low, middle, high = (torch.tensor(v, dtype=torch.float32) for v in np.nanpercentile(x, [10, 50, 90], axis=0))
    scale = (high - low) / 2.563 + 1e-6
    if not baselined:
        return SummaryNet(middle, scale, None, kind)
    calm = rows[pool.calm[rows] & (pool.windows.copy[rows] == 0)]
    z = SummaryNet(middle, scale, None, "linear").standard(torch.from_numpy(pool.windows.summary[calm])).numpy()
    people = [z[pool.speaker[calm] == s] for s in np.unique(pool.speaker[calm])]
    varies = np.sqrt(np.mean([p.var(axis=0) for p in people if len(p) > 2], axis=0))
    return SummaryNet(middle, scale, torch.tensor(np.maximum(varies, 0.2), dtype=torch.float32), kind)


def standard(net: SummaryNet, pool: Pool) -> tuple[Tensor, Tensor]:
    """All windows and all calm speech of the pool in the net's standard deviations."""
    with torch.no_grad():
        z = net.standard(torch.from_numpy(pool.windows.summary))
        calm = net.standard(torch.from_numpy(pool.calm_summary.reshape(-1, z.shape[1])))
    return z, calm.reshape(*pool.calm_weight.shape, -1)


def _examples(net: SummaryNet, pool: Pool, rows: Array, seed: int) -> tuple[Array, Array, Array]:
    """Of `rows` the whole windows with a category, without the harshest sessions: rows, what the net reads, weights."""
    rows = rows[pool.windows.whole[rows] & (pool.label[rows] >= 0) & (pool.windows.copy[rows] != 1)]
    variant = np.random.default_rng(seed).integers(BASELINES, size=len(rows))
    weight = torch.tensor(pool.calm_weight[pool.speaker[rows], variant][:, None])
    calm = torch.from_numpy(pool.calm_summary[pool.speaker[rows], variant])
    with torch.no_grad():
        own = net.standard(torch.from_numpy(pool.windows.summary[rows]))
        x = net.relative(own, net.standard(calm), weight).numpy()
    return rows, x, _even(pool, rows)


def _even(pool: Pool, rows: Array) -> Array:
    """Weights that count corpora and their categories alike; their sum is that of the windows as recorded."""
    names = [f"{c} {y}" for c, y in zip(pool.corpus[rows], pool.label[rows], strict=True)]
    recorded = pool.windows.copy[rows] == 0
    cell = np.unique(names, return_inverse=True)[1]
    even = np.where(recorded, 1.0, DISTURBED)
    even /= np.bincount(cell, weights=even)[cell]
    return even * recorded.sum() / even.sum()


def _with_head(net: SummaryNet, head: Array, bias: Array) -> SummaryNet:
    layer = net.net[-1]
    assert isinstance(layer, torch.nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(head.T))
        layer.bias.copy_(torch.tensor(bias))
    return net.eval()
