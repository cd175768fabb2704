"""A way between two machines, made of one: delay, jitter, loss (what is lost is sent again later), and cuts.

Listens at 127.0.0.2, at the ports of what it relays at 127.0.0.1.
"""

import asyncio
import random
import threading
from types import TracebackType

HERE, THERE = "127.0.0.2", "127.0.0.1"
AGAIN_S = 0.2
"""A lost packet comes so much later, and all behind it wait: that is what tcp makes of loss."""


class SlowRelay:
    """Relays the given ports, in a thread of its own.

    Parameters
    ----------
    delay_s, jitter_s, loss: of each way; jitter is uniform from 0, loss the share of chunks.
    """

    def __init__(
        self, ports: list[int], delay_s: float, jitter_s: float = 0.0, loss: float = 0.0, seed: int = 0
    ) -> None:
        self._ports, self._delay_s, self._jitter_s, self._loss = ports, delay_s, jitter_s, loss
        self._random = random.Random(seed)
        self._open = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def cut(self, off: bool) -> None:
        """Holds back everything, or lets it go on: a cable that is pulled and put back."""
        self._loop.call_soon_threadsafe(self._open.clear if off else self._open.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._open.set()
        self._end = asyncio.Event()
        servers = [await asyncio.start_server(self._accept(port), HERE, port) for port in self._ports]
        self._ready.set()
        await self._end.wait()
        for server in servers:
            server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    def _accept(self, port: int):
        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(THERE, port)
            try:
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
            finally:
                for one in (writer, far_writer):
                    one.close()

        return relay

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads at once, and hands on in order when it is time."""
        way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        hand_on = asyncio.ensure_future(self._hand_on(way, writer))
        due = 0.0
        while data := await reader.read(65536):
            late = self._delay_s + self._random.uniform(0.0, self._jitter_s)
            late += AGAIN_S if self._random.random() < self._loss else 0.0
            due = max(due, self._loop.time() + late)
            way.put_nowait((due, data))
        way.put_nowait((due, b""))
        await hand_on

    async def _hand_on(self, way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await way.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._open.wait()
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    def __enter__(self) -> "SlowRelay":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        self._loop.close()
