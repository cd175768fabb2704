"""Portraits with a turned head and painted eyes: where these look, how far open they are, is known.

A portrait's landmarks carry its pixels as a mesh, which is turned about the head's middle and drawn again from the
back to the front. In each eye's opening a globe is painted: its middle of rotation stands behind the corners of the
lids, and the iris is a disc `IRIS_PLANE_MM` before it, `IRIS_MM` across, clipped by the lids. The upper lid follows the
eye up and down. What this truth is not: the cornea does not refract, lids keep their form, and the mesh's depth is
MediaPipe's own.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from liveaffect.models.face.geometry import rotation

IRIS_MM, IRIS_PLANE_MM, GLOBE_MM = 11.7, 9.8, 12.0
"""Across the iris, from the eye's middle of rotation to the iris, and radius of the globe."""
PUPIL_MM = 4.2
LID_FOLLOWS, LOWER_FOLLOWS = 0.8, 0.25
"""Of the iris's way up or down, what the lids' middles go."""
FLIP = np.diag([1.0, -1.0, -1.0])
Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]

UPPER = ((161, 160, 159, 158, 157), (388, 387, 386, 385, 384))
LOWER = ((163, 144, 145, 153, 154), (390, 373, 374, 380, 381))
ENDS = ((246, 173, 7, 155), (466, 398, 249, 382))
OUTER, INNER, IRIS = (33, 263), (133, 362), (468, 473)
RING = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
FINE = 4
"""Samples of the painted eye along each side of a pixel."""


class Portrait(NamedTuple):
    """A portrait and what MediaPipe found in it."""

    name: str
    image: Picture
    points: Floats
    """(478, 3) in pixels."""
    pose: NDArray[np.float32]


class Looks(NamedTuple):
    """What is asked of the picture; angles in degrees, signs as in `Face`."""

    gaze: tuple[float, float]
    """Yaw and pitch of the eyes against the line from them to the camera."""
    turn: tuple[float, float]
    """Yaw and pitch by which the head is turned from where the portrait has it."""
    open: float = 1.0
    """Distance of the lids as a share of the portrait's own."""
    place: tuple[Floats, Floats] | None = None
    """Of each eye's middle of rotation, in millimetres from the corners' middle, head's axes (right, down, away)."""


class Made(NamedTuple):
    """The picture, and what became of the head."""

    image: Picture
    pose: NDArray[np.float32]
    turned: Floats
    """(478, 3) in pixels: where the landmarks went, those of the irises as painted."""
    gap: tuple[float, float]
    """Distance of the lids' middles over that of the eye's corners, right eye and left."""


def spin(yaw: float, pitch: float) -> Floats:
    """Rotation in the image's axes (x right, y down, z away); yaw turns what looks at us to the right, pitch down."""
    y, p = np.radians([yaw, pitch])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    return FLIP @ ry @ rx @ FLIP


def towards(yaw: float, pitch: float) -> Floats:
    """Unit vector in the image's axes of a direction in degrees."""
    return spin(yaw, pitch) @ np.array([0.0, 0.0, -1.0])


def make(portrait: Portrait, looks: Looks) -> Made:
    """The portrait looking as asked."""
    points = portrait.points.copy()
    head = FLIP @ rotation(portrait.pose) @ FLIP
    delta = spin(*looks.turn)
    wide = float(np.ptp(points[:, 0]))
    pivot = points[:468].mean(0) + head @ np.array([0.0, 0.1, 0.25]) * wide
    direction = towards(*looks.gaze)
    inside = (delta @ head).T @ direction  # in the head's axes
    moved = points.copy()
    sizes = []
    for e in (0, 1):
        width = float(np.linalg.norm(points[OUTER[e]] - points[INNER[e]]))
        mm = width / EYE_MM
        sizes.append(mm)
        down = head[:, 1]
        rise = IRIS_PLANE_MM * mm * float(inside[1])
        own = [float((points[b] - points[a]) @ down) for a, b in zip(UPPER[e], LOWER[e], strict=True)]
        for k, (a, b) in enumerate(zip(UPPER[e], LOWER[e], strict=True)):
            share = own[k] / max(own)
            top, low = LID_FOLLOWS * rise * share, LOWER_FOLLOWS * rise * share
            top = min(top, 0.9 * own[k] + low)
            rest = looks.open * (own[k] + low - top)
            moved[b] = points[b] + down * low
            moved[a] = points[b] + down * (low - rest)
        for k, (a, near) in enumerate(zip(ENDS[e], (0, 4, 0, 4), strict=True)):
            source = UPPER[e][near] if k < 2 else LOWER[e][near]
            moved[a] = points[a] + 0.6 * (moved[source] - points[source])
    turned = (moved - pivot) @ delta.T + pivot
    image = _mesh(portrait.image, points, turned)
    gaps = []
    for e in (0, 1):
        middle = (turned[OUTER[e]] + turned[INNER[e]]) / 2
        place = np.zeros(3) if looks.place is None else looks.place[e]
        globe = middle + delta @ head @ place * sizes[e]
        _paint(image, portrait, e, turned, globe, direction, sizes[e])
        iris = globe + direction * IRIS_PLANE_MM * sizes[e]
        turned[IRIS[e]] = iris
        lids = float((moved[LOWER[e][2]] - moved[UPPER[e][2]]) @ head[:, 1])
        gaps.append(lids / float(np.linalg.norm(points[OUTER[e]] - points[INNER[e]])))
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = FLIP @ delta @ head @ FLIP
    return Made(image, pose, turned, (gaps[0], gaps[1]))


EYE_MM = 27.3
"""Between the corners of an eye as the mesh has them, on the scale on which the iris is `IRIS_MM`."""


