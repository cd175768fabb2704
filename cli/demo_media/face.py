"""A portrait made to move: expressions by local warps, a mouth that opens, a head that drifts, a camera that pans.

The portrait is "Grace Hopper" (James S. Davis, U.S. Navy, 1984; public domain) as matplotlib ships it. Coordinates are
its pixels, x to the right and y down; "left" is the left of the picture.
"""

import math
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

WIDTH, HEIGHT = 640, 480
_SCALE = 1.3
_VIEW = (13.0, 26.0)  # the camera's top left corner on the enlarged portrait
PAN_PX = 660.0
"""How far the camera pans to the right until the face is out of the picture, in pixels of the frame."""

# (x, y, dx, dy, sigma) at full strength: a Gaussian push of the skin at (x, y)
_PUSHES: dict[str, tuple[tuple[float, float, float, float, float], ...]] = {
    "smile": (
        (234, 279, -9, -8, 13), (302, 277, 9, -8, 13),
        (212, 243, -1, -4, 18), (322, 238, 1, -4, 18), (224, 199, 0, -2, 7), (305, 195, 0, -2, 7),
        (267, 290, 0, -2, 12),
    ),
    "frown": (
        (236, 281, -1, 8, 13), (301, 279, 1, 8, 13), (267, 276, 0, -3, 18),
    ),
    "brows_up": (
        (188, 177, 0, -8, 12), (205, 166, 0, -9, 13), (242, 167, 0, -9, 13),
        (284, 164, 0, -9, 13), (320, 159, 0, -9, 13), (338, 169, 0, -8, 12),
    ),
    "brows_sad": (
        (241, 165, 2, -9, 12), (285, 162, -2, -9, 12), (190, 175, 0, 3, 12), (336, 168, 0, 3, 12),
    ),
    "brows_down": (
        (205, 167, 3, 6, 12), (239, 169, 6, 9, 12), (287, 166, -6, 9, 12), (320, 161, -3, 6, 12),
    ),
    "round": ((235, 280, 7, 1, 14), (302, 278, -7, 1, 14)),
    "eyes_wide": ((220, 187, 0, -4, 7), (308, 182, 0, -4, 7), (223, 197, 0, 3, 7), (305, 192, 0, 3, 7)),
    "lips_pressed": ((267, 271, 0, 4, 12), (267, 291, 0, -5, 13), (245, 275, 0, 2, 9), (290, 273, 0, 2, 9)),
}  # fmt: skip
MOVES = tuple(_PUSHES)
"""The names of the expressive moves; strengths are 0 to 1."""

_FACE = (150, 120, 380, 420)  # x0, y0, x1, y1: all that the moves reach
_MOUTH_X = (237.0, 300.0)
_MOUTH_Y = (279.6, 277.4)  # height of the closed mouth at its left and right corner
_MOUTH_OPEN = 34.0  # gap between the lips at full strength
_LIPS_TOP = 240.0  # nothing above moves with the jaw
_CHIN = 55.0  # below the mouth line
_NECK = 92.0  # where the jaw's drop has faded out
_HEAD = (262.0, 215.0)


class Pose(NamedTuple):
    """Where head and camera are."""

    dx: float = 0.0
    """Head to the right, portrait pixels."""
    dy: float = 0.0
    """Head down."""
    roll: float = 0.0
    """Head tilted clockwise, radians."""
    yaw: float = 0.0
    """Head turned to the right of the picture, radians, small."""
    pan: float = 0.0
    """Camera turned away: 0 sees the face, 1 only the wall beside it."""


