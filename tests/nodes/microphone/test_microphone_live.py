"""The microphone live: files in real time, and a sound server that freezes, dies and returns."""

import itertools
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from devices.virtual_microphone import RATE, VirtualMicrophone, environment, missing_programs
from made.media import grey_ramp, write_clip
from paths import HELPERS
from runs.running_source import RunningSource

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.microphone import MicrophoneNode, list_microphones
from liveaffect.nodes.microphone.sound import Sound
from liveaffect.stream.capture.media import probe
from liveaffect.stream.messages import AudioChunk
from liveaffect.stream.node import HostInfo, bind

pytestmark = pytest.mark.processes

MS = 1_000_000
needs_pulseaudio = pytest.mark.skipif(
    bool(missing_programs()), reason=f"a virtual microphone needs {', '.join(missing_programs()) or 'nothing'}"
)


def gone(chunk: AudioChunk) -> bool:
    return chunk.state == "no_device" and chunk.samples is None


def heard(chunk: AudioChunk) -> bool:
    return chunk.state == "ok" and chunk.samples is not None


def opened(**settings: object) -> MicrophoneNode:
    microphone = MicrophoneNode(**settings)  # type: ignore[arg-type]
    microphone.open()
    return microphone


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of picture and noise."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 96000).astype(np.float32)
    return write_clip(tmp_path / "a.mkv", grey_ramp(48, 64, 50), noise, codecs=("mpeg4", "pcm_s16le"))


def test_a_live_file_gives_the_hops_of_the_file_on_the_epoch(clip: Path) -> None:
    offline = {hop.t_ns: hop.samples for hop in Sound(str(clip), probe(clip))}
    with RunningSource(opened(source=str(clip)).hops, time.monotonic_ns() + 100 * MS) as run:
        run.wait_end()
    assert run.messages.pop().last
    assert len(run.messages) == len(offline)
    for chunk in run.messages:
        assert np.array_equal(chunk.samples, offline[chunk.t_ns - run.context.epoch_ns])
    assert all(seen >= c.t_ns + 10 * MS for seen, c in zip(run.seen_ns[:-1], run.messages, strict=True))


def test_a_file_joined_late_gives_the_same_hops_from_there_on(clip: Path) -> None:
    offline = {hop.t_ns: hop for hop in Sound(str(clip), probe(clip))}
    microphone = opened(source=str(clip))
    bind(microphone, HostInfo(name="microphone", incarnation=1))
    with RunningSource(microphone.hops, time.monotonic_ns() - 1000 * MS) as run:
        run.wait_end()
    first = run.messages[0]
    assert first.gap
    assert first.t_ns - run.context.epoch_ns >= 980 * MS
    for chunk in run.messages[:-1]:
        same = offline[chunk.t_ns - run.context.epoch_ns]
        assert np.array_equal(chunk.samples, same.samples)
        assert chunk.first_sample == same.first_sample


def test_camera_and_microphone_of_one_file_share_its_time(clip: Path) -> None:
    camera = CameraNode(source=str(clip))
    camera.open()
    epoch = time.monotonic_ns() + 200 * MS
    with RunningSource(camera.frames, epoch) as picture, RunningSource(opened(source=str(clip)).hops, epoch) as sound:
        picture.wait_end()
        sound.wait_end()
    assert picture.messages[0].t_ns == sound.messages[0].t_ns == epoch


def test_a_looped_file_goes_on_in_time(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * 3200))
    with RunningSource(opened(source=str(path), loop=True).hops, time.monotonic_ns() + 50 * MS) as run:
        run.wait(lambda: len(run.messages) >= 60)
    assert {b.t_ns - a.t_ns for a, b in itertools.pairwise(run.messages)} == {10 * MS}
    assert {b.first_sample - a.first_sample for a, b in itertools.pairwise(run.messages)} == {160}


def test_a_microphone_that_is_not_there_is_a_typed_state_and_not_an_error() -> None:
    with RunningSource(opened(source="no such microphone at all").hops) as run:
        run.wait(lambda: len(run.messages) >= 3)
    assert all(gone(c) for c in run.messages)
    assert "microphone" in run.context.info["error"]
    assert np.diff([c.t_ns for c in run.messages]).min() >= 490 * MS


def test_listing_microphones_never_fails() -> None:
    assert all(item.channels > 0 for item in list_microphones())


