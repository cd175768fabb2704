"""The whole sensor live, with real processes, models and media: faults are named, mended, and stay where they are.

What happens is tested, not how much there is to do: a camera of five pictures a second, one run for all.
"""

import os
import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from devices.mjpeg_server import MjpegServer
from devices.virtual_microphone import VirtualMicrophone, missing_programs
from runs.live import LiveRun, collect, live_run

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.messages import Affect, Health, Message

pytestmark = pytest.mark.processes

FPS = 5.0
LOUD = not missing_programs()


def _graph(camera: str, sound: str, **settings: Any) -> dict[str, Any]:
    table = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"].update(source=camera, stall_s=1.0)
    table["microphone"]["source"] = sound
    for name, values in settings.items():
        table[name].update(values)
    return table


def _affect(condition: Callable[[Affect], Any]) -> Callable[[list[Message]], bool]:
    return lambda got: bool(got) and isinstance(got[-1], Affect) and bool(condition(got[-1]))


def _seen(affect: Affect) -> bool:
    return affect.face_state == "ok" and any(person.valence is not None for person in affect.people)


@pytest.fixture(scope="module")
def camera(calm_clip: Path) -> Iterator[MjpegServer]:
    with MjpegServer(calm_clip, fps=FPS) as server:
        yield server


@pytest.fixture(scope="module")
def microphone() -> Iterator[VirtualMicrophone | None]:
    """None where PulseAudio is not installed."""
    if not LOUD:
        yield None
        return
    with VirtualMicrophone() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.settings.items():
            if name != "HOME":  # the models lie in this user's cache
                patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def run(
    camera: MjpegServer,
    microphone: VirtualMicrophone | None,
    calm_clip: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveRun]:
    """Face, voice, fusion and recorder: one run for all that may happen to it."""
    table = _graph(
        camera.url,
        "pulse" if microphone else str(calm_clip),
        microphone={"loop": microphone is None},
        recorder={"folder": str(tmp_path_factory.mktemp("live") / "session"), "autostart": True},
    )
    with live_run(table) as live:
        yield live


@pytest.mark.timeout(900)
def test_every_process_may_die_and_comes_back_while_the_others_go_on(run: LiveRun) -> None:
    with run.client("affect", "health") as client:
        collect(client, _affect(_seen))
        for process in list(run.supervisor.pids()):
            others = {name: pid for name, pid in run.supervisor.pids().items() if name != process}
            os.kill(run.supervisor.pids()[process], signal.SIGKILL)

            def is_state(message: Message, state: str, process: str = process) -> bool:
                return isinstance(message, Health) and (message.process, message.state) == (process, state)

            told = collect(client, lambda got: any(is_state(m, "node_down") for m in got))
            assert not any(is_state(m, "ok") and m.restarts for m in told), f"{process} was back before it was named"  # type: ignore[attr-defined]
            collect(client, lambda got: any(is_state(m, "ok") for m in got))
            now = run.supervisor.pids()
            assert {name: now.get(name) for name in others} == others, f"the death of {process} took others along"
            collect(client, _affect(_seen))


@pytest.mark.timeout(900)
def test_a_network_camera_that_goes_away_is_named_and_comes_back_without_a_hand(
    camera: MjpegServer, run: LiveRun
) -> None:
    with run.client("affect") as client:
        collect(client, _affect(_seen))
        camera.stop()
        collect(client, _affect(lambda a: a.face_state == "no_device" and a.people == ()))
        camera.start()
        collect(client, _affect(_seen))


@pytest.mark.timeout(900)
@pytest.mark.skipif(not LOUD, reason="PulseAudio is not installed")
def test_a_sound_server_may_freeze_and_die_and_come_back(microphone: VirtualMicrophone, run: LiveRun) -> None:
    def heard(affect: Affect) -> bool:
        return affect.voice_state in ("ok", "silence")

    with run.client("affect") as client:
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
