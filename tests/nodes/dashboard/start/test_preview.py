"""Looking at devices before the start: the real sources, one at a time, the one before released."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from made.media import grey_ramp, write_video
from runs.live import wait_for

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.dashboard.start.preview import Preview
from liveaffect.nodes.dashboard.start.remedies import absent, remedy, users_of
from liveaffect.nodes.microphone import MicrophoneNode

BARS = "lavfi:testsrc=size=320x240:rate=30"
TONE = "lavfi:sine=frequency=300:sample_rate=48000"


class Kept:
    """What a preview handed over."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.preview = Preview("preview-test", self.messages.append)

    def sizes(self) -> set[tuple[int, ...]]:
        return {m.image.shape[:2] for m in self.messages if m.image is not None}


@pytest.fixture
def kept() -> Any:
    found = Kept()
    yield found
    assert found.preview.close(), "the thread did not end"


def test_a_picture_comes_and_its_facts(kept: Kept, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", grey_ramp(96, 128, 20))
    kept.preview.show(lambda: CameraNode(source=str(film), loop=True))
    wait_for(lambda: len(kept.messages) > 30, "a film that goes round")
    assert kept.sizes() == {(96, 128)}
    assert kept.preview.facts["size"] == [128, 96]
    assert kept.preview.error == ""


def test_switching_shows_only_the_new_one_and_closes_the_file_before(kept: Kept, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", grey_ramp(96, 128, 50))
    kept.preview.show(lambda: CameraNode(source=str(film), loop=True))
    wait_for(lambda: kept.messages, "the film")
    kept.preview.show(lambda: CameraNode(source=BARS))
    kept.messages.clear()
    wait_for(lambda: len(kept.messages) > 5, "the bars")
    assert kept.sizes() == {(240, 320)}
    assert str(film) not in {f.path for f in psutil.Process().open_files()}
    assert not [t for t in threading.enumerate() if t.name == "camera-file" and not t.is_alive()]
    kept.preview.show(None)
    wait_for(lambda: not kept.preview.switching, "nothing")
    kept.messages.clear()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "camera-file"], "the reader's end")
    assert kept.messages == []


def test_many_quick_changes_end_at_the_last(kept: Kept) -> None:
    for width in (64, 96, 128, 160, 192):
        kept.preview.show(lambda width=width: CameraNode(source=f"lavfi:testsrc=size={width}x64:rate=30"))
    wait_for(lambda: kept.messages, "the last")
    assert kept.sizes() <= {(64, 192)}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/nowhere/film.mp4", "/nowhere/film.mp4"),
        ("/dev/video77", "there is no camera at /dev/video77"),
        ("lavfi:no_such_filter", "no_such_filter"),
        ("No Such Brand", "no camera is called 'No Such Brand'"),
    ],
)
def test_an_error_is_said_as_the_sensor_says_it(kept: Kept, source: str, words: str) -> None:
    kept.preview.show(lambda: CameraNode(source=source))
    assert words in wait_for(lambda: kept.preview.error, "the error")


def test_it_can_be_told_to_close_without_waiting(kept: Kept, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", grey_ramp(96, 128, 20))
    kept.preview.show(lambda: CameraNode(source=str(film), loop=True))
    wait_for(lambda: kept.messages, "a picture")
    kept.preview.end()
    wait_for(lambda: not kept.preview._thread.is_alive(), "the end of the thread")


def test_an_error_goes_with_the_choice_that_caused_it(kept: Kept) -> None:
    kept.preview.show(lambda: CameraNode(source="/dev/video77"))
    wait_for(lambda: kept.preview.error, "the error")
    kept.preview.show(lambda: CameraNode(source=BARS))
    assert kept.preview.error == ""
    wait_for(lambda: any(m.image is not None for m in kept.messages), "a picture")


def test_the_microphone_node_runs_in_it_too(kept: Kept) -> None:
    kept.preview.show(lambda: MicrophoneNode(source=TONE))
    wait_for(lambda: len(kept.messages) > 20, "sound")
    assert np.abs(np.concatenate([m.samples for m in kept.messages])).max() > 0.05


def test_remedies_speak_of_the_system_they_are_for() -> None:
    denied = "camera '0' cannot be read: Permission denied; it is tried again until it is there"
    assert "usermod -aG" in remedy("camera", "0", denied, system="linux")
    assert "Privacy & Security → Camera" in remedy("camera", "0", denied, system="darwin")
    assert "Privacy & security → Camera" in remedy("camera", "0", denied, system="win32")
    busy = "camera '0' cannot be read: Device or resource busy; it is tried again until it is there"
    assert "Close the program" in remedy("camera", "0", busy, system="linux")
    assert remedy("camera", "0", "", system="linux") == ""
    assert "passed through" in absent("camera", system="linux")
    assert "Microphone" in absent("microphone", system="darwin")


@pytest.mark.processes
def test_who_uses_a_device_is_named(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "video"
    path.write_text("")
    script = f"open({str(path)!r}); print('open', flush=True); input()"
    script = f"f = {script}"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert any(f"process {child.pid}" in word for word in users_of(str(path)))
        child.kill()