@pytest.fixture
def server() -> Iterator[VirtualMicrophone]:
    with VirtualMicrophone() as microphone, environment(microphone.settings):
        from liveaffect.nodes.microphone.devices import restart

        restart()
        yield microphone


TRIES = 4
"""A sound server that is not run in time leaves samples out or puts silence in: then it is played again."""


@needs_pulseaudio
def test_what_is_played_is_heard_bit_for_bit(server: VirtualMicrophone, tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).integers(-20000, 20000, 8000).astype(np.int16)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(3200) + numbers.tobytes())  # PulseAudio swallows some milliseconds at the start
    for _ in range(TRIES):
        with RunningSource(opened(source="pulse").hops) as run:
            run.wait_for(heard)
            assert server.play(tmp_path / "a.wav").wait(120) == 0
            loud = run.wait_for(lambda c: heard(c) and bool(np.abs(c.samples).max() > 0.1))
            run.wait_for(lambda c: heard(c) and not c.samples.any(), after=loud)
            chunks = [c for c in run.messages if heard(c)]
        signal = np.concatenate([c.samples for c in chunks])
        start = int(np.flatnonzero(signal)[0]) - int(np.flatnonzero(numbers)[0])
        whole = np.array_equal(signal[start : start + 8000], numbers / np.float32(32768))
        if whole and not any(c.gap for c in chunks):
            break
    else:
        pytest.fail("what is heard is never what was played")
    steps = np.diff([c.t_ns for c in chunks]) / MS
    assert abs(steps - 10).max() <= 2.0


@needs_pulseaudio
def test_a_frozen_sound_server_is_noticed_and_heard_again_when_it_goes_on(server: VirtualMicrophone) -> None:
    with RunningSource(opened(source="pulse", stall_s=0.5).hops) as run:
        run.wait_for(heard)
        server.freeze()
        lost = run.wait_for(gone, after=len(run.messages))
        assert "has sent nothing" in run.context.info["error"]
        run.wait(lambda: len(run.messages) > lost + 2)  # it goes on saying so while PortAudio is stuck
        server.thaw()
        back = run.wait_for(heard, after=lost)
        assert run.messages[back].gap
        run.wait(lambda: run.context.info["error"] == "")
    assert all(b.t_ns > a.t_ns for a, b in itertools.pairwise(run.messages))


@needs_pulseaudio
def test_a_sound_server_that_dies_and_returns_is_heard_again_without_a_hand(server: VirtualMicrophone) -> None:
    with RunningSource(opened(source="pulse").hops) as run:
        run.wait_for(heard)
        server.stop()
        lost = run.wait_for(gone, after=len(run.messages))
        run.wait(lambda: len(run.messages) > lost + 1)
        server.start()
        back = run.wait_for(heard, after=lost)
        assert run.messages[back].gap
        later = run.wait_for(heard, after=back + 1)
        assert not run.messages[later].gap
    assert all(b.first_sample >= a.first_sample for a, b in itertools.pairwise(run.messages))


@needs_pulseaudio
def test_a_sound_server_that_is_killed_while_frozen_frees_the_microphone(server: VirtualMicrophone) -> None:
    with RunningSource(opened(source="pulse", stall_s=0.5).hops) as run:
        run.wait_for(heard)
        server.freeze()
        lost = run.wait_for(gone, after=len(run.messages))
        server.stop()
        server.start()
        assert run.messages[run.wait_for(heard, after=lost)].gap


@needs_pulseaudio
def test_a_process_ends_although_its_sound_server_is_frozen(server: VirtualMicrophone) -> None:
    code = (
        "from runs.running_source import RunningSource; from liveaffect.nodes.microphone import MicrophoneNode\n"
        "microphone = MicrophoneNode(source='pulse', stall_s=0.5); microphone.open()\n"
        "with RunningSource(microphone.hops) as run:\n"
        "    run.wait_for(lambda c: c.state == 'ok'); print('heard', flush=True)\n"
        "    run.wait_for(lambda c: c.state == 'no_device')\n"
    )
    env = server.env | {"PYTHONPATH": str(HELPERS)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "heard\n"
        server.freeze()
        assert process.wait(120) == 0


@needs_pulseaudio
def test_the_virtual_microphone_is_listed(server: VirtualMicrophone) -> None:
    assert "pulse" in {item.name for item in list_microphones()}
