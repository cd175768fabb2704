"""The page over real sockets: who is answered, what is streamed, and what a stalled reader costs."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from windows import stream as made
from windows.page import TOKEN, Page, paired, served, until

from liveaffect.nodes.web.address import Listen
from liveaffect.nodes.web.certificate import own_certificate
from liveaffect.nodes.web.routes import FILES
from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply, Request

pytestmark = pytest.mark.processes
ROUTES = [
    *(("GET", path) for path in FILES), ("GET", "/state"), ("GET", "/ws"), ("GET", "/events"), ("GET", "/picture"),
    ("POST", "/mark"), ("POST", "/record"), ("GET", "/nowhere"), ("GET", "/page/../access.py"), ("HEAD", "/"),
    ("OPTIONS", "/ws"), ("PUT", "/mark"), ("DELETE", "/"), ("TRACE", "/"),
]  # fmt: skip
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "a" * 22 + "==",
}
WRONG: dict[str, tuple[dict[str, str], str, int]] = {
    "no token": ({}, "", 401),
    "an old token": ({"Authorization": "Bearer of-the-run-before"}, "", 401),
    "an old cookie": ({"Cookie": "liveaffect=of-the-run-before"}, "", 401),
    "a token that is cut": ({}, f"?token={TOKEN[:-1]}", 401),
    "another name": ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, "", 421),
    "another origin": ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}, "", 403),
    "a page of nowhere": ({"Authorization": f"Bearer {TOKEN}", "Origin": "null"}, "", 403),
    "another site": (
        {"Cookie": f"liveaffect={TOKEN}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        "",
        403,
    ),
}


def run(story: Any) -> None:
    asyncio.run(asyncio.wait_for(story, 600))


def test_no_request_without_the_token_is_answered_whatever_its_route() -> None:
    async def story() -> None:
        async with served() as page, aiohttp.ClientSession() as http:
            page.sensor.publish(made.affect(1))
            for name, (headers, query, expected) in WRONG.items():
                page.server.access._wrong.clear()
                for method, path in ROUTES:
                    page.server.access._wrong.clear()
                    more = UPGRADE if path == "/ws" else {}
                    asked = http.request(
                        method, page.url + path + query, headers={**headers, **more}, json={"label": "x"}
                    )
                    async with asked as answer:
                        body = await answer.text()
                        assert answer.status == expected, (name, method, path, answer.status)
                        assert "valence" not in body
                        assert "Access-Control-Allow-Origin" not in answer.headers
            assert not [one for one in page.sensor.asked if one.verb in ("mark", "record")]

    run(story())


def test_the_link_pairs_and_leaves_no_token_in_the_address() -> None:
    async def story() -> None:
        async with served() as page, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            async with http.get(f"{page.link}&overlay", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/?overlay")
                cookie = answer.headers["Set-Cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=Lax" in cookie
            for path, (_, kind) in FILES.items():
                async with http.get(page.url + path) as answer:
                    assert (answer.status, answer.content_type) == (200, kind)
                    assert "unsafe" not in answer.headers["Content-Security-Policy"]
                    text = (await answer.text()).replace("http://www.w3.org/2000/svg", "")
                    assert "http://" not in text  # nothing of elsewhere
                    assert "https://" not in text

    run(story())


async def first_states(page: Page) -> None:
    """Publishes until the test has seen enough."""
    for i in range(100_000):
        page.sensor.publish(made.affect(i))
        await asyncio.sleep(0.01)


def test_websocket_and_events_tell_the_same() -> None:
    async def story() -> None:
        async with served() as page, paired() as http:
            sending = asyncio.create_task(first_states(page))
            async with (
                http.ws_connect(f"{page.url}/ws?hz=30") as socket,
                http.get(f"{page.url}/events?hz=30") as events,
            ):
                assert events.content_type == "text/event-stream"
                by_socket, by_event = [], []
                while len(by_socket) < 5:
                    by_socket.append(await socket.receive_json())
                while len(by_event) < 5:
                    line = (await events.content.readline()).decode()
                    if line.startswith("data: "):
                        by_event.append(json.loads(line.removeprefix("data: ")))
                for told in (by_socket, by_event):
                    assert [one["type"] for one in told[:2]] == ["hello", "history"]
                    assert told[2]["type"] == "state"
                page.sensor.publish(m.Marker(t_ns=7, label="here", source="lab"))
                while (said := await socket.receive_json())["type"] != "marker":
                    pass
                assert said == {"type": "marker", "t_ns": 7, "label": "here", "source": "lab"}
            sending.cancel()

    run(story())


def test_a_marker_and_a_recording_go_to_the_sensor_and_its_refusal_is_said() -> None:
    def answer(request: Request) -> Iterable[Reply]:
        ok = request.verb != "record"
        return [Reply(ok=ok, text="marked" if ok else "recorder: no room on the disk", id=request.id)]

    async def story() -> None:
        async with served(answer=answer) as page, paired() as http:
            async with http.post(f"{page.url}/mark", json={"label": " stimulus on "}) as said:
                assert (said.status, (await said.json())["ok"]) == (200, True)
            async with http.post(f"{page.url}/record", json={"on": True}) as said:
                assert said.status == 409
                assert await said.json() == {"ok": False, "text": "recorder: no room on the disk"}
            asked = {one.verb: one.arguments for one in page.sensor.asked}
            assert asked["mark"]["label"] == "stimulus on"
            assert asked["mark"]["source"] == "web page"
            assert asked["record"] == {"action": "start"}
            for body, kind, status in (
                (b'{"label":""}', "application/json", 400), (b'{"label":"x","folder":"/"}', "application/json", 400),
                (b"{", "application/json", 400), (b'{"label":"x"}', "text/plain", 415),
                (b"[" * 9000, "application/json", 413),
            ):  # fmt: skip
                async with http.post(f"{page.url}/mark", data=body, headers={"Content-Type": kind}) as said:
                    assert said.status == status, body[:30]

    run(story())


def test_the_picture_is_shown_only_where_the_sensor_was_told_to() -> None:
    async def story() -> None:
        async with served() as page, paired() as http:
            async with http.get(f"{page.url}/picture") as said:
                assert said.status == 404
            assert b"video/frame" not in page.sensor.wanted

    run(story())


def test_the_picture_stops_with_privacy_and_is_asked_for_only_while_somebody_looks() -> None:
    async def story() -> None:
        image = np.full((48, 64, 3), 200, np.uint8)
        async with served(picture=True) as page, paired() as http:
            assert b"video/frame" not in page.sensor.wanted
            async with http.get(f"{page.url}/picture") as film:
                await until(lambda: b"video/frame" in page.sensor.wanted, "the wish for pictures")
                sending = asyncio.create_task(_film(page, image))
                found = b""
                while b"\xff\xd8" not in found:
                    found += await film.content.readany()
                assert b"Content-Type: image/jpeg" in found
                status = m.RecordStatus(privacy=True)
                page.sensor.publish(made.health("recorder", 1, status=status))
                await until(lambda: b"video/frame" not in page.sensor.wanted, "the end of pictures")
                assert page.server.hub.image is None
                sending.cancel()
            await until(lambda: page.server._routes._lookers == 0, "the end of looking")

    run(story())


async def _film(page: Page, image: Any) -> None:
    for i in range(100_000):
        page.sensor.publish(made.frame(i, image))
        await asyncio.sleep(0.01)


def test_a_reader_that_stalls_costs_no_memory_and_holds_nobody_up() -> None:
    async def story() -> None:
        async with served() as page, paired() as http:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(page.url.rpartition(":")[2]), limit=1024)
            host = page.url.removeprefix("http://")
            head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **UPGRADE}.items())
            writer.write(f"GET /ws?hz=30&token={TOKEN} HTTP/1.1\r\n{head}\r\n".encode())
            await reader.readexactly(12)  # and nothing more
            await until(lambda: len(page.server.hub._mailboxes) == 1, "the stalled reader")
            (stalled,) = page.server.hub._mailboxes
            async with http.ws_connect(f"{page.url}/ws?hz=30") as socket:
                seen = 0
                for i in range(400):
                    page.sensor.publish(made.affect(i), m.Marker(t_ns=i, label="x" * 400))
                    while not socket._reader.is_eof() and seen < i // 2:
                        seen += (await socket.receive_json())["type"] == "marker"
                assert seen >= 199
            assert len(stalled._events) <= 64
            writer.close()

    run(story())


def test_strangers_with_no_token_do_not_hold_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveaffect.nodes.web.serve.MOST_CONNECTIONS", 8)
    monkeypatch.setattr("liveaffect.nodes.web.serve.LOOK_S", 0.05)

    async def story() -> None:
        async with served() as page, paired() as http:
            async with http.ws_connect(f"{page.url}/ws") as socket:
                port = int(page.url.rpartition(":")[2])
                pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
                await until(lambda: len(page.server.connections()) <= 8, "the leaving of strangers")
                assert (await socket.receive_json())["type"] == "hello"
            for _, writer in pairs:
                writer.close()

    run(story())


def test_beyond_this_machine_it_is_encrypted_with_the_certificate_whose_fingerprint_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    async def story() -> None:
        async with served("0.0.0.0") as page:
            path, shown = own_certificate(Listen("0.0.0.0", 1))
            assert own_certificate(Listen("0.0.0.0", 1)) == (path, shown)
            assert path.stat().st_mode & 0o077 == 0
            port = int(page.url.rpartition(":")[2])
            digest = bytes.fromhex(shown.replace(":", ""))
            http = paired()
            async with http, http.get(f"https://127.0.0.1:{port}/state", ssl=aiohttp.Fingerprint(digest)) as said:
                assert said.status == 200
            trusting = ssl.create_default_context(cafile=str(path))
            async with paired() as http, http.get(f"https://127.0.0.1:{port}/state", ssl=trusting) as said:
                assert said.status == 200  # the name on it is right too
            async with paired() as http:
                with pytest.raises((aiohttp.ClientError, ConnectionError)):
                    await http.get(f"http://127.0.0.1:{port}/state")
            der = ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----BEGIN PRIVATE")[0])
            assert hashlib.sha256(der).digest() == digest

    run(story())
