"""One child process runs MediaPipe over all the inputs once; the tests read what it wrote."""

from pathlib import Path
from typing import Any

import pytest
from paths import SHARED
from workers import run_worker

WORKER = Path(__file__).parent / "face_worker.py"


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything the face node said; "clips" is missing where the clips are."""
    folder = SHARED / "clips"
    out = tmp_path_factory.mktemp("face") / "said.json"
    told, stderr = run_worker(WORKER, out, str(folder) if folder.is_dir() else "")
    return {**told, "stderr": stderr}


@pytest.fixture(scope="session")
def clip(said: dict[str, Any]) -> dict[str, Any]:
    """Clip name -> what was said of it."""
    if "clips" not in said:
        pytest.skip("the folder ../shared/clips is not here")
    return said["clips"]
