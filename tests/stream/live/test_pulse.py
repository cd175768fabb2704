"""What a node process tells of itself, from a thread of its own."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import zmq

from liveaffect.stream.live.processes import REPORT_BYTES
from liveaffect.stream.live.pulse import FIRST, ProcessReport, Pulse


@dataclass
class Toy:
    """What is called."""

    name: str
    calls: int


@pytest.fixture
def way() -> Iterator[tuple[Pulse, zmq.Socket[bytes]]]:
    with zmq.Context() as context:
        pull = context.socket(zmq.PULL)
        pull.bind("inproc://control")
        pulse = Pulse(context, "inproc://control", "", "run-1", "face", 3)
        yield pulse, pull
        pulse.end()
        pull.close()


def _next(pull: zmq.Socket[bytes], wanted: Any = lambda report: True) -> ProcessReport:
    while True:
        assert pull.poll(120_000), "nothing came"
        report = msgspec.msgpack.decode(pull.recv(), type=ProcessReport)
        if wanted(report):
            return report


def test_it_beats_by_itself_and_tells_how_far_the_loop_is(way: tuple[Pulse, zmq.Socket[bytes]]) -> None:
    pulse, pull = way
    first = _next(pull)
    assert (first.run, first.process, first.incarnation, first.kind) == ("run-1", "face", 3, "beat")
    pulse.turn()
    assert _next(pull, lambda report: report.progress == 1).kind == "beat"


def test_first_calls_are_waited_for_and_calls_may_stand_inside_each_other(way: tuple[Pulse, zmq.Socket[bytes]]) -> None:
    pulse, _ = way
    pulse.patient = False
    old, new = Toy("old", FIRST), Toy("new", 0)
    with pulse.call(old):
        assert (pulse.patient, pulse.doing) == (False, "old")
        with pulse.call(new):
            assert (pulse.patient, pulse.doing) == (True, "new")
        assert not pulse.patient
    with pytest.raises(ValueError, match="broken"), pulse.call(new):
        raise ValueError("broken")
    assert not pulse.patient
    assert pulse.progress == 3


def test_it_tells_the_most_cpu_of_a_turn_but_for_first_ones(way: tuple[Pulse, zmq.Socket[bytes]]) -> None:
    pulse, pull = way

    def work(seconds: float) -> None:
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass

    pulse.patient = False
    pulse.turn()
    with pulse.call(Toy("new", 0)):
        work(0.3)
    assert _next(pull, lambda report: report.progress == 2).turn_cpu_s < 0.2
    with pulse.call(Toy("old", FIRST)):
        work(0.1)
    pulse.turn()
    assert 0.1 <= _next(pull, lambda report: report.progress == 4).turn_cpu_s < 0.3


def test_an_error_of_a_million_characters_does_not_cut_the_way(way: tuple[Pulse, zmq.Socket[bytes]]) -> None:
    pulse, pull = way
    pulse.report("failed", "ü" * 1_000_000)
    report = _next(pull, lambda report: report.kind == "failed")
    assert report.text.startswith("üü")
    assert len(msgspec.msgpack.encode(report)) < REPORT_BYTES


def test_a_supervisor_that_does_not_listen_holds_nobody_up() -> None:
    with zmq.Context() as context:
        pulse = Pulse(context, "tcp://127.0.0.1:9", "", "run-1", "face", 0)
        for _ in range(3000):  # more than any queue holds
            pulse.report("beat")
        pulse.end()
        context.destroy(linger=0)
