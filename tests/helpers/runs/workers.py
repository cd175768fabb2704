"""Programs that open MediaPipe run apart from the tests, and write what they saw as JSON."""

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


def run_worker(program: Path, out: Path, *arguments: str) -> tuple[Any, str]:
    """Runs `program ARGUMENTS OUT`; gives what it wrote and what it said on stderr. Skips where the models are not."""
    environment = dict(os.environ)
    if "LIVEAFFECT_MODELS" not in environment and (SHARED / "models").is_dir():
        environment["LIVEAFFECT_MODELS"] = str(SHARED / "models")
    else:
        try:
            registry.path("face-landmarker")
        except ModelMissing as error:
            pytest.skip(str(error))
    command = [sys.executable, str(program), *arguments, str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_bytes()), done.stderr
