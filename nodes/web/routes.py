"""The routes: the page's files, the stream two ways, the picture, a marker and the record button."""

import asyncio
import contextlib
import io
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from PIL import Image

from liveaffect.nodes.web.access import COOKIE, Access, Asked, Verdict
from liveaffect.nodes.web.feed import Feed
from liveaffect.nodes.web.hub import Hub
from liveaffect.stream.client.requests import Reply

FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/main.js": ("main.js", "text/javascript"),
    "/link.js": ("link.js", "text/javascript"),
    "/draw.js": ("draw.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
FOLDER = Path(__file__).with_name("page")
MOST_READERS, MOST_LOOKERS = 32, 4
MOST_BODY = 4096
MOST_WORDS_IN = 100
"""Messages that a reader may send on a WebSocket, where nothing is asked for."""
STALLED_S = 30.0
PICTURES_HZ, PICTURE_PX = 10.0, 640
LEAST_HZ, MOST_HZ, USUAL_HZ = 0.2, 30.0, 10.0
BOUNDARY = "liveaffect-frame"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "liveaffect",
}
log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Send = Callable[[bytes], Awaitable[None]]


class MarkAsked(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /mark."""

    label: str


class RecordAsked(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /record. Where it is kept is the sensor's own choice."""

    on: bool


class Routes:
    """Everything that is answered.

    Parameters
    ----------
    hub, feed: what is known, and whom to ask.
    access: who may ask.
    secure: cookies are for TLS alone.
    """

    def __init__(self, hub: Hub, feed: Feed, access: Access, *, secure: bool) -> None:
        self._hub, self._feed, self._access, self._secure = hub, feed, access, secure
        self._readers: set[asyncio.Task[Any]] = set()
        self._lookers = 0
        self._jpeg: tuple[int, bytes] = (0, b"")
        self.let_in: Callable[[web.Request], None] = lambda _: None
        """Told of every request that had the token."""

    def app(self) -> web.Application:
        """The application, for a runner."""
        made = web.Application(middlewares=[self._guard], client_max_size=MOST_BODY)
        for path in FILES:
            made.router.add_get(path, self._file, allow_head=False)
        made.router.add_get("/state", self._state, allow_head=False)
        made.router.add_get("/ws", self._socket, allow_head=False)
        made.router.add_get("/events", self._events, allow_head=False)
        made.router.add_get("/picture", self._picture, allow_head=False)
        made.router.add_post("/mark", self._mark)
        made.router.add_post("/record", self._record)
        made.on_response_prepare.append(_dress)
        made.on_shutdown.append(self._end)
        return made

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request, of whatever route, comes through here first."""
        query = request.query.get("token")
        asked = Asked(
            request.method, request.path, request.remote or "", request.headers, query, request.cookies.get(COOKIE)
        )
        verdict = self._access.judge(asked)
        if verdict.status != 200:
            return _refused(request, verdict)
        self.let_in(request)
        if query is not None and request.path == "/":  # the token leaves the address, and stays in a cookie
            rest = "&".join(name for name in ("overlay",) if name in request.query)
            answer = web.Response(status=303, headers={"Location": f"/?{rest}" if rest else "/"})
            answer.set_cookie(
                COOKIE, query, httponly=True, samesite="Lax", secure=self._secure, max_age=400 * 86400, path="/"
            )
            return answer
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception:
            log.exception("a page was not answered")
            raise

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name, kind = FILES[request.path]
        return web.Response(body=(FOLDER / name).read_bytes(), content_type=kind, charset="utf-8")

    async def _state(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._hub.state(), content_type="application/json")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._room(request)
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=1024, compress=False)
        await socket.prepare(request)

        async def send(text: bytes) -> None:
            await socket.send_str(text.decode())

        teller = asyncio.create_task(self._tell(send, _rate(request)))
        self._readers.add(teller)
        teller.add_done_callback(lambda _: asyncio.ensure_future(_hang_up(socket)))
        try:
            heard = 0
            async for _ in socket:
                heard += 1
                if heard > MOST_WORDS_IN:
                    break
        finally:
            teller.cancel()
            self._readers.discard(teller)
        return socket

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._room(request)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        await answer.write(b"retry: 1000\n\n")

        async def send(text: bytes) -> None:
            kind = msgspec.json.decode(text, type=_Kind).type
            await answer.write(b"event: %b\ndata: %b\n\n" % (kind.encode(), text))

        me = asyncio.current_task()
        assert me is not None
        self._readers.add(me)
        try:
            await self._tell(send, _rate(request))
        finally:
            self._readers.discard(me)
        return answer

    async def _tell(self, send: Send, rate_hz: float) -> None:
        """Sends what waits, at most so often; who takes nothing for half a minute is let go."""
        mailbox = self._hub.open()
        try:
            while True:
                for text in mailbox.take(time.monotonic()):
                    await asyncio.wait_for(send(text), STALLED_S)
                await asyncio.sleep(1.0 / rate_hz)
        except (ConnectionError, TimeoutError):
            return
        finally:
            self._hub.close(mailbox)

    def _room(self, _request: web.Request) -> None:
        if len(self._readers) >= MOST_READERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_READERS} programs read already.")

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        if not self._hub.picture:
            raise web.HTTPNotFound(text="This sensor was not told to show its picture (--web-picture).")
        if self._lookers >= MOST_LOOKERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_LOOKERS} look at the picture already.")
        answer = web.StreamResponse(headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"})
        await answer.prepare(request)
        self._lookers += 1
        self._feed.watch(1)
        try:
            said = 0
            while request.transport is not None:  # who has gone is noticed though there is nothing to send
                at, jpeg = await self._encoded()
                if jpeg and at != said:
                    said = at
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    await asyncio.wait_for(answer.write(head.encode() + jpeg + b"\r\n"), STALLED_S)
                await asyncio.sleep(1.0 / PICTURES_HZ)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self._lookers -= 1
            self._feed.watch(-1)
        return answer

    async def _encoded(self) -> tuple[int, bytes]:
        """The newest picture as JPEG, made once for all who look; b"" while there is none to be shown."""
        image = self._hub.image
        if image is None or self._hub.privacy:
            return 0, b""
        if image[0] != self._jpeg[0]:
            self._jpeg = (image[0], await asyncio.to_thread(_jpeg, image[1]))
        return self._jpeg

    async def _mark(self, request: web.Request) -> web.StreamResponse:
        asked = await _body(request, MarkAsked)
        label = asked.label.strip()
        if not 0 < len(label) <= 200:
            raise web.HTTPBadRequest(text="label: 1 to 200 characters")
        return _reply(await asyncio.to_thread(self._feed.mark, label))

    async def _record(self, request: web.Request) -> web.StreamResponse:
        asked = await _body(request, RecordAsked)
        action = "start" if asked.on else "stop"
        return _reply(await asyncio.to_thread(lambda: self._feed.ask("record", action=action)))

    async def _end(self, _app: web.Application) -> None:
        for task in list(self._readers):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)


class _Kind(msgspec.Struct):
    type: str


async def _body(request: web.Request, kind: type[Any]) -> Any:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Content-Type: application/json")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _reply(reply: Reply) -> web.Response:
    body = msgspec.json.encode({"ok": reply.ok, "text": reply.text})
    return web.Response(body=body, status=200 if reply.ok else 409, content_type="application/json")


def _rate(request: web.Request) -> float:
    try:
        asked = float(request.query.get("hz", USUAL_HZ))
    except ValueError:
        raise web.HTTPBadRequest(text="hz: a number") from None
    return min(MOST_HZ, max(LEAST_HZ, asked)) if asked == asked else USUAL_HZ


async def _hang_up(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(Exception):  # whoever stalls does not say goodbye either
        await asyncio.wait_for(socket.close(code=1001), 2.0)


def _refused(request: web.Request, verdict: Verdict) -> web.Response:
    if request.path == "/" and verdict.status == 401:
        page = (FOLDER / "pair.html").read_bytes()
        look = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return web.Response(status=401, body=page, content_type="text/html", charset="utf-8", headers=look)
    headers = {"Retry-After": "60"} if verdict.status == 429 else None
    return web.Response(status=verdict.status, text=verdict.words + "\n", headers=headers)


async def _dress(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = HEADERS["Server"]


def _jpeg(image: Any) -> bytes:
    picture = Image.fromarray(image)
    picture.thumbnail((PICTURE_PX, PICTURE_PX))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75)
    return out.getvalue()
