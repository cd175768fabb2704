"""Looks at known dots: a person's own offset and gain of the gaze, across and down, and how they are applied.

What is told of a gaze has an offset that differs from person to person (angle kappa, glasses) and is told too small,
most of all up and down. Each axis is the line known = offset + gain * told through one median for each dot, with
Huber's weights (1964), which a dot that was not looked at cannot bend, and a normal prior about offset 0 and gain 1:
few dots, dots close together and scattered looks move it little. It is the regression of the known direction on the
told one, which is what keeps errors small where the told one is noisy (Krutchkoff 1967, "inverse" calibration).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput

LEAST_DOTS = 4
LEAST_LOOKS, LEAST_SHARE = 5, 0.4
"""Frames of a dot in which the eyes were seen, and their share of all; a blink takes a fifth of a second."""
WANDERS_DEG = (6.0, 9.0)
"""Spread of looks at one dot, across and down, beyond which it was not looked at steadily."""
TURNED_DEG = 25.0
"""Of the head. Somebody who turns to a dot at the edge of a screen turns by less."""
FOLLOWS = (0.75, 0.5)
"""Least correlation of told and known, across and down: below it the eyes did not follow the dots."""
OFFSET_SD_DEG = 6.0
GAIN_SD = (0.7, 2.0)
"""Of the prior about 0 and 1; looks up and down may be told as little as a quarter of what they are."""
GAINS = (0.5, 4.0)
PRIOR_DOTS, PRIOR_SHARE = 3.0, 0.75
"""As many dots speak for so much of the stated deviation: the rest is what a calibration takes away."""
STEEPEST_DEG = 70.0
LIKE_THEN_DEG = 8.0
"""With the head turned so far from where it was at the dots six tenths of what narrows the deviations remain, and
hardly any of it twice as far away: offsets go with the pose (training/gaze/dots.py)."""
HUBER = 1.5
"""Deviations from which a dot counts for less."""
NAMES = ("aside", "up or down")
_ROUNDS = 20

Floats = NDArray[np.float64]


class Look(NamedTuple):
    """One frame in which the eyes were seen; degrees."""

    told: tuple[float, float]
    """Yaw and pitch of the gaze against the line to the camera, as measured."""
    sd: tuple[float, float]
    head: tuple[float, float]
    """Yaw and pitch of the head."""


class Dot(NamedTuple):
    """One dot that was to be looked at."""

    known: tuple[float, float]
    """Yaw and pitch of its direction against the line to the camera, degrees."""
    looks: Sequence[Look]
    frames: int
    """While it counted, those without eyes included."""


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One axis of a gaze, degrees: the direction is offset + gain * told."""

    offset_deg: float = 0.0
    gain: float = 1.0
    gain_sd: float = 0.0
    middle_deg: float = 0.0
    """Told at the middle of the dots: away from it what is not known of the gain counts more."""
    sd_scale: float = 1.0
    """Deviation that is left there, over the stated one."""


class GazeFit(msgspec.Struct, frozen=True, kw_only=True):
    """How one person's gaze is corrected."""

    yaw: Axis = Axis()
    pitch: Axis = Axis()
    dots: int = 0
    before_deg: float = 0.0
    after_deg: float = 0.0
    """Root mean square of the angle beside the dots, as told, and corrected by what the other dots say."""
    head_yaw_deg: float = 0.0
    head_pitch_deg: float = 0.0
    """How the head was held at the dots."""


def look_of(
    told: tuple[float | None, float | None, float | None, float | None], head: tuple[float | None, float | None]
) -> Look | None:
    """The look of a frame, degrees; None where the gaze was not told.

    `told` are yaw and pitch of the gaze, the deviation of the yaw and that of the pitch, which is the former's where it
    is not known; `head` yaw and pitch, taken as straight ahead where they are not.
    """
    yaw, pitch, sd, pitch_sd = told
    if yaw is None or pitch is None or sd is None:
        return None
    return Look((yaw, pitch), (sd, sd if pitch_sd is None else pitch_sd), (head[0] or 0.0, head[1] or 0.0))


def apply(found: GazeFit, look: Look) -> tuple[float, float, float, float]:
    """A gaze and its deviations, corrected: yaw, pitch (-70 to 70), deviation of yaw, of pitch; degrees."""
    aside = (look.head[0] - found.head_yaw_deg) ** 2 + (look.head[1] - found.head_pitch_deg) ** 2
    like = math.exp(-0.5 * aside / LIKE_THEN_DEG**2)
    yaw, yaw_sd = _corrected(found.yaw, look.told[0], look.sd[0], like)
    pitch, pitch_sd = _corrected(found.pitch, look.told[1], look.sd[1], like)
    return yaw, pitch, yaw_sd, pitch_sd


