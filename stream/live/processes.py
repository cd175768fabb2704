"""The processes of one run: started, told, watched, started again after a fault or with other settings, and ended.

What may happen to each, and what is then done, is the table in `life.py`; this carries it out.
"""

import logging
import time
from collections.abc import Callable, Collection
from typing import Any

import msgspec
import zmq

from liveaffect.stream.errors import StartError
from liveaffect.stream.graph import Graph
from liveaffect.stream.live.addresses import Addresses, bind, serve_inside
from liveaffect.stream.live.life import LIVING, Act, Event, Life
from liveaffect.stream.live.member import Member
from liveaffect.stream.live.process import Child, Handle
from liveaffect.stream.live.pulse import ProcessReport
from liveaffect.stream.live.runlog import PRINTED
from liveaffect.stream.live.spec import child_spec
from liveaffect.stream.live.watchdog import Machine, Watch, read_account
from liveaffect.stream.messages import Health, Message

END_S = 2.6
"""At the end of a run, those who keep nothing are gone after so long on a quiet machine; the last ones are killed."""
STAGE_S = 1.5
RESTART_S = 5.0
KEEP_S = 20.0
"""Those who keep what they get (recorders) have so long of their own to close it, whatever the others did."""
RETELL_S = 1.0
EPOCH_LEAD_S = 0.3
REPORTS_A_TURN = 200
REPORT_BYTES = 64 << 10


