"""Listens to the gateway and asks it, for as long as the assistant's program runs."""

from collections.abc import Callable
from typing import Any

from liveaffect.nodes.assistant.memory import Memory
from liveaffect.stream.client.listener import Listener
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import AFFECT, ATTENTION, DISCORD, HEALTH, MARKER, REASONS, SHIFT

TOPICS = tuple(topic.name for topic in (AFFECT, ATTENTION, HEALTH, MARKER, REASONS, SHIFT, DISCORD))
REST_S = 0.02
FIRST_S = 2.0
"""The first question waits so long for a sensor that is being connected to."""


class Feed(Listener):
    """Keeps `memory` filled, again whenever the sensor comes back; the other parameters are those of `Listener`."""

    def __init__(self, memory: Memory, find: Callable[[], str], keys: str = "") -> None:
        super().__init__(TOPICS, find, keys, name="assistant-feed", rest_s=REST_S)
        self._memory = memory

    def begin(self, facts: dict[str, Any]) -> None:
        self._memory.begin(facts)

    def take(self, message: Message) -> None:
        self._memory.take(message)

    def lose(self, why: str) -> None:
        self._memory.lose(why)

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
