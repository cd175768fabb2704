"""The recorder: what it keeps by default and when asked, its commands, and that trouble stays with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from mcap.reader import make_reader

from liveaffect.nodes.recorder import RecorderNode
from liveaffect.stream.errors import RecordError
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Ack, AudioChunk, Command, FaceCrop, FaceMesh, Message, VideoFrame
from liveaffect.stream.node import HostInfo, bind
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.media.reader import MediaStore, read_frames
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import MEDIA, VIDEO

RNG = np.random.default_rng(7)


def _frame(seq: int, size: tuple[int, int] = (48, 64)) -> Any:
    image = RNG.integers(0, 256, (*size, 3), np.uint8)
    return VideoFrame(t_ns=seq * 33_000_000, seq=seq, frame_index=seq, image=image)


def _chunk(seq: int) -> Any:
    samples = RNG.standard_normal(160).astype(np.float32)
    return AudioChunk(t_ns=seq * 10_000_000, seq=seq, first_sample=seq * 160, samples=samples)


def _crop(seq: int) -> Any:
    crops = RNG.integers(0, 256, (1, 8, 8, 3), np.uint8)
    return FaceCrop(t_ns=seq, seq=seq, frame_seq=seq, crops=crops, geometry=np.ones((1, 4), np.float32))


def _mesh(seq: int) -> FaceMesh:
    return FaceMesh(t_ns=seq, seq=seq, frame_seq=seq, ids=(0,), landmarks=RNG.random((1, 478, 3), np.float32))


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts a recorder as a live host would; closed at the end of the test."""
    nodes: list[RecorderNode] = []

    def begin(**settings: Any) -> RecorderNode:
        node = RecorderNode(**{"min_free_mb": 0, **settings})
        bind(node, HostInfo(name="recorder", process="recorder"))
        node.open()
        nodes.append(node)
        return node

    yield begin
    for node in nodes:
        node.close()


def _obey(node: RecorderNode, verb: str, target: str = "", **arguments: Any) -> Ack:
    answer = node.obey(Command(t_ns=5, seq=0, verb=verb, target=target, arguments=arguments, request_id="r1"))
    assert isinstance(answer, Ack)
    assert answer.request_id == "r1"
    return answer


def _back(folder: Path, kind: type[Message]) -> list[Any]:
    return [message for _, message in SessionReader(folder).messages() if isinstance(message, kind)]


def _store(folder: Path) -> MediaStore:
    spans = (message for _, message in SessionReader(folder).messages([MEDIA.name]))
    return MediaStore(folder, spans)  # type: ignore[arg-type]


def test_by_default_neither_pixels_nor_sound_nor_meshes_are_on_the_disk(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True)
    frame, chunk, crop, mesh = _frame(0, (240, 320)), _chunk(0), _crop(0), _mesh(0)
    for message in (frame, chunk, crop, mesh):
        node.take(message)
    node.close()
    assert {path.name for path in folder.iterdir()} == {"session.mcap", "session.json"}
    assert _back(folder, VideoFrame)[0].image is None
    assert _back(folder, AudioChunk)[0].samples is None
    assert _back(folder, FaceCrop)[0].crops is None
    assert _back(folder, FaceMesh)[0].landmarks is None
    stored = (folder / "session.mcap").stat().st_size
    assert stored < frame.image.nbytes
    kept = load_info(folder).persisted
    assert (kept.video, kept.audio, kept.mesh, kept.crops) == ("no", False, False, False)


def test_lossless_video_gives_every_pixel_back_at_odd_and_changing_sizes(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True, video="lossless")
    frames = [_frame(seq, (48, 64) if seq < 5 else (37, 51)) for seq in range(9)]
    frames.insert(3, VideoFrame(t_ns=3, seq=90, state="no_device"))
    for frame in frames:
        node.take(frame)
    node.close()
    assert load_info(folder).persisted.video == "lossless"
    assert {"video.mkv", "video-1.mkv"} <= set(load_info(folder).files)
    store = _store(folder)
    for frame in frames:
        found: Any = store.attach(msgspec.structs.replace(frame, image=None))
        assert found is not None
        assert (found.image is None) == (frame.image is None)
        assert frame.image is None or np.array_equal(found.image, frame.image)


