"""The main window without a sensor, for tests: messages go to its node, and what it asks for is written down."""

from typing import Any

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import TransportError


class Desk:
    """A window without a sensor: messages are handed to its node, and what it asks for is written down."""

    def __init__(self, **settings: Any) -> None:
        node = DashboardNode()
        node.open()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Reply] = {}
        self.window = MainWindow(GatewayFeed(node, self._nothing), **settings)
        self.window.feed.ask = self._ask  # type: ignore[method-assign]
        self.window.feed.sensor_now_ns = lambda: self.scene.now_ns  # type: ignore[method-assign]
        self.node, self.scene = node, node.scene
        self.scene.connected = True

    def _nothing(self) -> str:
        raise TransportError("nothing runs")

    def _ask(self, verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        self.asked.append((verb, arguments))
        if on_reply is not None:
            on_reply(self.answers.get(verb, Reply(ok=True, text=f"{verb} done")))

    def take(self, *messages: m.Message) -> None:
        for message in messages:
            self.node.take(message)
        self.paint()

    def paint(self) -> None:
        """Everything once, as the timers would."""
        self.window.presenter.picture()
        self.window.presenter.plots()
        self.window.refresh_status()
        self.window.grab()
