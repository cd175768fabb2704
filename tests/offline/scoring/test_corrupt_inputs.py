"""Files that are broken in every way people break them: each is a table or a sentence, and none stops the others."""

import os
import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl
import pytest
from made.media import write_clip, write_sound, write_video
from runs.command import apart, command

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("warm_workers")]

Said = tuple[int, str]

rng = np.random.default_rng(5)
IMAGES = [rng.integers(0, 255, (96, 128, 3), dtype=np.uint8) for _ in range(50)]
SOUND = (0.1 * np.sin(np.arange(96_000) / 20)).astype(np.float32)


def remux(
    source: Path, target: Path, *, options: dict[str, str] | None = None, leap_s: int = 0, title: str = ""
) -> Path:
    """The same packets in another container; those after the first second with `leap_s` added to their times."""
    with av.open(str(source)) as film, av.open(str(target), "w", options=options or {}) as out:
        output: Any = out
        output.metadata["title"] = title
        streams = {stream.index: output.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is None:
                continue
            if leap_s and packet.pts is not None and packet.pts * packet.time_base > 1:
                shift = round(Fraction(leap_s) / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = streams[packet.stream_index]
            output.mux(packet)
    return target


def sizes_change(path: Path) -> None:
    """25 pictures of one size, then 25 of another, in one stream."""
    with av.open(str(path), "w") as out:
        output: Any = out
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuvj420p"
        output.start_encoding()
        for number, image in enumerate(IMAGES):
            encoder: Any = av.CodecContext.create("mjpeg", "w")
            image = image if number < 25 else np.ascontiguousarray(image[::2, ::2])
            encoder.height, encoder.width, encoder.pix_fmt = *image.shape[:2], "yuvj420p"
            encoder.time_base = Fraction(1, 25)
            frame: Any = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuvj420p")
            frame.pts = 0
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                packet.pts = packet.dts = number
                packet.time_base, packet.stream = Fraction(1, 25), stream
                output.mux(packet)


def without_pictures(path: Path, *, sound: bool) -> None:
    """A picture stream is announced, and no picture comes."""
    with av.open(str(path), "w") as out:
        output: Any = out
        video = output.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        audio: Any = output.add_stream("pcm_s16le", rate=16000, layout="mono") if sound else None
        output.start_encoding()
        for number in range(20 if sound else 0):
            frame: Any = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16000, 1600 * number
            output.mux(audio.encode(frame))


def make(folder: Path) -> None:
    """One file of every kind; the names begin with what is expected: ok, or no."""
    whole = write_clip(folder / "ok_whole.mp4", IMAGES, SOUND)
    index_last = whole.read_bytes()
    index_first = remux(whole, folder / "front.mp4", options={"movflags": "faststart"}).read_bytes()
    (folder / "front.mp4").unlink()
    (folder / "no_cut_before_its_index.mp4").write_bytes(index_last[: len(index_last) * 2 // 3])
    (folder / "ok_cut_after_its_index.mp4").write_bytes(index_first[: len(index_first) * 2 // 3])
    (folder / "no_cut_in_its_index.mp4").write_bytes(index_first[:600])
    (folder / "no_bytes.mp4").touch()
    (folder / "no_zeros.mp4").write_bytes(bytes(100_000))
    noise = random.Random(1).randbytes(100_000)
    for ending in ("mp4", "mkv", "jpg", "wav", "mp3", "mpg", "ts"):
        (folder / f"no_noise.{ending}").write_bytes(noise)
    middle = len(index_last) // 4
    (folder / "ok_noise_in_the_middle.mp4").write_bytes(index_last[:middle] + noise + index_last[middle + len(noise) :])
    photograph = write_video(folder / "ok_photograph.jpg", IMAGES[:1], codec="mjpeg", pix_fmt="yuvj420p")
    photograph.rename(folder / "ok_photograph_called.mp4")
    write_sound(folder / "sound.wav", SOUND).rename(folder / "ok_sound_called.jpg")
    (folder / "no_text_called.mp4").write_text("not a film\n" * 1000, "utf-8")
    write_clip(folder / "ok_sound_is_longer.mp4", IMAGES[:25], np.tile(SOUND, 2))
    write_clip(folder / "ok_picture_is_longer.mp4", IMAGES, SOUND[:24_000])
    whole = write_clip(folder / "ok_twice.mpg", IMAGES, SOUND, codecs=("mpeg2video", "mp2"))
    whole.write_bytes(2 * whole.read_bytes())
    film = write_video(folder / "film.mkv", IMAGES, codec="mjpeg", pix_fmt="yuvj420p")
    remux(film, folder / "ok_leaps_400_days.mkv", leap_s=400 * 86_400)
    (folder / "no_known_codec.mkv").write_bytes(film.read_bytes().replace(b"V_MJPEG", b"V_OTHER"))
    titled = remux(film, folder / "ok_title_is_not_unicode.avi", title="Z" * 9)
    titled.write_bytes(titled.read_bytes().replace(b"Z" * 9, "Übergröße".encode("latin-1")))
    film.unlink()
    sizes_change(folder / "ok_sizes_change.mkv")
    without_pictures(folder / "no_pictures.mkv", sound=False)
    without_pictures(folder / "ok_no_pictures_but_sound.mkv", sound=True)


def score(*words: str | Path, before: Sequence[str] = ()) -> Said:
    """The verb, and all it says."""
    done = apart("score", *words, before=before) if before else command("score", *words)
    return done.returncode, done.stderr + done.stdout


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, warm_workers: None) -> tuple[Path, Path, Said]:
    """All of them in one run, two at a time: inputs, tables, and what the command said."""
    inputs, tables = tmp_path_factory.mktemp("inputs"), tmp_path_factory.mktemp("tables")
    make(inputs)
    return inputs, tables, score(inputs, "--out", tables, "--jobs", "2")


def test_every_broken_file_is_a_table_or_a_sentence(batch: tuple[Path, Path, Said]) -> None:
    inputs, tables, (code, said) = batch
    assert code == 1
    assert "Traceback" not in said
    names = sorted(path.name for path in inputs.iterdir())
    sentences = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert len(sentences) == len([name for name in names if name.startswith("no_")])
    for name in names:
        done = (tables / f"{name}.parquet").is_file()
        assert done == name.startswith("ok_"), name
        assert sum(name in line for line in sentences) == (not done), name


ROWS = {
    "ok_whole.mp4": 50,
    "ok_cut_after_its_index.mp4": 33,
    "ok_photograph_called.mp4": 1,
    "ok_sound_called.jpg": 20,
    "ok_sound_is_longer.mp4": 25 + 28,
    "ok_picture_is_longer.mp4": 50,
    "ok_leaps_400_days.mkv": 26,
    "ok_sizes_change.mkv": 50,
    "ok_title_is_not_unicode.avi": 50,
    "ok_no_pictures_but_sound.mkv": 20,
}


@pytest.mark.parametrize("name", ROWS)
def test_what_there_is_in_a_broken_file_is_measured(batch: tuple[Path, Path, Said], name: str) -> None:
    table = pl.read_parquet(batch[1] / f"{name}.parquet")
    assert abs(table.height - ROWS[name]) <= (3 if "cut" in name or "longer" in name else 0)
    assert table["t_s"].is_sorted()


def test_what_was_left_out_is_said_once(batch: tuple[Path, Path, Said]) -> None:
    said = batch[2][1].splitlines()
    for name, part in (
        ("ok_cut_after_its_index.mp4", "cut off"),
        ("ok_leaps_400_days.mkv", "24 frames"),
        ("ok_twice.mpg", "50 frames"),
        ("ok_noise_in_the_middle.mp4", "broken packets were left out"),
    ):
        lines = [line for line in said if name in line and part in line]
        assert len(lines) == 1, (name, lines)
        assert lines[0].count(name) == 1


def test_a_folder_a_pipe_and_a_broken_link_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "nowhere.mp4")
    out = tmp_path / "t.csv"
    for name, part in (("folder.mp4", "holds no video"), ("pipe.mp4", "is a pipe"), ("link.mp4", "does not exist")):
        code, said = score(tmp_path / name, "--out", out)
        assert code == 1, said
        assert name in said
        assert part in " ".join(said.split())
        assert "Traceback" not in said


def test_a_file_that_may_not_be_read_is_named_and_the_next_one_is_scored(tmp_path: Path) -> None:
    write_video(tmp_path / "open.mp4", IMAGES[:5])
    write_video(tmp_path / "closed.mp4", IMAGES[:5]).chmod(0)
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]  # root, too, is then refused
    code, said = score(tmp_path, "--out", tmp_path / "t.csv", before=bound if os.geteuid() == 0 else ())
    assert code == 1
    assert "closed.mp4 may not be read" in said
    assert "5 rows from 1 of 2 files" in said


@pytest.mark.parametrize("hours", [0.25, pytest.param(4, marks=pytest.mark.soak)])
def test_hours_of_a_still_image_are_scored(tmp_path: Path, hours: float) -> None:
    times = range(0, round(hours * 3600 * 1000) + 1, 10_000)
    film = write_video(tmp_path / "still.mkv", (IMAGES[0] for _ in times), times_ms=times, codec="mpeg4")
    code, said = score(film, "--out", tmp_path / "t.parquet")
    assert code == 0, said
    table = pl.read_parquet(tmp_path / "t.parquet")
    assert table["t_s"].to_list() == [t / 1000 for t in times]
    assert set(table["state"]) == {"no_face"}