def calibrated(dots: Sequence[Dot]) -> GazeFit:
    """The calibration of one person who looked at these dots in turn.

    Raises BadInput, in words for that person, where they did not look, turned, or where it would help nothing.
    """
    wrong = [_wrong(dot, number) for number, dot in enumerate(dots, 1)]
    kept = [dot for dot, words in zip(dots, wrong, strict=True) if not words]
    if len(kept) < max(LEAST_DOTS, math.ceil(2 * len(dots) / 3)):
        first = next((words for words in wrong if words), "")
        raise BadInput(f"only {len(kept)} of {len(dots)} dots can be used" + (f": {first}" if first else ""))
    known = np.array([dot.known for dot in kept], np.float64)
    told = np.array([np.median([look.told for look in dot.looks], axis=0) for dot in kept])
    stated = np.array([np.median([look.sd for look in dot.looks], axis=0) for dot in kept]).mean(axis=0)
    jitter = np.array([_spread(dot) for dot in kept]).mean(axis=0)
    if not _follows(known[:, 0], told[:, 0], FOLLOWS[0]):
        raise BadInput("the eyes did not follow the dots: look at each one until the next appears")
    whole = [_fit(known[:, k], told[:, k], float(stated[k]), float(jitter[k]), k) for k in (0, 1)]
    left_out = np.empty_like(known)
    for one in range(len(kept)):
        others = np.arange(len(kept)) != one
        for k in (0, 1):
            axis = _fit(known[others, k], told[others, k], float(stated[k]), float(jitter[k]), k)
            left_out[one, k] = axis.offset_deg + axis.gain * told[one, k]
    before, after = _beside(told - known), _beside(left_out - known)
    if after >= before:
        raise BadInput(
            f"it would help nothing: the gaze is told {before:.1f} degrees beside the dots, and {after:.1f} corrected"
        )
    head = np.median([look.head for dot in kept for look in dot.looks], axis=0)
    return GazeFit(
        yaw=whole[0],
        pitch=whole[1],
        dots=len(kept),
        before_deg=round(before, 2),
        after_deg=round(after, 2),
        head_yaw_deg=round(float(head[0]), 2),
        head_pitch_deg=round(float(head[1]), 2),
    )


def _corrected(axis: Axis, told: float, sd: float, like: float) -> tuple[float, float]:
    scale = max(axis.sd_scale, 1.0 + like * (axis.sd_scale - 1.0))
    value = min(max(axis.offset_deg + axis.gain * told, -STEEPEST_DEG), STEEPEST_DEG)
    return value, math.hypot(scale * sd, axis.gain_sd * (told - axis.middle_deg))


def _wrong(dot: Dot, number: int) -> str:
    """Why a dot cannot be used; "" where it can."""
    looks = dot.looks
    if len(looks) < max(LEAST_LOOKS, LEAST_SHARE * dot.frames):
        return f"at dot {number} the eyes were seen in {len(looks)} of {dot.frames} frames"
    turn = float(np.abs(np.median([look.head for look in looks], axis=0)).max())
    if turn > TURNED_DEG:
        return f"at dot {number} the head was turned by {turn:.0f} degrees: keep it towards the camera, move the eyes"
    for spread, most, name in zip(_spread(dot), WANDERS_DEG, NAMES, strict=True):
        if spread > most:
            return f"at dot {number} the look wandered by {spread:.0f} degrees {name}: look at one dot until the next"
    return ""


def _spread(dot: Dot) -> Floats:
    """Standard deviation of the looks at one dot across and down, by the median of the distances from their median."""
    told = np.array([look.told for look in dot.looks], np.float64)
    return 1.4826 * np.median(np.abs(told - np.median(told, axis=0)), axis=0)


def _follows(known: Floats, told: Floats, least: float) -> bool:
    if float(np.ptp(known)) < 1e-6 or float(np.ptp(told)) < 1e-6:
        return False
    return float(np.corrcoef(known, told)[0, 1]) >= least


def _fit(known: Floats, told: Floats, stated: float, jitter: float, which: int) -> Axis:
    """The line of one axis through the dots (n,); where the eyes did not follow, its offset alone."""
    followed = _follows(known, told, FOLLOWS[which])
    gain_sd = GAIN_SD[which] if followed else 1e-6
    prior = np.diag([1.0 / OFFSET_SD_DEG**2, 1.0 / gain_sd**2])
    rows = np.stack([np.ones_like(told), told], axis=1)
    aim = known - told
    start = (PRIOR_SHARE * stated) ** 2
    variance, weights = start, np.ones_like(told)
    change, inverse = np.zeros(2), np.linalg.inv(prior)
    for _ in range(_ROUNDS):
        inverse = np.linalg.inv(prior + (rows.T * weights) @ rows / variance)
        change = inverse @ ((rows.T * weights) @ aim / variance)
        off = aim - rows @ change
        variance = (PRIOR_DOTS * start + float(weights @ off**2)) / (PRIOR_DOTS + float(weights.sum()))
        weights = np.minimum(1.0, HUBER * math.sqrt(variance) / np.maximum(np.abs(off), 1e-9))
    gain = min(max(1.0 + float(change[1]), GAINS[0]), GAINS[1])
    middle = float(told.mean())
    offset = float(change[0])
    if gain != 1.0 + change[1]:
        offset = float(np.average(aim - (gain - 1.0) * told, weights=weights))
    point = np.array([1.0, middle])
    left = math.sqrt(variance + float(point @ inverse @ point) + (gain * jitter) ** 2)
    return Axis(
        offset_deg=round(offset, 4),
        gain=round(gain, 4),
        gain_sd=round(math.sqrt(float(inverse[1, 1])), 4),
        middle_deg=round(middle, 4),
        sd_scale=round(max(left / max(stated, 1e-6), 0.0 if followed else 1.0), 4),
    )


def _beside(off: Floats) -> float:
    """Root mean square of the length of (n, 2)."""
    return math.sqrt(float((off**2).sum(axis=1).mean()))
