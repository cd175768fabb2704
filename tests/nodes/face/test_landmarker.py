"""What needs no MediaPipe: the closed door, and what is done to a frame before detection."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from liveaffect.nodes.face import FaceNode, privacy
from liveaffect.nodes.face.landmarker import MAX_SIDE, Landmarker, prepare
from liveaffect.stream.errors import InputError, UsageError

VARIABLES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test does to the environment is undone."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_no_landmarker_is_made_while_the_door_is_open(own_environment: None) -> None:
    for name in VARIABLES:
        os.environ.pop(name, None)
    with pytest.raises(privacy.DoorOpenError, match="close_door"):
        Landmarker(Path("face_landmarker.task"), 1)


def test_one_exception_to_the_proxy_leaves_the_door_open(own_environment: None) -> None:
    privacy.close_door()
    assert privacy.door_is_closed()
    os.environ["no_proxy"] = "*"
    assert not privacy.door_is_closed()


def test_a_closed_environment_covers_what_the_parent_had() -> None:
    parent = {"https_proxy": "http://proxy.example:3128", "NO_PROXY": "*"}
    assert not privacy.door_is_closed(parent)
    assert privacy.door_is_closed(parent | privacy.closed_environment())


def test_a_missing_landmarker_file_is_named_with_its_remedy(own_environment: None, tmp_path: Path) -> None:
    privacy.close_door()
    with pytest.raises(InputError, match=r"nothing\.task.*liveaffect models pull"):
        Landmarker(tmp_path / "nothing.task", 1)


def test_a_frame_with_padded_rows_is_made_contiguous() -> None:
    padded = np.zeros((64, 384, 3), np.uint8)[:, :360]
    prepared, _ = prepare(padded)
    assert prepared is not None
    assert prepared.flags.c_contiguous


def test_a_huge_frame_is_shrunk_by_the_mean_and_its_landmarks_stay_in_place() -> None:
    image = np.random.default_rng(1).integers(0, 256, (2 * 1081, 2 * 1921 + 1, 3), dtype=np.uint8)
    small, scale = prepare(image)
    assert small is not None
    assert max(small.shape[:2]) <= MAX_SIDE
    factor = 3
    height, width = (n // factor * factor for n in image.shape[:2])
    blocks = image[:height, :width].reshape(height // factor, factor, width // factor, factor, 3)
    assert np.array_equal(small, (blocks.sum((1, 3), dtype=np.int64) + factor**2 // 2) // factor**2)
    assert scale == pytest.approx([width / image.shape[1], height / image.shape[0], width / image.shape[1]])


def test_what_is_not_an_rgb_frame_is_refused() -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        prepare(np.zeros((64, 64), np.uint8))
    with pytest.raises(InputError, match="uint8 RGB"):
        prepare(np.zeros((64, 64, 3), np.float32))  # type: ignore[arg-type]


def test_a_senseless_number_of_faces_is_refused() -> None:
    with pytest.raises(UsageError, match="max_faces is 17"):
        FaceNode(max_faces=17).open()


@pytest.mark.processes
def test_mediapipe_is_loaded_without_what_draws_plots_and_hears_sound_until_somebody_asks() -> None:
    code = (
        "import sys; from liveaffect.nodes.face import FaceNode; FaceNode.load_early(); "
        "from mediapipe.tasks.python.vision import drawing_utils; "
        "print({'matplotlib', 'matplotlib.pyplot', 'sounddevice'} & {*sys.modules}); "
        "print(drawing_utils.plt.figure is __import__('matplotlib.pyplot').pyplot.figure)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nTrue\n"
