"""The whole sensor live, with real processes, models and media: faults are named, mended, and stay where they are."""

import os
import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_run import LiveRun, collect, live_run
from mjpeg_server import MjpegServer
from virtual_microphone import VirtualMicrophone, missing_programs

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.messages import Affect, Health, Message

pytestmark = pytest.mark.processes

NO_SOUND = ("microphone", "voice", "voice_affect")


def _graph(camera: str, sound: str | None = None, **settings: Any) -> dict[str, Any]:
    table = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"].update(source=camera, loop=True, stall_s=1.0)
    if sound is None:
        table = {name: node for name, node in table.items() if name not in NO_SOUND}
    else:
        table["microphone"]["source"] = sound
    for name, values in settings.items():
        table[name].update(values)
    return table


def _affect(condition: Callable[[Affect], Any]) -> Callable[[list[Message]], bool]:
    return lambda got: bool(got) and isinstance(got[-1], Affect) and bool(condition(got[-1]))


def _seen(affect: Affect) -> bool:
    return affect.face_state == "ok" and any(person.valence is not None for person in affect.people)


@pytest.fixture
def sounding(calm_clip: Path, tmp_path: Path) -> Iterator[LiveRun]:
    """Face, voice, fusion and recorder on the demo's clip, over and over."""
    table = _graph(
        str(calm_clip),
        str(calm_clip),
        microphone={"loop": True},
        recorder={"folder": str(tmp_path / "session"), "autostart": True},
    )
    with live_run(table) as run:
        yield run


@pytest.mark.timeout(900)
def test_every_process_may_die_and_comes_back_while_the_others_go_on(sounding: LiveRun) -> None:
    with sounding.client("affect", "health") as client:
        collect(client, _affect(_seen))
        for process in list(sounding.supervisor.pids()):
            others = {name: pid for name, pid in sounding.supervisor.pids().items() if name != process}
            os.kill(sounding.supervisor.pids()[process], signal.SIGKILL)

            def is_state(message: Message, state: str, process: str = process) -> bool:
                return isinstance(message, Health) and (message.process, message.state) == (process, state)

            told = collect(client, lambda got: any(is_state(m, "node_down") for m in got))
            assert not any(is_state(m, "ok") and m.restarts for m in told), f"{process} was back before it was named"  # type: ignore[attr-defined]
            collect(client, lambda got: any(is_state(m, "ok") for m in got))
            now = sounding.supervisor.pids()
            assert {name: now.get(name) for name in others} == others, f"the death of {process} took others along"
            collect(client, _affect(_seen))


@pytest.mark.timeout(900)
def test_a_network_camera_that_goes_away_is_named_and_comes_back_without_a_hand(calm_clip: Path) -> None:
    with (
        MjpegServer(calm_clip, fps=10.0) as server,
        live_run(_graph(server.url)) as run,
        run.client("affect") as client,
    ):
        collect(client, _affect(_seen))
        server.stop()
        collect(client, _affect(lambda a: a.face_state == "no_device" and a.people == ()))
        server.start()
        collect(client, _affect(_seen))


@pytest.mark.timeout(900)
@pytest.mark.skipif(bool(missing_programs()), reason="PulseAudio is not installed")
def test_a_sound_server_may_freeze_and_die_and_come_back(calm_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualMicrophone() as microphone:
        for name, value in microphone.settings.items():
            if name != "HOME":  # the models lie in this user's cache
                monkeypatch.setenv(name, value)

        def heard(affect: Affect) -> bool:
            return affect.voice_state in ("ok", "silence")

        table = _graph(str(calm_clip), "pulse")
        with live_run(table) as run, run.client("affect") as client:
            collect(client, _affect(lambda a: _seen(a) and heard(a)))
            microphone.freeze()
            silent = collect(client, _affect(lambda a: a.voice_state in ("no_device", "stale")))
            assert any(isinstance(a, Affect) and _seen(a) for a in silent), "the face stopped with the sound"
            microphone.thaw()
            collect(client, _affect(heard))
            microphone.stop()
            collect(client, _affect(lambda a: a.voice_state in ("no_device", "stale")))
            microphone.start()
            collect(client, _affect(heard))
