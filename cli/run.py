"""`liveaffect run`: a launch graph as live processes, with a terminal view or headless."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from liveaffect.cli.outside.bridges import Lsl, Mqtt, Osc, bridges
from liveaffect.cli.outside.page import page_beside
from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.offline.scoring.default import DEFAULT_GRAPH, require_models
from liveaffect.offline.scoring.settings import as_toml
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.client.announced import announced, several
from liveaffect.stream.errors import InputError, LaunchError, LiveAffectError
from liveaffect.stream.graph import Graph, build_graph, launch_tables
from liveaffect.stream.live.supervisor import Supervisor
from liveaffect.stream.session.info import is_session

WITH_REASONS = ("reasons.enabled=true",)
VIEW = {"type": "liveaffect.nodes.terminal:TerminalNode", "process": "terminal"}
MOVING = ("dynamics.enabled=true",)
"""What --dynamics sets."""
console = Console(stderr=True)


def run(
    launch: Annotated[Path | None, typer.Argument(help="A launch file; without one, the default graph.")] = None,
    source: Annotated[
        Path | None, typer.Option("--input", "-i", help="A media file instead of camera and microphone.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No view: for devices and services.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="A line a second instead of the live view.")] = False,
    record: Annotated[Path | None, typer.Option("--record", "-r", help="Record the session into this folder.")] = None,
    dynamics: Annotated[
        bool, typer.Option("--dynamics", help="Also how affect moves over time and between people.")
    ] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after so long.")] = None,
    more: Annotated[
        list[Path] | None, typer.Option("--with", help="A launch file laid over the graph, with a node of your own.")
    ] = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="Also say which cues carried an estimate.")] = False,
    web: Annotated[
        str, typer.Option("--web", metavar="[ADDRESS:PORT]", help="Also a page for phones and browsers.")
    ] = "",
    web_picture: Annotated[bool, typer.Option("--web-picture", help="The page shows the camera's picture.")] = False,
    lsl: Lsl = False,
    osc: Osc = "",
    mqtt: Mqtt = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="node.key=value, for instance camera.source=1; may be repeated.")
    ] = None,
) -> None:
    """Run a launch graph until its input ends, --seconds have passed, or Ctrl-C.

    Other programs read the stream with `liveaffect.stream.connect()`. No pixel and no sound is recorded unless asked.
    """
    overrides = [*(MOVING if dynamics else ()), *(settings or []), *(WITH_REASONS if reasons else ())]
    overrides += [*page_overrides(web, picture=web_picture), *bridges(lsl=lsl, osc=osc, mqtt=mqtt)]
    view = not headless
    graph = assemble(launch, overrides, more=more or [], source=source, view=view, plain=plain, record=record)
    raise typer.Exit(start(graph, seconds, headless=headless))


def assemble(
    launch: Path | None,
    overrides: list[str],
    *,
    more: Sequence[Path] = (),
    source: Path | None = None,
    view: bool = True,
    plain: bool = False,
    record: Path | None = None,
    title: str = "liveaffect",
    told: Callable[[str], None] | None = None,
) -> Graph:
    """The graph to run: the launch file, those laid over it, the view, the input file and the recording asked for.

    `told` gets a line now and then while something is made that takes long, such as compiled kernels.
    """
    path = launch or DEFAULT_GRAPH
    table, words = launch_tables(path, more)
    origin = ", ".join(map(str, (path, *more)))
    build_graph(
        table, overrides, origin=origin, words=words
    )  # errors name the user's own words before anything is added
    if view and "terminal" not in table:
        table["terminal"] = {**VIEW, "plain": plain or not sys.stdout.isatty(), "title": title}
    if record is not None:
        if is_session(record):
            say(f"{record} holds a session, which stays as it is: this one goes beside it, to a folder with a number")
        if "recorder" not in table:
            raise LaunchError(f"--record {record}: {path} has no [recorder] table; add the one of the default graph")
        overrides = [*overrides, f"recorder.folder={quoted(record)}", "recorder.autostart=true"]
    if source is not None:
        overrides = [*overrides, *_from_file(table, probe(source), path)]
    graph = build_graph(table, overrides, origin=origin, words=words)
    needed = {entry.name for entry in graph.entries.values()}
    require_models(MediaInfo("", "", has_video="face" in needed, has_audio="voice" in needed), told)
    return graph


def start(graph: Graph, seconds: float | None, *, headless: bool = False, whole: bool = False) -> int:
    """Runs the graph in the foreground; its events go to stderr as lines, after the end where a view has the screen.

    Returns the exit code. `headless` says what runs, where it can be read and where it records, and at the end what was
    recorded. With `whole` a process that died on the way makes it 1, though it was started again.
    """
    view = graph.entries.get("terminal")
    held: list[str] = []
    hold = view is not None and sys.stdout.isatty() and not getattr(view.node, "plain", False)
    page = page_beside(graph, say)
    supervisor = Supervisor(graph, log=lambda line: held.append(line) if hold and supervisor.epoch_ns else say(line))
    told = _Told(supervisor)

    def beside() -> None:
        if headless:
            told.look()
        if page is not None:
            page.look(supervisor.gateway_address)

    try:
        code = supervisor.run(seconds, beside=beside)
        return code or int(whole and bool(supervisor.deaths))
    finally:
        if page is not None:
            page.close()
        for line in held:
            say(line)
        if headless:
            told.end()


class _Told:
    """What somebody without a view is told of a run, once each."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor, self._sessions, self._begun = supervisor, set[str](), False

    def look(self) -> None:
        """Says what there is to say by now; called many times a second."""
        supervisor = self._supervisor
        if supervisor.epoch_ns and not self._begun:
            self._begun = True
            nodes = ", ".join(supervisor.graph.entries)
            say(f"running {nodes}: Ctrl-C ends it")
            say(f"to be read at {supervisor.gateway_address}")
        for session in supervisor.recorded.keys() - self._sessions:
            self._sessions.add(session)
            say(f"recording to {session}")

    def end(self) -> None:
        """The card of every session that was recorded."""
        from liveaffect.offline.tables.card import session_card

        if self._begun and not self._supervisor.recorded:
            say("nothing was recorded")
        for session in self._supervisor.recorded:
            try:
                lines = session_card(session).lines()
            except LiveAffectError as error:
                lines = [f"{session}: {error}"]
            for line in lines:
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def page_overrides(address: str, *, picture: bool) -> list[str]:
    """What --web and --web-picture set."""
    words = [f"graph.web={quoted(address)}"] if address else []
    return [*words, *(["graph.web_picture=true"] if picture else [])]


def say(line: str) -> None:
    """One line on stderr."""
    console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def sensor_here() -> str:
    """Address of this user's newest sensor, with a word where several run; "" where none does."""
    if words := several():
        say(words)
    return announced()


def _from_file(table: dict[str, Any], info: MediaInfo, path: Path) -> list[str]:
    """Overrides that make a file the source; the nodes it cannot feed are left out."""
    words: list[str] = []
    if not ((info.has_video and "camera" in table) or (info.has_audio and "microphone" in table)):
        raise InputError(f"--input {info.path}: {path} has no node for what this file holds")
    for source, nodes, there in (("camera", FACE_NODES, info.has_video), ("microphone", VOICE_NODES, info.has_audio)):
        if source not in table:
            continue
        if there:
            words.append(f"{source}.source={quoted(Path(info.path))}")
        else:
            words += [f"{name}.enabled=false" for name in nodes if name in table]
    return words


def quoted(value: Path | str) -> str:
    """A path (made absolute) or a word as a TOML string."""
    return as_toml(str(value.resolve()) if isinstance(value, Path) else value)
