"""An hour of a live graph with a fault every five seconds: everything comes back, and nothing grows."""

import os
from pathlib import Path

import live_soak
import pytest

SECONDS = float(os.environ.get("LIVEAFFECT_SOAK_SECONDS", "3600"))
OUT = Path(os.environ.get("LIVEAFFECT_SOAK", "out/soak")) / "live"


@pytest.mark.soak
@pytest.mark.processes
@pytest.mark.timeout(4 * 3600)
def test_faults_every_five_seconds_end_nothing_and_leave_nothing_behind() -> None:
    segments = live_soak.run(OUT, SECONDS, min(600.0, SECONDS))
    assert [one["broken"] for one in segments if one["broken"]] == []
    assert sum(one["sessions"] for one in segments) > 0
    for one in segments:
        early, late = one["supervisor"][len(one["supervisor"]) // 3], one["supervisor"][-1]
        assert late[0] <= 1.05 * early[0] + 1.0, "memory of the supervisor (MB)"
        assert late[1] <= early[1] + 10, "open descriptors"
        assert late[2] == early[2], "threads"
