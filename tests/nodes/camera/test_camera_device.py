"""The camera on a Video4Linux device, played by a preloaded library where there is no camera."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paths import HELPERS

from liveaffect.nodes.camera.devices import kind_of

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("gcc") is None or not Path("/usr/include/linux/videodev2.h").exists(),
        reason="the fake Video4Linux device needs Linux, gcc and linux/videodev2.h",
    ),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("v4l2") / "fake.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", out, HELPERS / "devices/fake_v4l2.c", "-ldl"], check=True)
    return out


@pytest.fixture
def device() -> Iterator[Path]:
    path = Path(f"/dev/shm/fakevideo{os.getpid()}")
    path.write_text("run")
    yield path
    path.unlink()


def story(library: Path, device: Path, *states: str, wall: bool = False) -> list[Any]:
    env = os.environ | {"LD_PRELOAD": str(library)} | ({"FAKE_WALL": "1"} if wall else {})
    command = [sys.executable, str(HELPERS / "camera_story.py"), str(device), *states]
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True, timeout=900).stdout)


@pytest.mark.parametrize("wall", [False, True])
def test_the_drivers_time_stamp_is_used_on_either_clock(library: Path, device: Path, wall: bool) -> None:
    (run,) = story(library, device, "run", wall=wall)
    assert run["info"]["size"] == [640, 480]
    assert run["info"]["rate"] == 30.0
    assert not run["gap"]
    assert statistics.median(run["steps"]) == pytest.approx(1000 / 30, abs=0.5)
    assert min(run["ages"]) >= 11.5


def test_a_camera_that_stalls_or_is_unplugged_comes_back_with_a_gap(library: Path, device: Path) -> None:
    first, stalled, again, unplugged, back = story(library, device, "run", "stall", "run", "gone", "run")
    assert [first["gap"], again["gap"], back["gap"]] == [False, True, True]
    assert "0.5 s" in stalled["error"]
    assert "No such device" in unplugged["error"]
    assert back["info"]["error"] == ""


def test_pictures_outlive_the_device_that_gave_them(library: Path, device: Path) -> None:
    waiting = story(library, device, "late")  # a driver's memory goes with the device: looking there is a crash
    assert 1 <= len(waiting) <= 2
    assert all(waiting)


def test_sources_are_told_apart() -> None:
    kinds = {
        "0": "device",
        "/dev/video2": "device",
        "HD Webcam C920": "device",
        "missing.mp4": "file",
        "lavfi:testsrc": "lavfi",
        "http://127.0.0.1/video": "network",
        "udp://@:5000": "network",
    }
    assert {source: kind_of(source) for source in kinds} == kinds
