"""`liveaffect replay`: a session as it was, on the live bus; or recomputed and compared (`--verify`)."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from liveaffect.cli.faults import tell_faults
from liveaffect.cli.run import say
from liveaffect.cli.windows.keeper import run_with_window, why_none
from liveaffect.offline.scoring.default import require_models
from liveaffect.offline.verifying.compare import Difference, Verdict, VerifyReport
from liveaffect.offline.verifying.known import SOURCES, Trust, split
from liveaffect.offline.verifying.process import verify_apart
from liveaffect.stream.capture.media import MediaInfo
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.launch import read_launch
from liveaffect.stream.live.supervisor import Supervisor
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.reader import SessionReader

console = Console(stderr=True)


def replay(
    session: Annotated[Path, typer.Argument(help="Folder of a session.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Recompute everything that can be, and compare with what was recorded.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            min=0.0,
            help="Largest difference of numbers (relative above 1). Without it: none on the machine and with the "
            "versions that recorded, 1e-4 elsewhere; 1e-3 suits another GPU.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --verify: print the report as JSON.")] = False,
    speed: Annotated[str, typer.Option("--speed", help="0.25 to 100 times real time, or max.")] = "1",
    seek: Annotated[float, typer.Option("--seek", min=0.0, help="Begin so many seconds after the start.")] = 0.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end, until Ctrl-C.")] = False,
    rerun: Annotated[
        str,
        typer.Option("--rerun", help="Run these nodes again on what is replayed, such as fusion,face_affect."),
    ] = "",
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node",
            metavar="package.module:Class",
            help="A node class outside liveaffect that the session used and whose code may run; may be repeated.",
        ),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Option("--with", help="A launch file that names such classes, and beside which they lie; as of `run`."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="PATH",
            help="With --verify: a file that was played, or the folder it is in; may be repeated. The session's own "
            "folder is looked into without it.",
        ),
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No view: only for other programs to read.")] = False,
    terminal: Annotated[bool, typer.Option("--terminal", "-t", help="A view in the terminal, no window.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="A line a second in the terminal.")] = False,
) -> None:
    """Replay a session: views and other programs (`liveaffect.stream.connect()`) cannot tell it from a live run.

    Where there is a display, a window with a seek bar opens, which stays at the end of the session.
    With --verify nothing is published: the nodes are run again, on exactly the frames that they processed then, and
    every message is compared. Exit code 1 says that something diverges, or that nothing could be verified.
    """
    trust = Trust((*(node or ()), *classes_of(more or ())), source or ())
    if source:
        trust.check(load_info(session))
    if verify:
        report = verify_apart(session, tolerance, None if as_json else _show_progress, trust)
        print_report(report, as_json)
        raise typer.Exit(0 if report.ok else 1)
    again = [name for name in rerun.split(",") if name]
    table = replay_table(session, speed=speed, seek=seek, loop=loop, rerun=again, trust=trust)
    require_models(MediaInfo("", "", has_video="face" in again, has_audio=bool({"voice", "voice_affect"} & {*again})))
    if not (headless or terminal or plain or why_none()):
        raise typer.Exit(play_in_window(table, str(session)))
    if not headless:
        view = {
            "type": "liveaffect.nodes.terminal:TerminalNode",
            "process": "terminal",
            "title": f"replay of {session}",
        }
        table["terminal"] = {**view, "plain": plain or not sys.stdout.isatty()}
    supervisor = Supervisor(build_graph(table, origin=str(session)), log=lambda line: console.print(line, markup=False))
    told: list[str] = []

    def tell() -> None:  # once it listens: a free port has no number before
        if headless and not told:
            told.append(f"replaying to {supervisor.gateway_address}; Ctrl-C ends it")
            console.print(told[0], markup=False, highlight=False)

    raise typer.Exit(supervisor.run(beside=tell))


def classes_of(files: Iterable[Path]) -> list[str]:
    """Classes outside liveaffect that launch files name; their folders are searched for modules from here on."""
    tables = [table for file in files for table in read_launch(file).values() if isinstance(table, dict)]
    kinds = [kind for table in tables if isinstance(kind := table.get("type"), str)]
    return [kind for kind in kinds if not kind.startswith("liveaffect.")]


def play_in_window(table: dict[str, Any], session: str) -> int:
    """Replays with the main window, which stays at the end; returns the exit code."""
    table["replay"]["hold"] = not table["replay"]["loop"]
    return run_with_window(Supervisor(build_graph(table, origin=session), log=say), say)


def replay_table(
    session: Path,
    *,
    speed: str = "1",
    seek: float = 0.0,
    loop: bool = False,
    rerun: list[str] | None = None,
    trust: Trust | None = None,
) -> dict[str, Any]:
    """The launch table that replays `session`. Raises UsageError for a speed or a node that does not fit."""
    trust = trust or Trust()
    reader = SessionReader(session)
    tell_faults(reader, console)
    trust.declare()
    kept, refused = split(reader.info.graph, trust)
    node: dict[str, Any] = {
        "type": "liveaffect.nodes.replayer:ReplayerNode",
        "process": "replay",
        "session": str(Path(session).resolve()),
        "speed": _speed(speed),
        "seek_s": seek,
        "loop": loop,
    }
    table: dict[str, Any] = {"replay": node}
    for name in rerun or []:
        settings = reader.info.graph.get(name)
        if settings is None or name == "graph":
            known = ", ".join(n for n in reader.info.graph if n != "graph")
            raise UsageError(f"--rerun {name}: the session has no such node; it has {known}")
        if name in refused or name not in kept or kept[name]["type"] in SOURCES:
            why = refused.get(name, "only nodes that compute from what others publish can be run again")
            raise UsageError(f"--rerun {name}: {why}")
        table[name] = dict(kept[name])
    _check_inputs(reader, rerun or [])
    if rerun:
        made = {topic for name in rerun for topic in reader.info.wiring.get(name, {}).get("writes", ())}
        node.update(without=sorted(made), shift=True)
    return table


def _check_inputs(reader: SessionReader, rerun: list[str]) -> None:
    """Raises UsageError for a node that needs arrays that were not recorded and are not made anew either."""
    wiring, kept = reader.info.wiring, reader.info.persisted
    stored = {"video/frame": kept.video != "no", "audio/chunk": kept.audio}
    stored |= {"face/mesh": kept.mesh, "face/crop": kept.crops}
    writers = {topic: name for name, node in wiring.items() for topic in node.get("writes", ())}
    for name in rerun:
        for topic in wiring.get(name, {}).get("reads", ()):
            writer = writers.get(topic, "")
            if writer in rerun or stored.get(topic, True):
                continue
            remedy = f"add {writer} to --rerun" if wiring.get(writer, {}).get("reads") else f"[{writer}] was not stored"
            raise UsageError(f"--rerun {name} needs what {topic} carries, which the session holds no more: {remedy}")


def _speed(word: str) -> float:
    if word == "max":
        return 0.0
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0.01 <= value <= 100:
        raise UsageError(f"--speed {word}: write a number from 0.01 to 100, or max")
    return value


def _show_progress(node: str, done: int, total: int) -> None:
    if console.is_terminal:
        console.print(f"{node}: {done} of {total}", end="\r", markup=False, highlight=False)


def print_report(report: VerifyReport, as_json: bool) -> None:
    """One line per topic, and what has to be said in words below."""
    if as_json:
        print(json.dumps({**msgspec.to_builtins(report), "ok": report.ok}, indent=1))
        return
    out = Console(highlight=False)
    same = "everything must be identical" if report.strict else "another machine or other versions: small differences"
    out.print(f"{report.session}: {report.state}; {same}", markup=False)
    table = Table(Column("topic", no_wrap=True), "node", "verdict", "compared", "of", "digest")
    for verdict in report.verdicts:
        style = {"diverges": "red", "identical": "green", "within tolerance": "green"}.get(verdict.status, "")
        compared = "" if verdict.status == "input" else str(verdict.compared)
        cells = (verdict.topic, verdict.node, f"[{style}]{verdict.status}[/]" if style else verdict.status)
        table.add_row(*cells, compared, str(verdict.recorded), verdict.digest[:12])
    out.print(table)
    for verdict in report.verdicts:
        for line in _words(verdict, report.start_ns):
            out.print(f"{verdict.topic}: {line}", markup=False, soft_wrap=True)
    for fault in report.faults:
        out.print(fault, markup=False, soft_wrap=True, style="red")
    if blind := [one.topic for one in report.verdicts if one.status == "not verified" and one.recorded and report.ok]:
        out.print(f"verified, but for {', '.join(blind)}: why stands above", markup=False, soft_wrap=True)
    else:
        out.print("verified" if report.ok else "NOT verified")


def _words(verdict: Verdict, start_ns: int) -> list[str]:
    lines = [verdict.why] if verdict.why else []
    if verdict.max_error:
        lines.append(f"largest difference {verdict.max_error:.3g}")
    if verdict.flipped:
        times = ", ".join(f"{(t - start_ns) / 1e9:.3f}" for t in verdict.flips)
        lines.append(f"{verdict.flipped} of {verdict.compared} messages have another decision, first at {times} s")
    if verdict.status == "diverges" and verdict.first is not None:
        lines.append(_difference(verdict.first, start_ns))
    return lines


def _difference(first: Difference, start_ns: int) -> str:
    at = f"first divergence at {(first.t_ns - start_ns) / 1e9:.6f} s (t_ns {first.t_ns}, seq {first.seq})"
    return f"{at}: {first.path or 'the message'} was {first.recorded!r}, is {first.recomputed!r}"
