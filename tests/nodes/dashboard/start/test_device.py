"""The first window on a Video4Linux device that only one program can open: it is let go in time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import HELPERS

pytestmark = pytest.mark.processes


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None or not Path("/usr/include/linux/videodev2.h").exists(),
    reason="the fake Video4Linux device needs Linux, gcc and linux/videodev2.h",
)
def test_a_device_is_released_at_every_change_and_at_the_start(tmp_path: Path) -> None:
    library, device = tmp_path / "fake.so", Path(f"/dev/shm/fakevideo-window{os.getpid()}")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-o", library, HELPERS / "devices/fake_v4l2.c", "-ldl"], check=True
    )
    device.write_text("run")
    try:
        env = os.environ | {"LD_PRELOAD": str(library), "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, str(HELPERS / "first_window_story.py"), str(device)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900, check=False)
    finally:
        device.unlink()
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout)
    assert story["choice"] == {"camera": str(device), "microphone": None, "record": None}
    assert not [words for words in story["switching"] if "busy" in words], story["switching"]
    assert story["width"] == 640
