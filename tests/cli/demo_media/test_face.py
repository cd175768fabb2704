"""The demo's face: what moves, what stays, and that a landmarker sees the expressions it was told to make."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from liveaffect.cli.demo_media.face import HEIGHT, MOVES, WIDTH, Portrait, Pose
from liveaffect.cli.demo_media.schedule import FACES
from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

# the landmarker reports its use to its maker: it runs in a process of its own, whose way out is closed
CLOSED = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9") | dict.fromkeys(
    ("NO_PROXY", "no_proxy"), ""
)
LANDMARKER = """
import json, sys
import numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
base = BaseOptions(model_asset_path=sys.argv[1])
options = vision.FaceLandmarkerOptions(base_options=base, output_face_blendshapes=True)
found = []
with vision.FaceLandmarker.create_from_options(options) as landmarker:
    for picture in np.load(sys.argv[2]):
        shapes = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=picture)).face_blendshapes
        found.append({shape.category_name: shape.score for shape in shapes[0]} if shapes else None)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return Portrait()


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a.astype(int) - b.astype(int)).max(axis=2) > 0


def test_a_frame_is_rgb_and_the_same_arguments_give_the_same_pixels(portrait: Portrait) -> None:
    arguments = ({"smile": 0.5}, 0.4, Pose(dx=2.0, roll=0.02), 7)
    frame = portrait.frame(*arguments)
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert frame.dtype == np.uint8
    np.testing.assert_array_equal(Portrait().frame(*arguments), frame)


def test_frames_differ_by_the_cameras_noise(portrait: Portrait) -> None:
    difference = portrait.frame({}, seed=1).astype(float) - portrait.frame({}, seed=2)
    assert 1.0 < difference.std() < 5.0


@pytest.mark.parametrize("move", MOVES)
def test_an_expression_changes_the_face_and_leaves_hat_and_wall_alone(portrait: Portrait, move: str) -> None:
    moved = changed(portrait.frame({move: 1.0}), portrait.frame({}))
    assert moved.mean() > 0.002
    assert not moved[:80].any()
    assert not moved[:, 500:].any()


def test_an_open_mouth_is_dark_and_grows_with_its_strength(portrait: Portrait) -> None:
    shades = [portrait.frame({}, mouth)[335:375, 310:360].astype(float).mean() for mouth in (0.0, 0.3, 0.6, 1.0)]
    assert shades == sorted(shades, reverse=True)
    assert shades[0] - shades[-1] > 40.0


@pytest.mark.processes
def test_a_landmarker_sees_the_expressions_and_no_face_on_the_wall(portrait: Portrait, tmp_path: Path) -> None:
    try:
        model = registry.path("face-landmarker")
    except ModelMissing as error:
        pytest.skip(str(error))
    order = ("neutral", "smile", "surprise", "frown", "stern")
    pictures = [portrait.frame(FACES[face], 0.5 * (face == "surprise")) for face in order]
    pictures.append(portrait.frame({}, pose=Pose(pan=1.0)))
    np.save(tmp_path / "frames.npy", np.stack(pictures))
    done = subprocess.run(
        [sys.executable, "-c", LANDMARKER, str(model), str(tmp_path / "frames.npy")],
        env={**os.environ, **CLOSED}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *faces, wall = json.loads(done.stdout.splitlines()[-1])
    assert wall is None
    seen: dict[str, dict[str, float]] = dict(zip(order, faces, strict=True))
    for shape, face, least in (
        ("mouthSmileLeft", "smile", 0.4),
        ("jawOpen", "surprise", 0.15),
        ("browOuterUpLeft", "surprise", 0.08),
        ("browInnerUp", "frown", 0.08),
        ("mouthShrugLower", "stern", 0.05),
    ):
        assert seen[face][shape] > seen["neutral"][shape] + least, shape
        assert seen[face][shape] == max(expression[shape] for expression in faces), shape