class Processes:
    """Watches the processes of a graph for the supervisor.

    Parameters
    ----------
    graph: the checked graph; replaced by `change`.
    run: names the run.
    clock: names the clock of `t_ns`.
    publish: sends a Health of a process that cannot speak for itself.
    log: called with one plain line per event worth telling.
    make, now, pause: the processes, the time in s, and waiting: of the system, or of a test.
    """

    def __init__(
        self,
        graph: Graph,
        addresses: Addresses,
        run: str,
        clock: str,
        publish: Callable[[Message], None],
        log: Callable[[str], None],
        *,
        make: Callable[[str, bool], Handle] | None = None,
        machine: Machine | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.graph, self._addresses, self._run, self._clock = graph, addresses, run, clock
        self._publish, self._log, self._now, self._pause = publish, log, now, pause
        self.epoch_ns = 0
        self.deaths: list[str] = []
        """Why processes died on the way, one sentence each."""
        self.refused = 0
        """Reports that were none."""
        self._gone: set[str] = set()
        self.held_commands: dict[str, dict[str, Any]] = {}
        """As in HostInfo, for processes that are started from now on."""
        self.log_path = ""
        """The run's file, for what processes log."""
        self.machine = machine or Machine()
        self._control: zmq.Socket[bytes] | None = None
        self._control_address = ""
        make = make or self._child
        self.members = {name: self._member(name, make) for name in graph.processes}

    def _child(self, name: str, terminal: bool) -> Handle:
        return Child(name, None if terminal else self._addresses.folder / f"{name}.log")

    def _member(self, name: str, make: Callable[[str, bool], Handle]) -> Member:
        entries = self.graph.processes[name]
        keeps = any(entry.node.complete for entry in entries)
        handle = make(name, any(entry.node.terminal for entry in entries))
        return Member(
            handle,
            Life(self.graph.settings.restarts, KEEP_S if keeps else RESTART_S),
            Watch(self.machine, lambda: read_account(handle.pid)),
            level=max(map(self.graph.level, entries)),
            keeps=keeps,
            has_source=any(entry.spec.sources for entry in entries),
        )

    def pids(self) -> dict[str, int]:
        """Process name -> process id of those alive."""
        return {name: one.handle.pid for name, one in self.members.items() if one.handle.alive}

    def listen(self, context: zmq.Context[Any]) -> None:
        """Opens the socket on which the processes report."""
        control = self._control = context.socket(zmq.PULL)
        control.setsockopt(zmq.MAXMSGSIZE, REPORT_BYTES)
        serve_inside(control, self._addresses.key)
        self._control_address = bind(control, self._addresses.make("control"), "the supervisor")

    def watch(self, timeout_ms: int) -> None:
        """Hears what the processes report, for at most so long, and does what is due. Raises StartError where one
        never came to run. Bounded: what is more than a turn's worth is heard in the next."""
        assert self._control is not None, "listen first"
        self._control.poll(timeout_ms, zmq.POLLIN)
        heard = 0
        while heard < REPORTS_A_TURN and self._control.poll(0, zmq.POLLIN):
            heard += 1
            try:
                report = msgspec.msgpack.decode(self._control.recv(), type=ProcessReport)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self.refused += 1
                continue
            self.hear(report)
        gone = {name for name, one in self.members.items() if one.life.phase in LIVING and not one.handle.alive}
        self.check(all_heard=heard < REPORTS_A_TURN, gone=gone & self._gone)
        self._gone = gone

    def hear(self, report: ProcessReport) -> None:
        """Takes one report; what another run, or an earlier start, says is nothing to this one."""
        one = self.members.get(report.process)
        if one is None or report.run != self._run or report.incarnation != one.life.starts - 1:
            self.refused += one is None or report.run != self._run
            return
        one.watch.hear(report.progress, report.patient, report.turn_cpu_s)
        one.doing = report.doing or one.doing
        if report.kind == "bound" and (told := self._addresses.heard(report.process, report.text)):
            for each in self.members.values():
                each.handle.tell(told)
        elif report.kind == "ready":
            self._on(one, "ready")
            if self.epoch_ns:  # the others are running
                self._on(one, "go")
        elif report.kind == "ended":
            one.ended = True
        elif report.kind == "failed":
            one.error, one.exit_code = report.text, report.exit_code

    def check(self, *, all_heard: bool = True, gone: Collection[str] | None = None) -> None:
        """Finds the dead and the hung, starts what is due. While reports still wait (not `all_heard`) nobody is silent;
        of the dead only `gone` count, where given: who was so a turn ago and is heard out, for why may come after."""
        self.machine.look()
        now = self._now()
        for one in self.members.values():
            if one.life.phase in ("failed", "down", "hung") and one.told[0] and now - one.told_at > RETELL_S:
                self._say(one, *one.told)  # for those who connected since
            if one.life.phase in LIVING and not one.handle.alive:
                if gone is None or one.handle.name in gone:
                    self._on(one, "gone")
            elif one.life.overdue(now):
                self._on(one, "due")
            elif all_heard and self._silent(one):
                self._on(one, "silent")
            elif one.life.phase == "starting" and (words := one.opening_words(now)):
                self._log(words)
        if not self.epoch_ns and all(one.life.phase == "ready" for one in self.members.values()):
            self.epoch_ns = time.monotonic_ns() + int(EPOCH_LEAD_S * 1e9)
            for one in self.members.values():
                self._on(one, "go")

    def _silent(self, one: Member) -> bool:
        if one.life.phase not in ("starting", "running"):
            return False
        settings = self.graph.settings
        limit_s = settings.start_s if one.life.phase == "starting" or one.watch.patient else settings.hang_s
        if not one.watch.hung(limit_s):
            return False
        at = f" in node '{one.doing}'" if one.doing else ""
        one.error = f"process '{one.handle.name}' gave no sign of life for {one.watch.silence:.0f} s{at}"
        return True

    @property
    def ended(self) -> bool:
        """True when every source has returned."""
        sources = [one for one in self.members.values() if one.has_source]
        return bool(sources) and all(one.ended for one in sources)

    @property
    def given_up(self) -> list[str]:
        """Processes that are not started again."""
        return [name for name, one in self.members.items() if one.life.phase == "failed"]

    def change(self, graph: Graph, process: str) -> None:
        """Goes on with another graph of the same wiring; the one process that it concerns is started again."""
        self.graph = graph
        one = self.members[process]
        one.error = ""
        self._on(one, "change")

    def end(self) -> None:
        """Stops writers before readers. Those who keep nothing share one time; then those who keep what they got have
        theirs, which no hung process takes from them."""
        others = [one for one in self.members.values() if not one.keeps]
        end = self._now() + END_S * self.machine.stretch
        for level in sorted({one.level for one in others}):
            stage = min(end, self._now() + STAGE_S * self.machine.stretch)
            self._stop([one for one in others if one.level == level], stage, patient=True)
        self._stop(others, end)
        keepers = [one for one in self.members.values() if one.keeps]
        self._stop(keepers, self._now() + KEEP_S)

    def _stop(self, members: list[Member], end: float, *, patient: bool = False) -> None:
        """Asks them to end and waits for that, at most until `end`; then kills them, unless `patient`."""
        for one in members:
            if one.life.phase != "stopping":
                self._on(one, "stop")
        while any(one.handle.alive for one in members) and self._now() < end:
            self._pause(0.01)
        if patient:
            return
        for one in members:
            if not one.handle.collect(1.0):
                self._log(f"process '{one.handle.name}' cannot be ended: it waits inside the system, and is left to it")
            self._on(one, "gone")

    def _on(self, one: Member, event: Event) -> None:
        for act in one.life.on(event, self._now(), launched=bool(self.epoch_ns)):
            self._do(one, act)

    def _do(self, one: Member, act: Act) -> None:
        name = one.handle.name
        if act == "start":
            self._start(one)
        elif act == "tell_go":
            one.handle.tell(b"go %d" % self.epoch_ns)
            one.watch.begin()
        elif act == "tell_stop":
            one.handle.tell(b"stop")
        elif act == "kill":
            one.handle.kill()
        elif act == "abort":
            self._note_printed(one)
            raise StartError(one.exit_code, one.error or one.handle.last_words())
        elif act == "say_back":
            self._log(f"process '{name}' is back")
        elif act == "say_hung":
            self._say(one, "hung", one.error)
        elif act == "say_stuck":
            self._say(one, "hung", f"{one.error}, and cannot be ended: it waits inside the system, for a device maybe")
        else:
            self._died(one, act)

    def _died(self, one: Member, act: Act) -> None:
        name, error = one.handle.name, one.error or one.handle.last_words()
        self._note_printed(one)
        self.deaths.append(error)
        one.ended, one.error = False, ""
        if act == "say_failed":
            self._say(one, "failed", f"{error}; given up after {len(one.life.deaths) - 1} restarts in a minute")
            self._log(f"process '{name}' is given up: {error}")
        else:
            self._say(one, "node_down", error)
            self._log(f"process '{name}' is down ({error}); starting it again")

    def _note_printed(self, one: Member) -> None:
        """What it printed last goes to the run's file: libraries say there why they end a process."""
        for line in one.handle.printed(PRINTED):
            logging.getLogger("liveaffect.run").info("%s printed: %s", one.handle.name, line)

    def _start(self, one: Member) -> None:
        spec = child_spec(
            self.graph,
            one.handle.name,
            self._addresses,
            run=self._run,
            incarnation=one.life.starts - 1,
            clock=self._clock,
            close_s=KEEP_S if one.keeps else STAGE_S,
            control=self._control_address,
            log=self.log_path,
            held_commands=self.held_commands,
        )
        one.ended, one.error, one.doing = False, "", ""
        one.opens_since, one.opening_told = self._now(), 0
        one.watch.begin()
        one.handle.start(msgspec.json.encode(spec))
        self._say(one, "starting")

    def _say(self, one: Member, state: Any, error: str = "") -> None:
        one.told, one.told_at = (state, error), self._now()
        for entry in self.graph.processes[one.handle.name]:
            self._publish(
                Health(
                    t_ns=time.monotonic_ns(),
                    node=entry.name,
                    process=one.handle.name,
                    state=state,
                    restarts=one.life.starts - 1,
                    error=error,
                )
            )