@pytest.mark.parametrize("step_ns", [33_333_333, 1])
def test_lossless_frames_are_found_in_any_order(tmp_path: Path, start: Any, step_ns: int) -> None:
    random = np.random.default_rng(1)
    images = [random.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(80)]
    frames = [VideoFrame(t_ns=10**12 + n * step_ns, seq=n, image=image) for n, image in enumerate(images)]
    node = start(folder=str(tmp_path / "s"), autostart=True, video="lossless")
    for frame in frames:
        node.take(frame)
    node.close()
    reader = SessionReader(tmp_path / "s")
    spans = [message for _, message in reader.messages([MEDIA.name])]
    headers = [message for _, message in reader.messages([VIDEO.name])]
    store = MediaStore(tmp_path / "s", spans)  # type: ignore[arg-type]
    for number in (70, 3, 79, 40, 41, 42, 60, 0):
        found = store.attach(headers[number])
        assert isinstance(found, VideoFrame)
        assert np.array_equal(found.image, images[number])  # type: ignore[arg-type]


def test_a_torn_lossless_film_is_read_up_to_the_tear(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True, video="lossless")
    for seq in range(60):
        node.take(_frame(seq))
    torn = tmp_path / "torn.mkv"  # what a killed recorder leaves
    torn.write_bytes((folder / "video.mkv").read_bytes())
    assert 30 <= sum(1 for _ in read_frames(torn)) <= 60


def test_sound_comes_back_bit_for_bit_and_plays_anywhere(tmp_path: Path, start: Any) -> None:
    soundfile = pytest.importorskip("soundfile")
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True, audio=True)
    chunks = [_chunk(seq) for seq in range(123)]
    for chunk in chunks:
        node.take(chunk)
    node.close()
    heard, rate = soundfile.read(folder / "audio.wav", dtype="float32")
    assert rate == 16000
    assert np.array_equal(heard, np.concatenate([chunk.samples for chunk in chunks]))
    store = _store(folder)
    found: Any = store.attach(msgspec.structs.replace(chunks[77], samples=None))
    assert found is not None
    assert np.array_equal(found.samples, chunks[77].samples)


def test_h264_is_a_message_that_viewers_know(tmp_path: Path, start: Any) -> None:
    av = pytest.importorskip("av")
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True, video="h264")
    for seq in range(10):
        node.take(_frame(seq, (49, 65)))
    node.close()
    decoder = av.CodecContext.create("h264", "r")
    with (folder / "session.mcap").open("rb") as file:
        found = list(make_reader(file).iter_messages(topics=["video/h264"]))
    assert len(found) == 10
    assert {schema.name for schema, _, _ in found if schema} == {"foxglove.CompressedVideo"}
    pictures = 0
    for _, _, record in found:
        body = msgspec.json.decode(record.data)
        assert body["format"] == "h264"
        data = msgspec.convert(body["data"], bytes, strict=False)
        assert data[:4] == b"\0\0\0\1"
        pictures += len(decoder.decode(av.Packet(data)))
    assert pictures == 10


def test_recording_begins_and_ends_by_command(tmp_path: Path, start: Any) -> None:
    node = start(folder=str(tmp_path / "s"))
    node.take(_frame(0))
    assert not (tmp_path / "s").exists()
    assert _obey(node, "record", action="status").text == "not recording"
    assert _obey(node, "record", action="start", mesh=True).ok
    assert node.status().recording
    again = _obey(node, "record", action="start")
    assert not again.ok
    assert "already recording" in again.text
    node.take(_mesh(3))
    stopped = _obey(node, "record", action="stop")
    assert stopped.ok
    assert "COMPLETE" in stopped.text
    assert _back(tmp_path / "s", FaceMesh)[0].landmarks is not None
    assert not _obey(node, "record", action="stop").ok
    assert _obey(node, "record", action="start").ok
    assert (tmp_path / "s-2" / "session.json").exists()


@pytest.mark.parametrize("arguments", [{}, {"action": "jump"}, {"action": "start", "vidoe": "no"}, {"action": 3}])
def test_a_command_with_wrong_arguments_is_refused_in_words(tmp_path: Path, start: Any, arguments: Any) -> None:
    node = start(folder=str(tmp_path / "s"))
    answer = _obey(node, "record", **arguments)
    assert not answer.ok
    assert answer.text


