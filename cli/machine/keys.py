"""`liveaffect keys`: CURVE keys, without which the gateway listens on this machine alone."""

from pathlib import Path
from typing import Annotated

import typer

from liveaffect.stream.client.access import make_keys
from liveaffect.stream.errors import UsageError


def keys(folder: Annotated[Path, typer.Argument(help="Where the keys go; made where it is missing.")]) -> None:
    """Make the keys of a sensor and of a viewer.

    On the sensor set keys = "FOLDER" and gateway = "tcp://0.0.0.0:7890" under [graph]; copy server.key and
    client.key_secret to the viewer and call connect("tcp://sensor:7890", keys=FOLDER) there.
    """
    if folder == Path():
        raise UsageError("name a folder for the keys, such as liveaffect-keys: secrets do not go just anywhere")
    if (folder / "server.key_secret").exists():
        raise UsageError(f"{folder} already holds keys: choose another folder, or delete them to lock every viewer out")
    for path in make_keys(folder):
        print(path)
