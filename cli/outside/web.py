"""`liveaffect web`: the page of a sensor that runs, for browsers and for programs that speak HTTP."""

from typing import Annotated

import typer

from liveaffect.cli.outside.page import EXTRA, links
from liveaffect.cli.run import say, sensor_here
from liveaffect.nodes.web.address import DEFAULT, listen_at
from liveaffect.stream.client.announced import announced
from liveaffect.stream.client.connection import connect
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.extras import require


def web(
    address: Annotated[
        str, typer.Argument(metavar="[SENSOR]", help="The sensor's gateway, tcp://host:port; else the one here.")
    ] = "",
    listen: Annotated[str, typer.Option("--listen", "-l", help="ADDRESS:PORT of the page.")] = DEFAULT,
    picture: Annotated[bool, typer.Option("--picture", help="Show the camera's picture too.")] = False,
    keys: Annotated[str, typer.Option("--keys", help="Folder of the keys, for a sensor elsewhere.")] = "",
    link: Annotated[
        bool, typer.Option("--link", help="Only show the link and the code that pair a device, and end.")
    ] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make another token: every paired device is sent away.")
    ] = False,
    owned: Annotated[bool, typer.Option("--owned", hidden=True)] = False,
) -> None:
    """Serve a page that shows what a running sensor tells, on a phone or any browser. Ctrl-C ends it.

    `liveaffect run --web` does the same beside a sensor. Only this machine reaches it unless --listen says otherwise
    (0.0.0.0:7895); then it is encrypted. A device is paired once, by the link or the code that is shown here.
    """
    require(EXTRA)
    from liveaffect.nodes.web.access import own_token
    from liveaffect.nodes.web.serve import Server, serve

    if address and "://" not in address:
        raise UsageError(f"web '{address}': a sensor's address is tcp://host:port; the page's own is --listen")
    if new_token:
        own_token(new=True)
        say("There is a new token: pages that are open keep running until they are loaded again.")
    if link:
        sought = address or sensor_here()  # says which one, where there are several
        with connect(sought, topics=(), keys=keys) if sought else _nobody() as sensor:
            listen = (sensor.facts.get("web") or listen) if sensor is not None else listen
        if sensor is None:
            say("Nothing is running here now: the link opens the page once `liveaffect run --web` serves it there.")
    where = listen_at(listen)
    if link:
        for line in links(where, secret=True):
            print(line)
        return
    if new_token and not owned:
        say("A page that was served with the old token has to be started again.")
    where.check_free()
    find = (lambda: address) if address else _find
    if not owned:
        if not address:
            sensor_here()  # says which one, where there are several
        for line in links(where):
            say(line)
    serve(Server(where, own_token(), find, keys, picture=picture), owned=owned)


def _find() -> str:
    found = announced()
    if not found:
        raise TransportError("Nothing is running here: start `liveaffect live` or `liveaffect run`")
    return found


class _nobody:
    """In place of a sensor that does not run."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
