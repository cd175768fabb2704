"""The life of one node process as a table: phases, what may happen in each, and what is then done.

Pure: no process, no clock, no socket. `Processes` feeds it with what it sees and hears, and does what it asks for.
What the table does not list changes nothing: a report that comes late, or twice, is of the past.
"""

from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["down", "starting", "ready", "running", "restarting", "hung", "stopping", "failed", "over"]
"""down: not there, waiting for its time. starting: opens its nodes. ready: waits for the others. restarting: asked to
end, to be started with other settings. hung: killed, not gone yet. failed: given up. over: ended with the run."""
Event = Literal["due", "ready", "go", "gone", "silent", "change", "stop"]
"""due: what the phase waits for has taken its time. ready: it says that its nodes are open. go: everyone begins.
gone: there is no such process any more. silent: the watchdog has lost patience. change: it is to get other settings.
stop: the run ends."""
Act = Literal[
    "start", "tell_go", "tell_stop", "kill", "abort", "say_hung", "say_stuck", "say_down", "say_failed", "say_back"
]
"""What must be done: to the process, to the run ("abort": it cannot start at all), or said of it."""

MINUTE_S = 60.0
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)
KILL_S = 2.0
"""A killed process that is still there after so long waits inside the system, for a device for instance."""
NEVER = float("inf")

TABLE: dict[tuple[Phase, Event], tuple[Phase, tuple[Act, ...]]] = {
    ("down", "due"): ("starting", ("start",)),
    ("down", "change"): ("starting", ("start",)),
    ("down", "stop"): ("over", ()),
    ("starting", "ready"): ("ready", ()),
    ("starting", "change"): ("restarting", ("tell_stop",)),
    ("starting", "silent"): ("hung", ("say_hung", "kill")),
    ("starting", "stop"): ("stopping", ("tell_stop",)),
    ("ready", "go"): ("running", ("tell_go",)),
    ("ready", "change"): ("restarting", ("tell_stop",)),
    ("ready", "stop"): ("stopping", ("tell_stop",)),
    ("running", "change"): ("restarting", ("tell_stop",)),
    ("running", "silent"): ("hung", ("say_hung", "kill")),
    ("running", "stop"): ("stopping", ("tell_stop",)),
    ("restarting", "gone"): ("starting", ("start",)),
    ("restarting", "due"): ("restarting", ("kill",)),
    ("restarting", "stop"): ("stopping", ("tell_stop",)),
    ("hung", "due"): ("hung", ("say_stuck",)),
    ("hung", "change"): ("restarting", ()),
    ("hung", "stop"): ("stopping", ()),
    ("stopping", "gone"): ("over", ()),
    ("failed", "change"): ("starting", ("start",)),
    ("failed", "stop"): ("over", ()),
}
"""(phase, what happens) -> the next phase and what is done. Deaths that nobody asked for: `Life._died`."""

UNASKED: tuple[Phase, ...] = ("starting", "ready", "running", "hung")
"""In these a process that is gone has died."""
LIVING: tuple[Phase, ...] = ("starting", "ready", "running", "restarting", "hung", "stopping")
"""In these there is a process."""


@dataclass
class Life:
    """Where one process stands.

    Parameters
    ----------
    restarts: deaths within a minute after which it is given up.
    end_s: how long it may take to end when asked to.
    """

    restarts: int
    end_s: float
    phase: Phase = "down"
    due: float = 0.0
    """When this phase has taken its time (`due`); the run's first start is due at once."""
    starts: int = 0
    """How often it was started; the first start has incarnation 0."""
    deaths: list[float] = field(default_factory=list[float])
    """When it died within the last minute, of faults; starts that were asked for are none."""
    back: bool = False
    """True while it comes back after a fault or a change: when it runs, that is worth a word."""

    def on(self, event: Event, now: float, *, launched: bool) -> tuple[Act, ...]:
        """Takes note of what happened at `now` (s) and says what is to be done.

        `launched`: the run has begun. Before, a process that dies is for the user to mend, not to be tried again.
        """
        if event == "gone" and self.phase in UNASKED:
            return self._died(now, launched)
        step = TABLE.get((self.phase, event))
        if step is None:
            return ()
        if event == "change":
            self.deaths = []
        self.phase, acts = step
        if "start" in acts:
            self.starts += 1
            self.due = NEVER
            self.back = launched
        elif "tell_stop" in acts:
            self.due = now + self.end_s
        elif "kill" in acts or event in ("change", "stop"):
            self.due = now + KILL_S
        elif "say_stuck" in acts:
            self.due = NEVER
        if "tell_go" in acts and self.back:
            self.back = False
            acts = (*acts, "say_back")
        return acts

    def overdue(self, now: float) -> bool:
        """True where the phase has taken its time."""
        return now >= self.due

    def _died(self, now: float, launched: bool) -> tuple[Act, ...]:
        if not launched:
            self.phase = "over"
            return ("abort",)
        self.deaths = [*(t for t in self.deaths if now - t < MINUTE_S), now]
        if len(self.deaths) > self.restarts:
            self.phase, self.due = "failed", NEVER
            return ("say_failed",)
        self.phase, self.due = "down", now + BACKOFF_S[min(len(self.deaths), len(BACKOFF_S)) - 1]
        return ("say_down",)