class Portrait:
    """Draws frames; the same arguments give the same pixels."""

    def __init__(self) -> None:
        photo = _photo()
        enlarged = cv2.resize(_with_wall(photo), None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_CUBIC)
        self._photo = np.asarray(enlarged, np.uint8)
        x0, y0, x1, y1 = (round(edge * _SCALE) for edge in _FACE)
        self._roi = (slice(y0, y1), slice(x0, x1))
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32) / np.float32(_SCALE)
        self._x, self._y = xs, ys
        self._fields = {name: _field(pushes, xs, ys) for name, pushes in _PUSHES.items()}
        self._head = _head_fields(0.0)
        self._noise = np.random.default_rng(7).normal(0.0, 1.8, (HEIGHT * 2, WIDTH * 2, 1)).astype(np.float32)

    def frame(self, moves: dict[str, float], mouth: float = 0.0, pose: Pose = Pose(), seed: int = 0) -> Image:
        """One frame, (480, 640, 3) uint8 RGB. `mouth` is 0 closed to 1 wide open; `seed` picks the camera's noise."""
        canvas = self._photo
        if pose.pan < 1.0 and (mouth > 0.0 or any(moves.values())):
            canvas = canvas.copy()
            canvas[self._roi] = self._face(moves, mouth)
        picture = self._camera(canvas, pose).astype(np.float32)
        rng = np.random.default_rng(seed)
        oy, ox = (int(v) for v in rng.integers(0, (HEIGHT, WIDTH)))
        picture += self._noise[oy : oy + HEIGHT, ox : ox + WIDTH]
        return np.clip(picture + 0.5, 0, 255).astype(np.uint8)

    def _face(self, moves: dict[str, float], mouth: float) -> Image:
        """The face region with the moves applied: where each pixel's colour comes from, then the open mouth."""
        x, y = self._x.copy(), self._y.copy()
        for name, strength in moves.items():
            if strength:
                x -= np.float32(strength) * self._fields[name][0]
                y -= np.float32(strength) * self._fields[name][1]
        if mouth <= 0.0:
            return self._sample(x, y)
        low = slice(round((_LIPS_TOP - _FACE[1]) * _SCALE), None)
        y[low], below, gap = _open_mouth(x[low], y[low], mouth)
        face = self._sample(x, y)
        face[low] = _paint_mouth(face[low], x[low], below, gap)
        return face

    def _sample(self, x: Floats, y: Floats) -> Image:
        scale = np.float32(_SCALE)
        return np.asarray(cv2.remap(self._photo, x * scale, y * scale, cv2.INTER_CUBIC), np.uint8)

    def _camera(self, canvas: Image, pose: Pose) -> Image:
        """What the camera sees: the head moves, shoulders and wall stay, the pan shifts everything."""
        grid, moved, depth, u, v = self._head if pose.pan == 0.0 else _head_fields(pose.pan)
        x = grid[0] - moved * (pose.dx - pose.roll * v + np.float32(105.0 * math.sin(pose.yaw)) * depth)
        y = grid[1] - moved * (pose.dy + pose.roll * u)
        return np.asarray(cv2.remap(canvas, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _photo() -> Image:
    """The portrait, (600, 512, 3) uint8 RGB."""
    import matplotlib
    from PIL import Image as pil

    with pil.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg") as file:
        return np.asarray(file.convert("RGB"))


def _head_fields(pan: float) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """For each pixel of the frame: its place on the canvas, how much it moves with the head, how near it lies (0 to 1,
    the nose is 1), and its offset from the head's centre in portrait pixels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    grid = np.stack([x + np.float32(_VIEW[0] + pan * PAN_PX), y + np.float32(_VIEW[1])])
    u, v = (grid[axis] / np.float32(_SCALE) - np.float32(_HEAD[axis]) for axis in (0, 1))
    moved = np.float32(_SCALE) * _smooth(np.float32(1.5) - np.sqrt((u / 130) ** 2 + ((v + 15) / 150) ** 2)) ** 2
    depth = np.sqrt(np.maximum(0.0, 1.0 - (u / 120) ** 2 - (v / 175) ** 2)).astype(np.float32)
    return grid, moved, depth, u, v


def _with_wall(photo: Image) -> Image:
    """The portrait with the wall behind it carried on to the right, for the camera to pan to."""
    height, width = photo.shape[:2]
    more = 520
    strip = photo[:340, 440:504].astype(np.float32)
    rows = np.concatenate([strip.mean(axis=1), np.repeat(strip[-60:].mean(axis=(0, 1))[None], height - 340, axis=0)])
    wall = cv2.GaussianBlur(rows[:, None], (1, 0), 0.1, sigmaY=40.0, borderType=cv2.BORDER_REPLICATE)
    grain = np.clip(strip - cv2.GaussianBlur(strip, (0, 0), 6.0), -9.0, 9.0)
    wide = wall + np.pad(grain, ((0, height - 340), (0, width + more - 64), (0, 0)), mode="symmetric")
    y, x = np.mgrid[0:height, 0 : width + more].astype(np.float32)
    # the sleeve ends in a curve, the rest of the seam in a soft vertical edge
    edge = np.where(y > 380, 509 - 10 * np.exp(-((y - 380) / 60)), 506)
    soft = np.where(y > 380, 4.0, 60.0)
    keep = _smooth((edge - x) / soft)[..., None]
    padded = np.concatenate([photo, np.repeat(photo[:, -1:], more, axis=1)], axis=1).astype(np.float32)
    return np.clip(padded * keep + wide * (1 - keep), 0, 255).astype(np.uint8)


def _field(pushes: tuple[tuple[float, float, float, float, float], ...], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Displacement (dx, dy) of the skin under a set of pushes at full strength."""
    fields = np.zeros((2, *x.shape), np.float32)
    for px, py, dx, dy, sigma in pushes:
        bell = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2))
        fields[0] += dx * bell
        fields[1] += dy * bell
    return fields[0], fields[1]


