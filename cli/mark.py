"""`liveaffect mark`: a marker in the live stream and in the recording, set from any shell or script."""

import sys
from typing import Annotated

import typer

from liveaffect.stream.client.announced import announced, several
from liveaffect.stream.client.connection import connect
from liveaffect.stream.errors import InputError


def mark(
    label: Annotated[str, typer.Argument(help="What happened, in 1 to 500 characters.")],
    address: Annotated[
        str, typer.Option("--address", help="The sensor's gateway, tcp://host:port; otherwise the one that runs here.")
    ] = "",
    keys: Annotated[str, typer.Option("--keys", help="Folder of keys, where the sensor asks for them.")] = "",
    at: Annotated[
        int | None,
        typer.Option("--at", min=0, help="Instant in ns of the sensor's monotonic clock; otherwise its now."),
    ] = None,
) -> None:
    """Set a marker, such as "stimulus on", in what runs and in its recording.

    Prints the marker's time in ns of the sensor's monotonic clock, the one that every result carries.
    """
    with connect(address or _newest(), topics=(), keys=keys) as sensor:
        reply = sensor.mark(label, at, source="liveaffect mark")
    if not reply.ok:
        raise InputError(f"no marker was set: {reply.text}")
    print(reply.facts["t_ns"])


def _newest() -> str:
    """The newest sensor; where several run, which one gets the marker is said beside it."""
    if words := several():
        print(words, file=sys.stderr)
    return announced()
