"""A sensor with LSL streams, another program that records them, and what both have written, side by side."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from paths import ROOT
from runs.live import LiveRun, live_run, wait_for

from liveaffect.nodes.lsl.rows import affect_row, attention_row, face_row, voice_row
from liveaffect.offline import open_session
from liveaffect.stream.messages import Affect, Attention, FaceObservation, VoiceDescriptors

S = 1e9
CLOSE_S = 2e-3
"""Times agree so well."""
QUIET = "[log]\nlevel = -3\n[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\n"
"""Settings of the other program: off the network, as this test is; else those that every LSL program has."""
RECORDER = ROOT / "tests/helpers/lab/recorder.py"


def graph(folder: Path, prefix: str, source: dict[str, Any], **lsl: Any) -> dict[str, Any]:
    """A source, the node `lsl`, a recorder."""
    others = f"starts-with(source_id,'{prefix}2') or source_id='experiment-{prefix}'"
    return {
        **source,
        "lsl": {
            "type": "liveaffect.nodes.lsl:LslNode",
            "streams": prefix,
            "markers": others,
            **lsl,
        },
        "recorder": {"type": "liveaffect.nodes.recorder:RecorderNode", "folder": str(folder / "s"), "autostart": True},
    }


MADE = {
    "people": {"type": "made_people:MadePeopleNode"},
    "attention": {"type": "liveaffect.nodes.attention:AttentionNode"},
}
STREAMS = 10
"""Of `MADE`: affect of two and of a voice, action units and attention of two, descriptors, states, markers."""
SOMETIMES = ("attention-1", "attention-2")
"""Those that have a sample five times a second."""
SELDOM = ("states", "markers", *SOMETIMES)
"""Those that have fewer samples than there are frames."""


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a program that keeps to `QUIET`."""
    config = folder / "lsl_api.cfg"
    config.write_text(QUIET, "ascii")
    return {**os.environ, "LSLAPICFG": str(config)}


def clock_of(ahead_s: int) -> list[str]:
    """What starts a program whose monotonic clock is so far ahead, as that of another machine is (Linux)."""
    return ["unshare", "-r", "-T", "--monotonic", str(ahead_s), "--fork", "--kill-child"] if ahead_s else []


def can_move_clocks() -> bool:
    """Whether this system lets its users have clocks of their own."""
    try:
        return subprocess.run([*clock_of(5), "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Other:
    """The other program's process."""

    def __init__(self, folder: Path, *words: str, ahead_s: int = 0) -> None:
        self.xdf = folder / f"other-{ahead_s}.xdf"
        line = [*clock_of(ahead_s), sys.executable, str(RECORDER), words[0], words[1], str(self.xdf), *words[2:]]
        pipe, env = subprocess.PIPE, surroundings(folder)
        self.process = subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True, env=env)

    def hear(self, begins: str) -> str:
        """Its next line that begins so, without that."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(begins):
                return line[len(begins) :].strip()
        raise AssertionError(f"it ended before it said '{begins}'")

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def counts(self) -> dict[str, int]:
        """Samples that it has read of each stream."""
        self.say("counts")
        return {name: int(count) for name, count in re.findall(r"(\S+)=(\d+)", self.hear("counts "))}

    def counts_of_numbers(self) -> list[int]:
        """Of those streams alone that have a sample for every frame or more."""
        return [count for name, count in self.counts().items() if not name.endswith(SELDOM)]

    def wait_for(self, samples: int) -> None:
        """Until it has read so many of each, and a seventh of that of those that are said five times a second."""

        def here() -> bool:
            sometimes = [count for name, count in self.counts().items() if name.endswith(SOMETIMES)]
            return min(self.counts_of_numbers()) >= samples and min(sometimes, default=samples) >= samples // 7

        wait_for(here, "its samples")

    def stop(self) -> None:
        self.say("stop")
        self.hear("done")
        assert self.process.wait(60) == 0


@contextmanager
def other(folder: Path, *words: str, ahead_s: int = 0) -> Iterator[Other]:
    """The other program for the length of the block; its clock may be ahead of this one."""
    one = Other(folder, *words, ahead_s=ahead_s)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def lab(
    folder: Path, source: dict[str, Any] = MADE, streams: int = STREAMS, **lsl: Any
) -> Iterator[tuple[LiveRun, Other]]:
    """Both, reading each other."""
    prefix = f"t{os.getpid()}"
    with (
        live_run(graph(folder, prefix, source, **lsl)) as run,
        other(folder, prefix, str(streams), f"{prefix}2") as two,
    ):
        two.hear("ready ")
        yield run, two


Streams = dict[str, tuple[np.ndarray[Any, Any], list[Any], dict[str, Any]]]


def recorded(xdf: Path, *, synchronized: bool = False) -> Streams:
    """Stream -> times (s), rows, header; as pyxdf reads it, names without their beginning. `synchronized`: times on the
    clock of who recorded, else on the sensor's own."""
    import pyxdf

    streams, _ = pyxdf.load_xdf(str(xdf), synchronize_clocks=synchronized, dejitter_timestamps=False)
    return {
        one["info"]["name"][0].partition("-")[2]: (np.array(one["time_stamps"]), list(one["time_series"]), one["info"])
        for one in streams
    }


def expected(session: Path) -> dict[str, list[tuple[float, list[float]]]]:
    """Of the sensor's own recording: what each stream should have carried, and when."""
    rows: dict[str, list[tuple[float, list[float]]]] = {}
    for _, message in open_session(session).messages("affect", "attention", "face/observation", "voice/descriptors"):
        at, found = message.t_ns / S, dict[str, list[float]]()
        if isinstance(message, Affect):
            people = {person.id: person for person in message.people}
            found = {f"affect-{seat + 1}": affect_row(people.get(seat), "no_face", seat) for seat in (0, 1)}
            found["affect-voice"] = affect_row(None, message.voice_state, -1)
        elif isinstance(message, FaceObservation):
            faces = {face.id: face for face in message.faces}
            found = {f"action-units-{seat + 1}": face_row(faces.get(seat), "no_face", seat) for seat in (0, 1)}
        elif isinstance(message, Attention):
            looks = {one.id: one for one in message.people}
            mutual = message.mutual
            found = {
                f"attention-{seat + 1}": attention_row(looks.get(seat), mutual, "no_face", seat) for seat in (0, 1)
            }
        elif isinstance(message, VoiceDescriptors):
            found["voice"] = voice_row(message)
        for name, row in found.items():
            rows.setdefault(name, []).append((at, row))
    return rows


def compared(session: Path, streams: Streams) -> dict[str, int]:
    """Stream -> how many samples it has: asserts that from its first one on each is there, once, equal to the sensor's
    own recording and at the same time."""
    counts: dict[str, int] = {}
    for name, ours in expected(session).items():
        times, values, _ = streams[name]
        first = np.searchsorted([at for at, _ in ours], times[0] - CLOSE_S)
        mine = ours[first : first + len(times)]
        assert np.abs(times - [at for at, _ in mine]).max() < CLOSE_S, name
        np.testing.assert_array_equal(np.array(values), np.array([row for _, row in mine], np.float32), name)
        counts[name] = len(times)
    return counts
