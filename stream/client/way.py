"""What a client is joined to: the sockets of `link.py`, or messages and answers that a test made up."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from liveaffect.stream.capture.clock import clock_id
from liveaffect.stream.client.link import Closed
from liveaffect.stream.client.requests import Reply, Request
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic, topic_of


class Way(Protocol):
    """How messages and answers come: sockets, or what a test made up."""

    address: str

    @property
    def malformed(self) -> int:
        """Messages and answers that could not be read."""
        ...

    @property
    def skipped(self) -> int:
        """Pictures that came faster than they were taken."""
        ...

    def listen(self, events: str) -> None:
        """Connects to where events come from."""
        ...

    def change(self, subscribe: bool, topics: Iterable[str]) -> None:
        """Subscribes, or no longer."""
        ...

    def join(self, limit_s: float) -> None:
        """Waits until what was asked for is in effect."""
        ...

    def ask(self, verb: str, target: str, arguments: dict[str, Any], limit_s: float) -> Reply:
        """Sends a request and waits for its reply."""
        ...

    def receive(self, timeout_s: float | None) -> tuple[Topic[Any], Message] | None:
        """The next message, or None in time."""
        ...

    def close(self) -> None:
        """Lets go of the connection."""
        ...


class Made:
    """Messages and answers that a test made up."""

    def __init__(self, messages: Iterable[Message], answer: Callable[[Request], Reply]) -> None:
        self.address, self.malformed, self.skipped = "test://messages", 0, 0
        self._left, self._answer = deque(messages), answer

    def listen(self, events: str) -> None:
        """Nothing to do."""

    def change(self, subscribe: bool, topics: Iterable[str]) -> None:
        """All of them come."""

    def join(self, limit_s: float) -> None:
        """They are here."""

    def ask(self, verb: str, target: str, arguments: dict[str, Any], limit_s: float) -> Reply:  # noqa: ARG002
        """Time and greeting as of this machine, the rest as the test answers."""
        facts = {"clock": clock_id(), "monotonic_ns": time.monotonic_ns()} if verb in ("hello", "clock") else {}
        if facts:
            return Reply(ok=True, facts=facts)
        return self._answer(Request(verb=verb, target=target, arguments=arguments))

    def receive(self, timeout_s: float | None) -> tuple[Topic[Any], Message] | None:  # noqa: ARG002
        """The next one, or Closed after the last."""
        if not self._left:
            raise Closed("the messages have come to an end")
        message = self._left.popleft()
        return topic_of(message), message

    def close(self) -> None:
        """Nothing more comes."""
        self._left.clear()
