"""A damaged time stamp makes no thousands of empty rows: where nothing is there for long, a film has none."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_clip

from liveaffect.offline import ScoreSettings, score_batch
from liveaffect.offline.scoring.batch import Listener
from liveaffect.offline.tables.score import LEAST_HOLE_NS, TableBuilder
from liveaffect.stream import messages as m

STEP_NS = 100_000_000


def stream(seconds: int, sound_until_s: int, sound_from_s: int) -> Iterator[m.Message]:
    """A picture in the first half second and one at the end; ticks between; sound but for a stretch."""
    for k in range(seconds * 10 + 1):
        t_ns = k * STEP_NS
        if not sound_until_s <= t_ns / 1e9 < sound_from_s:
            yield from (m.VoiceDescriptors(t_ns=t_ns + n * 10_000_000, speech_prob=0.1) for n in range(10))
        seen = k < 5 or k == seconds * 10
        yield m.Affect(t_ns=t_ns, frame_seq=k if seen else -1, state="stale", face_state="ok" if seen else "stale")


@pytest.mark.parametrize("holes", [True, False])
def test_where_neither_picture_nor_sound_is_there_for_long_a_film_has_no_rows(holes: bool) -> None:
    builder = TableBuilder("film", sound=True, holes=holes)
    for message in stream(100, 20, 90):
        builder.add(message)
    times = builder.finish()["t_s"].to_list()
    whole = [k / 10 for k in range(1001)]
    if holes:
        assert times == whole
        assert not builder.left_out
        return
    last = 19.99 + LEAST_HOLE_NS / 1e9
    assert times == [t for t in whole if t <= last or t >= 90]
    assert [(round(begin / 1e9, 2), end / 1e9) for begin, end in builder.left_out] == [(29.99, 89.9)]


@pytest.mark.usefixtures("score_here")
def test_a_leap_of_time_stamps_is_said_and_has_no_rows(tmp_path: Path) -> None:
    launch = tmp_path / "launch.toml"
    nodes = '[microphone]\ntype = "liveaffect.nodes.microphone:MicrophoneNode"\n'
    launch.write_text(LAUNCH + nodes, "utf-8")
    images = [np.full((48, 64, 3), 100, np.uint8)] * 10
    film = write_clip(tmp_path / "film.mkv", images, np.zeros(32000, np.float32), fps=5, rate=16000)
    leaping = leap(film, tmp_path / "leap.mkv", 3600.0)
    batch = score_batch(
        [str(leaping)], tmp_path / "t.parquet", settings=ScoreSettings(launch), listener=(said := Said())
    )
    assert not batch.failures
    assert pl.read_parquet(tmp_path / "t.parquet").height < 200
    assert "no picture and no sound from " in said.texts[0]


class Said(Listener):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def warn(self, text: str) -> None:
        self.texts.append(text)


def leap(film: Path, target: Path, by_s: float) -> Path:
    """Copies a film, its last picture so much later."""
    with av.open(str(film)) as source, av.open(str(target), "w") as output:
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        packets = [packet for packet in source.demux() if packet.dts is not None]
        last = [packet for packet in packets if packet.stream.type == "video"][-1]
        shift = round(by_s / last.time_base)
        last.pts, last.dts = (last.pts or 0) + shift, (last.dts or 0) + shift
        for packet in [*(p for p in packets if p is not last), last]:
            packet.stream = streams[packet.stream_index]
            output.mux(packet)
    return target


@pytest.mark.usefixtures("score_here")
def test_between_two_pictures_of_a_low_rate_none_is_missing(tmp_path: Path) -> None:
    launch = tmp_path / "launch.toml"
    launch.write_text(f'{LAUNCH}[microphone]\ntype = "liveaffect.nodes.microphone:MicrophoneNode"\n', "utf-8")
    images = [np.full((48, 64, 3), 100, np.uint8)] * 50
    film = write_clip(tmp_path / "film.mkv", images, np.zeros(16000 * 13, np.float32), fps=5, rate=16000)
    score_batch([str(film)], tmp_path / "t.parquet", settings=ScoreSettings(launch, rate_hz=0.5))
    table = pl.read_parquet(tmp_path / "t.parquet")
    seen = table.filter(pl.col("face_state") == "ok")["t_s"].to_list()
    assert seen == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert table["t_s"].to_list()[:5] == seen
    assert table["t_s"].to_list()[5] > 8.0 + 3.0  # the picture has ended, the sound goes on
