"""Fits the members of the voice model that are trained step by step: losses, input changes, schedules."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import SUMMARY_NAMES
from training.voice.batches import Batch, Pool, Sampler, mel_of
from training.voice.closed import standard, standardised
from training.voice.nets import MelNet, SummaryNet, log_sd

Array = np.ndarray
PAIR_MARGIN = 0.2
"""Difference in arousal at which an ordered pair costs little."""


def _groups() -> Tensor:
    """(6, S): which group each number of the summary belongs to; corpora differ in how much a group moves."""
    starts = (
        ("loudness", "equivalent", "spectral_flux_"), ("alpha", "hammarberg", "slope", "mfcc"), ("f0",),
        ("f1", "f2", "f3"), ("jitter", "shimmer", "hnr", "h1", "h2", "voicing"), ("",),
    )  # fmt: skip
    table = torch.zeros(len(starts), len(SUMMARY_NAMES))
    for i, name in enumerate(SUMMARY_NAMES):
        table[next(g for g, prefixes in enumerate(starts) if name.startswith(prefixes)), i] = 1.0
    return table


GROUPS = _groups()


def loss_of(out: Tensor, batch: Batch, smooth: float = 0.05) -> Tensor:
    """Categories (masked to the corpus), valence and arousal (Gaussian likelihood), ordered pairs of arousal."""
    has = batch.label >= 0
    logits = torch.where(batch.allowed, out[:, :N_EMOTIONS], torch.tensor(-1e4))[has]
    logp = torch.log_softmax(logits, dim=1)
    allowed = batch.allowed[has]
    even = (torch.where(allowed, logp, torch.zeros(())).sum(1) / allowed.sum(1)).mean()
    categories = -(1 - smooth) * logp.gather(1, batch.label[has][:, None]).mean() - smooth * even
    mean = torch.tanh(out[:, N_EMOTIONS : N_EMOTIONS + 2])
    spread = log_sd(out)
    residual = ((mean - batch.target)[has] / torch.exp(spread[has])).square()
    plane = (0.5 * residual + spread[has]).mean()
    total = categories + 0.5 * plane
    if len(batch.pairs):
        higher = mean[batch.pairs[:, 0], 1] - mean[batch.pairs[:, 1], 1]
        total = total + 0.5 * torch.nn.functional.softplus((PAIR_MARGIN - higher) / 0.1).mean() * 0.1
    return total


def fit_summary(
    pool: Pool, rows: Array, seed: int, baselined: bool, steps: int = 600, groups: float = 0.5
) -> SummaryNet:
    """Layers on functionals. `groups`: share of windows in which a group of descriptors is weakened or taken away."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = standardised(pool, rows, "layers", baselined)
    z, calm = standard(net, pool)
    hops = torch.tensor((pool.windows.stop - pool.windows.start)[:, None], dtype=torch.float32)
    sampler, size, pairs = Sampler(pool, _emphasised(pool, rows), seed, 0.0 if baselined else 1.0), 128, 24
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    net.train()
    for _ in range(steps):
        batch = sampler.draw(size, pairs)
        relative = net.relative(z[batch.rows], calm[pool.speaker[batch.rows], batch.variant], batch.weight)
        if groups:
            shape = (len(batch.rows), len(GROUPS))
            strength = np.where(rng.random(shape) < groups, rng.uniform(0, 1, shape), 1.0)
            strength[batch.pairs.numpy().ravel()] = 1.0
            relative = relative * (torch.tensor(strength, dtype=torch.float32) @ GROUPS)
        optimiser.zero_grad()
        loss_of(net.of_relative(relative, batch.weight, hops[batch.rows]), batch).backward()
        optimiser.step()
        schedule.step()
    return net.eval()


def _emphasised(pool: Pool, rows: Array, times: int = 8) -> Array:
    """Whole windows of sound as recorded count more than short ones and disturbed ones."""
    return np.concatenate([rows] + [rows[pool.windows.whole[rows] & (pool.windows.copy[rows] == 0)]] * times)


def fit_mel(
    pool: Pool, rows: Array, seed: int, steps: int, cold: float = 0.4, checkpoint: Path | None = None
) -> MelNet:
    """The net on log-mel rows; every batch is also tilted, shifted along frequency, and made louder or softer."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    some = rng.choice(rows, min(2000, len(rows)), replace=False)
    mel, start, stop = pool.windows.mel, pool.windows.start, pool.windows.stop
    mean = np.mean([mel[start[i] : stop[i]].mean(axis=0, dtype=np.float32) for i in some], axis=0)
    net = MelNet(torch.tensor(mean, dtype=torch.float32))
    sampler, size, pairs = Sampler(pool, _emphasised(pool, rows, 4), seed, cold), 64, 8
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    net.train()
    started, seen = time.perf_counter(), 0.0
    for step in range(steps):
        batch = sampler.draw(size, pairs)
        rows_in, hops = mel_of(pool.windows, batch.rows)
        calm = torch.from_numpy(pool.calm_mel[pool.speaker[batch.rows], batch.variant])
        rows_in, calm = _disturbed(rows_in, calm, rng)
        loss = loss_of(net(rows_in, hops, calm, batch.weight), batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        seen += float(loss)
        if (step + 1) % 200 == 0:
            spent = time.perf_counter() - started
            print(f"    log-mel step {step + 1}/{steps} loss {seen / 200:.3f} {spent:.0f} s", flush=True)
            seen = 0.0
            if checkpoint is not None:
                torch.save(net.state_dict(), checkpoint)
    return net.eval()


def _disturbed(mel: Tensor, calm: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    n = len(mel)
    band = np.linspace(-1, 1, N_MELS)
    tilt = rng.normal(0, 2.0, (n, 1)) * band + rng.normal(0, 1.5, (n, 1)) * (band**2 - 0.33)
    tilt += 1.5 * np.cumsum(rng.normal(0, 0.5, (n, N_MELS)), axis=1)
    tilt = torch.tensor(tilt, dtype=torch.float32)  # a microphone: the same for the calm speech
    gain = torch.tensor(rng.normal(0, 2.0, (n, 1, 1)), dtype=torch.float32)  # the mouth nearer or further than then
    mel, calm = mel + tilt[:, None, :] + gain, calm + tilt
    moved = int(rng.integers(-2, 3))
    if moved:  # a longer or shorter vocal tract
        mel, calm = torch.roll(mel, moved, dims=2), torch.roll(calm, moved, dims=1)
        edge = slice(0, moved) if moved > 0 else slice(moved, None)
        inner = moved if moved > 0 else N_MELS + moved - 1
        mel[:, :, edge], calm[:, edge] = mel[:, :, inner : inner + 1], calm[:, inner : inner + 1]
    return mel, calm
