"""Whether a face was at rest while a baseline was taken: expression, movement and head turn, in words."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS

MOVED: Final = 0.15
"""Spread of valence or arousal (1) beyond which the face was hardly at rest; a neutral hold spreads by about 0.05."""
MOVED_AU: Final = 0.20
"""Mean over all units of their spread (intensity steps): a still face 0.06, a talking one 0.21 to 0.29, on clips."""
TURNED_DEG: Final = 20.0
"""A head turned further than this shows the camera another face."""
STRONG_AU: Final = 1.5
"""Twice what neutral faces show (0.75 of 5)."""
CLEAR_AU, CLEAR_SHARE = 0.75, 0.8
"""One category at so large a share, with a unit above what neutral faces show, is an expression too."""
NEUTRAL: Final = 0.5
"""A face whose share of neutral is larger is at rest, whatever single units say: they are raw, and faces differ."""
EXPRESSIVE: Final = ("AU01", "AU02", "AU05", "AU06", "AU09", "AU10", "AU12", "AU15", "AU20", "AU25", "AU26")
"""Units that expressions raise; beards and moustaches feign AU18 and AU22, and brows at rest AU04."""
_UNITS = list(ACTION_UNITS)


def unrest(
    valence: npt.ArrayLike,
    arousal: npt.ArrayLike,
    au: npt.ArrayLike,
    emotions: Sequence[Sequence[float]],
    turned: Sequence[tuple[float, float]],
) -> list[str]:
    """What was not at rest in n frames, a sentence each; empty where the face was at rest.

    Parameters
    ----------
    valence, arousal: (n,), -1 to 1.
    au: (n, 22) intensities 0 to 5, in the order of `ACTION_UNITS`.
    emotions: shares of the eight categories of the frames that have them, none to n rows.
    turned: yaw and pitch in degrees of the frames that have them.
    """
    units = np.asarray(au, np.float64).reshape(-1, len(_UNITS))
    found = [_expression(units.mean(axis=0), emotions), _movement(valence, arousal, units), _turn(turned)]
    return [words for words in found if words]


def _expression(units: npt.NDArray[np.float64], emotions: Sequence[Sequence[float]]) -> str:
    shares = np.asarray(emotions, np.float64).mean(axis=0) if len(emotions) else np.zeros(len(EMOTIONS))
    if shares[0] > NEUTRAL:
        return ""
    levels = {unit: float(units[_UNITS.index(unit)]) for unit in EXPRESSIVE}
    strongest = max(levels, key=levels.__getitem__)
    top = int(np.argmax(shares))
    clear = top > 0 and shares[top] >= CLEAR_SHARE and levels[strongest] >= CLEAR_AU
    if levels[strongest] < STRONG_AU and not clear:
        return ""
    shown = f"{EMOTIONS[top]} {shares[top]:.0%}".replace("%", " %") if shares[top] > NEUTRAL else "an expression"
    return f"it showed {shown} ({ACTION_UNITS[strongest]} {levels[strongest]:.1f} of 5): look relaxed, as at nothing"


def _movement(valence: npt.ArrayLike, arousal: npt.ArrayLike, units: npt.NDArray[np.float64]) -> str:
    spread = max(float(np.std(np.asarray(values, np.float64), ddof=1)) for values in (valence, arousal))
    if spread > MOVED:
        return f"its expression changed (by {spread:.2f} of valence or arousal): hold still"
    if float(units.std(axis=0).mean()) > MOVED_AU:
        return "it moved: hold still, do not talk"
    return ""


def _turn(turned: Sequence[tuple[float, float]]) -> str:
    if not len(turned):
        return ""
    yaw, pitch = np.abs(np.median(np.asarray(turned, np.float64), axis=0))
    angle = max(float(yaw), float(pitch))
    return f"the head was turned by {angle:.0f} degrees: face the camera" if angle > TURNED_DEG else ""
