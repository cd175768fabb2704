"""The host of the dashboard's node: a thread that listens to the gateway, and one that asks it.

The window reads the node's `Scene` under its lock; replies to what it asks come on the window's own thread.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from liveaffect.nodes.dashboard.scene.lost import SILENT_NS
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.stream.client.clock import SensorClock
from liveaffect.stream.client.connection import Client, connect
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError, TransportError
from liveaffect.stream.messages import Affect, FaceMesh, FaceObservation, Message, VideoFrame
from liveaffect.stream.topics import VIDEO

Find = Callable[[], str]
OnReply = Callable[[Reply], None]

WAIT_S = 0.1
MOST_AT_ONCE = 500
BACKLOG_FRAMES = 4
"""Of more frames at once than this only the newest are kept."""
SILENT_S = 3.0
"""No message at all for so long (health comes every second): the sensor has gone, or the way to it."""
RETRY_S = 1.0
REST_S = 0.004
"""Between two readings: voice comes a hundred times a second, and each waking costs."""


class Starting(TransportError):
    """There is no sensor yet, and one is being started; the text says what is waited for."""


class GatewayFeed(QObject):
    """Fills `node.scene` from a running graph, again whenever it comes back.

    Parameters
    ----------
    node: open already.
    find: gives the gateway's address; asked at every attempt to connect. Raises LiveAffectError where nothing runs.
    keys: folder of the CURVE keys for a sensor elsewhere.
    """

    arrived = Signal()
    """There may be a new picture. Sent from the thread, once until `seen()`."""
    _replied = Signal(object, object)

    def __init__(self, node: DashboardNode, find: Find, keys: str = "") -> None:
        super().__init__()
        self.node, self.scene = node, node.scene
        self._find, self.keys = find, keys
        self.address = ""
        self.skipped = 0
        """Frames that came faster than they could be read."""
        self._questions: queue.Queue[tuple[str, str, dict[str, Any], OnReply | None]] = queue.Queue()
        self._closing, self._again = threading.Event(), threading.Event()
        self._told = threading.Event()
        self._replied.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        names = (("dashboard-listen", self._listen), ("dashboard-ask", self._answer))
        self._run: object = None
        self._begun_ns = 0
        self._clock: SensorClock | None = None
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in names]

    def start(self) -> None:
        """Begins to listen."""
        for thread in self._threads:
            thread.start()

    def close(self, wait_s: float = 2.0) -> None:
        """Ends both threads, after what was asked before; one that still waits for an answer is left behind."""
        self._closing.set()
        self._again.set()
        self._questions.put(("", "", {}, None))
        for thread in self._threads:
            if thread.is_alive():
                thread.join(wait_s)

    def look_again(self) -> None:
        """`find` may know more now: it is asked at once."""
        self._again.set()

    def seen(self) -> None:
        """The window has looked: `arrived` may be sent again."""
        self._told.clear()

    def want_pixels(self, wanted: bool) -> None:
        """Pixels are held and shown, or dropped at once and asked for no more."""
        with self.scene.lock:
            self.node.pixels = wanted
            if not wanted:
                self.scene.frames.forget_pixels()

    def want_panel(self, topics: tuple[str, ...]) -> None:
        """These topics come as long as their panel is open, and others of panels no more."""
        with self.scene.lock:
            self.node.panel = topics

    def ask(self, verb: str, target: str = "", on_reply: OnReply | None = None, **arguments: Any) -> None:
        """Sends a request to the gateway; `on_reply` is called with its Reply on the window's thread."""
        self._questions.put((verb, target, arguments, on_reply))

    def sensor_now_ns(self) -> int:
        """This instant on the sensor's monotonic clock."""
        now_ns = time.monotonic_ns()
        return now_ns if self._clock is None else self._clock.sensor_ns(now_ns)

    @Slot(object, object)
    def _hand_over(self, on_reply: OnReply, reply: Reply) -> None:
        asker = getattr(on_reply, "__self__", None)
        gone = isinstance(asker, QObject) and not isValid(asker)  # its window was closed meanwhile
        if not (gone or self._closing.is_set()):
            on_reply(reply)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                self.address = self._find()
                client = Client(self.address, [topic.name for topic in self.node.topics], self.keys)
            except (LiveAffectError, OSError) as error:
                self._lost(str(error), starting=isinstance(error, Starting))
                self._again.wait(RETRY_S)
                self._again.clear()
                continue
            with contextlib.closing(client):
                self._connected(client)
                self._drain(client)

    def _connected(self, client: Client) -> None:
        with self.scene.lock:
            run = client.facts.get("run")
            if self._begun_ns and (run is None or run != self._run):
                self.scene.forget()
            self._run, self._begun_ns = run, self.scene.clock()
            self.scene.facts = dict(client.facts)
            self.scene.connected, self.scene.trouble = True, ""

    def _lost(self, why: str, *, starting: bool = False) -> None:
        with self.scene.lock:
            self.scene.connected, self.scene.trouble, self.scene.starting = False, why, starting

    def _drain(self, client: Client) -> None:
        asked: set[str] = set()
        while not self._closing.is_set():
            wanted = {*self.node.panel, *((VIDEO.name,) if self.node.pixels else ())}
            if wanted != asked:
                client.subscribe(*sorted(wanted - asked))
                client.unsubscribe(*sorted(asked - wanted))
                asked = wanted
            try:
                batch = list(_batch(client))
            except TransportError as error:
                self._lost(f"{error}")
                return
            if batch and self._was_silent():
                return  # who speaks at this address after a silence may be another run: it is asked
            if batch:
                self._take(batch, client.malformed)
                self._closing.wait(REST_S)
            elif self.scene.clock() - max(self._begun_ns, self.scene.heard_ns) > SILENT_S * 1e9:
                self._lost(f"No news from the sensor for {SILENT_S:.0f} s: it has ended, or the way to it is cut")
                return

    def _was_silent(self) -> bool:
        """True at the first message after a silence so long that the sensor may have been started again meanwhile."""
        heard_ns = self.scene.heard_ns
        return heard_ns > self._begun_ns and self.scene.clock() - heard_ns > SILENT_NS

    def _take(self, batch: list[Message], malformed: int) -> None:
        frames = [message for message in batch if isinstance(message, VideoFrame)]
        old = {id(message) for message in frames[:-BACKLOG_FRAMES]}
        self.skipped += len(old)
        scene = self.scene
        with scene.lock:
            scene.heard_ns = scene.clock()
            for message in batch:
                if id(message) not in old:
                    self.node.take(message)
                if isinstance(message, Affect):
                    scene.affect_heard_ns = scene.heard_ns
            if malformed:
                scene.strange["malformed"] = malformed
        if not self._told.is_set() and any(isinstance(one, VideoFrame | FaceObservation | FaceMesh) for one in batch):
            self._told.set()
            self.arrived.emit()

    def _answer(self) -> None:
        client: Client | None = None
        while True:
            try:
                verb, target, arguments, on_reply = self._questions.get(timeout=RETRY_S)
            except queue.Empty:
                verb, target, arguments, on_reply = "", "", {}, None
            if self._closing.is_set() and not verb:
                break
            try:
                if client is not None and self._elsewhere(client):
                    client.close()
                    client = None
                if client is None:
                    client = connect(self.address or self._find(), topics=(), keys=self.keys)
                    self._clock = client.clock
                reply = client.request(verb, target, **arguments) if verb else Reply(ok=True)
                self._tell_clock(client)
            except (LiveAffectError, OSError) as error:
                if client is not None:
                    client.close()
                client, reply = None, Reply(ok=False, text=str(error))
                if self._closing.is_set():
                    break
            if on_reply is not None:
                self._replied.emit(on_reply, reply)
        if client is not None:
            client.close()

    def _elsewhere(self, client: Client) -> bool:
        """Not the sensor that is listened to: another address, or another run there, whose clock may be another."""
        return client.address != self.address or self._run not in (None, client.facts.get("run"))

    def _tell_clock(self, client: Client) -> None:
        clock, now_ns = client.clock, time.monotonic_ns()
        with self.scene.lock:
            self.scene.offset_ns = clock.sensor_ns(now_ns) - now_ns
            self.scene.offset_error_ns, self.scene.offset_bound_ns = clock.error_ns, clock.bound_ns
            self.scene.facts = self.scene.facts | client.facts


def _batch(client: Client) -> Iterator[Message]:
    """What has arrived: waits a moment for the first message, and for none after it."""
    received = client.receive(WAIT_S)
    count = 0
    while received is not None:
        yield received[1]
        count += 1
        received = client.receive(0) if count < MOST_AT_ONCE else None
