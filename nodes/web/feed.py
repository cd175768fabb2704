"""Listens to the gateway for the page, and asks it: a thread, and requests from any other."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from liveaffect.nodes.web.hub import Hub
from liveaffect.stream.client.connection import Client
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError, TransportError
from liveaffect.stream.messages import VideoFrame
from liveaffect.stream.topics import AFFECT, HEALTH, MARKER, PLAYBACK, VIDEO

TOPICS = tuple(topic.name for topic in (AFFECT, HEALTH, MARKER, PLAYBACK))
WAIT_S, RETRY_S = 0.2, 1.0
REST_S = 0.01
"""Between two readings: each waking costs."""


class Feed:
    """Keeps `hub` filled, again whenever the sensor comes back.

    Parameters
    ----------
    find: gives the gateway's address, asked at every attempt. Raises LiveAffectError where nothing runs.
    keys: folder of the CURVE keys for a sensor elsewhere.
    """

    def __init__(self, hub: Hub, find: Callable[[], str], keys: str = "") -> None:
        self._hub, self._find, self._keys = hub, find, keys
        self._closing = threading.Event()
        self._client: Client | None = None
        self._watchers = 0
        self._thread = threading.Thread(target=self._listen, name="web-feed", daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._thread.join(2.0)

    def ask(self, verb: str, **arguments: Any) -> Reply:
        """Sends a request and waits for its answer, or for a refusal in words."""
        client = self._client
        if client is None:
            return Reply(ok=False, text="There is no sensor just now.")
        try:
            return client.request(verb, **arguments)
        except LiveAffectError as error:
            return Reply(ok=False, text=str(error))

    def mark(self, label: str) -> Reply:
        """Sets a marker now."""
        client = self._client
        if client is None:
            return Reply(ok=False, text="There is no sensor just now.")
        try:
            return client.mark(label, source="web page")
        except LiveAffectError as error:
            return Reply(ok=False, text=str(error))

    def watch(self, count: int) -> None:
        """So many more look at the picture, or (below 0) fewer."""
        self._watchers += count

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                client = Client(self._find(), TOPICS, self._keys)
            except (LiveAffectError, OSError) as error:
                self._hub.lose(str(error))
                self._closing.wait(RETRY_S)
                continue
            with contextlib.closing(client):
                self._client = client
                self._hub.begin(client.facts)
                try:
                    self._drain(client)
                except TransportError as error:
                    self._hub.lose(str(error))
                finally:
                    self._client = None
            self._closing.wait(RETRY_S / 4)

    def _drain(self, client: Client) -> None:
        pixels = False
        while not self._closing.is_set():
            wanted = self._watchers > 0 and self._hub.picture and not self._hub.privacy
            if wanted != pixels:
                pixels = wanted
                (client.subscribe if pixels else client.unsubscribe)(VIDEO.name)
            if not pixels:
                self._hub.image = None
            received = client.receive(WAIT_S)
            while received is not None:
                message = received[1]
                if isinstance(message, VideoFrame):
                    if pixels and message.image is not None:
                        self._hub.image = (message.t_ns, message.image)
                else:
                    self._hub.take(message)
                received = client.receive(0)
            self._closing.wait(REST_S)
