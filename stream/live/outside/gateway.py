"""The one address for programs outside the graph: results out, commands and markers in.

Nothing of a topic flows here until somebody subscribes to it. On tcp it needs keys: the user's own on this machine,
keys that were given beyond it. Requests and replies are msgpack maps, see `client/requests.py`;
`liveaffect.stream.connect` speaks them for you.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from liveaffect.stream.client.access import check_address, server_keys
from liveaffect.stream.client.announced import announce, withdraw
from liveaffect.stream.live.outside.door import Door
from liveaffect.stream.live.outside.verbs import Requests, Sensor
from liveaffect.stream.messages import Ack, Health, Noted

AT_ONCE = 16
"""Requests that are answered in one turn of the supervisor's loop."""
SAY_NS = 1_000_000_000


def events_address(address: str) -> str:
    """Where results leave, given where commands enter."""
    if not address.startswith("tcp://"):
        return address + ".events"
    host, _, port = address.rpartition(":")
    return address if port == "*" else f"{host}:{int(port) + 1}"


@dataclass(frozen=True)
class Listening:
    """Where a gateway listens, and who finds it.

    Parameters
    ----------
    address: "ipc:///path", or "tcp://host:port" (results then leave at port + 1; "*" takes free ports).
    folder: 0700, of this run.
    inside: the run's own key, with which the writers are read.
    keys: folder of CURVE keys; "" takes the user's own on tcp, and none on ipc.
    announced: other programs of this user find it without an address.
    """

    address: str
    folder: Path
    inside: str
    keys: str = ""
    announced: bool = True


class Gateway:
    """Runs inside the supervisor: a thread at the door, `step()` for requests.

    Parameters
    ----------
    listening: where, and for whom.
    sensor: what stands behind it.
    """

    def __init__(self, listening: Listening, sensor: Sensor) -> None:
        address = listening.address
        check_address(address, listening.keys)
        keys = server_keys(address, listening.keys)
        self._facts, self._publish, self._said_ns = sensor.facts, sensor.publish, 0
        self._status = sensor.status
        folder, inside = listening.folder, listening.inside
        self._door = Door(address, events_address(address), keys=keys, folder=folder, inside=inside)
        self.address = self._door.address
        self._requests = Requests(replace(sensor, facts=self._hello), self._door.reply, time.monotonic_ns)
        self._word = announce(self.address, keys, time.time()) if listening.announced else None

    def connect(self, writer: str) -> None:
        """Forwards what another process publishes, too."""
        self._door.connect(writer)

    def step(self) -> None:
        """Answers what has arrived, a bounded number; call it often."""
        for _ in range(min(AT_ONCE, len(self._door.requests))):
            peer, request = self._door.requests.popleft()
            self._requests.take(peer, request)
        self._requests.step()
        now_ns = time.monotonic_ns()
        if now_ns - self._said_ns > SAY_NS:
            self._said_ns = now_ns
            self._publish(self.health(now_ns))

    def health(self, now_ns: int) -> Health:
        """Who is in, and what was refused to whom."""
        lost, skipped = self._door.losses()
        dropped = {name: count for name, count in (("overflow", lost), ("skipped", skipped)) if count}
        info = {"visitors": self._door.visitors, "refused": dict(self._door.refused)}
        return Health(
            t_ns=now_ns, node="gateway", process="supervisor", state="ok", dropped=dropped, info=info,
            status=self._status(),
        )  # fmt: skip

    def acknowledge(self, ack: Ack) -> None:
        """A node answered a command."""
        self._requests.acknowledge(ack)

    @property
    def waiting_marks(self) -> list[str]:
        """Labels of the markers that no recorder has heard yet."""
        return self._requests.waiting_marks()

    def note(self, noted: Noted) -> None:
        """A node learnt of an instant outside: a marker, as if asked for here. Raises UsageError where it is none."""
        self._requests.note(noted)

    def close(self) -> None:
        """Lets the last answers out, closes, and takes back the announcement."""
        withdraw(self._word)
        self._door.close()

    def _hello(self) -> dict[str, Any]:
        return {"events": self._door.events, "joins": True, **self._facts()}
