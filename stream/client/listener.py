"""Listens to a sensor in a thread of its own, again whenever it comes back; requests come from any other thread."""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from liveaffect.stream.client.connection import Client
from liveaffect.stream.errors import LiveAffectError, TransportError
from liveaffect.stream.messages import Message

WAIT_S, RETRY_S = 0.2, 1.0


class Listener(ABC):
    """Calls `begin`, `take` and `lose` from its thread.

    Parameters
    ----------
    topics: names of what is listened to.
    find: gives the gateway's address, asked at every attempt. Raises LiveAffectError where nothing runs.
    keys: folder of the CURVE keys for a sensor elsewhere.
    name: of the thread.
    rest_s: between two readings: each waking costs.
    pause_s: before it is connected to again after a loss.
    """

    def __init__(
        self,
        topics: Iterable[str],
        find: Callable[[], str],
        keys: str = "",
        *,
        name: str,
        rest_s: float,
        pause_s: float = 0.0,
    ) -> None:
        self._topics, self._find, self._keys = tuple(topics), find, keys
        self._rest_s, self._pause_s = rest_s, pause_s
        self._closing, self._tried = threading.Event(), threading.Event()
        """The latter: an attempt to connect has ended, well or not."""
        self._client: Client | None = None
        """None while there is no sensor."""
        self._thread = threading.Thread(target=self._listen, name=name, daemon=True)

    @abstractmethod
    def begin(self, facts: dict[str, Any]) -> None:
        """A sensor is there; `facts` as of `hello`."""

    @abstractmethod
    def take(self, message: Message) -> None:
        """A message came."""

    @abstractmethod
    def lose(self, why: str) -> None:
        """There is no sensor, or none any more."""

    def turn(self, client: Client) -> None:  # noqa: B027  nothing to do is a good answer
        """Called before every reading."""

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._thread.join(2.0)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                client = Client(self._find(), self._topics, self._keys)
            except (LiveAffectError, OSError) as error:
                self.lose(str(error))
                self._tried.set()
                self._closing.wait(RETRY_S)
                continue
            with contextlib.closing(client):
                self.begin(client.facts)
                self._client = client
                self._tried.set()
                try:
                    self._drain(client)
                except TransportError as error:
                    self.lose(str(error))
                finally:
                    self._client = None
            self._closing.wait(self._pause_s)

    def _drain(self, client: Client) -> None:
        while not self._closing.is_set():
            self.turn(client)
            received = client.receive(WAIT_S)
            while received is not None:
                self.take(received[1])
                received = client.receive(0)
            self._closing.wait(self._rest_s)
