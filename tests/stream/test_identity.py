"""A process is known by more than its number."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from liveaffect.stream import identity
from liveaffect.stream.identity import Identity


def test_this_process_runs_and_survives_a_file() -> None:
    mine = Identity.mine()
    assert mine.fate() == "running"
    assert msgspec.json.decode(msgspec.json.encode(mine), type=Identity) == mine


def test_another_process_of_the_same_number_is_not_it() -> None:
    mine = Identity.mine()
    assert msgspec.structs.replace(mine, started=mine.started - 1).fate() == "gone"


@pytest.mark.processes
def test_a_process_that_has_ended_is_gone_collected_or_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = Identity.of(child.pid)
        assert found is not None
        assert found.fate() == "running"
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
        assert found.fate() == "gone"
        assert Identity.of(child.pid) is None


@pytest.mark.parametrize("field", ["boot", "space"])
def test_of_another_machine_or_container_nothing_is_claimed(field: str) -> None:
    values = {"boot": "another", "space": 1}
    mine = Identity.mine()
    assert msgspec.structs.replace(mine, **{field: values[field]}).fate() == "elsewhere"


def test_where_there_is_no_proc_the_time_of_start_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "PROC", Path("/nowhere"))
    mine = Identity.mine()
    assert mine.started > 1_600_000_000_000
    assert mine.fate() == "running"
    assert Identity.of(2**22 + 1) is None
