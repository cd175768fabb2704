"""The client for other programs: five lines to a live plot.

from liveaffect.stream import connect

with connect(topics=["affect"]) as sensor:
    for message in sensor:
        for person in message.people:
            print(message.t_ns, person.id, person.state, person.valence, person.arousal)
"""

import asyncio
import contextlib
import threading
import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any

from liveaffect.stream.capture.clock import clock_id
from liveaffect.stream.client.announced import announced, keys_for, several
from liveaffect.stream.client.asked import require_room, strangers
from liveaffect.stream.client.clock import ClockKeeper, Exchange, SensorClock
from liveaffect.stream.client.link import CLOSED, Closed, Gone, Link
from liveaffect.stream.client.requests import Reply, Request
from liveaffect.stream.client.way import Made, Way
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic

REPLY_LIMIT_S = 8.0
RETRY_S = 1.0
JOIN_LIMIT_S = 5.0
"""A sensor too busy to say that its results are on their way is believed after so long."""
BATCH = 200
BATCH_S = 0.25


class Client:
    """A connection to a running graph's gateway; iterate over it (`for`, `async for`) for messages, newest last.

    Every method may be called from any thread. Iteration ends with TransportError when the sensor has gone, quietly
    after `close()`.

    Parameters
    ----------
    address: of the gateway, "tcp://host:port" or "ipc:///path".
    topics: names, or beginnings of names, of what is wanted.
    keys: folder of the CURVE keys; "" takes those of this user's own sensor.
    reconnect: wait for the sensor to come back instead of raising; `find` is then asked for its address.
    way: the sockets, unless a test brings its own.
    """

    def __init__(
        self,
        address: str,
        topics: Iterable[str] = (),
        keys: str = "",
        *,
        reconnect: bool = False,
        find: Callable[[], str] | None = None,
        way: Way | None = None,
    ) -> None:
        self._keys, self._reconnect, self._find = keys, reconnect, find or (lambda: address)
        self._wanted = dict[str, None]()
        self._want(topics)
        self._ahead: deque[tuple[Topic[Any], Message]] = deque()
        """Read for `async for`, and not yet given."""
        self._closed, self._renewing = threading.Event(), threading.Lock()
        self._way = way or Link(address, keys or keys_for(address))
        self.facts: dict[str, Any] = {}
        self._keeper: ClockKeeper | None = None
        self._open(REPLY_LIMIT_S)

    @classmethod
    def of(cls, messages: Iterable[Message], answer: Callable[[Request], Reply] | None = None) -> "Client":
        """A client for tests, without a sensor: it yields `messages` and then ends; requests go to `answer`, by default
        agreed to. `facts` are those of its `hello`."""
        return cls("test://messages", way=Made(messages, answer or (lambda _: Reply(ok=True))))

    @property
    def address(self) -> str:
        """Of the gateway."""
        return self._way.address

    @property
    def malformed(self) -> int:
        """Messages that could not be read."""
        return self._way.malformed

    @property
    def skipped(self) -> int:
        """Frames that came faster than they were taken."""
        return self._way.skipped

    def receive(self, timeout_s: float | None = None) -> tuple[Topic[Any], Message] | None:
        """The next message, or None after `timeout_s` (None waits for ever). Malformed ones are counted and skipped.

        Raises TransportError when the sensor has gone (unless it is to be waited for), and after `close()`.
        """
        if self._ahead:
            with contextlib.suppress(IndexError):  # another thread was quicker
                return self._ahead.popleft()
        return self._received(timeout_s)

    def _received(self, timeout_s: float | None) -> tuple[Topic[Any], Message] | None:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            way = self._way
            try:
                return way.receive(None if end is None else max(0.0, end - time.monotonic()))
            except (Gone, Closed):
                if self._closed.is_set() or not self._reconnect:
                    raise
                if not self._renew(way, end):
                    return None

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                received = self.receive()
            except Closed:
                return
            if received is not None:
                yield received[1]

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            while self._ahead:  # a loop that is left or cancelled leaves the rest to the next
                yield self._ahead.popleft()[1]
            try:
                await asyncio.to_thread(self._read_ahead)
            except Closed:
                if not self._ahead:
                    return

    def request(self, verb: str, target: str = "", **arguments: Any) -> Reply:
        """Sends a command and waits for its answer. Raises TransportError when nobody answers, UsageError for arguments
        that cannot travel."""
        with self._unless_renewed():
            return self._way.ask(verb, target, arguments, REPLY_LIMIT_S)
        raise TransportError(f"the sensor at {self.address} has ended and is not back yet: ask once messages come")

    def mark(self, label: str, t_ns: int | None = None, source: str = "") -> Reply:
        """Sets a marker, now or at an instant of the sensor's monotonic clock.

        "Now" is when it is called where the clock is this machine's, or `clock` was used; else when the sensor hears.
        """
        if t_ns is None and self._keeper is not None:
            t_ns = self._keeper.clock.sensor_ns(time.monotonic_ns())
        elif t_ns is None and self.facts.get("clock") == clock_id():
            t_ns = time.monotonic_ns()  # one clock: the wait for another thread's question does not count
        arguments: dict[str, Any] = {"label": label, "source": source} | ({} if t_ns is None else {"t_ns": t_ns})
        return self.request("mark", **arguments)

    def subscribe(self, *topics: str) -> None:
        """Asks for more topics, and waits until that is in effect: what is said of them from then on comes. Where the
        sensor is being waited for (`reconnect`), it is asked once it is back.

        Raises UsageError for more than a sensor takes, TransportError where it lets nobody else read.
        """
        self._want(topics)
        with self._unless_renewed():
            self._ask_for(topics)

    def unsubscribe(self, *topics: str) -> None:
        """Asks for no more of topics, named as they were asked for."""
        known = [topic for topic in topics if self._wanted.pop(topic, topic) is None]
        with self._unless_renewed():
            self._way.change(False, known)

    @contextlib.contextmanager
    def _unless_renewed(self) -> Generator[None]:
        try:
            yield
        except Closed:  # a connection that is made anew asks for all that is wanted
            if self._closed.is_set() or not self._reconnect:
                raise

    def clock_offset(self, exchanges: int = 8) -> tuple[int, int]:
        """(offset_ns, round_trip_ns): the sensor's clock minus this machine's monotonic clock, from the quickest of
        several exchanges (Mills 1991: the error is at most half the round trip)."""
        if exchanges < 1:
            raise UsageError(f"clock_offset: {exchanges} exchanges tell nothing: ask for 1 or more")
        best = min((self._exchange() for _ in range(exchanges)), key=lambda one: one.trip_ns)
        return best.offset_ns, best.trip_ns

    @property
    def clock(self) -> SensorClock:
        """Maps the sensor's times to this machine's, and says how sure that is. Asks at once, then twice a second."""
        if self._keeper is None:
            same = self.facts.get("clock") == clock_id()
            self._keeper = ClockKeeper(SensorClock(time.monotonic_ns, same=same), self._exchange)
        return self._keeper.clock

    def _exchange(self) -> Exchange:
        sent_ns = time.monotonic_ns()
        return Exchange(sent_ns, int(self.request("clock").facts["monotonic_ns"]), time.monotonic_ns())

    def close(self) -> None:
        """Closes the sockets; a thread that waits for a message or an answer is told."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.end()
        self._way.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, limit_s: float) -> None:
        try:
            reply = self._way.ask("hello", "", {}, limit_s)
            facts = reply.facts
            if not reply.ok:
                raise TransportError(f"the sensor at {self.address} takes nobody in just now: {reply.text}")
            if not isinstance(facts.get("events", ""), str):
                raise TransportError(f"what answers at {self.address} is no sensor")
            self.facts = facts
            self._way.listen(facts.get("events", ""))
            self._ask_for(list(self._wanted))
        except TransportError:
            self._way.close()
            raise

    def _want(self, topics: Iterable[str]) -> None:
        wanted = self._wanted | dict.fromkeys(topics)
        require_room(wanted)
        self._wanted = wanted

    def _ask_for(self, topics: Collection[str]) -> None:
        for words in strangers(topics, self.facts):
            warnings.warn(words, stacklevel=4)
        self._way.change(True, topics)
        if topics and self.facts.get("joins"):
            self._way.join(JOIN_LIMIT_S)

    def _renew(self, old: Way, end: float | None) -> bool:
        """Connects again, as often as it takes; False when the time is up."""
        if not self._renewing.acquire(timeout=-1 if end is None else max(0.0, end - time.monotonic())):
            return False  # another thread is at it
        try:
            if self._way is not old:
                return True  # another thread was quicker
            old.close()
            while not self._closed.is_set():
                try:
                    address = self._find()
                    if address:
                        self._way = Link(address, self._keys or keys_for(address))
                        self._open(RETRY_S)
                        if not self._closed.is_set():
                            return True
                        self._way.close()
                except TransportError:
                    pass
                if end is not None and time.monotonic() >= end:
                    return False
                self._closed.wait(RETRY_S)
            raise Closed(CLOSED)
        finally:
            self._renewing.release()

    def _read_ahead(self) -> None:
        received = self._received(BATCH_S)
        while received is not None:
            self._ahead.append(received)
            try:
                received = self._received(0) if len(self._ahead) < BATCH else None
            except TransportError:
                break  # told at the next call


def connect(
    address: str = "", *, topics: Iterable[str] = ("affect",), keys: str = "", reconnect: bool = False
) -> Client:
    """Connects to a running graph: the newest one of this user, or the one at `address` ("tcp://host:port").

    Where several run and none is named, a warning says which was taken and where the others are.
    Pixels come only when asked for: topics=["affect", "video/frame"]; "~video/frame" brings the headers alone. A sensor
    of one's own user on this machine needs no `keys`. Raises TransportError when nothing runs there.
    """
    if not address and (words := several()):
        warnings.warn(words, stacklevel=2)
    found = address or announced()
    if not found:
        raise TransportError("nothing is running here: start `liveaffect live` or `liveaffect run` first")
    return Client(found, topics, keys, reconnect=reconnect, find=(lambda: address) if address else announced)
