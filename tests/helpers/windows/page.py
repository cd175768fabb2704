"""The page of a made sensor, served in the loop of the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from made.sensor import Sensor
from runs.live import free_port

from liveaffect.nodes.web.address import Listen
from liveaffect.nodes.web.serve import Server
from liveaffect.stream.client.requests import Reply, Request

LIMIT_S = 120.0
TOKEN = "a-token-of-the-tests-that-is-long-enough"


@dataclass
class Page:
    """What a test has of it."""

    sensor: Sensor
    server: Server
    url: str

    @property
    def link(self) -> str:
        """Pairs a browser."""
        return f"{self.url}/?token={TOKEN}"


async def until(condition: Callable[[], object], what: str) -> None:
    """Waits for a condition."""
    end = asyncio.get_running_loop().time() + LIMIT_S
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"{what} never came"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served(
    host: str = "127.0.0.1",
    *,
    picture: bool = False,
    answer: Callable[[Request], Iterable[Reply]] | None = None,
    listening: bool = True,
) -> AsyncIterator[Page]:
    """Serves it for the length of the block, once the page hears the sensor (`listening`)."""
    with Sensor(answer=answer) as sensor:
        listen = Listen(host, free_port())
        server = Server(listen, TOKEN, lambda: sensor.address, picture=picture)
        ended, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(server.run(ended, ready.set))
        try:
            await asyncio.wait({task, asyncio.ensure_future(ready.wait())}, return_when="FIRST_COMPLETED")
            if listening:
                await until(lambda: b"affect" in sensor.wanted and b"marker" in sensor.wanted, "the page's listening")
            yield Page(sensor, server, listen.link)
        finally:
            ended.set()
            await asyncio.wait_for(task, LIMIT_S)


def paired() -> aiohttp.ClientSession:
    """A program that has the token."""
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"})
