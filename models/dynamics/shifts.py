"""Shifts: moments at which a person's level changes at once, told apart from the movement that person usually makes.

Bayesian online change points (Adams and MacKay 2007): a posterior over the run, the time since the last change. Within
a run a value is a level, plus ordinary movement (an Ornstein-Uhlenbeck process), plus the estimate's error; each run
keeps a Kalman filter of these, so that neighbours that say the same do not count as independent. How much a person
usually moves is not known beforehand: several sizes and paces are carried beside each other and weighed by how well
they foretold.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.dynamics.inertia import BLOCK_S, FACE_ERROR, ErrorModel
from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSettings:
    """When a change is told."""

    every_s: float = 60.0
    """Mean time between changes, before anything is seen."""
    least: float = 0.2
    """Smaller changes of level are not told."""
    certainty: float = 0.5
    """Least probability at which one is told."""
    spread: float = 0.4
    """Standard deviation of levels among each other."""

    def __post_init__(self) -> None:
        for name in ("every_s", "least", "spread"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise BadInput(f"shift setting {name} = {getattr(self, name)!r} must be a number above 0")
        if not 0.5 <= self.certainty < 1.0:
            raise BadInput(f"shift setting certainty = {self.certainty!r} must lie in [0.5, 1)")


@dataclass(frozen=True, slots=True)
class ShiftFound:
    """One change of level."""

    at_s: float
    """When it happened, to a block."""
    found_s: float
    """When it was sure enough to be told."""
    before: float
    after: float
    """Where the person was just before, and is since, as known when it was told."""
    certainty: float
    """Probability that the level changed there and by at least `ShiftSettings.least`, 0 to 1."""

    @property
    def size(self) -> float:
        """after - before."""
        return self.after - self.before


MOVES: tuple[tuple[float, float], ...] = tuple(
    (sd, tau) for tau in (0.7, 3.0, 12.0) for sd in (0.03, 0.06, 0.12, 0.2, 0.3)
)
"""Ordinary movement: standard deviation and time constant (s)."""
_MOST_RUNS = 24
_FAR = 3.0
"""Deviations; what is further off moves a run no more than this. A run that a single far value could carry along would
explain a shift away at once, and a person whose ordinary movement is large would never shift."""
_BEFORE_S, _LEAST_S = 1.2, 0.39
"""The level before is the median over so long; a new one must have lasted three blocks."""
_FRESH_S = 1.8
"""A change is looked for in the last so many seconds; runs that began earlier are the past."""


class ShiftFinder:
    """Takes one series block by block and tells each shift once. Causal and deterministic."""

    def __init__(self, settings: ShiftSettings | None = None, model: ErrorModel = FACE_ERROR) -> None:
        self.settings = settings or ShiftSettings()
        self._model = model
        sd, tau = (np.array(column) for column in zip(*MOVES, strict=True))
        self._move_var, self._move_keep = sd**2, np.exp(-BLOCK_S / tau)
        self._error_keep = math.exp(-BLOCK_S / model.lasts_s)
        self._hazard = BLOCK_S / self.settings.every_s
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        h = len(MOVES)
        self._began = np.empty(0)
        """Time at which each run began, s (r,)."""
        self._log = np.empty((h, 0))
        """Log of the joint probability of run and movement (h, r)."""
        self._mean = np.empty((3, h, 0))
        """Level, movement and lasting error."""
        self._cov = np.empty((6, h, 0))
        """00 01 02 11 12 22."""
        self._levels: list[tuple[float, float]] = []
        self._told_s = -math.inf
        self._last_s = -math.inf

    def step(self, t_s: float, value: float, stated_var: float) -> ShiftFound | None:
        """One block with a value, at `t_s`: its mean and the mean variance that the net states; missing ones are left
        out.

        Raises BadInput where time does not go on.
        """
        if not t_s > self._last_s:
            raise BadInput(f"shifts were given the time {t_s} s after {self._last_s} s; give blocks in order")
        blocks = max(round((t_s - self._last_s) / BLOCK_S), 1) if self._last_s > -math.inf else 1
        self._last_s = t_s
        error_var = self._model.share * stated_var * 2.0  # recordings differ: rather too much than too little
        white = self._model.white[len(self._model.white) // 2]
        self._pass(blocks, error_var * (1.0 - white))
        self._begin(t_s, error_var * (1.0 - white), 1.0 - (1.0 - self._hazard) ** blocks)
        self._see(value, error_var * white)
        self._prune()
        return self._tell(t_s)

    def _pass(self, blocks: int, error_var: float) -> None:
        """Lets `blocks` of time go by."""
        keep, last = (self._move_keep**blocks)[:, None], self._error_keep**blocks
        gained = (1.0 - keep**2) * self._move_var[:, None]
        self._mean[1] *= keep
        self._mean[2] *= last
        c = self._cov
        c[1] *= keep
        c[2] *= last
        c[3] = keep**2 * c[3] + gained
        c[4] *= keep * last
        c[5] = last**2 * c[5] + (1.0 - last**2) * error_var

    def _begin(self, t_s: float, error_var: float, hazard: float) -> None:
        """A run that begins here takes its share of every other."""
        h = len(MOVES)
        total = _log_sum(self._log) + math.log(hazard) if self._log.size else np.full(h, -math.log(h))
        self._log = np.concatenate([self._log + math.log1p(-hazard), total[:, None]], axis=1)
        self._began = np.append(self._began, t_s)
        fresh = np.zeros((6, h, 1))
        fresh[0], fresh[3, :, 0], fresh[5] = self.settings.spread**2, self._move_var, error_var
        self._mean = np.concatenate([self._mean, np.zeros((3, h, 1))], axis=2)
        self._cov = np.concatenate([self._cov, fresh], axis=2)

    def _see(self, value: float, white: float) -> None:
        m, c = self._mean, self._cov
        i0, i1, i2 = c[0] + c[1] + c[2], c[1] + c[3] + c[4], c[2] + c[4] + c[5]
        var = i0 + i1 + i2 + white + 1e-6
        v = value - m[0] - m[1] - m[2]
        self._log += _robust(v * v / var) - 0.5 * np.log(var)
        top = self._log.max()
        self._log -= top + math.log(float(np.exp(self._log - top).sum()))
        held = np.maximum(1.0, np.abs(v) / (_FAR * np.sqrt(var)))
        g = v / (var * held)
        m[0] += i0 * g
        m[1] += i1 * g
        m[2] += i2 * g
        for k, (a, b) in enumerate(((i0, i0), (i0, i1), (i0, i2), (i1, i1), (i1, i2), (i2, i2))):
            c[k] -= a * b / var

    def _prune(self) -> None:
        """Of old runs the most probable stay."""
        if len(self._began) <= _MOST_RUNS:
            return
        by_run = _log_sum(self._log.T)
        fresh = self._began > self._last_s - _FRESH_S
        order = np.argsort(np.where(fresh, np.inf, by_run), kind="stable")[-_MOST_RUNS:]
        kept = np.sort(order)
        self._began, self._log = self._began[kept], self._log[:, kept]
        self._mean, self._cov = self._mean[:, :, kept], self._cov[:, :, kept]

    def _tell(self, t_s: float) -> ShiftFound | None:
        p = np.exp(self._log)
        there = self._mean[0] + self._mean[1]
        level = float((p * there).sum())
        self._levels.append((t_s, level))
        while self._levels[1:] and self._levels[1][0] < t_s - _FRESH_S - _BEFORE_S - 0.4:
            del self._levels[0]
        fresh = (self._began > max(t_s - _FRESH_S, self._told_s + _FRESH_S)) & (self._began > self._levels[0][0])
        if not fresh.any() or float(p[:, fresh].sum()) < self.settings.certainty:
            return None
        by_run = np.where(fresh, p.sum(0), 0.0)
        at = float(self._began[int(by_run.argmax())])
        earlier = [value for when, value in self._levels if at - _BEFORE_S <= when < at - 0.5 * BLOCK_S]
        if not earlier or t_s - at < _LEAST_S:
            return None
        before = float(np.median(earlier))  # a glitch just before is not where the person was
        inside = p * fresh
        after = float((inside * there).sum() / inside.sum())
        sd = np.sqrt(np.maximum(self._cov[0] + 2.0 * self._cov[1] + self._cov[3], 1e-9))
        far = _upper((self.settings.least - np.abs(there - before)) / sd)
        certainty = float((inside * far).sum())
        if certainty < self.settings.certainty or abs(after - before) < self.settings.least:
            return None
        self._told_s = at
        return ShiftFound(at, t_s, before, after, certainty)


def _log_sum(rows: Floats) -> Floats:
    """log of the sum of exponentials along the last axis."""
    top = rows.max(axis=-1)
    return top + np.log(np.exp(rows - top[..., None]).sum(axis=-1))


def _robust(squared: Floats) -> Floats:
    """Log density of an innovation whose squared size in variances is given: Student's with 4 degrees of freedom, so
    that one strange block is no change of level."""
    return -2.5 * np.log1p(squared / 4.0)


def _upper(z: Floats) -> Floats:
    """Probability that a standard normal variable is above z (logistic approximation, Bowling et al. 2009)."""
    return 1.0 / (1.0 + np.exp(np.clip(1.5976 * z + 0.07056 * z**3, -60.0, 60.0)))
