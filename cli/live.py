"""`liveaffect live`: this computer's camera and microphone, seen at once."""

from pathlib import Path
from typing import Annotated

import typer

from liveaffect.cli.run import assemble, start


def live(
    camera: Annotated[
        str, typer.Option("--camera", "-c", help="Number, name or address; see `liveaffect doctor`.")
    ] = "",
    microphone: Annotated[str, typer.Option("--microphone", "-m", help="Number or name of the microphone.")] = "",
    record: Annotated[Path | None, typer.Option("--record", "-r", help="Record the session into this folder.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="A line a second instead of the live view.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after so long.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="node.key=value; may be repeated.")] = None,
) -> None:
    """Watch the default camera and microphone; Ctrl-C ends. Nothing is recorded unless --record asks for it."""
    overrides = list(settings or [])
    if camera:
        overrides.append(f'camera.source="{camera}"')
    if microphone:
        overrides.append(f'microphone.source="{microphone}"')
    graph = assemble(None, overrides, record=record, plain=plain, title="liveaffect live")
    raise typer.Exit(start(graph, seconds))
