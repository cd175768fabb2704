"""The page in Chromium: live at once, grey when it is not of now, back by itself whatever cuts it."""

import asyncio
import contextlib
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from windows import stream as made
from windows.chromium import Tab, chromium
from windows.page import Page, served, until

from liveaffect.stream import messages as m

pytestmark = pytest.mark.processes
LIVE = "document.getElementById('valence')?.textContent.includes('±')"
STALE = "document.body.classList.contains('stale')"
GROUND = "getComputedStyle(document.body).backgroundColor"


class Story:
    """A sensor that tells on, ten times a second, until it is told to be silent."""

    def __init__(self, page: Page) -> None:
        self.page, self.silent, self.count = page, False, 0
        self.people: tuple[m.Person, ...] | None = None
        self.recording = self.privacy = False
        self.looks: list[m.Message] = []

    async def tell(self) -> None:
        while True:
            if not self.silent:
                self.count += 3
                status = m.RecordStatus(recording=self.recording, since_ns=made.instant(0), privacy=self.privacy)
                if b"video/frame" in self.page.sensor.wanted:
                    self.page.sensor.publish(made.frame(self.count))
                for one in self.looks:
                    one.t_ns = made.instant(self.count)
                self.page.sensor.publish(*self.looks)
                self.page.sensor.publish(
                    made.affect(self.count, self.people), made.health("recorder", self.count, status=status)
                )
            await asyncio.sleep(0.1)


@asynccontextmanager
async def opened(*, picture: bool = False) -> AsyncIterator[tuple[Story, Tab]]:
    async with served(picture=picture) as page, chromium() as browser:
        story = Story(page)
        telling = asyncio.create_task(story.tell())
        tab = await browser.tab()
        await tab.dress(1280, 800)
        try:
            yield story, tab
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling


def run(story: Any) -> None:
    asyncio.run(asyncio.wait_for(story, 600))


def test_the_page_lives_greys_returns_and_obeys() -> None:
    async def tale() -> None:
        async with opened() as (story, tab):
            sensor = story.page.sensor
            await tab.call("Log.enable")
            await tab.go(story.page.link)
            before = story.count
            await tab.until(LIVE)
            assert story.count - before < 3 * 300, "live within 300 messages"
            assert await tab.value("location.href") == f"{story.page.url}/"
            assert await tab.value("document.querySelectorAll('#bars .n').length") == 8
            light = await tab.value(GROUND)
            await tab.dress(390, 844, dark=True, phone=True)
            assert await tab.value(GROUND) != light
            assert await tab.value("document.documentElement.scrollWidth") == 390
            assert await tab.value("document.getElementById('gaze').textContent") == "not known"
            story.people = made.person(3), made.person(3, 1)
            both = [
                m.PersonAttention(id=k, by="eyes", eye_contact=0.07, looks=(m.Look(at=1 - k, p=0.8),)) for k in (0, 1)
            ]
            pair = (m.MutualGaze(first=0, second=1, p=0.64),)
            face = m.Face(id=0, state="ok", gaze_yaw_deg=-7.5, gaze_pitch_deg=3.0, gaze_sd_deg=4.0)
            story.looks = [
                m.FaceObservation(t_ns=1, frame_seq=1, state="ok", faces=(face,)),
                m.Attention(t_ns=1, frame_seq=1, people=tuple(both), mutual=pair),
            ]
            words = "looks at face 1, who looks back (64 %); 8° left ± 7°, 3° down"
            await tab.until(f"document.getElementById('gaze').textContent === '{words}'")
            assert await tab.value("document.getElementById('contact').textContent") == "7 %"
            assert await tab.value("document.documentElement.scrollWidth") == 390
            story.looks = []
            away = made.person(0, state="no_face", **dict.fromkeys(("valence", "valence_sd", "arousal", "arousal_sd")))
            story.people = (away, made.person(0, 1))
            await tab.until("document.getElementById('valence').textContent === 'no face in view'")
            await tab.value("document.querySelectorAll('#people button')[1].click()")
            await tab.until(LIVE)
            story.people = None
            await tab.value("document.querySelector('#people button:last-child').click()")
            await tab.until("document.querySelectorAll('#people button').length === 1")

            # every connection is cut once a second
            for _ in range(4):
                for one in story.page.server.connections():
                    one.transport.abort()
                await asyncio.sleep(1.0)
            count = story.count
            await until(lambda: story.count > count + 30, "more of the story")
            await tab.until(f"!{STALE} && {LIVE}")

            story.silent = True
            await tab.until(STALE)
            assert "No word from the sensor since" in await tab.value("document.getElementById('banner').textContent")
            assert await tab.value("document.getElementById('rec').disabled")
            story.silent = False
            await tab.until(f"!{STALE} && document.getElementById('banner').hidden")

            await tab.value("document.getElementById('label').value = 'trial 7'")
            await tab.value("document.querySelector('#marker button').click()")
            await until(lambda: any(one.verb == "mark" for one in sensor.asked), "the marker")
            (asked,) = [one for one in sensor.asked if one.verb == "mark"]
            assert asked.arguments["label"] == "trial 7"
            client = story.page.server._feed._client
            assert client is not None
            story.page.server.hub.begin({**client.facts, "verbs": {"record": ["recorder"]}})
            await tab.until("!document.getElementById('rec').disabled")
            await tab.value("document.getElementById('rec').click()")
            await until(lambda: any(one.verb == "record" for one in sensor.asked), "the recording")
            story.recording = True
            await tab.until("document.getElementById('rec-words').textContent.startsWith('REC')")

            story.page.server.access._token = b"another"
            for one in story.page.server.connections():
                one.transport.abort()
            await tab.until("document.getElementById('banner').textContent.includes('not paired any more')")

    run(tale())


def test_a_picture_is_hidden_by_privacy_and_comes_back() -> None:
    async def tale() -> None:
        async with opened(picture=True) as (story, tab):
            await tab.go(story.page.link)
            await tab.until("document.getElementById('film')?.naturalWidth === 640")
            story.privacy = True
            await tab.until("getComputedStyle(document.getElementById('film')).visibility === 'hidden'")
            await until(lambda: b"video/frame" not in story.page.sensor.wanted, "the end of pictures")
            story.privacy = False
            await tab.until("getComputedStyle(document.getElementById('film')).visibility === 'visible'")
            await until(lambda: b"video/frame" in story.page.sensor.wanted, "pictures again")

    run(tale())


def test_the_overlay_has_no_ground(tmp_path: Path) -> None:
    async def tale() -> None:
        async with opened() as (story, tab):
            await tab.go(f"{story.page.link}&overlay")
            await tab.until(LIVE)
            await tab.photograph(tmp_path / "overlay.png", clear=True)
            assert await tab.value(GROUND) == "rgba(0, 0, 0, 0)"
            assert _first_pixel(tmp_path / "overlay.png")[3] == 0

    run(tale())


def _first_pixel(path: Path) -> bytes:
    """RGBA of the upper left corner."""
    data = path.read_bytes()
    at, packed = 8, b""
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += 12 + size
    assert data[25] == 6, "RGBA"
    return zlib.decompress(packed)[1:5]
