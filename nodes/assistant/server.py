"""The tools over the Model Context Protocol, on standard input and output."""

import asyncio
import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from liveaffect.nodes.assistant.tools import Tools
from liveaffect.stream.errors import LiveAffectError

INSTRUCTIONS = (
    "What a camera and a microphone show of the people before them, as raters would describe it: valence (unpleasant "
    "to pleasant) and arousal (calm to excited) from -1 to 1 with 90 % intervals, and categories. It does not say what "
    "a person feels, thinks, intends or is: do not claim so, and do not decide about anyone by it. Where there is no "
    "number the words say why. Only told while the sensor's user allows it."
)
Seconds = Annotated[float, Field(ge=5, le=600, description="How far back, in seconds")]


def make_server(tools: Tools) -> MCPServer:
    """The server, with every tool."""
    server = MCPServer("liveaffect", instructions=INSTRUCTIONS, version=version("liveaffect"), log_level="ERROR")

    async def answer(ask: Callable[[], str]) -> str:
        try:
            return await asyncio.to_thread(ask)
        except LiveAffectError as error:
            raise ToolError(str(error)) from None

    @server.tool()
    async def state_now() -> str:
        """How everyone in view is now: states in words, valence and arousal with 90 % intervals, likeliest category."""
        return await answer(tools.state)

    @server.tool()
    async def summary(seconds: Seconds = 60.0) -> str:
        """The last seconds: how long each person was seen, means with intervals, ranges, categories, markers."""
        return await answer(lambda: tools.summary(seconds))

    @server.tool()
    async def shifts_and_discord(seconds: Seconds = 300.0) -> str:
        """Sudden changes of a person's level, and stretches in which face and voice differed."""
        return await answer(lambda: tools.changes(seconds))

    @server.tool()
    async def looks(seconds: Seconds = 60.0) -> str:
        """Where each one looked of late: eye contact with the camera, looks at others, mutual gaze, blinks."""
        return await answer(lambda: tools.looks(seconds))

    @server.tool()
    async def reasons(
        seconds_ago: Annotated[float, Field(ge=0, le=600, description="At which time; 0 is now")] = 0.0,
    ) -> str:
        """Which measured cues of a face carried its estimate at a time, and which worked against it."""
        return await answer(lambda: tools.reasons(seconds_ago))

    @server.tool()
    async def session_summary(
        session: Annotated[str, Field(max_length=200, description="A session's name; empty: the newest")] = "",
    ) -> str:
        """A recorded session: length, who was in it, mean levels with intervals, markers."""
        return await answer(lambda: tools.session(session))

    @server.tool()
    async def set_marker(label: Annotated[str, Field(min_length=1, max_length=200)]) -> str:
        """Set a labelled instant, now, in the live stream and its recording."""
        return await answer(lambda: tools.mark(label))

    return server


def serve(tools: Tools) -> None:
    """Answers on standard input and output until that closes."""
    logging.basicConfig(level=logging.ERROR)
    make_server(tools).run("stdio")
