"""Busy or hung, with a clock and a system that the test makes."""

import os
import threading
from pathlib import Path

import pytest
from runs.fake_processes import Clock

from liveaffect.stream.live import watchdog
from liveaffect.stream.live.watchdog import STARVED, STRETCH, Account, Machine, Watch, read_account, read_pressure

HANG_S = 5.0


class System:
    """A machine on which `share` of the time somebody waits, and one process that runs and waits as said."""

    def __init__(self, share: float = 0.0, ran: float = 0.0, waited: float = 0.0) -> None:
        self.clock = Clock()
        self.share, self.ran, self.waited = share, ran, waited
        self.began = self.clock.now
        self.machine = Machine(pressure=lambda: int((self.clock.now - self.began) * 1e6 * self.share), clock=self.clock)
        self.watch = Watch(self.machine, self.account)

    def account(self) -> Account:
        span_ns = (self.clock.now - self.began) * 1e9
        return {1: (int(span_ns * self.ran), int(span_ns * self.waited))}

    def found_after(self, limit_s: float = 100.0, turn_cpu_s: float = 0.02) -> float | None:
        """Seconds of silence after which it is taken for hung; None where that is not within `limit_s`."""
        begun = self.clock.now
        self.watch.hear(1, False)
        self.watch.begin()
        self.watch.hear(1, False, turn_cpu_s)
        while self.clock.now - begun < limit_s:
            self.clock.now += 0.02
            self.machine.look()
            if self.watch.hung(HANG_S):
                return self.clock.now - begun
        return None


def test_on_a_quiet_machine_a_sleeping_loop_is_found_when_its_time_is_over() -> None:
    assert System().found_after() == pytest.approx(HANG_S, abs=0.1)


@pytest.mark.parametrize(("ran", "waited"), [(0.0, 0.0), (0.4, 0.6), (0.01, 0.1)])
def test_under_full_pressure_a_hang_is_found_within_ten_seconds(ran: float, waited: float) -> None:
    found = System(share=1.0, ran=ran, waited=waited).found_after()
    assert found is not None
    assert HANG_S < found < 10.0


@pytest.mark.parametrize("cores", [1.0, 0.4, 0.1])
def test_a_loop_that_spins_is_found_within_ten_seconds_also_where_it_gets_a_tenth_of_a_core(cores: float) -> None:
    found = System(share=1.0, ran=cores, waited=1.0 - cores).found_after()
    assert found is not None
    assert HANG_S < found < 10.0


def test_one_whose_turns_take_much_of_the_cpu_is_given_as_much_again_and_more() -> None:
    slow = System(share=1.0, ran=0.1, waited=0.9)
    found = slow.found_after(turn_cpu_s=0.4)
    assert found is not None
    assert 16.0 < found < 20.0, "1.6 s of CPU at a tenth of a core, from when it is suspected"


def test_e14_a_process_that_waits_for_a_core_is_not_hung() -> None:
    found = System(share=1.0, ran=0.01, waited=0.9).found_after()
    assert found is not None
    assert found > STARVED * HANG_S - 1, "but not for ever"


def test_e14_a_process_that_makes_progress_is_never_hung_however_slow() -> None:
    system = System(share=1.0)
    for turn in range(200):
        system.watch.hear(turn, False)
        for _ in range(int(4.5 / 0.02)):
            system.clock.now += 0.02
            system.machine.look()
            assert not system.watch.hung(HANG_S)


def test_time_in_which_the_watcher_was_away_does_not_count() -> None:
    system = System()
    system.watch.hear(1, False)
    system.clock.now += 3600.0  # stopped, or starved itself
    system.machine.look()
    assert system.watch.silence < 1.0
    assert not system.watch.hung(HANG_S)


def test_patience_follows_pressure_and_comes_back() -> None:
    system = System(share=0.0)
    for share, expected in ((0.0, 1.0), (0.5, 1.0 + (STRETCH - 1) / 2), (5.0, STRETCH), (0.0, 1.0)):
        total = system.machine.pressure() or 0
        begun = system.clock.now
        system.machine.pressure = lambda s=share, t=total, b=begun: int(t + (system.clock.now - b) * 1e6 * s)
        for _ in range(300):
            system.clock.now += 0.02
            system.machine.look()
        assert system.machine.stretch == pytest.approx(expected, abs=0.02)


def test_where_the_system_tells_no_pressure_the_watchers_own_lag_does() -> None:
    clock = Clock()
    machine = Machine(pressure=lambda: None, clock=clock)
    for _ in range(20):
        clock.now += 1.2  # it asked for 0.02 s
        machine.look()
    assert machine.stretch == pytest.approx(STRETCH, abs=0.1)


def test_a_malformed_account_of_pressure_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, text in enumerate(("", "some avg10=0.00", "some total=x")):
        monkeypatch.setattr(watchdog, "PRESSURE", tmp_path / str(number))
        (tmp_path / str(number)).write_text(text, "ascii")
        assert read_pressure() is None
    monkeypatch.setattr(watchdog, "PRESSURE", tmp_path / "nothing")
    assert read_pressure() is None


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system keeps no account of threads")
def test_the_systems_account_names_every_thread_but_those_that_only_carry() -> None:
    quiet, done = threading.Event(), threading.Event()

    def beat() -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_bytes(b"pulse")
        quiet.set()
        done.wait()

    thread = threading.Thread(target=beat)
    thread.start()
    quiet.wait()
    account = read_account(os.getpid())
    assert os.getpid() in account
    assert thread.native_id not in account
    assert account[os.getpid()][0] > 0
    done.set()
    thread.join()
    assert read_account(0) == {}
