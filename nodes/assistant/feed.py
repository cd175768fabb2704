"""Listens to the gateway and asks it, for as long as the assistant's program runs."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from liveaffect.nodes.assistant.memory import Memory
from liveaffect.stream.client.connection import Client
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError, TransportError
from liveaffect.stream.topics import AFFECT, DISCORD, HEALTH, MARKER, REASONS, SHIFT

TOPICS = tuple(topic.name for topic in (AFFECT, HEALTH, MARKER, REASONS, SHIFT, DISCORD))
WAIT_S, RETRY_S = 0.2, 1.0
REST_S = 0.02
FIRST_S = 2.0
"""The first question waits so long for a sensor that is being connected to."""


class Feed:
    """Keeps `memory` filled, again whenever the sensor comes back.

    Parameters
    ----------
    find: gives the gateway's address, asked at every attempt. Raises LiveAffectError where nothing runs.
    keys: folder of the CURVE keys for a sensor elsewhere.
    """

    def __init__(self, memory: Memory, find: Callable[[], str], keys: str = "") -> None:
        self._memory, self._find, self._keys = memory, find, keys
        self._closing, self._tried = threading.Event(), threading.Event()
        self._client: Client | None = None
        self._thread = threading.Thread(target=self._listen, name="assistant-feed", daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._thread.join(2.0)

    def allowed(self) -> bool | None:
        """Whether the sensor's user allows it now; None without a sensor."""
        self._tried.wait(FIRST_S)
        self._tried.set()  # no later question waits
        reply = self.ask("assistant")
        if reply is None:
            return None
        on = reply.ok and reply.facts.get("on") is True
        self._memory.allow(on)
        return on

    def ask(self, verb: str, **arguments: Any) -> Reply | None:
        """Sends a request; None where no sensor answers."""
        client = self._client
        try:
            return None if client is None else client.request(verb, **arguments)
        except LiveAffectError:
            return None

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                client = Client(self._find(), TOPICS, self._keys)
            except (LiveAffectError, OSError) as error:
                self._memory.lose(str(error))
                self._tried.set()
                self._closing.wait(RETRY_S)
                continue
            with contextlib.closing(client):
                self._memory.begin(client.facts)
                self._client = client
                self._tried.set()
                try:
                    self._drain(client)
                except TransportError as error:
                    self._memory.lose(str(error))
                finally:
                    self._client = None

    def _drain(self, client: Client) -> None:
        while not self._closing.is_set():
            received = client.receive(WAIT_S)
            while received is not None:
                self._memory.take(received[1])
                received = client.receive(0)
            self._closing.wait(REST_S)
