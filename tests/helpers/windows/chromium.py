"""Chromium without a screen, driven over its own debugging socket: pages opened, read, and photographed."""

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

LIMIT_S = 120.0
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-default-browser-check",
    "--remote-debugging-port=0", "--disable-dev-shm-usage", "--ignore-certificate-errors",
)  # fmt: skip


class Tab:
    """One page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its answer."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            said = await asyncio.wait_for(self._socket.receive_json(), LIMIT_S)
            if said.get("id") == self._number:
                assert "error" not in said, said
                return said["result"]

    async def dress(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Size and scheme."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )  # fmt: skip
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=scheme)

    async def go(self, url: str) -> None:
        """Opens an address."""
        await self.call("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """What a line of JavaScript gives."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Waits until a line of JavaScript gives something true."""
        end = asyncio.get_running_loop().time() + LIMIT_S
        while not (found := await self.value(expression)):
            assert asyncio.get_running_loop().time() < end, f"{expression} never came"
            await asyncio.sleep(0.05)
        return found

    async def photograph(self, path: Path, *, clear: bool = False) -> None:
        """A PNG of what is seen; `clear`: on no ground at all."""
        ground = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}} if clear else {}
        await self.call("Emulation.setDefaultBackgroundColorOverride", **ground)
        shot = await self.call("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))


class Browser:
    """A running Chromium."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self._http, self._port = http, port

    async def tab(self) -> Tab:
        """A new, empty page."""
        async with self._http.put(f"http://127.0.0.1:{self._port}/json/new") as answer:
            told = await answer.json()
        socket = await self._http.ws_connect(told["webSocketDebuggerUrl"], max_msg_size=0)
        tab = Tab(socket)
        await tab.call("Page.enable")
        return tab


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser of its own for the length of the block; skips where there is none."""
    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not program:
        pytest.skip("no Chromium is installed here")
    with tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
        line = [program, *FLAGS, f"--user-data-dir={folder}/data", "about:blank"]
        browser = subprocess.Popen(
            line, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            said = Path(folder, "data", "DevToolsActivePort")
            end = asyncio.get_running_loop().time() + LIMIT_S
            while not (said.is_file() and said.read_text().strip()):
                assert browser.poll() is None, "Chromium has ended"
                assert asyncio.get_running_loop().time() < end, "Chromium never came"
                await asyncio.sleep(0.05)
            async with aiohttp.ClientSession() as http:
                yield Browser(http, int(said.read_text().splitlines()[0]))
        finally:
            with contextlib.suppress(ProcessLookupError):  # its helpers too: they write into the folder to the last
                os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
