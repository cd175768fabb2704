"""Serves the page until it is told to end: the sockets, who may hold one, and for how long without a token."""

import asyncio
import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from liveaffect.nodes.web.access import Access
from liveaffect.nodes.web.address import Listen
from liveaffect.nodes.web.certificate import context, own_certificate
from liveaffect.nodes.web.feed import Feed
from liveaffect.nodes.web.hub import Hub
from liveaffect.nodes.web.routes import Routes
from liveaffect.stream.errors import TransportError

MOST_CONNECTIONS = 96
STRANGERS_S = 10.0
"""A connection that has not shown the token after so long is closed."""
LOOK_S = 1.0


class Server:
    """The page of one sensor.

    Parameters
    ----------
    listen: where.
    token: what lets in.
    find, keys: of the sensor's gateway.
    picture: the sensor was told to show its picture.
    """

    def __init__(self, listen: Listen, token: str, find: Callable[[], str], keys: str = "", *, picture: bool) -> None:
        self.hub = Hub(picture=picture)
        self.access = Access(token, listen.scheme, listen.port, listen.names, time.monotonic)
        self._listen = listen
        self._feed = Feed(self.hub, find, keys)
        self._routes = Routes(self.hub, self._feed, self.access, secure=listen.tls)
        self._routes.let_in = self._let_in
        self._runner: web.AppRunner | None = None
        self._known: set[Any] = set()
        self._came: dict[Any, float] = {}

    async def run(self, ended: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Serves until `ended`. Raises TransportError where the address cannot be had."""
        logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # requests and their addresses are in no log
        runner = web.AppRunner(self._routes.app(), access_log=None, keepalive_timeout=30.0, shutdown_timeout=1.0)
        self._runner = runner
        await runner.setup()
        tls = context(own_certificate(self._listen)[0]) if self._listen.tls else None
        site = web.TCPSite(runner, self._listen.host, self._listen.port, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            where = f"{self._listen.host}:{self._listen.port}"
            raise TransportError(f"the page cannot be served at {where}: {error.strerror or error}") from None
        self._feed.start()
        ready()
        try:
            while not ended.is_set():
                self._sweep()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_S)
        finally:
            await runner.cleanup()
            self._feed.close()

    def _let_in(self, request: web.Request) -> None:
        self._known.add(request.protocol)

    def connections(self) -> list[Any]:
        """Those that are open."""
        server = None if self._runner is None else self._runner.server
        return [] if server is None else list(server.connections)

    def _sweep(self) -> None:
        """Closes who holds a connection and shows no token: after a while, or at once where there are too many."""
        now, here = time.monotonic(), set(self.connections())
        self._known &= here
        strangers = list(here - self._known)
        self._came = {one: self._came.get(one, now) for one in strangers}
        strangers.sort(key=lambda one: self._came[one])
        spare = len(here) - MOST_CONNECTIONS
        for place, one in enumerate(strangers):
            if (place < spare or now - self._came[one] > STRANGERS_S) and one.transport is not None:
                one.transport.abort()


def serve(server: Server, *, owned: bool = False) -> None:
    """Runs it in the foreground until Ctrl-C or SIGTERM; `owned`: also until standard input closes."""
    asyncio.run(_serve(server, owned))


async def _serve(server: Server, owned: bool) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    if owned:

        def wait() -> None:
            sys.stdin.buffer.read()
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=wait, name="web-owner", daemon=True).start()
    await server.run(ended)
