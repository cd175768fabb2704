"""Scoring in bursts changes neither the order of the stream nor a bit; batches for a GPU only round."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
from made.media import write_clip

from liveaffect.offline.scoring.ahead import AheadHost
from liveaffect.stream.graph import Graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import AudioChunk, FaceObservation, Tick, VideoFrame, VoiceDescriptors
from liveaffect.stream.node import Node, SourceContext, ahead_of, on, source
from liveaffect.stream.topics import AUDIO, FACE, TICK, VIDEO, VOICE

pytestmark = pytest.mark.processes

FRAMES = 20
"""More than one burst of 16."""
SCRIPT = """
import sys
from pathlib import Path
from liveaffect.nodes.face.privacy import close_door
close_door()
from liveaffect.offline.scoring.pipeline import FileRun, ScoreSettings
from liveaffect.models.files.net import Net
from liveaffect.nodes.face_affect import FaceAffectNode
from liveaffect.stream.node import ahead_of
from liveaffect.stream.topics import CROP

clip, out = Path(sys.argv[1]), Path(sys.argv[2])
most_frames = most_rows = 0
prepare, run = FaceAffectNode.prepare, Net.run

@ahead_of(CROP)
def counted(node, crops):
    global most_frames
    most_frames = max(most_frames, len(crops))
    prepare(node, crops)

def watched(session, feeds):
    global most_rows
    if "crops" in feeds:
        most_rows = max(most_rows, len(feeds["crops"]))
    return run(session, feeds)

FaceAffectNode.prepare, Net.run = counted, watched
together = FaceAffectNode.together
for name, ahead, words in (
    ("one", 1, ()), ("bursts", 0, ()), ("batches", 16, ()), ("gpu", 0, ("face_affect.provider=cuda",)),
):
    FaceAffectNode.together = property(lambda _: True) if name == "batches" else together
    settings = ScoreSettings(overrides=words)
    run_of, lines = FileRun(clip, "clip", settings, ahead=ahead), []
    messages = run_of.messages

    def noted():
        for topic, m in messages():
            lines.append(f"{topic.name} {m.t_ns} {m.seq} {getattr(m, 'frame_seq', 0)}")
            yield topic, m

    run_of.messages = noted
    run_of.write(out / f"{name}.parquet")
    (out / f"{name}.txt").write_text("\\n".join(lines))
    (out / f"{name}.warnings").write_text("\\n".join(run_of.warnings()))
    print(name, type(run_of.host).__name__, most_frames, most_rows)
    most_frames = most_rows = 0
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> tuple[Path, str]:
    """Two faces and a voice, scored message by message, in bursts, in batches, and with a GPU asked for that may not be
    there."""
    out = tmp_path_factory.mktemp("tables")
    with av.open(str(clips / "intel_head-pose-face-detection-female-and-male.gif")) as two:
        pictures = [frame.to_ndarray(format="rgb24") for frame in islice(two.decode(video=0), FRAMES)]
    with av.open(str(clips / "grid_f_brbk7n.mpg")) as spoken:
        mono = av.AudioResampler(format="flt", layout="mono", rate=48000)
        parts = [part.to_ndarray().ravel() for frame in spoken.decode(audio=0) for part in mono.resample(frame)]
    film = write_clip(out / "film.mp4", pictures, np.concatenate(parts))
    command = [sys.executable, "-c", SCRIPT, str(film), str(out)]
    return out, subprocess.run(command, capture_output=True, text=True, timeout=900, check=True).stdout


def test_the_net_gets_frames_in_bursts_and_only_a_gpu_gets_their_faces_in_one_run(runs: tuple[Path, str]) -> None:
    said = [line.split() for line in runs[1].splitlines()]
    assert said[0][:3] == ["one", "LockstepHost", "0"]
    assert said[1][:3] == ["bursts", "AheadHost", "16"]
    assert int(said[0][3]) == int(said[1][3]) == 2
    assert said[2][:3] == ["batches", "AheadHost", "16"]
    assert int(said[2][3]) >= 12
    assert said[3][1] == "AheadHost"


def test_the_order_of_the_stream_is_that_of_one_host(runs: tuple[Path, str]) -> None:
    one = (runs[0] / "one.txt").read_text("utf-8")
    assert one.count("face/affect") == FRAMES
    for name in ("bursts", "batches", "gpu"):
        assert (runs[0] / f"{name}.txt").read_text("utf-8") == one


def test_bursts_on_a_cpu_give_the_bytes_of_one_message_at_a_time(runs: tuple[Path, str]) -> None:
    assert (runs[0] / "bursts.parquet").read_bytes() == (runs[0] / "one.parquet").read_bytes()


def test_batches_differ_by_rounding_only(runs: tuple[Path, str]) -> None:
    one = pl.read_parquet(runs[0] / "one.parquet")
    assert one["face_valence"].drop_nulls().len() >= FRAMES - 4
    for name in ("batches", "gpu"):
        other = pl.read_parquet(runs[0] / f"{name}.parquet")
        assert other.schema == one.schema
        assert other.height == one.height
        for column, kind in one.schema.items():
            assert (other[column].is_null() == one[column].is_null()).all(), column
            if kind.is_numeric():
                np.testing.assert_allclose(other[column].to_numpy(), one[column].to_numpy(), rtol=0, atol=1e-3)
            else:
                assert (other[column] == one[column]).all(), column


