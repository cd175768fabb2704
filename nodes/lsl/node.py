"""The node `lsl`: what the sensor measures as LSL streams, and markers of other programs as markers of the sensor."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec

from liveaffect.nodes.lsl.clock import LslClock
from liveaffect.nodes.lsl.fence import EVERYWHERE, LOOPBACK, Fence
from liveaffect.nodes.lsl.inlets import MarkerInlets
from liveaffect.nodes.lsl.layout import VOICE_PERSON, Layout, layouts, source_id
from liveaffect.nodes.lsl.outlets import PORTS, Outlet, opened
from liveaffect.nodes.lsl.rows import Seats, affect_row, attention_row, face_row, gone, voice_row
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import AFFECT, ATTENTION, FACE, MARKER, NOTED, TICK, VOICE

UNSEEN = -1
"""Id of a voice that belongs to no visible face."""
AGAIN_NS = 1_000_000_000
"""States are told at every change, and so often for who comes later."""
MOST_AT_ONCE = 50
PEER = re.compile(r"[\w.:-]+")


class LslNode(Node):
    """LSL has no security: who reaches a stream reads it. So streams are for this machine alone unless `interface`
    says otherwise, and sockets are fenced to what it says. It needs a process of its own."""

    ordered: ClassVar[bool] = False

    streams: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]{1,60}$")] = "liveaffect"
    """Beginning of every stream's name; two sensors on one machine need different ones."""
    people: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    """So many people have streams of their own; who comes later takes that of who has been away longest."""
    markers: str = "type='Markers'"
    """Which streams of others become markers: an XPath predicate of LSL, such as name='psychopy'; "" for none."""
    interface: str = LOOPBACK
    """Who may read: "loopback" (programs here), a network interface ("eth0"), or "all", as lsl_api.cfg says."""
    peers: tuple[str, ...] = ()
    """Machines to look for on a network that passes on no multicast."""

    def open(self) -> None:
        """Opens the streams. Raises UsageError: a library that is not there, an interface that is none."""
        self._inlets: MarkerInlets | None = None
        self._outlets: dict[str, Outlet] = {}
        self._pending: dict[str, tuple[Layout, str]] = {}
        self._seats, self._unseated = Seats(self.people), 0
        self._faces: m.State = "no_face"
        self._told: tuple[tuple[str, ...], int] = ((), 0)
        if not self.host.live:  # a recording plays to nobody
            return
        self._check()
        self._fence = Fence(self.interface)
        lsl = opened(self.interface, self._fence.address, self.peers)
        self._clock = LslClock(lsl.local_clock)
        written = {topic for node in self.host.wiring.values() for topic in node["writes"]}
        wanted = layouts(self.streams, self.people, written, self.host.graph)
        own = {key: source_id(self.streams, key) for key in wanted}
        self._lsl, self._pending = lsl, {key: (layout, own[key]) for key, layout in wanted.items()}
        self._offer()
        if self.markers:
            self._inlets = MarkerInlets(lsl, self._clock, self.markers, set(own.values()), self._fence.close)

    def _offer(self) -> None:
        """Opens what is not open yet. On loopback a stream is found by its port alone, and of those there are few:
        a reader that looks for lost streams takes some, and gives them back as it finds them, one by one."""
        facts = {"clock": self.host.clock, "run": self.host.run}
        for key, (layout, own) in list(self._pending.items()):
            outlet = Outlet(self._lsl, layout, own, facts)
            if self.interface == LOOPBACK and not outlet.near:
                break
            self._outlets[key] = outlet
            del self._pending[key]
        self._fence.close()

    def _check(self) -> None:
        shared = [
            name
            for name, keys in self.host.graph.items()
            if name not in ("graph", self.host.name) and keys.get("process") == self.host.process
        ]
        if shared:
            raise UsageError(f"[{shared[0]}] process = '{self.host.process}': lsl needs a process of its own")
        if self.peers and self.interface in (LOOPBACK, EVERYWHERE):
            raise UsageError("lsl.peers are other machines: set lsl.interface to the interface of their network")
        for peer in self.peers:
            if not PEER.fullmatch(peer):
                raise UsageError(f"lsl.peers: {peer!r} is no name or address of a machine")

    def close(self) -> None:
        if inlets := vars(self).get("_inlets"):
            inlets.close()
        vars(self).get("_outlets", {}).clear()
        vars(self).get("_pending", {}).clear()

    def info(self) -> dict[str, Any]:
        heard = [] if self._inlets is None else self._inlets.streams()
        read = [key for key, outlet in self._outlets.items() if outlet.read]
        return {"interface": self.interface, "streams": len(self._outlets), "read": read, "markers_from": heard}

    def notice(self) -> str:
        beyond = f"{self._unseated} in view beyond lsl.people = {self.people}, without a stream"
        return beyond if self._unseated else ""

    def trouble(self) -> str:
        said: list[str] = []
        if self._pending:
            names = ", ".join(layout.name for layout, _ in self._pending.values())
            said.append(
                f"waiting for a free UDP port from {PORTS[0]} to {PORTS[-1]}, all taken by LSL programs: {names}"
            )
        if self._inlets is not None:
            said += [self._inlets.trouble, self._inlets.fault]
            lost, unclear = self._inlets.lost, self._inlets.unclear
            said.append(f"{lost} markers came faster than they could be taken" if lost else "")
            said.append(f"{unclear} markers with no time that could be told" if unclear else "")
        return "; ".join(filter(None, said))

    @on(AFFECT)
    def affect(self, affect: m.Affect) -> None:
        """A row for each stream of affect, also where nobody is: the state says why."""
        people = {person.id: person for person in affect.people}
        seats = self._seats.seat((one for one in people if one != UNSEEN), affect.t_ns)
        of_seat = {seat: people[one] for one, seat in seats.items()}
        for seat, whose in enumerate(self._seats.ids()):
            row = affect_row(of_seat.get(seat), gone(affect.face_state), whose)
            self._push(f"affect {seat + 1}", row, affect.t_ns)
        state = "silence" if affect.voice_state == "ok" else affect.voice_state
        row = affect_row(people.get(UNSEEN), state, UNSEEN)
        self._push(f"affect {VOICE_PERSON}", row, affect.t_ns)
        self._tell(affect, of_seat)

    def _tell(self, affect: m.Affect, of_seat: dict[int, m.Person]) -> None:
        """States at each change, and now and then."""
        seated = [of_seat.get(seat) for seat in range(self.people)] if "affect 1" in self._outlets else []
        states = [person.state if person else gone(affect.face_state) for person in seated]
        words = (affect.face_state, affect.voice_state, *states)
        before, told_ns = self._told
        if words != before or affect.t_ns - told_ns >= AGAIN_NS:
            self._told = (words, affect.t_ns)
            self._push("states", list(words), affect.t_ns)

    @on(FACE)
    def face(self, seen: m.FaceObservation) -> None:
        """A row for each stream of action units."""
        self._faces = seen.state
        seats = self._seats.seat((face.id for face in seen.faces), seen.t_ns)
        of_seat = {seats[face.id]: face for face in seen.faces if face.id in seats}
        self._unseated = len(seen.faces) - len(of_seat)
        for seat, whose in enumerate(self._seats.ids()):
            self._push(f"units {seat + 1}", face_row(of_seat.get(seat), gone(seen.state), whose), seen.t_ns)

    @on(ATTENTION)
    def attention(self, said: m.Attention) -> None:
        """A row for each stream of attention, five times a second."""
        people = {person.id: person for person in said.people}
        seats = self._seats.seat(people, said.t_ns)
        of_seat = {seat: people[one] for one, seat in seats.items()}
        for seat, whose in enumerate(self._seats.ids()):
            row = attention_row(of_seat.get(seat), said.mutual, gone(self._faces), whose)
            self._push(f"attention {seat + 1}", row, said.t_ns)

    @on(VOICE)
    def voice(self, hop: m.VoiceDescriptors) -> None:
        """One hop."""
        self._push("voice", voice_row(hop), hop.t_ns)

    @on(MARKER)
    def marker(self, marker: m.Marker) -> None:
        """A marker of this sensor; those that came over LSL are there already."""
        if not marker.source.startswith("lsl:"):
            self._push("markers", [marker.label], marker.t_ns)

    @on(TICK, emits=NOTED)
    def tick(self, _tick: m.Tick) -> Iterator[m.Noted]:
        """Hands on what other programs have marked, each at its own time, and fences what was opened since."""
        if not self.host.live:
            return
        self._offer()
        self._clock.measure()
        for heard in self._inlets.take(MOST_AT_ONCE) if self._inlets else ():
            yield m.Noted(t_ns=heard.t_ns, label=heard.label, source=heard.source, node=self.host.name)

    def _push(self, key: str, row: list[Any], t_ns: int) -> None:
        if outlet := self._outlets.get(key):
            outlet.push(row, self._clock.lsl_s(t_ns))
