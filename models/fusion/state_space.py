"""The state space behind fusion: one Ornstein-Uhlenbeck quantity seen through modalities with slow biases.

    x' = x decays towards 0 with time constant tau, stationary variance prior_var      (the affect, minus its mean)
    b_f, b_v likewise, each with stationary variance 1                                 (what is wrong for seconds)
    y_m = x + bias_scale_m * b_m + e_m,   e_m ~ N(0, noise_var_m)                      (one estimate of modality m)

The discretisation is exact for any step (Uhlenbeck and Ornstein 1930; Särkkä and Solin 2019, "Applied Stochastic
Differential Equations", section 6.1), so one long step equals two short ones. The update is the Kalman filter's
(Kalman 1960) for one scalar. Several rows share one covariance: they are seen with the same noise, so they have the
same gains. Plain floats, because NumPy's cost per call is larger than the whole step.
"""

import math
from typing import NamedTuple

FACE = 0
VOICE = 1


class Decay(NamedTuple):
    """Factors by which affect, face bias and voice bias decay over one step, each in (0, 1]."""

    affect: float
    face: float
    voice: float


class Covariance(NamedTuple):
    """The six different entries of the symmetric 3x3 covariance of (affect, face bias, voice bias)."""

    xx: float
    xf: float
    xv: float
    ff: float
    fv: float
    vv: float


class Snapshot(NamedTuple):
    """The whole state of a channel at one time: three means per row, and the covariance all rows share."""

    affect: tuple[float, ...]
    face: tuple[float, ...]
    voice: tuple[float, ...]
    covariance: Covariance


def decay(dt_s: float, taus_s: tuple[float, float, float]) -> Decay:
    """Decay factors of a step of `dt_s` >= 0 seconds for the time constants of affect, face and voice bias."""
    return Decay(math.exp(-dt_s / taus_s[0]), math.exp(-dt_s / taus_s[1]), math.exp(-dt_s / taus_s[2]))


class Channel:
    """`rows` quantities with common variance `prior_var`, each with its own pair of biases; starts at the prior."""

    __slots__ = ("_prior_var", "affect", "covariance", "face", "voice")

    def __init__(self, rows: int, prior_var: float) -> None:
        self._prior_var = prior_var
        self.affect = [0.0] * rows
        self.face = [0.0] * rows
        self.voice = [0.0] * rows
        self.covariance = Covariance(prior_var, 0.0, 0.0, 1.0, 0.0, 1.0)

    @property
    def variance(self) -> float:
        """Posterior variance of the affect, > 0 and never above `prior_var`."""
        return self.covariance.xx

    def copy(self) -> "Channel":
        other = Channel.__new__(Channel)
        other._prior_var = self._prior_var
        other.affect, other.face, other.voice = list(self.affect), list(self.face), list(self.voice)
        other.covariance = self.covariance
        return other

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(self.affect), tuple(self.face), tuple(self.voice), self.covariance)

    def predict(self, by: Decay) -> None:
        """Let time pass: means decay, variances return towards their stationary values."""
        x, f, v = by
        self.affect = [m * x for m in self.affect]
        self.face = [m * f for m in self.face]
        self.voice = [m * v for m in self.voice]
        p, s = self.covariance, self._prior_var
        self.covariance = Covariance(
            s + x * x * (p.xx - s),
            x * f * p.xf,
            x * v * p.xv,
            1.0 + f * f * (p.ff - 1.0),
            f * v * p.fv,
            1.0 + v * v * (p.vv - 1.0),
        )

    def predicted(self, modality: int, bias_scale: float) -> list[float]:
        """What each row's observation by `modality` is expected to be."""
        biases = self.face if modality == FACE else self.voice
        return [x + bias_scale * b for x, b in zip(self.affect, biases, strict=True)]

    def update(self, modality: int, bias_scale: float, noise_var: float, innovations: list[float]) -> None:
        """Take in one observation: `innovations` (rows,) are observed minus predicted.

        `noise_var` must be well above rounding (1e-9 of `prior_var`): the short covariance update is used.
        """
        p, h = self.covariance, bias_scale
        if modality == FACE:
            cx, cf, cv = p.xx + h * p.xf, p.xf + h * p.ff, p.xv + h * p.fv
            total = cx + h * cf + noise_var
        else:
            cx, cf, cv = p.xx + h * p.xv, p.xf + h * p.fv, p.xv + h * p.vv
            total = cx + h * cv + noise_var
        kx, kf, kv = cx / total, cf / total, cv / total
        self.affect = [m + kx * i for m, i in zip(self.affect, innovations, strict=True)]
        self.face = [m + kf * i for m, i in zip(self.face, innovations, strict=True)]
        self.voice = [m + kv * i for m, i in zip(self.voice, innovations, strict=True)]
        self.covariance = Covariance(
            p.xx - kx * cx, p.xf - kx * cf, p.xv - kx * cv, p.ff - kf * cf, p.fv - kf * cv, p.vv - kv * cv
        )
