"""One child process runs MediaPipe over all the inputs once; the tests read what it wrote."""

import json
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from paths import SHARED
from runs.workers import run_worker

WORKER = Path(__file__).parent / "face_worker.py"


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Any]:
    """Everything the face node said; "clips" is missing where the clips are. Processes of one run make it once."""
    base = tmp_path_factory.getbasetemp()
    once = (base if worker_id == "master" else base.parent) / "face-node-said.json"
    with FileLock(once.with_suffix(".lock")):
        if not once.exists():
            folder = SHARED / "clips"
            out = tmp_path_factory.mktemp("face") / "said.json"
            told, stderr = run_worker(WORKER, out, str(folder) if folder.is_dir() else "")
            once.write_text(json.dumps({**told, "stderr": stderr}), "utf-8")
    return json.loads(once.read_text("utf-8"))


@pytest.fixture(scope="session")
def clip(said: dict[str, Any]) -> dict[str, Any]:
    """Clip name -> what was said of it."""
    if "clips" not in said:
        pytest.skip("the folder ../shared/clips is not here")
    return said["clips"]
