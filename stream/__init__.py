"""Transport, messages, clock, nodes and their two hosts, the launch graph, recording. Knows no face and no voice."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveaffect.stream.client.connection import Client, connect

__all__ = ["Client", "connect"]


def __getattr__(name: str) -> Any:  # sockets are imported only by those who ask
    if name in __all__:
        from liveaffect.stream.client import connection as client

        return getattr(client, name)
    raise AttributeError(f"module 'liveaffect.stream' has no attribute '{name}'")
