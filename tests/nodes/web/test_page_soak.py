"""Half an hour of a page, as much stream as it brings in a minute or two: neither the page nor its process grows."""

import asyncio
import gc
from typing import Any

import psutil
import pytest
from windows import stream as made
from windows.chromium import Tab, chromium
from windows.page import TOKEN, paired, served, until

from liveaffect.stream import messages as m

pytestmark = [pytest.mark.soak, pytest.mark.processes]
STATES = 30 * 60 * 10
"""What a page gets in half an hour."""
PARTS = 6


async def heap(tab: Tab) -> float:
    """MB that the page holds after its garbage is collected."""
    await tab.call("HeapProfiler.collectGarbage")
    return (await tab.call("Runtime.getHeapUsage"))["usedSize"] / 2**20


def test_half_an_hour_leaves_page_and_process_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveaffect.nodes.web.routes.USUAL_HZ", 400.0)
    monkeypatch.setattr("liveaffect.nodes.web.routes.MOST_HZ", 400.0)

    async def story() -> None:
        async with served() as page, chromium() as browser, paired() as http:
            tab = await browser.tab()
            await tab.dress(390, 844, phone=True)
            await tab.call("Runtime.enable")
            await tab.go(page.link)
            _, writer = await asyncio.open_connection("127.0.0.1", int(page.url.rpartition(":")[2]), limit=1024)
            ask = {"Host": page.url.removeprefix("http://"), "Connection": "Upgrade", "Upgrade": "websocket"}
            ask |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "a" * 22 + "=="}
            head = "".join(f"{name}: {value}\r\n" for name, value in ask.items())
            writer.write(f"GET /ws?token={TOKEN} HTTP/1.1\r\n{head}\r\n".encode())  # asleep: it reads nothing
            async with http.ws_connect(f"{page.url}/ws") as socket:
                seen: list[Any] = []
                reading = asyncio.create_task(_read(socket, seen))
                told: list[tuple[float, float]] = []
                count = 0
                for _ in range(PARTS):
                    for _ in range(STATES // PARTS):
                        count += 3
                        people = (made.person(count), made.person(count, 1))
                        page.sensor.publish(made.affect(count, people))
                        if count % 900 == 0:
                            page.sensor.publish(m.Marker(t_ns=made.instant(count), label=f"mark {count}"))
                        await asyncio.sleep(0.004)
                    at = made.instant(count)
                    await until(lambda at=at: bool(seen) and seen[-1] == at, "the newest state")
                    gc.collect()
                    told.append((await heap(tab), psutil.Process().memory_info().rss / 2**20))
                reading.cancel()
            print("page heap MB, process MB:", [(round(a, 2), round(b, 1)) for a, b in told])
            assert "±" in await tab.value("document.getElementById('valence').textContent")
            assert told[-1][0] < 1.3 * told[1][0] + 0.5
            assert told[-1][1] < 1.1 * told[1][1] + 5
            writer.close()

    asyncio.run(story())


async def _read(socket: Any, seen: list[Any]) -> None:
    async for message in socket:
        told = message.json()
        if told["type"] == "state":
            seen[:] = [told["t_ns"]]
