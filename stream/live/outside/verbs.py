"""What becomes of a request: refused in words, answered here, or asked of the nodes that own its verb.

Pure: no sockets, no clock of its own. `take` is called with each request, `step` often, `acknowledge` with each answer
of a node. A verb that is `held` (privacy) cannot fail: it goes to whoever lives and is kept for whoever comes later.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from liveaffect.stream.client.requests import Answer, MarkArguments, Reply, Request
from liveaffect.stream.errors import LiveAffectError, UsageError
from liveaffect.stream.messages import Ack, Command, Marker, Message, Noted, Status
from liveaffect.stream.node import Verb

NS = 1_000_000_000
ACK_LIMIT_NS = 5 * NS
"""A node that no frame pushes on hears a command with its next tick, on a very busy machine 3 s later."""
REPEAT_NS = NS
"""A held verb is told so often to a node that has not answered."""
MOST_PENDING = 256
MARK_AHEAD_NS = 60 * NS
OWN = ("hello", "clock", "mark", "stop")

Reach = Callable[[str], Literal["hears", "starting", "gone"]]
"""Whether a node's process hears commands, will hear them, or was given up."""


@dataclass
class Sensor:
    """What stands behind a gateway: what its requests ask of it.

    Parameters
    ----------
    verbs: those that the program answers itself.
    owners: verb -> node name -> what it declares of it.
    reach: see `Reach`.
    publish: publishes a Marker or a Command to the graph.
    facts: asked at every `hello`.
    hold: told of every held verb and its arguments, for processes that are started later.
    stop: the verb `stop`.
    status: what the gateway says of itself once a second.
    marks_wait: whether a recorder is being started, which would miss a marker that is published now.
    """

    verbs: Mapping[str, Answer]
    owners: Mapping[str, Mapping[str, Verb]]
    reach: Reach
    publish: Callable[[Message], None]
    facts: Callable[[], dict[str, Any]]
    hold: Callable[[str, dict[str, Any]], None]
    stop: Callable[[], None]
    status: Callable[[], Status | None] = lambda: None
    marks_wait: Callable[[], bool] = lambda: False


@dataclass
class Pending:
    """A command on its way through the nodes, and what is done when all of them agree."""

    peer: Any
    request: Request
    number: str
    nodes: set[str]
    until_ns: int
    then: Callable[[], Reply] | None = None
    texts: list[str] = field(default_factory=list[str])
    ok: bool = True
    sent: bool = False


@dataclass
class Held:
    """A verb that holds until it is taken back, and the nodes that have not heard it yet."""

    request: Request
    number: str
    unheard: dict[str, int]
    """Node -> when it was told last."""


