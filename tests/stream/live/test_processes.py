"""How the processes of a run are kept, with processes and a clock that need no system."""

from typing import Any

import pytest
import zmq
from runs.fake_processes import FakeRun

from liveaffect.stream.errors import StartError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.live.addresses import open_inside
from liveaffect.stream.live.processes import KEEP_S

TABLE: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter"},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}
RECORDED: dict[str, Any] = {**TABLE, "recorder": {"type": "liveaffect.nodes.recorder:RecorderNode"}}


def _changed(run: FakeRun, rate_hz: float) -> None:
    table = {**TABLE, "counter": {**TABLE["counter"], "rate_hz": rate_hz}}
    run.processes.change(build_graph(table), "counter")


def test_everyone_begins_when_everyone_is_ready() -> None:
    run = FakeRun(TABLE)
    run.processes.check()
    run.report("counter", "ready")
    run.report("delay", "ready")
    run.processes.check()
    assert not run.processes.epoch_ns
    run.report("adder", "ready")
    run.processes.check()
    assert {child.lines[-1].split()[0] for child in run.children.values()} == {b"go"}
    assert len({child.lines[-1] for child in run.children.values()}) == 1


def test_e14_opening_may_take_long_and_first_messages_too() -> None:
    run = FakeRun(TABLE)
    run.processes.check()
    run.spend(100.0, silent=("counter", "delay", "adder"), step_s=0.2)
    assert {run.phase(name) for name in run.children} == {"starting"}
    run.go()
    run.report("delay", "beat", patient=True)  # the first frame is on its way through a net
    run.spend(60.0, silent=("delay",), step_s=0.2)
    assert run.phase("delay") == "running"


def test_what_takes_long_to_open_is_named() -> None:
    run = FakeRun(TABLE)
    run.processes.check()
    run.report("counter", "ready")
    run.report("adder", "ready")
    run.report("delay", "beat", doing="slow_one")
    run.spend(70.0, step_s=0.2)
    assert [line.split(":")[0] for line in run.lines] == [
        "'slow_one' has been opening for 10 s", "'slow_one' has been opening for 30 s",
        "'slow_one' has been opening for 60 s",
    ]  # fmt: skip
    assert "later ones are quick" in run.lines[0]


def test_opening_for_ever_ends_the_run_in_words() -> None:
    run = FakeRun({**TABLE, "graph": {"start_s": 30.0}})
    run.processes.check()
    with pytest.raises(StartError, match="'counter' gave no sign of life for 30 s"):
        run.spend(40.0, silent=("counter", "delay", "adder"), step_s=0.2)


def test_what_hung_is_named() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.report("delay", "beat", patient=False, doing="repeater")
    run.spend(7.0, silent=("delay",))
    assert run.processes.deaths == ["process 'delay' gave no sign of life for 5 s in node 'repeater'"]


def test_a_hung_process_is_killed_told_and_started_again() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.report("delay", "beat", patient=False)
    run.spend(7.0, silent=("delay",))
    assert run.children["delay"].killed == 1
    assert run.children["delay"].starts == 2
    assert run.states("delay") == ["starting", "hung", "node_down", "starting"]
    assert run.processes.deaths == ["process 'delay' gave no sign of life for 5 s"]
    assert run.children["counter"].starts == run.children["adder"].starts == 1


def test_nobody_is_silent_while_reports_still_wait() -> None:
    run = FakeRun(TABLE)
    run.go()
    for name in run.children:
        run.report(name, "beat", patient=False)
    for _ in range(1000):
        run.clock.now += 0.1
        run.processes.check(all_heard=False)
    assert {child.killed for child in run.children.values()} == {0}


def test_an_hour_of_the_supervisors_own_absence_kills_nobody() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.spend(1.0)
    run.clock.now += 3600.0
    run.processes.check()
    run.spend(1.0)
    assert {child.killed for child in run.children.values()} == {0}


def test_e15_other_settings_while_the_nodes_open_do_not_end_the_run() -> None:
    run = FakeRun(TABLE)
    run.processes.check()
    run.report("delay", "ready")
    run.report("adder", "ready")
    _changed(run, 20.0)
    run.report("counter", "ready")  # it had come so far when it was asked to end
    run.spend(0.2, silent=("counter",))
    assert run.children["counter"].starts == 2
    assert run.children["counter"].spec["table"]["counter"]["rate_hz"] == 20.0
    run.report("counter", "ready")
    run.processes.check()
    assert run.processes.epoch_ns
    assert run.processes.deaths == []


