"""The live tests once more over tcp, as where there are no sockets in the file system."""

import os
import subprocess
import sys

import pytest
from paths import ROOT

pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(3600)]
CHOSEN = (
    "live/test_real_graph.py", "live/test_markers.py", "nodes/test_recorder_live.py", "nodes/dashboard/test_feed.py",
    "stream/live/test_settings.py", "stream/live/outside/test_consent.py",
)  # fmt: skip
"""Those of `test_live.py` run over both in any case; what `test_ledger_live.py` lets overflow finds room over tcp."""


@pytest.mark.parametrize("file", CHOSEN)
def test_what_holds_over_sockets_in_the_file_system_holds_over_tcp(file: str) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-m", "not soak", str(ROOT / "tests" / file)]
    env = {**os.environ, "LIVEAFFECT_TEST_TRANSPORT": "tcp"}
    done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
