"""The two voice nets and their average, as torch modules; everything a user must not get wrong is inside the graph."""

import torch
from torch import Tensor, nn

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.voice_mel import N_MELS
from liveaffect.models.voice_window import WINDOW_HOPS

N_OUT = N_EMOTIONS + 4
"""Logits of the eight categories, then valence, arousal and their log standard deviations."""
CLIP = 4.0
"""Summaries are clipped at this many standard deviations: heavy tails come from short windows."""


class Fourier(nn.Module):
    """Random Fourier features (Rahimi and Recht 2007): with a linear layer on top, a Gaussian kernel machine."""

    direction: Tensor
    phase: Tensor

    def __init__(self, inputs: int, outputs: int, gamma: float) -> None:
        super().__init__()
        self.register_buffer("direction", torch.randn(inputs, outputs) * (2.0 * gamma / inputs) ** 0.5)
        self.register_buffer("phase", torch.rand(outputs) * 2.0 * torch.pi)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) to (n, outputs)."""
        return torch.cos(x @ self.direction + self.phase) * 8.0 * (2.0 / len(self.phase)) ** 0.5


class SummaryNet(nn.Module):
    """Functionals, each against the population, minus the speaker's calm speech as far as it is known.

    `kind`: "layers" (two hidden ones) or "fourier" (a kernel machine, which says less where it saw nothing).
    """

    middle: Tensor
    scale: Tensor

    def __init__(self, middle: Tensor, scale: Tensor, kind: str = "layers", hidden: int = 96) -> None:
        super().__init__()
        self.register_buffer("middle", middle)
        self.register_buffer("scale", scale)
        inputs = len(middle) + 1
        if kind == "fourier":
            body: list[nn.Module] = [Fourier(inputs, 768, gamma=0.3), nn.Dropout(0.2), nn.Linear(768, N_OUT)]
        else:
            body = [nn.Linear(inputs, hidden), nn.SiLU(), nn.Dropout(0.5), nn.Linear(hidden, hidden), nn.SiLU()]
            body += [nn.Dropout(0.5), nn.Linear(hidden, N_OUT)]
        self.net = nn.Sequential(nn.Dropout(0.1), *body)

    def standard(self, summary: Tensor) -> Tensor:
        """Summaries (n, S) in robust standard deviations from the population; undefined ones lie on its middle."""
        known = torch.where(torch.isnan(summary), self.middle, summary)
        return torch.clamp((known - self.middle) / self.scale, -CLIP, CLIP)

    def forward(self, summary: Tensor, calm: Tensor, weight: Tensor) -> Tensor:
        """summary, calm (n, S) raw; weight (n, 1) in [0, 1], 0 where no calm speech is known. Gives (n, N_OUT)."""
        return self.of_standard(self.standard(summary) - weight * self.standard(calm), weight)

    def of_standard(self, relative: Tensor, weight: Tensor) -> Tensor:
        """The rest of `forward`, for training on changed inputs."""
        return self.net(torch.cat([relative, weight], dim=1))


class MelNet(nn.Module):
    """A causal convolutional net over the log-mel rows of the window, pooled over time."""

    mean: Tensor

    def __init__(self, mean: Tensor, width: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.first = _Causal(N_MELS, width, 5, stride=2)
        self.deep = nn.ModuleList([_Causal(width, width, 3, dilation=d) for d in (1, 2, 4)])
        self.attention = nn.Linear(width, 1)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(3 * width + 1, width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(width, N_OUT),
        )

    def forward(self, mel: Tensor, hops: Tensor, calm: Tensor, weight: Tensor) -> Tensor:
        """mel (n, 300, 40) dB, its newest rows last; hops (n, 1) how many are filled; calm (n, 40); weight (n, 1).

        Rows are read against a reference spectrum: without calm speech the population's at the level of the window
        itself (so gain cannot matter), with it the speaker's own, at its own level.
        """
        at = torch.arange(WINDOW_HOPS, dtype=mel.dtype, device=mel.device)
        mask = (at[None, :] >= WINDOW_HOPS - hops).to(mel.dtype)
        count = hops.clamp(min=1.0)
        level = (mel * mask[:, :, None]).sum(dim=(1, 2)).unsqueeze(1) / (count * N_MELS)
        reference = (1 - weight) * (self.mean + level - self.mean.mean()) + weight * calm
        x = (mel - reference[:, None, :]) / 12.0 * mask[:, :, None]
        x = self.first(nn.functional.avg_pool1d(x.transpose(1, 2), 2))
        for layer in self.deep:
            x = x + layer(x)
        seen = mask[:, 3::4][:, None, :]
        n = seen.sum(dim=2).clamp(min=1.0)
        mean = (x * seen).sum(dim=2) / n
        spread = torch.sqrt(((x - mean[:, :, None]) ** 2 * seen).sum(dim=2) / n + 1e-4)
        score = self.attention(x.transpose(1, 2)).transpose(1, 2) + (seen - 1.0) * 1e4
        chosen = (x * torch.softmax(score, dim=2)).sum(dim=2)
        return self.head(torch.cat([mean, spread, chosen, weight], dim=1))


class _Causal(nn.Module):
    """Convolution over the past only, SiLU. Not normalised: batch statistics would be of the padding and the corpus."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        # Strided layers end on the newest row: stride s emits rows s-1, 2s-1, ...
        self.pad = (size - 1) * dilation - (stride - 1)
        self.conv = nn.Conv1d(inputs, outputs, size, stride=stride, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.silu(self.conv(nn.functional.pad(x, (self.pad, 0))))


class VoiceAffectNet(nn.Module):
    """The average of the members, calibrated: what is exported."""

    def __init__(self, summary: list[SummaryNet], mel: list[MelNet], present: Tensor) -> None:
        super().__init__()
        self.summary, self.mel = nn.ModuleList(summary), nn.ModuleList(mel)
        self.register_buffer("masked", torch.where(present, 0.0, -1e4))
        self.register_buffer("temperature", torch.ones(2))
        self.register_buffer("sd_scale", torch.ones(2, 2))
        self.register_buffer("share", torch.tensor([0.5, 0.5]))

    def forward(
        self, functionals: Tensor, mel: Tensor, hops: Tensor, calm_functionals: Tensor, calm_mel: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Emotions (n, 8), valence and arousal (n, 2), their standard deviations (n, 2)."""
        outs = [net(functionals, calm_functionals, weight) for net in self.summary]
        shares = [self.share[0] / len(outs)] * len(outs)
        outs += [net(mel, hops, calm_mel, weight) for net in self.mel]
        shares += [self.share[1] / len(self.mel)] * len(self.mel) if len(self.mel) else []
        temperature = self.temperature[0] + weight * (self.temperature[1] - self.temperature[0])
        scale = self.sd_scale[0] + weight * (self.sd_scale[1] - self.sd_scale[0])
        p = sum(s * torch.softmax(o[:, :N_EMOTIONS] + self.masked, dim=1) for s, o in zip(shares, outs, strict=True))
        p = torch.softmax(torch.log(p.clamp(min=1e-9)) / temperature, dim=1)
        means = [torch.tanh(o[:, N_EMOTIONS : N_EMOTIONS + 2]) for o in outs]
        mean = sum(s * m for s, m in zip(shares, means, strict=True))
        variance = sum(
            s * (torch.exp(2 * log_sd(o)) + (m - mean) ** 2) for s, m, o in zip(shares, means, outs, strict=True)
        )
        return p, mean, torch.sqrt(variance) * scale


def log_sd(out: Tensor) -> Tensor:
    """Log standard deviations (n, 2) of valence and arousal, kept between 0.1 and 1."""
    return torch.clamp(out[:, N_EMOTIONS + 2 :], -2.3, 0.0)
