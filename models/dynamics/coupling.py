"""Who moves whom, and how fast: two people as one Ornstein-Uhlenbeck process in two dimensions.

    d x_B = -a_B x_B dt + c_AB x_A dt + noise

c (per second) is how fast B's affect is drawn to where A's is, beyond what moves both at once (the noises may be
correlated); c / a is how far B would follow a displacement of A that lasts. It is the continuous form of the coupled
models of Thomas and Malone (1979), Ferrer and Helm (2013) and Oravecz (2011); see `docs/dynamics.md`. The posterior
mode is found by Fisher scoring on the exact likelihood; intervals are those of the normal with its information.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.dynamics.inertia import BLOCK_S, FACE_ERROR, ErrorModel, Interval, Motion, motion
from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

LEAST_S = 60.0
"""With fewer seconds in which both have values there is no coupling."""
Z90 = 1.6448536269514722
Z98 = 2.3263478740408408
_COUPLING_SD, _LOG_SD, _TURNS = 0.7, 1.5, 25
_DELTA = 1e-4


@dataclass(frozen=True, slots=True)
class Influence:
    """How one person moves the other."""

    rate: Interval
    """c, per second."""
    gain: float
    """c / a: share of a lasting displacement that the other takes over."""
    beyond_chance: bool
    """True where the 98 % interval of the rate leaves 0 out: with that, made strangers are told so in 95 %."""


@dataclass(frozen=True, slots=True)
class Coupling:
    """Both directions, and what moves both at once."""

    seconds: float
    """Time in which both had values."""
    first_by_second: Influence
    second_by_first: Influence
    together: float
    """Correlation of what moves them at the same instant, -1 to 1."""


def coupling(
    first: tuple[npt.ArrayLike, npt.ArrayLike],
    second: tuple[npt.ArrayLike, npt.ArrayLike],
    models: tuple[ErrorModel, ErrorModel] = (FACE_ERROR, FACE_ERROR),
    block_s: float = BLOCK_S,
) -> Coupling | None:
    """Fits two people on one grid of time; each gives values and stated variances, as `motion` takes them.

    None with less than `LEAST_S` of both, or where one does not move. Raises BadInput where the series differ in
    length.
    """
    y = np.stack([np.asarray(one[0], np.float64) for one in (first, second)], axis=-1)
    stated = np.stack([np.asarray(one[1], np.float64) for one in (first, second)], axis=-1)
    if y.ndim != 2 or y.shape != stated.shape:
        raise BadInput("two people need values and variances on one grid of time, all of one length")
    both = float(np.isfinite(y).all(1).sum()) * block_s
    if both < LEAST_S:
        return None
    alone = [_alone(motion(y[:, i], stated[:, i], models[i], block_s)) for i in range(2)]
    if any(one is None for one in alone):
        return None
    fit = _Fit(y, stated, models, block_s, [one for one in alone if one is not None])
    theta, inverse = fit.run()
    sd = np.sqrt(np.diag(inverse))

    def influence(rate: int, own: int) -> Influence:
        low, high = (float(theta[rate] + sign * Z90 * sd[rate]) for sign in (-1, 1))
        clear = abs(theta[rate]) > Z98 * sd[rate]
        gain = float(theta[rate] / math.exp(theta[own]))
        return Influence(Interval(float(theta[rate]), low, high), gain, bool(clear))

    return Coupling(both, influence(2, 0), influence(3, 1), math.tanh(float(theta[6])))


class _Alone(NamedTuple):
    """Where the search begins: what each shows without the other."""

    level: float
    variability: float
    inertia_s: float
    error_var: float


def _alone(found: Motion) -> _Alone | None:
    if found.level is None or found.variability is None or found.inertia_s is None or found.error_var is None:
        return None
    return _Alone(found.level.value, found.variability.value, found.inertia_s.value, found.error_var)


class _Fit:
    """theta: log a1, log a2, c12, c21, log s1, log s2 (spreads), atanh rho, log error1, log error2, m1, m2."""

    def __init__(
        self, y: Floats, stated: Floats, models: tuple[ErrorModel, ErrorModel], block_s: float, alone: list[_Alone]
    ) -> None:
        self._level = np.array([one.level for one in alone])
        self._y, self._block_s = y - self._level, block_s
        known = np.isfinite(y)
        mean_var = np.array([float(stated[known[:, i], i].mean()) for i in range(2)])
        self._noise = np.where(known, stated / mean_var, 1.0)
        self._lasts = np.array([model.lasts_s for model in models])
        self._white = np.array([model.white[len(model.white) // 2] for model in models])
        self._start = np.array([float(np.nanvar(y[:, i])) for i in range(2)])
        rate = np.array([-math.log(min(max(one.inertia_s, 0.3), 60.0)) for one in alone])
        spread = np.log([max(one.variability, 1e-3) for one in alone])
        error = np.log([max(one.error_var, 1e-8) for one in alone])
        self._middle = np.concatenate([rate, [0.0, 0.0], spread, [0.0], error, [0.0, 0.0]])
        wide = 0.5
        usual = np.array([_LOG_SD, _LOG_SD, _COUPLING_SD, _COUPLING_SD, 1.0, 1.0, 0.7, 0.7, 0.7, wide, wide])
        self._precision = 1.0 / usual**2

    def run(self) -> tuple[Floats, Floats]:
        """The mode, and the inverse of the information there."""
        theta: Floats = self._middle.copy()
        best = self._score(theta, None)
        damping = 1e-3
        information = np.diag(self._precision)
        for _ in range(_TURNS):
            gradient, information = self._slopes(theta)
            moved, gained = False, 0.0
            for _ in range(8):
                step = np.linalg.solve(information + damping * np.diag(np.diag(information)), gradient)
                after: Floats = np.asarray(theta + np.clip(step, -0.7, 0.7), np.float64)
                value = self._score(after, None)
                if value > best:
                    moved, gained, theta, best = True, value - best, after, value
                    damping = max(damping * 0.2, 1e-6)
                    break
                damping = min(max(damping, 1e-4) * 8.0, 1e6)
            if not moved or gained < 1e-3:
                break
        _, information = self._slopes(theta)
        return theta, np.asarray(np.linalg.inv(information), np.float64)

    def _filtered(self, theta: Floats) -> Floats:
        from liveaffect.models.dynamics.pair_kernels import pair_innovations  # compiled, as in `inertia`

        a, s = np.exp(theta[:2]), np.exp(theta[4:6])
        drift = np.array([[-a[0], theta[2]], [theta[3], -a[1]]])
        root = s * np.sqrt(2.0 * a)
        rho = math.tanh(theta[6])
        diffusion = np.outer(root, root) * np.array([[1.0, rho], [rho, 1.0]])
        error = np.exp(theta[7:9])
        y = self._y - theta[9:11]
        return pair_innovations(
            y, self._noise, self._block_s, drift, diffusion, self._start, error, self._white, self._lasts
        )

    def _score(self, theta: Floats, found: Floats | None) -> float:
        a = np.exp(theta[:2])
        if a[0] * a[1] <= theta[2] * theta[3] or float(a.max()) > 50.0:
            return -math.inf  # it would run away, or is faster than blocks are
        found = self._filtered(theta) if found is None else found
        v, var = found[:, :2], found[:, 2:]
        seen = var > 0.0
        off = theta - self._middle
        fit = float((np.log(var[seen]) + v[seen] ** 2 / var[seen]).sum())
        score = -0.5 * fit - 0.5 * float((off * off * self._precision).sum())
        return score if math.isfinite(score) else -math.inf

    def _slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Gradient, and expected information (Harvey 1989, section 3.4.5), of the log posterior."""
        base = self._filtered(theta)
        v, var = base[:, :2], base[:, 2:]
        seen = var > 0.0
        v, var = v[seen], var[seen]
        dv: list[Floats] = []
        dvar: list[Floats] = []
        for i in range(len(theta)):
            moved = theta.copy()
            moved[i] += _DELTA
            other = self._filtered(moved)
            dv.append((other[:, :2][seen] - v) / _DELTA)
            dvar.append((other[:, 2:][seen] - var) / _DELTA)
        of_v, of_var = np.array(dv), np.array(dvar)
        gradient = -(of_v @ (v / var)) - 0.5 * (of_var @ ((1.0 - v * v / var) / var))
        information = (of_v / var) @ of_v.T + 0.5 * (of_var / var**2) @ of_var.T
        off = theta - self._middle
        return gradient - off * self._precision, information + np.diag(self._precision)
