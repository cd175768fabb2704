"""What somebody looks at: the camera, another face, or none of these, as probabilities that sum to 1.

A gaze that errs by some degrees lies in no cone for certain. So each aim is a normal distribution about its direction,
as wide as the gaze's own deviation, what is not known of where people are, and the aim's own extent together; what is
none of them is a broad one (Stiefelhagen and Zhu 2002, Ba and Odobez 2009: focus of attention in meetings, with targets
and "unfocused"). Bayes' rule gives the probabilities, and where a gaze says nothing, what was thought before is left.

Frames are not multiplied into certainty: the error of a gaze lasts as long as light and pose do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from liveaffect.models.attention.directions import Offset
from liveaffect.models.errors import BadInput

HEAD_SD_DEG = 15.0
"""Of the gaze about the head's direction, where the eyes are not seen: people turn their heads by some two thirds of a
shift of gaze (Stiefelhagen and Zhu 2002)."""
MOST_SD_DEG = 40.0
"""A gaze that is known no better says nothing; a still wider distribution would not fit on a sphere."""
FACE_RADIUS_M = 0.1
_AROUND = (20.0, 12.0, 8.0)  # deviations across and down, and the middle below the camera: screens, hands, notes
_WRONG = 0.02  # of gazes are so, whatever deviation they state: landmarks upon glasses, a reflection
_ANYWHERE = 1.0 / 20626.5  # per square degree of the half of the sphere that is before a face


@dataclass(frozen=True, slots=True)
class Priors:
    """What is thought of a gaze before it is seen."""

    camera: float = 0.3
    others: float = 0.3
    """All other faces together; where there is none, this is of what is none of them."""
    cone_deg: float = 5.0
    """Looks at the camera are spread over a cone of this half-angle: as wide as the one in which people feel looked at
    (Gamer and Hecht 2007: 4 to 5 degrees to a side)."""

    def __post_init__(self) -> None:
        if not (0 < self.camera < 1 and 0 < self.others < 1 and self.camera + self.others < 1):
            raise BadInput(
                f"the shares of looks at the camera ({self.camera:g}) and at others ({self.others:g}) are above 0 and "
                "below 1 together"
            )
        if not 0.5 <= self.cone_deg <= 30:
            raise BadInput(f"the cone of eye contact is 0.5 to 30 degrees, not {self.cone_deg:g}")


class AimShares(NamedTuple):
    """Probabilities of what somebody looks at."""

    camera: float
    faces: dict[int, float]
    elsewhere: float


def aim_shares(sd_deg: tuple[float, float], camera: Offset, faces: Mapping[int, Offset], priors: Priors) -> AimShares:
    """Probabilities of a gaze that passes by each aim by so much; `sd_deg` is the gaze's deviation across and down.

    Raises BadInput for a deviation that is none.
    """
    if not all(0 < sd < math.inf for sd in sd_deg):
        raise BadInput(f"the deviations of a gaze are above 0 degrees, not {sd_deg[0]:g} and {sd_deg[1]:g}")
    across, down = (min(sd, MOST_SD_DEG) ** 2 for sd in sd_deg)
    wide = (priors.cone_deg / 2.0) ** 2
    at_camera = priors.camera * _normal(camera, across + wide, down + wide)
    each = priors.others / max(len(faces), 1)
    at_faces: dict[int, float] = {}
    for who, offset in faces.items():
        wide = math.degrees(math.atan(FACE_RADIUS_M / offset.range_m)) ** 2 / 4.0
        at_faces[who] = each * _normal(offset, across + wide, down + wide)
    left = 1.0 - priors.camera - (priors.others if faces else 0.0)
    elsewhere = left * (0.5 * _around(camera, across, down) + 0.5 * _ANYWHERE)
    total = at_camera + sum(at_faces.values()) + elsewhere
    return AimShares(at_camera / total, {who: p / total for who, p in at_faces.items()}, elsewhere / total)


def mutual(first_at_second: float, second_at_first: float) -> float:
    """Probability that two people look at each other's face: their gazes err independently of each other."""
    return first_at_second * second_at_first


def _normal(offset: Offset, across: float, down: float) -> float:
    """Density (per square degree) of an offset of which 0 is expected; variances are added to those of the place."""
    a, b, c = offset.var_across + across, offset.var_down + down, offset.cov
    area = a * b - c * c
    x, y = offset.across_deg, offset.down_deg
    peak = math.exp(-0.5 * (b * x * x - 2.0 * c * x * y + a * y * y) / area) / (2.0 * math.pi * math.sqrt(area))
    return (1.0 - _WRONG) * peak + _WRONG * _ANYWHERE


def _around(camera: Offset, across: float, down: float) -> float:
    """Density of a look at nothing that is known: near the camera more often than not, and below it."""
    wide, high, below = _AROUND
    a, b = wide * wide + across, high * high + down
    x, y = camera.across_deg, camera.down_deg - below
    return math.exp(-0.5 * (x * x / a + y * y / b)) / (2.0 * math.pi * math.sqrt(a * b))