def _mesh(image: Picture, points: Floats, turned: Floats) -> Picture:
    """The portrait's pixels carried by its landmarks; what is beside the face is stretched."""
    height, width = image.shape[:2]
    rim = [(x, y) for x in np.linspace(0, width - 1, 5) for y in np.linspace(0, height - 1, 5)]
    rim = np.array([p for p in rim if p[0] in (0, width - 1) or p[1] in (0, height - 1)])
    source = np.vstack([points[:468, :2], rim]).astype(np.float32)
    target = np.vstack([turned[:468, :2], rim]).astype(np.float32)
    depth = np.concatenate([turned[:468, 2], np.full(len(rim), 1e6)])
    triangles = Delaunay(source).simplices
    out = image.copy()
    for corners in triangles[np.argsort(-depth[triangles].mean(1))]:
        a, b = source[corners], target[corners]
        x, y, w, h = cv2.boundingRect(b)
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x1 <= x0 or y1 <= y0 or np.abs(_area(b)) < 0.05 or np.abs(_area(a)) < 0.05:
            continue
        inverse = cv2.getAffineTransform(b - np.array([x0, y0], np.float32), a)
        patch = cv2.warpAffine(
            image, inverse, (x1 - x0, y1 - y0),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillConvexPoly(mask, np.round((b - (x0, y0)) * 16).astype(np.int32), 1, shift=4)
        np.copyto(out[y0:y1, x0:x1], patch, where=mask[..., None].astype(bool))
    return out


def _area(t: NDArray[Any]) -> float:
    return float((t[1, 0] - t[0, 0]) * (t[2, 1] - t[0, 1]) - (t[2, 0] - t[0, 0]) * (t[1, 1] - t[0, 1])) / 2


def _paint(image: Picture, portrait: Portrait, e: int, turned: Floats, globe: Floats, look: Floats, mm: float) -> None:
    """Paints one eye into its opening."""
    ring = turned[list(RING[e])][:, :2]
    low, high = np.floor(ring.min(0)).astype(int) - 2, np.ceil(ring.max(0)).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(high, image.shape[1::-1])
    if (high <= low).any():
        return
    size = (high - low) * FINE
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((ring - low) * FINE * 16).astype(np.int32)], 255, shift=4)
    ys, xs = np.mgrid[0 : size[1], 0 : size[0]]
    x = ((xs + 0.5) / FINE + low[0] - 0.5 - globe[0]) / mm
    y = ((ys + 0.5) / FINE + low[1] - 0.5 - globe[1]) / mm
    white, iris, dark = colours(portrait, e)
    out2 = np.clip(x * x + y * y, 0, GLOBE_MM**2 * 0.98)
    shade = np.sqrt(1 - out2 / GLOBE_MM**2)
    colour = white * (0.45 + 0.55 * shade)[..., None]
    centre = look * IRIS_PLANE_MM
    z = (IRIS_PLANE_MM - x * look[0] - y * look[1]) / look[2]
    away = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)
    limbus = np.clip((IRIS_MM / 2 - away) / 0.5, 0, 1)[..., None]
    inner = np.clip((IRIS_MM / 2 - away) / 1.2, 0.55, 1)[..., None] * iris
    colour = colour * (1 - limbus) + inner * limbus
    hole = np.clip((PUPIL_MM / 2 - away) / 0.3, 0, 1)[..., None]
    colour = colour * (1 - hole) + dark * hole
    glint = np.exp(-((x - centre[0] * 0.75 - 0.8) ** 2 + (y - centre[1] * 0.75 + 1.0) ** 2) / 0.25)[..., None]
    colour = colour * (1 - 0.7 * glint) + 235 * 0.7 * glint
    deep = cv2.distanceTransform(mask, cv2.DIST_L2, 3) / FINE / mm
    colour = colour * np.clip(0.75 + 0.25 * deep, 0, 1)[..., None]
    lashes = np.zeros(mask.shape, np.float32)
    upper = np.round((ring[:9] - low) * FINE * 16).astype(np.int32)
    cv2.polylines(lashes, [upper], False, 1.0, max(1, round(0.9 * mm * FINE)), shift=4)
    colour = colour * (1 - 0.6 * cv2.GaussianBlur(lashes, (0, 0), max(0.25 * mm * FINE, 0.5)))[..., None]
    alpha = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), FINE * 0.4)[..., None]
    shape = (int(high[0] - low[0]), int(high[1] - low[1]))
    flat = cv2.resize(np.dstack([colour * alpha, alpha]).astype(np.float32), shape, interpolation=cv2.INTER_AREA)
    place = image[low[1] : high[1], low[0] : high[0]]
    place[:] = np.clip(flat[..., :3] + place * (1 - flat[..., 3:]), 0, 255).astype(np.uint8)


def colours(portrait: Portrait, e: int) -> tuple[Floats, Floats, Floats]:
    """White, iris and pupil: bright as the skin around, tinted as the portrait's own eye, never of one brightness."""
    ring = portrait.points[list(RING[e])][:, :2]
    mask = np.zeros(portrait.image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(ring).astype(np.int32)], 1)
    wide = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=int(np.ptp(ring[:, 0]) // 2))
    own = portrait.image[mask.astype(bool)].astype(np.float64)
    skin = portrait.image[(wide - mask).astype(bool)].astype(np.float64)
    light = own.mean(1)
    bright = float(np.clip(1.35 * np.percentile(skin.mean(1), 75), 70, 235))
    tint = own[light >= np.percentile(light, 70)].mean(0)
    white = bright * (0.8 + 0.2 * tint / max(float(tint.mean()), 1.0))
    iris = own[light <= np.percentile(light, 35)].mean(0)
    iris *= min(1.0, 0.42 * bright / max(float(iris.mean()), 1.0))
    return np.minimum(white, 240.0), iris, iris * 0.35
