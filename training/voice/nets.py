"""The two voice nets and their average, as torch modules; everything a user must not get wrong is inside the graph."""

import torch
from torch import Tensor, nn

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.rules import WORTH
from liveaffect.models.voice.window import SUMMARY_NAMES, WINDOW_HOPS

N_OUT = N_EMOTIONS + 4
"""Logits of the eight categories, then valence, arousal and their log standard deviations."""
POINTS = 640
"""Windows a kernel machine compares with."""
GAMMA = 0.3
CLIP = 4.0
"""Summaries are clipped at this many standard deviations: heavy tails come from short windows."""


class Kernel(nn.Module):
    """Gaussian kernel of its input with chosen windows: with a linear layer on top, a kernel machine."""

    points: Tensor

    def __init__(self, points: Tensor) -> None:
        super().__init__()
        self.register_buffer("points", points)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) to (n, points)."""
        far = (x**2).sum(dim=1, keepdim=True) + (self.points**2).sum(dim=1) - 2.0 * x @ self.points.T
        return torch.exp(-GAMMA / self.points.shape[1] * far.clamp(min=0.0))


class SummaryNet(nn.Module):
    """Functionals, each against the population; one kind of expert without, one with the speaker's calm speech.

    A baselined expert reads what differs from calm speech, as far as that is known, against how much calm speech
    varies (`spread`, pooled over speakers); a cold one never sees a baseline. `kind` names the body: "layers" (two
    hidden ones), "kernel" (which says less where it saw nothing) or "linear".
    """

    middle: Tensor
    scale: Tensor
    spread: Tensor

    def __init__(self, middle: Tensor, scale: Tensor, spread: Tensor | None, kind: str, hidden: int = 96) -> None:
        super().__init__()
        self.kind, self.baselined = kind, spread is not None
        self.register_buffer("middle", middle)
        self.register_buffer("scale", scale)
        self.register_buffer("spread", torch.ones_like(middle) if spread is None else spread)
        inputs = len(middle)
        if kind == "layers":
            body = [nn.Dropout(0.1), nn.Linear(inputs + 2, hidden), nn.SiLU(), nn.Dropout(0.5)]
            body += [nn.Linear(hidden, hidden), nn.SiLU(), nn.Dropout(0.5), nn.Linear(hidden, N_OUT)]
            self.net = nn.Sequential(*body)
        elif kind == "kernel":
            self.net = nn.Sequential(Kernel(torch.zeros(POINTS, inputs)), nn.Linear(POINTS, N_OUT))
        else:
            self.net = nn.Sequential(nn.Linear(inputs, N_OUT))

    def standard(self, summary: Tensor) -> Tensor:
        """Summaries (n, S) in robust standard deviations from the population; undefined ones lie on its middle."""
        known = torch.where(torch.isnan(summary), self.middle, summary)
        return torch.clamp((known - self.middle) / self.scale, -CLIP, CLIP)

    def relative(self, own: Tensor, calm: Tensor, weight: Tensor) -> Tensor:
        """What the net reads, of `standard` summaries (n, S) of a window and of calm speech, and the weight (n, 1)."""
        return torch.clamp((own - weight * calm) / self.spread, -2 * CLIP, 2 * CLIP) / 2 if self.baselined else own

    def forward(self, summary: Tensor, calm: Tensor, weight: Tensor, hops: Tensor) -> Tensor:
        """What the net says, (n, N_OUT).

        summary, calm (n, S) raw; weight (n, 1) in [0, 1], 0 where no calm speech is known; hops (n, 1) in the window.
        """
        return self.of_relative(self.relative(self.standard(summary), self.standard(calm), weight), weight, hops)

    def of_relative(self, relative: Tensor, weight: Tensor, hops: Tensor) -> Tensor:
        """The rest of `forward`, for training on changed inputs."""
        if self.kind == "layers":
            relative = torch.cat([relative, weight if self.baselined else 0.0 * weight, length(hops)], dim=1)
        return self.net(relative)


class ArousalRule(nn.Module):
    """Arousal by hand: higher, louder and brighter than the calm speech, or than the population where none is known.

    The points of `liveaffect.models.voice.rules`; only what a point is worth (`line`, cold and with a baseline) is
    fitted. It orders anger above neutral where nets trained on other corpora do not.
    """

    middle: Tensor
    worth: Tensor
    line: Tensor

    def __init__(self, middle: Tensor) -> None:
        super().__init__()
        worth = torch.zeros(len(SUMMARY_NAMES))
        for name, points in WORTH.items():
            worth[SUMMARY_NAMES.index(name)] = points
        self.register_buffer("middle", middle)
        self.register_buffer("worth", worth)
        self.register_buffer("line", torch.zeros(2, 2))

    def points(self, summary: Tensor, calm: Tensor, weight: Tensor) -> Tensor:
        """(n, 1) points above the middle of the population, or above the calm speech."""
        own, base = (torch.where(torch.isnan(x), self.middle, x) - self.middle for x in (summary, calm))
        return torch.clamp((own - weight * base) @ self.worth[:, None], -6.0, 8.0)

    def forward(self, summary: Tensor, calm: Tensor, weight: Tensor) -> Tensor:
        """Arousal (n, 1), -0.95 to 0.95."""
        line = self.line[0] + weight * (self.line[1] - self.line[0])
        return torch.clamp(line[:, :1] * self.points(summary, calm, weight) + line[:, 1:], -0.95, 0.95)


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
    """The average of the members, calibrated: what is exported.

    shares: of the members by kind ("layers", "kernel", "linear" among those on functionals, "mel" of all); "trust",
    of the baselined ones where a baseline is fully believed; "rule", of the arousal by hand in arousal.
    """

    temperature: Tensor
    humble: Tensor
    sd_scale: Tensor

    def __init__(
        self, summary: list[SummaryNet], mel: list[MelNet], rule: ArousalRule, present: Tensor, shares: dict[str, float]
    ) -> None:
        super().__init__()
        self.summary, self.mel, self.rule = nn.ModuleList(summary), nn.ModuleList(mel), rule
        self.shares = shares
        self.register_buffer("masked", torch.where(present, 0.0, -1e4))
        self.register_buffer("temperature", torch.ones(2))
        self.register_buffer("humble", torch.zeros(1))
        self.register_buffer("sd_scale", torch.ones(2, 2))

    def forward(
        self, functionals: Tensor, mel: Tensor, hops: Tensor, calm_functionals: Tensor, calm_mel: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Emotions (n, 8), valence and arousal (n, 2), their standard deviations (n, 2)."""
        outs = [net(functionals, calm_functionals, weight, hops) for net in self.summary]
        outs += [net(mel, hops, calm_mel, weight) for net in self.mel]
        shares = self._shares(weight)
        temperature = self.temperature[0] + weight * (self.temperature[1] - self.temperature[0])
        sharpness = torch.exp(self.humble * length(hops)) / temperature
        scale = self.sd_scale[0] + weight * (self.sd_scale[1] - self.sd_scale[0])
        p = sum(s * torch.softmax(o[:, :N_EMOTIONS] + self.masked, dim=1) for s, o in zip(shares, outs, strict=True))
        p = torch.softmax(torch.log(p.clamp(min=1e-9)) * sharpness + self.masked, dim=1)
        means = [torch.tanh(o[:, N_EMOTIONS : N_EMOTIONS + 2]) for o in outs]
        mean = sum(s * m for s, m in zip(shares, means, strict=True))
        variance = sum(
            s * (torch.exp(2 * log_sd(o)) + (m - mean) ** 2) for s, m, o in zip(shares, means, outs, strict=True)
        )
        by_hand = self.rule(functionals, calm_functionals, weight)
        ruled = torch.cat([mean[:, :1], (1 - self.shares["rule"]) * mean[:, 1:] + self.shares["rule"] * by_hand], dim=1)
        return p, ruled, torch.sqrt(variance) * scale

    def _shares(self, weight: Tensor) -> list[Tensor]:
        """Each member's share of the word (n, 1), by kind and by how far the baseline is believed."""
        kinds = [(net.baselined, net.kind) for net in self.summary]
        mel = self.shares["mel"] if len(self.mel) else 0.0
        believed = self.shares["trust"] * weight
        found = []
        for baselined, kind in kinds:
            own = self.shares[kind] / sum(self.shares[k] for b, k in kinds if b == baselined)
            found.append((1.0 - mel) * own * (believed if baselined else 1.0 - believed))
        return found + [mel / len(self.mel) + 0.0 * weight for _ in self.mel]


def length(hops: Tensor) -> Tensor:
    """How long a window is, (n, 1): 0 where it is full, -1 per halving."""
    return torch.log2(torch.clamp(hops, 1.0) / WINDOW_HOPS)


def log_sd(out: Tensor) -> Tensor:
    """Log standard deviations (n, 2) of valence and arousal, kept between 0.1 and 1."""
    return torch.clamp(out[:, N_EMOTIONS + 2 :], -2.3, 0.0)