def test_e15_settings_changed_again_and_again_are_never_a_crash() -> None:
    run = FakeRun({**TABLE, "graph": {"restarts": 1}})
    run.go()
    for number in range(12):
        _changed(run, 20.0 + number)
        run.spend(0.2, silent=("counter",))
        run.report("counter", "ready")
        run.processes.check()
        assert run.phase("counter") == "running"
    assert run.processes.deaths == []
    assert "node_down" not in run.states("counter")


def test_a_start_that_reports_of_the_one_before_is_not_heard() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.children["delay"].die()
    run.processes.check()
    run.spend(0.2, silent=("delay",))
    run.report("delay", "ready", incarnation=0)
    assert run.phase("delay") == "starting"
    run.report("delay", "ready", run="another run")
    assert run.phase("delay") == "starting"
    assert run.processes.refused == 1
    run.report("delay", "ready")
    assert run.phase("delay") == "running"


def test_e18_a_process_in_the_hands_of_the_system_is_told_once_and_waited_for() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.report("delay", "beat", patient=False)
    run.children["delay"].unkillable = True
    run.spend(60.0, silent=("delay",), step_s=0.1)
    assert run.children["delay"].killed == 1
    assert run.children["delay"].starts == 1
    assert "waits inside the system" in [health for health in run.said if health.process == "delay"][-1].error
    run.children["delay"].die()
    run.spend(1.0, silent=("delay",))
    assert run.children["delay"].starts == 2
    begun = run.clock.now
    run.children["delay"].unkillable, run.children["delay"].ends_after_s = True, None
    run.processes.end()
    assert run.clock.now - begun < 10.0
    assert any("'delay' cannot be ended" in line for line in run.lines)


def test_e16_the_recorder_always_gets_to_close() -> None:
    run = FakeRun(RECORDED)
    run.go()
    for name in ("counter", "delay", "adder"):
        run.children[name].ends_after_s = None  # all of them hang
    recorder = run.children["recorder"]
    recorder.ends_after_s = 0.75 * KEEP_S
    run.processes.end()
    assert recorder.ended_by == "itself"
    assert {run.children[name].ended_by for name in ("counter", "delay", "adder")} == {"a kill"}
    assert recorder.stopped_at is not None
    assert set(map(run.phase, run.children)) == {"over"}


def test_a_recorder_that_never_closes_is_ended_too() -> None:
    run = FakeRun(RECORDED)
    run.go()
    run.children["recorder"].ends_after_s = None
    begun = run.clock.now
    run.processes.end()
    assert run.children["recorder"].ended_by == "a kill"
    assert run.clock.now - begun < KEEP_S + 5


def test_writers_end_before_readers() -> None:
    run = FakeRun(RECORDED)
    run.go()
    run.processes.end()
    stops = [run.children[name].stopped_at for name in ("counter", "delay", "adder", "recorder")]
    assert stops == sorted(stops)  # type: ignore[type-var]
    assert len(set(stops)) == 4


def test_nothing_is_started_after_the_end_of_the_run_has_begun() -> None:
    run = FakeRun(TABLE)
    run.go()
    run.children["delay"].die()
    run.processes.check()
    run.processes.end()
    assert run.children["delay"].starts == 1
    run.spend(10.0)
    assert {child.starts for child in run.children.values()} == {1}


def test_what_is_no_report_changes_nothing() -> None:
    run = FakeRun({**TABLE, "graph": {"transport": "tcp"}})
    run.go()
    with zmq.Context() as context:
        run.processes.listen(context)
        with context.socket(zmq.PUSH) as stranger:
            open_inside(stranger, run._addresses.key)  # without the key of the run nothing is even read
            stranger.connect(run.processes._control_address)
            bodies = [b"", b"x", b"\xff" * 100, b"\x91" * 5000, b"\x81\xa3run\xa2\xff\xfe", b"\x00" * 60000]
            for body in bodies:
                stranger.send(body)
            for _ in range(100):
                run.processes.watch(100)
                if run.processes.refused == len(bodies):
                    break
        assert run.processes.refused == len(bodies)
        run.processes._control.close()  # type: ignore[union-attr]
    assert {run.phase(name) for name in run.children} == {"running"}


def test_why_a_process_ended_is_told_although_its_word_comes_after_its_end() -> None:
    run = FakeRun({**TABLE, "graph": {"transport": "tcp"}})
    with zmq.Context() as context:
        run.processes.listen(context)
        run.processes.watch(0)
        run.children["counter"].die()
        run.processes.watch(0)  # a busy machine has seen its end, and not yet heard it
        run.report("counter", "failed", text="camera: none.mp4 is not there", exit_code=2)
        with pytest.raises(StartError, match=r"none\.mp4") as ended:
            run.processes.watch(0)
        assert ended.value.exit_code == 2
        run.processes._control.close()  # type: ignore[union-attr]
