"""A reader on another machine: keys, a slow way that is cut for a while, and a clock an hour away that drifts."""

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from devices.slow_relay import HERE, SlowRelay
from runs.live import collect, live_run, wait_for

from liveaffect.stream.client import connection
from liveaffect.stream.client.access import make_keys
from liveaffect.stream.client.connection import Client
from liveaffect.stream.errors import TransportError

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8"),
]
NS, MS = 1_000_000_000, 1_000_000
DELAY_S, JITTER_S = 0.05, 0.01
HOUR_NS = 3600 * NS
TABLE: dict[str, Any] = {"counter": {"type": "toy_nodes:Counter"}, "adder": {"type": "toy_nodes:Adder"}}


class FarClock:
    """`time` of a machine whose monotonic clock is an hour away and runs faster by 200 ppm."""

    def __init__(self) -> None:
        self.begun = time.monotonic_ns()

    def monotonic_ns(self) -> int:
        now = time.monotonic_ns()
        return now + HOUR_NS + (now - self.begun) // 5000

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def test_times_keys_and_a_cut_between_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_keys(tmp_path / "keys")
    make_keys(tmp_path / "wrong")
    (tmp_path / "wrong" / "server.key").write_bytes((tmp_path / "keys" / "server.key").read_bytes())
    table = {**TABLE, "graph": {"gateway": "tcp://127.0.0.1:*", "keys": str(tmp_path / "keys")}}
    far = FarClock()
    monkeypatch.setattr(connection, "time", far)
    monkeypatch.setattr(connection, "clock_id", lambda: "another machine")
    with live_run(table) as run:
        port = int(run.supervisor.gateway_address.rpartition(":")[2])
        with Client(run.supervisor.gateway_address, keys=str(tmp_path / "keys")) as near:
            events = int(near.facts["events"].rpartition(":")[2])
        with SlowRelay([port, events], DELAY_S, JITTER_S, 0.05) as way:
            address = f"tcp://{HERE}:{port}"
            monkeypatch.setattr(connection, "REPLY_LIMIT_S", 2.0)
            for keys in ("", str(tmp_path / "wrong")):
                with pytest.raises(TransportError, match="no answer"):
                    Client(address, keys=keys)
            monkeypatch.setattr(connection, "REPLY_LIMIT_S", 20.0)
            with Client(address, ["toy/sum"], str(tmp_path / "keys")) as client:
                collect(client, lambda m: len(m) >= 3)

                def off_ms() -> float:
                    now = time.monotonic_ns()
                    shown = client.clock.local_ns(now)
                    return abs(shown - (now + HOUR_NS + (now - far.begun) // 5000)) / MS

                sure_ms = wait_for(lambda: client.clock.error_ns / MS < 2.0 and client.clock.error_ns / MS, "certainty")
                assert off_ms() <= 2.0 + JITTER_S / 2 * 1000
                assert off_ms() <= sure_ms + JITTER_S / 2 * 1000
                assert client.clock.bound_ns > DELAY_S * NS
                at_ns = int(client.mark("asked for here").facts["t_ns"])
                answered_ns = time.monotonic_ns() - at_ns
                assert answered_ns > 1.5 * DELAY_S * NS, "of when it was asked for, not of when it was heard"
                before = collect(client, lambda m: len(m) >= 1)[-1].seq
                way.cut(True)
                with pytest.raises(AssertionError, match="only"):
                    collect(client, lambda m: len(m) >= 200, 1.0)
                way.cut(False)
                after = collect(client, lambda m: m and m[-1].seq > before + 60)
                assert [m.seq for m in after] == list(range(after[0].seq, after[-1].seq + 1)), "nothing was lost"
                assert client.request("clock").ok
    assert run.supervisor.deaths == []
