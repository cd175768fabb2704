"""A face sketched after its numbers."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from windows.stream import face

from liveaffect.models.face.action_units import BLENDSHAPES
from liveaffect.nodes.dashboard.views.avatar import BROWS, EYES, LINES, LIPS_INNER, LIPS_OUTER
from liveaffect.nodes.dashboard.views.sketch import sketch
from liveaffect.stream.messages import Face

BOX = (0.25, 0.2, 0.4, 0.6)


def made(shapes: dict[str, float] | None = None, **facts: Any) -> NDArray[np.float32]:
    values = tuple((shapes or {}).get(name, 0.0) for name in BLENDSHAPES)
    drawn = sketch(Face(id=0, state="ok", box=BOX, blendshapes=values, **facts), 640, 480)
    assert drawn is not None
    return drawn


def height(marks: NDArray[np.float32], line: tuple[int, ...]) -> float:
    return float(np.ptp(marks[list(line), 1]))


def test_the_face_fills_its_box() -> None:
    drawn = made()[[i for line in LINES for i in line], :2]
    assert drawn.min(0) == pytest.approx((0.25, 0.2), abs=0.01)
    assert drawn.max(0) == pytest.approx((0.65, 0.8), abs=0.01)


def test_it_does_what_its_blendshapes_say() -> None:
    rest = made()
    assert height(made({"jawOpen": 0.8}), LIPS_INNER) > 3 * height(rest, LIPS_INNER)
    assert height(made({"eyeBlinkRight": 1.0}), EYES[0]) < 0.2 * height(rest, EYES[0])
    smile = made({"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0})
    assert smile[61, 1] < rest[61, 1]
    assert smile[LIPS_OUTER[0], 0] < rest[LIPS_OUTER[0], 0]
    raised = made({"browInnerUp": 1.0})
    assert raised[BROWS[0][4], 1] < rest[BROWS[0][4], 1]


def test_it_turns_its_head_to_the_right_side() -> None:
    rest = made()
    assert made(yaw_deg=30.0)[4, 0] > rest[4, 0]
    assert made(pitch_deg=30.0)[4, 1] > rest[4, 1]
    tilted = made(roll_deg=20.0)  # anticlockwise in the image: its right eye (left in the picture) goes down
    assert tilted[33, 1] > rest[33, 1]


@pytest.mark.parametrize(
    "facts", [{"box": None}, {"blendshapes": None}, {"blendshapes": (0.1,)}, {"box": (math.nan,) * 4}]
)
def test_without_box_or_blendshapes_there_is_none(facts: dict[str, Any]) -> None:
    assert sketch(msgspec.structs.replace(face(), **facts), 640, 480) is None
