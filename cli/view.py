"""`liveaffect view`: the main window on what runs, here or on another machine, or on a recorded session."""

from pathlib import Path
from typing import Annotated

import typer

from liveaffect.cli.replay import play_in_window, replay_table
from liveaffect.cli.run import sensor_here
from liveaffect.cli.shell.hints import address_hint
from liveaffect.cli.windows.keeper import watch, why_none
from liveaffect.stream.client.connection import connect
from liveaffect.stream.errors import UsageError


def view(
    what: Annotated[
        str, typer.Argument(metavar="[ADDRESS|SESSION]", help="tcp://host:port, or a session's folder.")
    ] = "",
    keys: Annotated[str, typer.Option("--keys", help="Folder of the keys, for a sensor elsewhere.")] = "",
) -> None:
    """Open the window on the newest sensor of this user, on the one at an address, or on a recorded session.

    Closing it changes nothing where something runs. A session is replayed in it: seek, pause, speed, markers.
    """
    if meant := address_hint(what):
        raise UsageError(meant)
    why = why_none()
    if why:
        raise UsageError(f"no window can be opened: {why}")
    if what and "://" not in what:
        table = replay_table(Path(what))
        table["graph"] = {"announce": False}  # `liveaffect mark` still finds the sensor that runs beside it
        raise typer.Exit(play_in_window(table, what))
    what = what or sensor_here()
    with connect(what, topics=(), keys=keys):  # nothing there: that is said here, not in an empty window
        pass
    raise typer.Exit(watch(what, keys))
