"""A million malformed messages at every socket of a live graph: by hand, with `make soak`."""

import os
from pathlib import Path

import fuzz_sockets
import pytest

MESSAGES = int(os.environ.get("LIVEAFFECT_FUZZ", "1000000"))
STATE = Path(__file__).resolve().parents[3] / "out" / "soak" / "fuzz_sockets.json"


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_malformed_messages_end_nothing_and_are_counted() -> None:
    STATE.parent.mkdir(parents=True, exist_ok=True)
    found = fuzz_sockets.run(MESSAGES, STATE)
    print(found)
    assert found["deaths"] == []
    assert found["all_alive"]
    assert found["missed"] == 0, "a well-behaved reader has lost a result"
    assert {"malformed", "parts", "protocol"} <= set(found["refused"])
    assert found["reports_refused"] > 0
    course = found["supervisor_mb"]
    assert course[-1] <= 1.05 * course[len(course) // 2], "memory is flat once every buffer has been needed"
    nodes = {name: memory for name, memory in found["memory_mb"].items() if name != "supervisor"}
    assert all(after <= 1.05 * before for before, after in nodes.values())
    STATE.unlink(missing_ok=True)
