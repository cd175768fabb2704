"""`liveaffect live`: this computer's camera and microphone, seen at once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from liveaffect.cli.outside.bridges import Lsl, Mqtt, Osc, bridges
from liveaffect.cli.run import MOVING, WITH_REASONS, assemble, page_overrides, quoted, say, start
from liveaffect.cli.windows.keeper import MainWindow, NoWindow, choose, run_with_window, why_none
from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.nodes.dashboard.start.preferences import load
from liveaffect.offline.scoring.default import DEFAULT_GRAPH
from liveaffect.offline.scoring.settings import as_toml
from liveaffect.stream.graph import load_graph
from liveaffect.stream.live.early import EarlyProcesses
from liveaffect.stream.live.supervisor import Supervisor

STARTING = "The sensor is being started"


def live(
    camera: Annotated[
        str, typer.Option("--camera", "-c", help="Number, name or address; see `liveaffect doctor`.")
    ] = "",
    microphone: Annotated[str, typer.Option("--microphone", "-m", help="Number or name of the microphone.")] = "",
    remembered: Annotated[
        bool, typer.Option("--start", help="Start at once, with the devices chosen last time.")
    ] = False,
    record: Annotated[Path | None, typer.Option("--record", "-r", help="Record the session into this folder.")] = None,
    terminal: Annotated[bool, typer.Option("--terminal", "-t", help="A view in the terminal, no windows.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="A line a second in the terminal.")] = False,
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
    lsl: Lsl = False,
    osc: Osc = "",
    mqtt: Mqtt = "",
    settings: Annotated[list[str] | None, typer.Option("--set", help="node.key=value; may be repeated.")] = None,
) -> None:
    """Watch this computer's camera and microphone; closing the window, or Ctrl-C, ends it.

    A first window asks for the devices, unless --camera, --microphone or --start name them. Nothing is recorded unless
    you ask for it. Without a display, or without the extra `liveaffect[desktop]`, the view is in the terminal.
    """
    overrides = [*(MOVING if dynamics else ()), *(settings or []), *device_overrides(camera, microphone)]
    overrides += [
        *(WITH_REASONS if reasons else ()),
        *page_overrides(web, picture=False),
        *bridges(lsl=lsl, osc=osc, mqtt=mqtt),
    ]
    more = more or []
    planned = load_graph(DEFAULT_GRAPH, overrides, more=more)  # wrong words are told before any window asks for more
    why = "" if terminal or plain else why_none()
    if not (terminal or plain or why):
        window, early = MainWindow(), EarlyProcesses()
        try:
            known = {} if camera or microphone else _remembered() if remembered else None
            chosen = choose(window, lambda: early.prepare(planned)) if known is None else known
            if chosen is None:
                say("Nothing was started: the window was closed.")
                raise typer.Exit(0)
            window.show(STARTING)
            if chosen.pop("demo", False):
                chosen |= demo_film(window)
            overrides = [*choice_overrides({"folder": load()[0].folder, **chosen}), *overrides]
            graph = assemble(None, overrides, more=more, view=False, record=record, told=window.show)
            window.show(STARTING)
            raise typer.Exit(run_with_window(Supervisor(graph, say, early), say, seconds, window))
        except NoWindow as error:
            why = str(error)
        finally:
            early.close()
            window.close()
    if why:
        say(f"The view is in the terminal: {why}.")
    graph = assemble(None, overrides, more=more, record=record, plain=plain, title="liveaffect live")
    raise typer.Exit(start(graph, seconds))


def demo_film(window: MainWindow) -> dict[str, str]:
    """The demo's film as camera and microphone; the window says how far it is while it is made for the first time."""
    from liveaffect.cli.demo_media.clip import clip

    told: list[int] = []

    def tell(share: float) -> None:
        percent = round(share * 100)
        if percent not in told:
            told.append(percent)
            window.show(f"The demo's face and voice are being made, once: {percent} %")

    film = str(clip(tell))
    return {"camera": film, "microphone": film}


def device_overrides(camera: str, microphone: str) -> list[str]:
    """Devices that were named, whatever is in their names, as settings; "" leaves one as it is."""
    named = (("camera", camera), ("microphone", microphone))
    return [f"{node}.source={as_toml(name)}" for node, name in named if name]


def choice_overrides(chosen: dict[str, Any]) -> list[str]:
    """What was chosen in the first window, as settings: a device that is null leaves its nodes out."""
    words: list[str] = []
    for source, nodes in (("camera", FACE_NODES), ("microphone", VOICE_NODES)):
        if source not in chosen:
            continue
        if chosen[source] is None:
            words += [f"{name}.enabled=false" for name in nodes]
        else:
            words.append(f"{source}.source={quoted(chosen[source])}")
            if Path(chosen[source]).is_file():
                words.append(f"{source}.loop=true")  # as its preview did
    words += [f"recorder.sessions={quoted(chosen['folder'])}"] if chosen.get("folder") else []
    kept = chosen.get("record")
    if kept is not None:
        folder = [f"recorder.sessions={quoted(kept['folder'])}"] if kept.get("folder") else []
        flags = [f"recorder.{key}={str(kept[key]).lower()}" for key in ("audio", "mesh", "crops") if key in kept]
        words += ["recorder.autostart=true", f"recorder.video={quoted(kept.get('video', 'no'))}", *folder, *flags]
    return words


def _remembered() -> dict[str, Any]:
    kept, notice = load()
    if notice:
        say(notice)
    return {"camera": kept.camera, "microphone": kept.microphone}
