"""A face sketched after its blendshapes and pose, for recordings that hold neither pixels nor landmarks. No Qt here."""

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.action_units import BLENDSHAPES
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.nodes.dashboard.views.avatar import (
    BROWS,
    EYES,
    IRISES,
    LIPS_INNER,
    LIPS_OUTER,
    NOSE,
    NOSTRILS,
    OVAL,
)
from liveaffect.stream.messages import Face

EYE_X, EYE_Y, BROW_Y, MOUTH_Y = 0.19, 0.40, 0.29, 0.76
"""Places in a face one high and one wide, its middle at x = 0."""
TURN = 0.22
"""How far the features move across the oval at a right angle."""

Points = NDArray[np.float64]


def sketch(face: Face, width: int, height: int) -> NDArray[np.float32] | None:
    """Landmarks (478, 3) as fractions of a frame of `width` x `height`; only those that `avatar` draws are placed.

    None where the face has no box or no blendshapes. It is a drawing of those numbers, not a likeness.
    """
    box, said = [number(side) for side in face.box or ()], face.blendshapes or ()
    values = [number(value) for value in said]
    if len(box) != 4 or len(values) != len(BLENDSHAPES) or None in box or None in values:
        return None
    marks = _upright({name: value or 0.0 for name, value in zip(BLENDSHAPES, values, strict=True)})
    turned = np.sin(np.radians([number(face.yaw_deg) or 0.0, number(face.pitch_deg) or 0.0])) * TURN
    features = np.setdiff1d(np.arange(len(marks)), OVAL)
    marks[features] += turned * (1.0, 0.6)
    x, y, wide, high = (side or 0.0 for side in box)
    roll = np.radians(number(face.roll_deg) or 0.0)
    spin = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    pixels = (marks - (0.0, 0.5)) * (wide * width, high * height) @ spin.T
    placed = np.zeros((478, 3), np.float32)
    placed[:, :2] = pixels / (width, height) + (x + wide / 2, y + high / 2)
    return placed


def _upright(say: dict[str, float]) -> Points:
    marks = np.tile(np.array([0.0, 0.55]), (478, 1))
    turn = np.linspace(0, 2 * np.pi, len(OVAL))
    chin = 1 - 0.16 * np.clip(-np.cos(turn), 0, 1) ** 2
    marks[list(OVAL)] = np.stack((0.5 * np.sin(turn) * chin, 0.5 - 0.5 * np.cos(turn)), 1)
    for side, (name, sign) in enumerate((("Right", -1.0), ("Left", 1.0))):  # the person's right is left in the picture
        blink, wide = say[f"eyeBlink{name}"], say[f"eyeWide{name}"]
        opened = 0.034 * max(0.05, 1 - blink + 0.5 * wide)
        marks[list(EYES[side])] = _ring(len(EYES[side]), sign * EYE_X, EYE_Y, 0.095, opened, opened)
        centre, rim = IRISES[side]
        look = say[f"eyeLookOut{name}"] - say[f"eyeLookIn{name}"]
        marks[centre] = (sign * (EYE_X + 0.04 * look), EYE_Y)
        marks[rim] = marks[centre] + (0.033, 0.0)
        _brow(marks, BROWS[side], sign, say["browInnerUp"], say[f"browOuterUp{name}"], say[f"browDown{name}"])
    _mouth(marks, say)
    marks[list(NOSE)] = np.stack((np.zeros(len(NOSE)), np.linspace(0.38, 0.58, len(NOSE))), 1)
    across = np.linspace(-0.08, 0.08, len(NOSTRILS))
    marks[list(NOSTRILS)] = np.stack((across, 0.63 - 2.2 * across**2), 1)
    return marks


def _brow(marks: Points, line: tuple[int, ...], sign: float, inner: float, outer: float, down: float) -> None:
    """The lower edge from the temple to the nose, then the upper one back."""
    along = np.array([0, 0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25, 0])
    edge = np.repeat([0.014, -0.014], 5)
    y = BROW_Y - 0.03 * np.sin(np.pi * along) - 0.07 * inner * along - 0.06 * outer * (1 - along) + 0.06 * down * along
    marks[list(line[:10])] = np.stack((sign * (0.31 - (0.24 + 0.02 * down) * along), y + edge), 1)


def _mouth(marks: Points, say: dict[str, float]) -> None:
    smile = (say["mouthSmileLeft"] + say["mouthSmileRight"] - say["mouthFrownLeft"] - say["mouthFrownRight"]) / 2
    jaw, round_ = say["jawOpen"], max(say["mouthPucker"], say["mouthFunnel"])
    half = 0.18 * (1 + 0.25 * max(0.0, smile) - 0.45 * round_)
    lift = 0.06 * smile
    for line, wide, up, low in (
        (LIPS_OUTER, half, 0.035, 0.05 + 0.16 * jaw), (LIPS_INNER, half * 0.78, 0.004 + 0.02 * jaw, 0.004 + 0.15 * jaw),
    ):  # fmt: skip
        ring = _ring(len(line), 0.0, MOUTH_Y, wide, up, low)
        ring[:, 1] -= lift * (ring[:, 0] / half) ** 2
        marks[list(line)] = ring


def _ring(count: int, x: float, y: float, wide: float, up: float, low: float) -> Points:
    """From one corner over the lower edge to the other corner, and back over the upper one."""
    turn = np.linspace(0, 2 * np.pi, count)
    start = -1.0 if x <= 0 else 1.0  # lines of the picture's right half begin at their outer corner too
    high = np.where(np.sin(turn) > 0, low, up)
    return np.stack((x + start * wide * np.cos(turn), y + high * np.sin(turn)), 1)
