"""Where people are before the camera, and how far one's gaze passes by a place: vectors in the camera's frame.

x to the right of the image, y down, z away from the camera, in metres from it. A gaze is told as (yaw, pitch) against
the line from the face to the camera: (0, 0) meets the lens, wherever in the image the face is; yaw is positive to the
right of the image and pitch is positive down.
"""

import math
from typing import NamedTuple

from liveaffect.models.errors import BadInput

Vector = tuple[float, float, float]


class Place(NamedTuple):
    """A face before the camera."""

    across: float
    """x / z."""
    down: float
    """y / z."""
    range_m: float
    """From the camera to the face, along the line of sight."""
    range_sd_m: float
    """0 where the distance is not known: the place is then a direction, and `range_m` may be any."""
    lens_sd: float = 0.0
    """Relative deviation of the camera's focal length, which moves everyone in the picture alike; `range_sd_m` is what
    comes on top."""

    def at(self, range_m: float) -> Vector:
        """Its position if it were so far away."""
        z = range_m / math.sqrt(1.0 + self.across * self.across + self.down * self.down)
        return self.across * z, self.down * z, z


class Offset(NamedTuple):
    """By how much a gaze passes by a place, seen from the one who looks: degrees across and down."""

    across_deg: float
    down_deg: float
    var_across: float
    var_down: float
    cov: float
    """Variance (square degrees) by what is not known of where the two are; the gaze's own is not in it."""
    range_m: float
    """From the one who looks to the place."""


def place_of(
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    view_deg: float,
    range_m: float,
    range_sd_m: float,
    lens_sd: float = 0.0,
) -> Place:
    """Where a face is: `box` x, y, width, height as fractions of a frame of `size` (width, height) pixels.

    view_deg: the camera's angle of view across the frame's longer side. The rest as of `Place`. Raises BadInput for an
    angle that no lens has.
    """
    if not 1.0 <= view_deg <= 179.0:
        raise BadInput(f"a camera's angle of view is 1 to 179 degrees, not {view_deg:g}")
    x, y, width, height = box
    wide = 2.0 * math.tan(math.radians(view_deg) / 2.0) / max(size)
    return Place(
        (x + width / 2 - 0.5) * size[0] * wide, (y + height / 2 - 0.5) * size[1] * wide, range_m, range_sd_m, lens_sd
    )  # fmt: skip


def direction(place: Place, yaw_deg: float, pitch_deg: float) -> Vector:
    """The unit vector of the gaze of somebody at `place`, in the camera's frame."""
    x, y, z = place.at(1.0)
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    u, v, w = math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)
    right, below = _axes((-x, -y, -z))
    return (
        u * right[0] + v * below[0] - w * x, u * right[1] + v * below[1] - w * y, u * right[2] + v * below[2] - w * z
    )  # fmt: skip


def toward(place: Place, point: Vector) -> tuple[float, float]:
    """Yaw and pitch (degrees) of a look at `point` (metres, in the camera's frame) by somebody at `place`: what
    `direction` turns back into that direction."""
    x, y, z = own = place.at(place.range_m)
    gaze, ahead = _unit(_between(own, point)), _unit((-x, -y, -z))
    right, below = _axes(ahead)
    pitch = math.asin(min(max(_dot(gaze, below), -1.0), 1.0))
    return math.degrees(math.atan2(_dot(gaze, right), _dot(gaze, ahead))), math.degrees(pitch)


def to_camera(gaze: Vector, place: Place) -> Offset:
    """How far a gaze passes by the camera: where the face is in the picture tells that, at any distance."""
    x, y, z = place.at(1.0)
    across, down = _beside(gaze, (-x, -y, -z))
    return Offset(across, down, 0.0, 0.0, 0.0, place.range_m)


def to_face(gaze: Vector, own: Place, other: Place) -> Offset:
    """How far a gaze passes by another face.

    Deviations are carried over by central differences: those of both distances, and that of the lens, which puts all
    faces nearer or farther at once, and further apart across or less.
    """
    away = _between(own.at(own.range_m), other.at(other.range_m))
    across, down = _beside(gaze, _unit(away))
    var_across = var_down = cov = 0.0
    for ends in (
        [(_moved(own, sign), other) for sign in (-1, 1)] if own.range_sd_m > 0 else [],
        [(own, _moved(other, sign)) for sign in (-1, 1)] if other.range_sd_m > 0 else [],
        [(_through(own, sign), _through(other, sign)) for sign in (-1, 1)] if own.lens_sd > 0 else [],
    ):
        if ends:
            low, high = (_beside(gaze, _unit(_between(a.at(a.range_m), b.at(b.range_m)))) for a, b in ends)
            a, d = _half(high[0] - low[0]), _half(high[1] - low[1])
            var_across, var_down, cov = var_across + a * a, var_down + d * d, cov + a * d
    return Offset(across, down, var_across, var_down, cov, max(_length(away), 0.05))


def _moved(place: Place, sign: int) -> Place:
    return place._replace(range_m=max(place.range_m + sign * place.range_sd_m, 0.05))


def _through(place: Place, sign: int) -> Place:
    """Through a lens that is longer or shorter by its deviation."""
    longer = max(1.0 + sign * place.lens_sd, 0.1)
    return place._replace(across=place.across / longer, down=place.down / longer, range_m=place.range_m * longer)


def _half(change: float) -> float:
    """Half of a change of angle: by way of the back of the head it would be more than half a circle."""
    return 0.5 * (change - 360.0 * round(change / 360.0))


def _beside(gaze: Vector, aim: Vector) -> tuple[float, float]:
    """Angle (degrees) from `aim` to `gaze` across and down, in the plane that touches the sphere at `aim`."""
    right, below = _axes(aim)
    u, v = _dot(gaze, right), _dot(gaze, below)
    apart = math.degrees(math.atan2(math.hypot(u, v), _dot(gaze, aim)))
    aside = math.hypot(u, v)
    return (0.0, 0.0) if aside < 1e-12 else (apart * u / aside, apart * v / aside)


def _axes(aim: Vector) -> tuple[Vector, Vector]:
    """Right and down, for whoever sees `aim` as the picture does: level, and at right angles to it."""
    ax, ay, az = aim
    level = math.hypot(ax, az)
    right = (-az / level, 0.0, ax / level) if level > 1e-6 else (1.0, 0.0, 0.0)
    return right, (right[1] * az - right[2] * ay, right[2] * ax - right[0] * az, right[0] * ay - right[1] * ax)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _between(a: Vector, b: Vector) -> Vector:
    return b[0] - a[0], b[1] - a[1], b[2] - a[2]


def _length(a: Vector) -> float:
    return math.sqrt(_dot(a, a))


def _unit(a: Vector) -> Vector:
    length = max(_length(a), 1e-9)
    return a[0] / length, a[1] / length, a[2] / length
