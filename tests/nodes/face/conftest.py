"""One child process runs MediaPipe over all the inputs once; the tests read what it wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import SHARED

from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

WORKER = Path(__file__).parent / "face_worker.py"


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything the face node said; "clips" is missing where the clips are."""
    environment = dict(os.environ)
    if "LIVEAFFECT_MODELS" not in environment and (SHARED / "models").is_dir():
        environment["LIVEAFFECT_MODELS"] = str(SHARED / "models")
    else:
        try:
            registry.path("face-landmarker")
        except ModelMissing as error:
            pytest.skip(str(error))
    out = tmp_path_factory.mktemp("face") / "said.json"
    folder = SHARED / "clips"
    done = subprocess.run(
        [sys.executable, str(WORKER), str(folder) if folder.is_dir() else "", str(out)],
        env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {**json.loads(out.read_bytes()), "stderr": done.stderr}


@pytest.fixture(scope="session")
def clip(said: dict[str, Any]) -> dict[str, Any]:
    """Clip name -> what was said of it."""
    if "clips" not in said:
        pytest.skip("the folder ../shared/clips is not here")
    return said["clips"]
