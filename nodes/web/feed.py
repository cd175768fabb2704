"""Listens to the gateway for the page, and asks it: a thread, and requests from any other."""

from collections.abc import Callable
from typing import Any

from liveaffect.nodes.web.hub import Hub
from liveaffect.stream.client.connection import Client
from liveaffect.stream.client.listener import Listener
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.topics import AFFECT, ATTENTION, FACE, HEALTH, MARKER, PLAYBACK, VIDEO

TOPICS = tuple(topic.name for topic in (AFFECT, ATTENTION, FACE, HEALTH, MARKER, PLAYBACK))
REST_S, PAUSE_S = 0.01, 0.25


class Feed(Listener):
    """Keeps `hub` filled, again whenever the sensor comes back; the other parameters are those of `Listener`."""

    def __init__(self, hub: Hub, find: Callable[[], str], keys: str = "") -> None:
        super().__init__(TOPICS, find, keys, name="web-feed", rest_s=REST_S, pause_s=PAUSE_S)
        self._hub, self._watchers, self._pixels = hub, 0, False

    def begin(self, facts: dict[str, Any]) -> None:
        self._pixels = False
        self._hub.begin(facts)

    def turn(self, client: Client) -> None:
        """Pixels come only while somebody looks at them and may."""
        wanted = self._watchers > 0 and self._hub.picture and not self._hub.privacy
        if wanted != self._pixels:
            self._pixels = wanted
            (client.subscribe if wanted else client.unsubscribe)(VIDEO.name)
        if not wanted:
            self._hub.image = None

    def take(self, message: Message) -> None:
        if not isinstance(message, VideoFrame):
            self._hub.take(message)
        elif self._pixels and message.image is not None:
            self._hub.image = (message.t_ns, message.image)

    def lose(self, why: str) -> None:
        self._hub.lose(why)

    def ask(self, verb: str, **arguments: Any) -> Reply:
        """Sends a request and waits for its answer, or for a refusal in words."""
        return self._asked(lambda client: client.request(verb, **arguments))

    def mark(self, label: str) -> Reply:
        """Sets a marker now."""
        return self._asked(lambda client: client.mark(label, source="web page"))

    def watch(self, count: int) -> None:
        """So many more look at the picture, or (below 0) fewer."""
        self._watchers += count

    def _asked(self, question: Callable[[Client], Reply]) -> Reply:
        client = self._client
        if client is None:
            return Reply(ok=False, text="There is no sensor just now.")
        try:
            return question(client)
        except LiveAffectError as error:
            return Reply(ok=False, text=str(error))
