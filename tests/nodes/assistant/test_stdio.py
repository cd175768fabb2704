"""The tools through the SDK's own client, over standard input and output of the real command."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made.sensor import Sensor
from made.session import recorded
from windows import stream as made

from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply, Request

if TYPE_CHECKING:
    from mcp import Client

pytestmark = pytest.mark.processes
TOOLS = {"state_now", "summary", "shifts_and_discord", "looks", "reasons", "session_summary", "set_marker"}
ARGUMENTS: dict[str, dict[str, Any]] = {"set_marker": {"label": "from the assistant"}}
LIMIT_S = 120.0


def connected(address: str) -> "Client":
    from mcp import Client, StdioServerParameters  # as dear as twenty files of tests are

    words = ["-m", "liveaffect.cli.main", "mcp", "--address", address]
    return Client(StdioServerParameters(command=sys.executable, args=words))


async def say(client: "Client", tool: str, **arguments: Any) -> tuple[bool, str]:
    """Whether it answered, and its text."""
    found = await client.call_tool(tool, arguments)
    assert all(part.type == "text" for part in found.content), "no pictures"
    return not found.is_error, "\n".join(getattr(part, "text", "") for part in found.content)


async def until(client: "Client", tool: str, word: str, **arguments: Any) -> str:
    """Asks until the answer has the word: what was sent is on its way."""
    end = asyncio.get_running_loop().time() + LIMIT_S
    while True:
        ok, text = await say(client, tool, **arguments)
        if ok and word in text:
            return text
        assert asyncio.get_running_loop().time() < end, text
        await asyncio.sleep(5.0)  # thirty answers a minute, and the test has others to ask for


async def tell(sensor: Sensor, people: list[Any]) -> None:
    """Estimates, ten times a second, of whoever is there now."""
    for i in range(1, 1_000_000, 3):
        sensor.publish(made.affect(i, people[0], **people[1]))
        await asyncio.sleep(0.1)


def test_every_tool_answers_and_the_switch_holds(tmp_path: Path) -> None:
    allowed = [False]

    def answer(request: Request) -> Iterable[Reply]:
        return [Reply(ok=True, id=request.id, facts={"on": allowed[0]})]

    people: list[Any] = []

    async def tale(sensor: Sensor) -> None:
        session = recorded(tmp_path / "s1")
        async with connected(sensor.address) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            for tool in sorted(TOOLS):
                ok, text = await say(client, tool, **ARGUMENTS.get(tool, {}))
                assert not ok
                assert "has not allowed" in text, tool
            allowed[0] = True
            ok, text = await say(client, "state_now")
            assert (ok, text) == (True, "There is no estimate yet."), "what was before consent is not told"
            nothing = dict.fromkeys(("valence", "valence_sd", "arousal", "arousal_sd", "emotions"))
            lost = made.person(0, state="no_face", **nothing)
            people[:] = [(lost,), {"state": "no_face", "face_state": "no_face"}]
            telling = asyncio.create_task(tell(sensor, people))
            text = await until(client, "state_now", "Person 0: no face in view.")
            assert "valence" not in text
            people[:] = [(made.person(0), made.person(0, 1)), {}]
            status = m.RecordStatus(recording=True, session=str(session))
            sensor.publish(made.health("recorder", 400, status=status))
            text = await until(client, "state_now", "Person 1: valence")
            assert text.count("90 % interval") == 4
            await until(client, "summary", "s with numbers: mean valence", seconds=60)
            assert "not measured in this run" in (await say(client, "shifts_and_discord"))[1]
            assert "without --reasons" in (await say(client, "reasons", seconds_ago=3))[1]
            assert "Marker 'film on' at 3.0 s." in (await say(client, "session_summary"))[1]
            assert await say(client, "set_marker", label="trial 7") == (True, "Marked 'trial 7'.")
            asked = [one.arguments for one in sensor.asked if one.verb == "mark"]
            assert asked == [{"label": "trial 7", "source": "assistant"}]
            ok, _ = await say(client, "summary", seconds=1)
            assert not ok
            allowed[0] = False
            ok, text = await say(client, "state_now")
            assert not ok
            assert "has not allowed" in text
            telling.cancel()

    with Sensor(answer=answer) as sensor:
        asyncio.run(asyncio.wait_for(tale(sensor), 600))


def test_without_a_sensor_each_tool_says_so(tmp_path: Path) -> None:
    async def tale() -> None:
        async with connected(f"ipc://{tmp_path}/nobody") as client:
            for tool in sorted(TOOLS):
                ok, text = await say(client, tool, **ARGUMENTS.get(tool, {}))
                assert not ok
                assert "No sensor" in text

    asyncio.run(asyncio.wait_for(tale(), 600))