class Requests:
    """The requests of one run.

    Parameters
    ----------
    sensor: what they are asked of.
    reply: hands an answer to whoever asked, as `take` was told.
    now_ns: the machine's monotonic clock.
    """

    def __init__(self, sensor: Sensor, reply: Callable[[Any, Reply], None], now_ns: Callable[[], int]) -> None:
        self._sensor, self._reply, self._now_ns = sensor, reply, now_ns
        self._begun_ns = now_ns()
        self._pending: dict[str, Pending] = {}
        self._held: dict[str, Held] = {}
        self._marks: list[Marker] = []  # that wait for the recorder
        self._count = 0

    def take(self, peer: Any, request: Request) -> None:
        """One request, read and plain; the answer comes by `reply`, now or after the nodes have spoken."""
        try:
            found = self._decide(peer, request)
        except LiveAffectError as error:
            found = Reply(ok=False, text=str(error))
        if found is not None:
            self._answer(peer, request, found)

    def step(self) -> None:
        """Sends what can be sent now and answers what has waited long enough."""
        now = self._now_ns()
        self._send_marks()
        for pending in list(self._pending.values()):
            reached = {node: self._sensor.reach(node) for node in pending.nodes}
            if not pending.sent and "starting" not in reached.values():
                self._send(pending, [node for node, how in reached.items() if how == "gone"])
            elif now > pending.until_ns:
                pending.texts.append(f"no answer from {', '.join(sorted(pending.nodes))} within {ACK_LIMIT_NS // NS} s")
                pending.ok = False
                self._finish(pending)
        for held in self._held.values():
            self._remind(held, now)

    def acknowledge(self, ack: Ack) -> None:
        """A node answered a command."""
        for held in self._held.values():
            if held.number == ack.request_id and ack.ok:
                held.unheard.pop(ack.node, None)
        pending = self._pending.get(ack.request_id)
        if pending is None or ack.node not in pending.nodes:
            return
        pending.nodes.discard(ack.node)
        pending.ok &= ack.ok
        if ack.text:
            pending.texts.append(f"{ack.node}: {ack.text}")
        if not pending.nodes:
            self._finish(pending)

    def waiting_marks(self) -> list[str]:
        """Labels of the markers that no recorder has heard yet."""
        return [mark.label for mark in self._marks]

    def note(self, noted: Noted) -> None:
        """A node learnt of an instant: a marker, as if a program had asked for it. Raises UsageError."""
        asked = {"label": noted.label, "t_ns": noted.t_ns, "source": noted.source}
        self._set(arguments_of(Request(verb="mark", arguments=asked), MarkArguments, noted.node))

    def _decide(self, peer: Any, request: Request) -> Reply | None:
        sensor, verb = self._sensor, request.verb
        if verb in ("hello", "clock"):
            return Reply(ok=True, facts={"monotonic_ns": self._now_ns(), **(sensor.facts() if verb == "hello" else {})})
        if verb == "stop":
            sensor.stop()
            return Reply(ok=True, text="stopping")
        if verb == "mark":
            return self._mark(request)
        owners = self._owners(request)
        for node, how in owners.items():
            arguments_of(request, how.arguments, node)
        if verb not in sensor.verbs:
            if any(how.held for how in owners.values()):
                self._hold(peer, request, set(owners))
            else:
                self._ask(peer, request, set(owners))
            return None
        found = sensor.verbs[verb](request)
        if isinstance(found, Reply):
            return found
        asked = {node for node in owners if sensor.reach(node) != "gone"}  # what was given up refuses nothing
        if not asked:
            return found.carry_out()
        self._ask(peer, request, asked, found.carry_out)
        return None

    def _owners(self, request: Request) -> dict[str, Verb]:
        verb, target, sensor = request.verb, request.target, self._sensor
        owners = dict(sensor.owners.get(verb, {}))
        if verb not in sensor.verbs and not owners:
            known = sorted({*OWN, *sensor.verbs, *sensor.owners})
            close = difflib.get_close_matches(verb, known, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"it knows {', '.join(known)}"
            raise UsageError(f"this sensor knows no '{verb}'; {hint}")
        if verb in sensor.verbs or not target:
            return owners
        if target not in owners:
            raise UsageError(f"node '{target}' takes no '{verb}'; {', '.join(sorted(owners))} does")
        return {target: owners[target]}

    def _mark(self, request: Request) -> Reply:
        try:
            asked = msgspec.convert(request.arguments, MarkArguments)
        except msgspec.ValidationError as error:
            raise UsageError(
                f"mark: {error}; its arguments are label (1 to 500 characters), t_ns and source (both optional)"
            ) from None
        t_ns = self._set(asked)
        waits = ", to be recorded as soon as the recorder runs" if self._marks else ""
        return Reply(ok=True, text=f"marked '{asked.label}'{waits}", facts={"t_ns": t_ns})

    def _set(self, asked: MarkArguments) -> int:
        now = self._now_ns()
        t_ns = now if asked.t_ns is None else asked.t_ns
        if any(ord(letter) < 32 for letter in asked.label):
            raise UsageError("mark: the label holds a control character: write 1 to 500 characters in one line")
        if not self._begun_ns - MARK_AHEAD_NS <= t_ns <= now + MARK_AHEAD_NS:
            raise UsageError(
                f"mark: t_ns = {t_ns} is not an instant of this run on the sensor's monotonic clock, which stands at "
                f"{now}: leave it out for now; `clock_offset()` tells how far another clock is away"
            )
        if len(self._marks) >= MOST_PENDING:
            raise UsageError(f"mark: {MOST_PENDING} markers wait for the recorder already: set it again later")
        self._marks.append(Marker(t_ns=t_ns, label=asked.label, source=asked.source[:100]))
        self._send_marks()
        return t_ns

    def _send_marks(self) -> None:
        while self._marks and not self._sensor.marks_wait():
            self._sensor.publish(self._marks.pop(0))

    def _number(self) -> str:
        self._count += 1
        return str(self._count)

    def _ask(self, peer: Any, request: Request, nodes: set[str], then: Callable[[], Reply] | None = None) -> None:
        if len(self._pending) >= MOST_PENDING:
            raise LiveAffectError(f"{MOST_PENDING} commands are waiting for their nodes already: ask again later")
        number = self._number()
        self._pending[number] = Pending(peer, request, number, nodes, self._now_ns() + ACK_LIMIT_NS, then)

    def _send(self, pending: Pending, gone: list[str]) -> None:
        if gone:
            pending.nodes.difference_update(gone)
            pending.texts.append(f"{', '.join(sorted(gone))} does not run any more: see its health for the reason")
            pending.ok = False
        if not pending.nodes:
            self._finish(pending)
            return
        pending.sent = True
        self._publish(pending.request, pending.number)

    def _hold(self, peer: Any, request: Request, nodes: set[str]) -> None:
        """Sent to whoever lives, kept for whoever comes."""
        now, number = self._now_ns(), self._number()
        self._sensor.hold(request.verb, request.arguments)
        deaf = sorted(node for node in nodes if self._sensor.reach(node) != "hears")
        self._held[request.verb] = Held(request, number, dict.fromkeys(nodes, now))
        self._publish(request, number)
        pending = Pending(peer, request, number, nodes - set(deaf), now + ACK_LIMIT_NS, sent=True)
        if deaf:
            pending.texts.append(f"{', '.join(deaf)} does not run now and will be told when it comes back")
        if not pending.nodes:
            self._answer(peer, request, Reply(ok=True, text="; ".join(pending.texts)))
            return
        if len(self._pending) >= MOST_PENDING:  # it is under way; only the answer cannot be waited for
            self._answer(peer, request, Reply(ok=False, text="sent, but too many commands wait for their answers"))
            return
        self._pending[number] = pending

    def _remind(self, held: Held, now: int) -> None:
        for node, told_ns in held.unheard.items():
            if now - told_ns >= REPEAT_NS and self._sensor.reach(node) == "hears":
                held.unheard[node] = now
                self._publish(held.request, held.number, node)

    def _publish(self, asked: Request, number: str, target: str = "") -> None:
        self._sensor.publish(
            Command(
                t_ns=self._now_ns(),
                verb=asked.verb,
                target=target or asked.target,
                arguments=asked.arguments,
                request_id=number,
            )
        )

    def _finish(self, pending: Pending) -> None:
        del self._pending[pending.number]
        found = Reply(ok=pending.ok, text="; ".join(pending.texts))
        if pending.ok and pending.then is not None:
            try:
                found = pending.then()
            except LiveAffectError as error:
                found = Reply(ok=False, text=str(error))
        self._answer(pending.peer, pending.request, found)

    def _answer(self, peer: Any, request: Request, reply: Reply) -> None:
        self._reply(peer, msgspec.structs.replace(reply, id=request.id))


def arguments_of(request: Request, kind: type[Any], whose: str) -> Any:
    """The arguments as `kind`; raises UsageError naming the key."""
    try:
        return msgspec.convert(request.arguments, kind)
    except msgspec.ValidationError as error:
        keys = ", ".join(field.name for field in msgspec.structs.fields(kind))
        raise UsageError(f"{whose}: {request.verb}: {error}; its arguments: {keys}") from None
