"""A sensor of the test's own: a thread with the two sockets of a gateway, which answers as the test wants."""

import tempfile
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

import msgspec
import zmq

from liveaffect.stream.client.requests import Reply, Request, read_request
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import topic_of
from liveaffect.stream.wire import encode


class Sensor:
    """Listens at `address`; `answer` gives what is sent back for each request: replies, with their numbers; `facts` are
    said at every `hello`."""

    def __init__(
        self, address: str = "", answer: Callable[[Request], Iterable[Reply]] | None = None, **facts: object
    ) -> None:
        self._facts = {"clock": "its own", **facts}
        self.folder = tempfile.TemporaryDirectory(prefix="s")
        self.address = address or f"ipc://{self.folder.name}/s"
        self.asked: list[Request] = []
        self._answer = answer or (lambda request: [Reply(ok=True, id=request.id)])
        self._context = zmq.Context()
        self._requests, self._events = self._context.socket(zmq.ROUTER), self._context.socket(zmq.XPUB)
        self._events.setsockopt(zmq.XPUB_VERBOSER, 1)
        self._events.set_hwm(0)
        self._requests.bind(self.address)
        self._events.bind(self.address + ".events")
        self._lock, self._ended = threading.Lock(), threading.Event()
        self.wanted: set[bytes] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            if self._requests.poll(10, zmq.POLLIN):
                peer, body = self._requests.recv_multipart()
                request = read_request(body)
                self.asked.append(request)
                for reply in [self._hello(request)] if request.verb == "hello" else self._answer(request):
                    self._requests.send_multipart([peer, msgspec.msgpack.encode(reply)])
            with self._lock:
                while self._events.poll(0, zmq.POLLIN):
                    event = self._events.recv()
                    (self.wanted.add if event[:1] == b"\x01" else self.wanted.discard)(event[1:])

    def _hello(self, request: Request) -> Reply:
        return Reply(ok=True, id=request.id, facts={"events": self.address + ".events", **self._facts})

    def publish(self, *messages: Message) -> None:
        with self._lock:
            for message in messages:
                self._events.send_multipart(encode(topic_of(message), message))

    def close(self) -> None:
        self._ended.set()
        self._thread.join(120)
        self._context.destroy(linger=0)

    def __enter__(self) -> "Sensor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.folder.cleanup()
