"""Ten minutes of every stream, read by another program on a clock of its own, which sets a marker every few seconds."""

from pathlib import Path

import numpy as np
import pytest
from lab.story import CLOSE_S, MADE, STREAMS, S, can_move_clocks, compared, graph, other, recorded
from runs.live import collect, live_run, wait_for

from liveaffect.stream.messages import Marker

pytest.importorskip("pylsl")
pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(3600)]
MINUTES, RATE_HZ, EVERY = 10, 30, 150


def test_ten_minutes_of_every_stream_without_a_loss(tmp_path: Path) -> None:
    name, ahead_s = "soak", 7000 if can_move_clocks() else 0
    set_s: dict[str, float] = {}
    with (
        live_run(graph(tmp_path, name, MADE)) as run,
        run.client("marker") as client,
        other(tmp_path, name, str(STREAMS), f"{name}2", ahead_s=ahead_s) as program,
    ):
        program.hear("ready ")
        for number in range(MINUTES * 60 * RATE_HZ // EVERY):
            program.say(f"mark {number}")
            set_s[str(number)] = float(program.hear("marked ")) - ahead_s
            wait_for(lambda frames=EVERY * (number + 1): min(program.counts_of_numbers()) >= frames, "frames", 600.0)
        marks = [m for m in collect(client, lambda got: len(got) == len(set_s)) if isinstance(m, Marker)]
        program.stop()
    streams = recorded(program.xdf)
    counts = compared(tmp_path / "s", streams)
    errors = np.array([mark.t_ns / S - set_s[mark.label] for mark in marks])
    worst_ms = np.abs(errors).max() * 1e3
    print(f"\na clock {ahead_s} s ahead: {counts}, {len(marks)} markers, error at most {worst_ms:.3f} ms")
    assert [mark.label for mark in marks] == list(set_s)
    assert np.abs(errors).max() < CLOSE_S
    assert min(counts.values()) >= MINUTES * 60 * RATE_HZ
