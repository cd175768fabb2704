"""Fits the members of the voice model: losses, input changes, schedules."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.voice_mel import N_MELS
from liveaffect.models.voice_window import WINDOW_HOPS
from training.voice.batches import Batch, Pool, Sampler, mel_of
from training.voice.nets import MelNet, SummaryNet, log_sd

Array = np.ndarray
PAIR_MARGIN = 0.2
"""Difference in arousal at which an ordered pair costs little."""


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
    pool: Pool,
    rows: Array,
    seed: int,
    epochs: int = 25,
    cold: float = 0.5,
    scaled: bool = True,
    hidden: int = 96,
    dropout: float = 0.5,
) -> SummaryNet:
    """The net on functionals. `scaled`: expression is made weaker or stronger along the line from calm speech."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x = pool.windows.summary[rows]
    middle = np.nanmedian(x, axis=0)
    low, high = np.nanpercentile(x, [10, 90], axis=0)
    net = SummaryNet(
        torch.tensor(middle, dtype=torch.float32),
        torch.tensor((high - low) / 2.563 + 1e-6, dtype=torch.float32),
        hidden,
        dropout,
    )
    with torch.no_grad():
        z = net.standard(torch.from_numpy(pool.windows.summary))
        calm = net.standard(torch.from_numpy(pool.calm_summary.reshape(-1, x.shape[1]))).reshape(
            *pool.calm_weight.shape, -1
        )
    sampler, size, pairs = Sampler(pool, rows, seed, cold), 128, 24
    steps = epochs * len(rows) // size
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    net.train()
    for _ in range(steps):
        batch = sampler.draw(size, pairs)
        speaker = pool.speaker[batch.rows]
        own = calm[speaker, batch.variant]
        here = z[batch.rows]
        if scaled:
            here = own + _strengths(rng, batch, pool) * (here - own)
        out = net.of_standard(here - batch.weight * own, batch.weight)
        optimiser.zero_grad()
        loss_of(out, batch).backward()
        optimiser.step()
        schedule.step()
    return net.eval()


def fit_mel(
    pool: Pool,
    rows: Array,
    seed: int,
    steps: int,
    cold: float = 0.5,
    scaled: bool = True,
    width: int = 48,
    checkpoint: Path | None = None,
) -> MelNet:
    """The net on log-mel rows; every batch is also masked, tilted, shifted along frequency, made louder or softer."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    some = rng.choice(rows, min(2000, len(rows)), replace=False)
    mean = np.mean(
        [pool.windows.mel[pool.windows.start[i] : pool.windows.stop[i]].mean(axis=0, dtype=np.float32) for i in some],
        axis=0,
    )
    net = MelNet(torch.tensor(mean, dtype=torch.float32), width)
    sampler, size, pairs = Sampler(pool, rows, seed, cold), 64, 8
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    net.train()
    started, seen = time.perf_counter(), 0.0
    for step in range(steps):
        batch = sampler.draw(size, pairs)
        mel, hops = mel_of(pool.windows, batch.rows)
        calm = torch.from_numpy(pool.calm_mel[pool.speaker[batch.rows], batch.variant])
        known = torch.from_numpy(pool.calm_weight[pool.speaker[batch.rows], batch.variant] > 0)
        if scaled:
            mask = (torch.arange(WINDOW_HOPS)[None] >= WINDOW_HOPS - hops)[:, :, None]
            average = (mel * mask).sum(1) / hops
            change = (_strengths(rng, batch, pool) - 1.0) * (average - calm)
            mel = mel + torch.where(known[:, None], change, torch.zeros(()))[:, None, :]
        mel, calm = _disturbed(mel, calm, rng)
        loss = loss_of(net(mel, hops, calm, batch.weight), batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        seen += float(loss)
        if (step + 1) % 200 == 0:
            print(
                f"    mel step {step + 1}/{steps} loss {seen / 200:.3f} {time.perf_counter() - started:.0f} s",
                flush=True,
            )
            seen = 0.0
            if checkpoint is not None:
                torch.save(net.state_dict(), checkpoint)
    return net.eval()


def _strengths(rng: np.random.Generator, batch: Batch, pool: Pool) -> Tensor:
    """How strongly each window expresses what it does, (n, 1): corpora differ in it; 1 within ordered pairs."""
    strength = np.exp(rng.uniform(np.log(0.4), np.log(1.3), (len(batch.rows), 1)))
    strength[rng.random(len(strength)) < 0.4] = 1.0
    strength[batch.pairs.numpy().ravel()] = 1.0
    strength[pool.calm_weight[pool.speaker[batch.rows], batch.variant] == 0] = 1.0
    return torch.tensor(strength, dtype=torch.float32)


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