def _open_mouth(x: Floats, y: Floats, mouth: float) -> tuple[Floats, Floats, Floats]:
    """Source heights with the jaw dropped, how far below the mouth line each pixel lies, and the gap at its x.

    Tissue at v below the closed mouth moves down by the gap at the lips, by a broad drop at the chin, by nothing at
    the neck; a pixel's source is found by fixed-point iteration, which converges because the drop shrinks slowly.
    """
    left, right = _MOUTH_X[0] + 3 * mouth, _MOUTH_X[1] - 3 * mouth
    centre, half = (left + right) / 2, (right - left) / 2
    line = _MOUTH_Y[0] + (x - _MOUTH_X[0]) / (_MOUTH_X[1] - _MOUTH_X[0]) * (_MOUTH_Y[1] - _MOUTH_Y[0])
    gap = np.float32(mouth * _MOUTH_OPEN) * np.maximum(0.0, 1 - ((x - centre) / half) ** 2) ** np.float32(0.7)
    chin = np.float32(mouth * _MOUTH_OPEN * 0.85) * np.exp(-(((x - centre) / 58) ** 4))
    below = y - line
    v = np.maximum(below, 0.0)
    for _ in range(8):
        share = _smooth(v / 26)
        drop = (gap * (1 - share) + chin * share) * (1 - _smooth((v - _CHIN) / (_NECK - _CHIN)))
        v = 0.5 * v + 0.5 * np.maximum(below - drop, 0.0)
    raised = below + 0.12 * gap * np.exp(-((below / 16) ** 2))  # the upper lip lifts a little
    source = np.where(below > 0, line + v, line + np.minimum(raised, 0.0))
    return source.astype(np.float32), below.astype(np.float32), gap.astype(np.float32)


def _paint_mouth(face: Image, x: Floats, below: Floats, gap: Floats) -> Image:
    """Darkness, upper teeth and a tongue where the lips have parted."""
    inside = _smooth((below + 0.10 * gap) / 1.6) * _smooth((gap - below) / 1.6) * _smooth(gap / 2.5)
    centre = (_MOUTH_X[0] + _MOUTH_X[1]) / 2
    side = np.abs(x - centre) / ((_MOUTH_X[1] - _MOUTH_X[0]) / 2)
    colour = np.empty((*x.shape, 3), np.float32)
    colour[:] = (58, 20, 18)
    teeth = _smooth((np.minimum(0.30 * gap, 6.5) - below) / 1.5) * _smooth((0.85 - side) / 0.25)
    tongue = _smooth((below - 0.58 * gap) / 3.0) * _smooth((0.7 - side) / 0.3) * 0.8
    for amount, paint in ((tongue, (150, 74, 70)), (teeth, (214, 200, 182))):
        shade = (1.0 - 0.45 * np.minimum(side, 1.0) ** 2)[..., None]
        colour += amount[..., None] * (np.array(paint, np.float32) * shade - colour)
    return np.clip(face + inside[..., None] * (colour - face), 0, 255).astype(np.uint8)


def _smooth(t: npt.NDArray[np.floating]) -> Floats:
    """Smoothstep: 0 below 0, 1 above 1."""
    t = np.clip(t, 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)
