"""The desktop program as a user has it: real windows on a display of its own, the real graph, a virtual microphone.

What the user does stands in `tests/helpers/desktop_user.py`; pictures of every state go to out/pictures/live_*.png.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from devices.virtual_microphone import VirtualMicrophone, missing_programs
from made.media import fewer_pictures
from paths import HELPERS
from runs.live import collect, wait_for
from windows.xvfb import Xvfb, xvfb_missing

from liveaffect.models.face.baseline import load_baseline
from liveaffect.stream.client.connection import Client, connect
from liveaffect.stream.messages import Baseline, Health
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.survey import replayed, survey

RUN = HELPERS / "desktop_run.py"
LIMIT_S = 600.0
TIMES = 6
"""The clip's voice is heard so many times over."""
FPS = 5
"""Pictures a second of the film: what happens is tested, not how much there is to do."""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing_programs()), reason="PulseAudio is not installed"),
    pytest.mark.skipif(xvfb_missing(), reason="Xvfb is not installed"),
]


def speech(clip: Path, path: Path) -> Path:
    """The sound of a clip as a WAV file, over and over."""
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(np.tile(samples, TIMES).tobytes())
    return path


@pytest.fixture
def desk(demo_clip: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user with a display, a microphone that hears the demo's voice, and a home of their own."""
    with Xvfb() as display, VirtualMicrophone() as microphone:
        microphone.play(speech(demo_clip, tmp_path / "speech.wav"))
        own = {name: value for name, value in microphone.settings.items() if name != "HOME"}  # models lie in the cache
        (tmp_path / "config").mkdir()
        yield {
            **os.environ,
            **own,
            "DISPLAY": display.name,
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "STORY_CLIP": str(fewer_pictures(demo_clip, tmp_path / "story.mp4", every=30 // FPS, fps=FPS)),
        }


@contextmanager
def desktop(env: dict[str, str], story: str, folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`liveaffect WORDS...`, with the user of that story in front of its main window."""
    with (folder / f"{story}.log").open("wb") as log:
        command = [sys.executable, str(RUN), story, str(folder), *words]
        program = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            yield program
        finally:
            if program.poll() is None:
                program.send_signal(signal.SIGINT)
            try:
                program.wait(120)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def at_rest(client: Client) -> Baseline:
    """Captures neutral seconds until a face was there: the demo's leaves now and then."""
    found: Baseline | None = None
    while found is None or found.state != "done":
        asked = client.request("baseline", action="capture", seconds=3.0)
        assert asked.ok, asked.text
        found = next(m for m in collect(client, lambda got: got and isinstance(got[-1], Baseline))[::-1])  # type: ignore[assignment]
    return found


def saw(folder: Path, story: str) -> dict[str, Any]:
    """What the user of a story saw, once it is over."""
    path = folder / f"{story}.json"
    log = folder / f"{story}.log"

    def read() -> dict[str, Any] | None:
        try:
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    try:
        found = wait_for(read, f"the end of the story '{story}'", LIMIT_S)
    except AssertionError as error:
        raise AssertionError(f"{error}: {log.read_text('utf-8', 'replace') if log.exists() else ''}") from None
    assert "failed" not in found, found["failed"]
    assert found["foreign"] == [], "the window's process has imported what brings another Qt"
    return found


def test_two_people_are_told_apart_and_closing_the_window_ends_the_sensor(
    desk: dict[str, str], clips: Path, tmp_path: Path
) -> None:
    clip = clips / "intel_head-pose-face-detection-female-and-male.gif"
    words = ["live", "--camera", str(clip), "--set", "camera.loop=true"]
    words += [part for name in ("microphone", "voice", "voice_affect") for part in ("--set", f"{name}.enabled=false")]
    with desktop(desk, "people", tmp_path, *words) as live:
        assert saw(tmp_path, "people")["turned"]
        assert live.wait(120) == 0


def test_a_recording_outlives_its_window_a_fault_and_is_replayed(desk: dict[str, str], tmp_path: Path) -> None:
    sessions = f'recorder.sessions="{tmp_path / "sessions"}"'
    with desktop(desk, "main", tmp_path, "live", "--set", sessions) as live:
        saw(tmp_path, "first")
        seen = saw(tmp_path, "main")
        assert "face" in seen["reason"]
        time_closed_ns = time.monotonic_ns()
        with connect(seen["address"], topics=["baseline", "affect"]) as client:
            rest = at_rest(client)
        wait_for(
            lambda: "the recording goes on" in (tmp_path / "main.log").read_text(), "the word on how to look again"
        )
        with desktop(desk, "again", tmp_path, "view", seen["address"]) as view:
            found = saw(tmp_path, "again")
            assert view.wait(120) == 0
        assert live.poll() is None, "the sensor ended with a window that does not own it"
        live.send_signal(signal.SIGINT)
        assert live.wait(120) == 0
    session = Path(found["session"])
    reader = SessionReader(session)
    assert (reader.state, reader.info.reason) == ("COMPLETE", "stopped")
    assert [entry["on"] for entry in reader.info.privacy] == [True, False]
    kept = load_baseline(session / Path(rest.file).name)
    assert (kept.valence, kept.rows) == (rest.valence, rest.rows)
    assert f"Face {rest.face_id} at rest" in found["baseline"]
    health = [message for _, message in reader.messages(["health"]) if isinstance(message, Health)]
    assert "node_down" in {one.state for one in health if one.node == "face"}
    estimates = [message.t_ns for _, message in reader.messages(["affect"])]
    assert min(estimates) < time_closed_ns < max(estimates)
    longest_s = max(later - earlier for earlier, later in itertools.pairwise(estimates)) / 1e9
    assert longest_s < 30, "the recording has a hole"
    with desktop(desk, "replay", tmp_path, "view", str(session)) as view:
        played = saw(tmp_path, "replay")
        assert view.wait(120) == 0
    assert {"1", "stimulus on", "2"} <= set(played["markers"])
    told = survey(reader, replayed(reader))
    assert told is not None
    assert [tuple(span) for span in played["missing"]] == told.missing
    assert played["words"] == "replay"