@pytest.mark.parametrize("folder", ["a\0b", "x" * 5000])
def test_e03_a_folder_that_cannot_be_is_refused_and_the_recorder_lives(folder: str, start: Any) -> None:
    node = start()
    answer = _obey(node, "record", action="start", folder=folder)
    assert not answer.ok
    assert answer.text
    assert _obey(node, "record", action="status").text == "not recording"


def test_commands_for_others_are_recorded_but_not_answered(tmp_path: Path, start: Any) -> None:
    node = start(folder=str(tmp_path / "s"), autostart=True)
    assert node.obey(Command(t_ns=1, seq=0, verb="settings", target="face")) is None
    for target in ("", "recorder"):
        assert node.obey(Command(t_ns=1, seq=0, verb="baseline", target=target)) is None
    node.close()
    assert len(_back(tmp_path / "s", Command)) == 3


def test_e28_sound_is_whole_on_a_system_that_cannot_write_at_a_place_in_one_call(
    tmp_path: Path, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pwrite", raising=False)
    node = start(folder=str(tmp_path / "s"), autostart=True, audio=True)
    chunks = [_chunk(seq) for seq in range(160)]
    for chunk in chunks[:120]:
        node.take(chunk)
    soundfile = pytest.importorskip("soundfile")
    early, _ = soundfile.read(tmp_path / "s" / "audio.wav", dtype="float32")
    assert len(early) == 100 * 160, "the header is right after every half second"
    for chunk in chunks[120:]:
        node.take(chunk)
    node.close()
    heard, _ = soundfile.read(tmp_path / "s" / "audio.wav", dtype="float32")
    assert np.array_equal(heard, np.concatenate([chunk.samples for chunk in chunks]))


def test_privacy_stops_pixels_and_sound_at_once_and_is_noted(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / "s"
    node = start(folder=str(folder), autostart=True, video="lossless", audio=True, crops=True)
    for seq in range(6):
        if seq in (2, 4):
            assert _obey(node, "privacy", on=seq == 2).ok
        for message in (_frame(seq), _chunk(seq), _crop(seq)):
            node.take(message)
    node.close()
    assert len(list(read_frames(folder / "video.mkv"))) == 4
    assert (folder / "audio.wav").stat().st_size == 58 + 4 * 160 * 4
    assert [crop.crops is None for crop in _back(folder, FaceCrop)] == [False, False, True, True, False, False]
    assert [event["on"] for event in load_info(folder).privacy] == [True, False]
    assert len(_back(folder, VideoFrame)) == 6


def test_it_records_what_a_lockstep_run_publishes(tmp_path: Path) -> None:
    node = RecorderNode(folder=str(tmp_path / "s"), autostart=True, min_free_mb=0)
    run_nodes(node, inputs=[_frame(0), _chunk(0), _frame(1)])
    assert len(_back(tmp_path / "s", Message)) == 3
    assert load_info(tmp_path / "s").state == "COMPLETE"


def test_a_disk_without_room_is_an_answer_not_a_crash(tmp_path: Path, start: Any) -> None:
    node = start(folder=str(tmp_path / "s"), min_free_mb=1 << 40)
    answer = _obey(node, "record", action="start")
    assert not answer.ok
    assert "free some" in answer.text
    node.take(_frame(0))


def test_trouble_while_recording_is_told_and_the_node_lives_on(tmp_path: Path, start: Any) -> None:
    node = start(folder=str(tmp_path / "s"), autostart=True, audio=True)
    node.take(_chunk(0))
    node._media._sound._file.close()
    node._media._sound._file = open(os.devnull, "rb")  # noqa: PTH123, SIM115 (a file that cannot be written)
    node.take(_chunk(1))
    node.take(_chunk(2))
    assert "recording ended" in node.trouble()
    assert load_info(tmp_path / "s").state == "INCOMPLETE"


def test_an_unusable_folder_stops_the_start_with_its_name(tmp_path: Path, start: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="file"):
        start(folder=str(tmp_path / "file" / "s"), autostart=True)
