"""`liveaffect mcp`: what a running sensor sees, in words, for an assistant that its user has allowed."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from liveaffect.cli.run import say
from liveaffect.stream.client.announced import announced, running
from liveaffect.stream.client.connection import connect
from liveaffect.stream.errors import InputError, TransportError, UsageError
from liveaffect.stream.extras import require


def mcp(
    address: Annotated[
        str, typer.Option("--address", help="The sensor's gateway, tcp://host:port; otherwise the one that runs here.")
    ] = "",
    keys: Annotated[str, typer.Option("--keys", help="Folder of keys, where the sensor asks for them.")] = "",
    sessions: Annotated[
        Path | None, typer.Option("--sessions", help="A folder whose recorded sessions may be told too.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Tell people by the names that were given to them.")] = False,
    consent: Annotated[
        str, typer.Option("--consent", metavar="on|off", help="Only turn the running sensor's switch, and end.")
    ] = "",
) -> None:
    """Serve an assistant over the Model Context Protocol (stdio); assistants start this by themselves.

    Nothing is told unless the sensor's user allows it: in the window's View menu, by --consent on, or from the start by
    `liveaffect run --set graph.assistant=true`. No pictures, no sound. See docs/assistant.md.
    """
    if consent:
        turn(address, keys, consent)
        return
    require("mcp")
    if sessions is not None and not sessions.is_dir():
        raise UsageError(f"--sessions {sessions}: there is no such folder")
    from liveaffect.nodes.assistant.feed import Feed
    from liveaffect.nodes.assistant.memory import Memory
    from liveaffect.nodes.assistant.server import serve
    from liveaffect.nodes.assistant.tools import Tools
    from liveaffect.offline.tables.card import session_card

    memory = Memory()
    feed = Feed(memory, (lambda: address) if address else _find, keys)
    feed.start()
    try:
        serve(Tools(memory, feed, session_card, sessions=sessions, names=names))
    finally:
        feed.close()


def turn(address: str, keys: str, consent: str) -> None:
    """Turns the switch of the running sensor."""
    on: dict[str, Literal[True, False]] = {"on": True, "off": False}
    if consent not in on:
        raise UsageError(f"--consent {consent}: it is on or off")
    if not address and len(found := running()) > 1:  # who agrees, agrees for one sensor, not for whichever is newest
        where = ", ".join(one.address for one in found)
        raise UsageError(f"--consent {consent}: {len(found)} sensors run here, say which with --address: {where}")
    with connect(address, topics=(), keys=keys) as sensor:
        reply = sensor.request("assistant", on=on[consent])
    if not reply.ok:
        raise InputError(f"the switch was not turned: {reply.text}")
    say(f"{sensor.address}: {reply.text}")


def _find() -> str:
    found = announced()
    if not found:
        raise TransportError("nothing is running here")
    return found