def test_a_net_that_runs_elsewhere_than_asked_is_told_and_gives_the_numbers_of_one_frame_at_a_time(
    runs: tuple[Path, str],
) -> None:
    said = (runs[0] / "gpu.warnings").read_text("utf-8")
    if not said:  # there is a GPU
        pytest.skip("the GPU that was asked for is there")
    assert "not on CUDAExecutionProvider as asked" in said
    gpu, one = (pl.read_parquet(runs[0] / f"{name}.parquet") for name in ("gpu", "one"))  # their footers tell settings
    assert gpu.write_ipc(None).getvalue() == one.write_ipc(None).getvalue()


class Eyes(Node):
    """Frames every 40 ms."""

    @source(emits=VIDEO)
    def frames(self, _context: SourceContext) -> Iterator[VideoFrame]:
        for k in range(40):
            yield VideoFrame(t_ns=k * 40_000_000, image=np.zeros((2, 2, 3), np.uint8))


class Ears(Node):
    """Sound every 10 ms, and a little longer."""

    @source(emits=AUDIO)
    def hops(self, _context: SourceContext) -> Iterator[AudioChunk]:
        for k in range(190):
            yield AudioChunk(t_ns=k * 10_000_000)


class Looks(Node):
    """A face in every frame."""

    @on(VIDEO, emits=FACE)
    def step(self, frame: VideoFrame) -> FaceObservation:
        assert frame.image is not None
        return FaceObservation(t_ns=frame.t_ns, frame_seq=frame.seq)


class Listens(Node):
    """Descriptors of every hop."""

    @on(AUDIO, emits=VOICE)
    def step(self, chunk: AudioChunk) -> VoiceDescriptors:
        return VoiceDescriptors(t_ns=chunk.t_ns)


class Notes(Node):
    """Writes down all it hears, in order."""

    def open(self) -> None:
        self.heard: list[tuple[str, int]] = []

    @on(FACE)
    def face(self, face: FaceObservation) -> None:
        self.heard.append(("face", face.t_ns))

    @on(VOICE)
    def voice(self, voice: VoiceDescriptors) -> None:
        self.heard.append(("voice", voice.t_ns))

    @on(TICK)
    def tick(self, tick: Tick) -> None:
        self.heard.append(("tick", tick.t_ns))


class Watches(Node):
    """A node behind that wants the pixels too."""

    def open(self) -> None:
        self.seen = 0

    @on(VIDEO)
    def frame(self, frame: VideoFrame) -> None:
        assert frame.image is not None
        self.seen += 1

    @on(TICK)
    def tick(self, _tick: Tick) -> None: ...


@pytest.mark.parametrize("pixels", [False, True])
def test_what_is_behind_two_chains_hears_them_and_the_ticks_in_the_order_of_one_host(pixels: bool) -> None:
    told: list[list[tuple[str, int]]] = []
    streams: list[list[tuple[str, int, int]]] = []
    for host in (LockstepHost, AheadHost):
        notes, watches = Notes(), Watches()
        nodes: list[Node] = [Eyes(), Ears(), Looks(), Listens(), notes, *([watches] if pixels else [])]
        streams.append([(topic.name, message.t_ns, message.seq) for topic, message in host(Graph.of(*nodes)).run()])
        told.append(notes.heard)
        assert not pixels or watches.seen == 40
    assert told[0] == told[1]
    assert streams[0] == streams[1]
    assert {name for name, _ in told[0]} == {"face", "voice", "tick"}


def test_frames_that_nobody_behind_reads_come_without_their_pixels() -> None:
    frames = [
        m
        for _, m in AheadHost(Graph.of(Eyes(), Looks(), Notes(), Ears(), Listens())).run()
        if isinstance(m, VideoFrame)
    ]
    assert [frame.image for frame in frames] == [None] * 40


class Batched(Node):
    """A node that takes sound in batches before it handles it."""

    def open(self) -> None:
        self.batches: list[int] = []
        self.ready: set[int] = set()

    def burst(self) -> int:
        return 7

    @ahead_of(AUDIO)
    def prepare(self, chunks: Sequence[AudioChunk]) -> None:
        self.batches.append(len(chunks))
        self.ready |= {chunk.seq for chunk in chunks}

    @on(AUDIO)
    def step(self, chunk: AudioChunk) -> None:
        assert chunk.seq in self.ready


def test_a_node_that_declares_it_takes_messages_in_batches_before_it_handles_them() -> None:
    node = Batched()
    heard = [topic for topic, _ in AheadHost(Graph.of(Ears(), node)).run() if topic is AUDIO]
    assert len(heard) == 190
    assert node.batches == [7] * 27 + [1]
    node = Batched()
    assert sum(topic is AUDIO for topic, _ in AheadHost(Graph.of(Ears(), node), ahead=50).run()) == 190
    assert node.batches == [50, 50, 50, 40]
