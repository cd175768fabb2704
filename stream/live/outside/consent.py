"""Whether an assistant may be told what the sensor sees: a switch of the running sensor."""

import msgspec

from liveaffect.stream.client.requests import Reply, Request
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import GatewayStatus

VERB = "assistant"


class AssistantArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the verb `assistant`."""

    on: bool | None = None
    """None only asks."""


class Consent:
    """The switch; `on` is what the graph's settings say until somebody changes it."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    def status(self) -> GatewayStatus:
        """As everybody is told once a second."""
        return GatewayStatus(assistant=self.on)

    def answer(self, request: Request) -> Reply:
        """Changes it, or tells it."""
        try:
            asked = msgspec.convert(request.arguments, AssistantArguments)
        except msgspec.ValidationError as error:
            raise UsageError(f"assistant: {error}; its argument is on = true or false, or none to ask") from None
        if asked.on is not None:
            self.on = asked.on
        words = "an assistant may be told states and numbers" if self.on else "no assistant is told anything"
        return Reply(ok=True, text=words, facts={"on": self.on})
