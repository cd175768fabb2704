"""`score` as a library: files and arrays give one table, and the arrays' pixels and samples arrive as they were."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_video

from liveaffect.nodes.camera.film import Film
from liveaffect.nodes.camera.picture import Picture
from liveaffect.nodes.microphone.sound import Sound
from liveaffect.offline import DICTIONARY, Scores, ScoreSettings, score
from liveaffect.offline.scoring.arrays import write_media, write_photograph
from liveaffect.offline.scoring.settings import as_toml
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError, LaunchError, UsageError

pytestmark = pytest.mark.usefixtures("score_here")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ScoreSettings:
    launch = tmp_path_factory.mktemp("launch") / "launch.toml"
    launch.write_text(LAUNCH, "utf-8")
    return ScoreSettings(launch)


def ramp(count: int) -> np.ndarray:
    return np.stack([np.full((48, 64, 3), 60 + 10 * k, np.uint8) for k in range(count)])


def test_a_file_and_its_frames_give_the_same_rows(tmp_path: Path, settings: ScoreSettings) -> None:
    film = write_video(tmp_path / "ramp.mkv", list(ramp(8)), fps=10, codec="ffv1", pix_fmt="bgr0")
    reached: list[tuple[float, float]] = []
    of_file = score(film, settings=settings, progress=lambda *at: reached.append(at))
    of_frames = score(ramp(8), fps=10, settings=settings)
    assert isinstance(of_file, Scores)
    assert list(of_file.columns) == list(DICTIONARY)
    assert of_file["file"].unique().to_list() == ["ramp.mkv"]
    assert of_frames["t_s"].to_list() == [k / 10 for k in range(8)]
    assert of_file.drop("file").equals(of_frames.drop("file"))
    assert reached
    assert of_file.metadata["liveaffect_version"]
    assert "estimate_nodes:Brightness" in of_file.metadata["liveaffect_settings"]


def test_a_generator_of_frames_and_a_name(settings: ScoreSettings) -> None:
    table = score((frame for frame in ramp(5)), fps=29.97, name="mine", settings=settings)
    assert table["file"].unique().to_list() == ["mine"]
    assert table["t_s"].to_list() == pytest.approx([k / 29.97 for k in range(5)], abs=1e-6)


def test_one_picture_is_a_photograph(settings: ScoreSettings) -> None:
    table = score(ramp(1)[0], settings=settings)
    assert table["t_s"].to_list() == [0.0]


def test_pixels_samples_and_times_arrive_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (5, 33, 47, 3), dtype=np.uint8)
    samples = rng.uniform(-1, 1, 16000).astype(np.float32)
    write_media(tmp_path / "a.nut", frames, 24000 / 1001, (samples, 16000))
    info = probe(tmp_path / "a.nut")
    assert (info.width, info.height, info.audio_rate, info.audio_channels) == (47, 33, 16000, 1)
    shots = list(Film(str(tmp_path / "a.nut"), info))
    assert [shot.t_ns for shot in shots] == [round(k * 1001 / 24000 * 1e9) for k in range(5)]
    heard = np.concatenate([hop.samples for hop in Sound(str(tmp_path / "a.nut"), info)])
    assert np.array_equal(heard, samples)
    picture = Picture(info)
    for shot, frame in zip(Film(str(tmp_path / "a.nut"), info), frames, strict=True):
        assert np.array_equal(picture.rgb(shot.frame), frame)
    write_photograph(tmp_path / "a.png", frames[0])
    still = probe(tmp_path / "a.png")
    assert still.is_image
    assert np.array_equal(Picture(still).rgb(next(iter(Film(str(tmp_path / "a.png"), still))).frame), frames[0])


def test_sound_of_many_kinds_becomes_float(tmp_path: Path) -> None:
    write_media(tmp_path / "a.nut", None, None, (np.full((4800, 2), -32768, np.int16), 48000))
    info = probe(tmp_path / "a.nut")
    assert (info.has_video, info.audio_channels, info.audio_rate) == (False, 2, 48000)


@pytest.mark.parametrize(
    ("source", "more", "words"),
    [
        (np.zeros((3, 8, 8, 3), np.uint8), {}, "give fps"),
        (np.zeros((3, 8, 8, 3), np.float32), {"fps": 25}, "uint8 RGB"),
        (np.zeros((8, 8), np.uint8), {"fps": 25}, "uint8 RGB"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)], {"fps": 25}, "one size"),
        ([], {"fps": 25}, "no frame"),
        ((np.zeros(100, np.uint8), 16000), {}, "int16"),
        ((np.zeros((2, 48000)), 16000), {}, "samples come first"),
        ((np.zeros(100), 0), {}, "sample rate"),
        ("no_such_film.mp4", {}, "no file"),
        ("film.mp4", {"fps": 25}, "frames in memory"),
    ],
)
def test_what_cannot_be_scored_says_why(source: object, more: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        score(source, **more)  # type: ignore[arg-type]


def test_a_wrong_setting_is_told_before_any_work(settings: ScoreSettings) -> None:
    with pytest.raises(LaunchError, match="no key 'max_fces'"):
        score(ramp(2), fps=10, settings={"face.max_fces": 3})
    with pytest.raises(UsageError, match="cannot be a setting"):
        score(ramp(2), fps=10, settings={"face.max_faces": object()})


def test_any_text_survives_the_way_through_a_launch_file() -> None:
    import tomllib

    for value in (
        'a"b',
        "a\\b",
        "two\nlines",
        "tab\t",
        "\x7f\x00",
        "ä€😀",
        "]\nx = 1",
        "'",
        3,
        2.5,
        True,
        ["a", 1],
        {"k": "v"},
    ):
        assert tomllib.loads(f"v = {as_toml(value)}")["v"] == value


def test_a_table_is_saved_with_what_made_it(tmp_path: Path, settings: ScoreSettings) -> None:
    table = score(ramp(2), fps=10, settings=settings)
    table.save(tmp_path / "t.parquet")
    assert pl.read_parquet_metadata(tmp_path / "t.parquet")["liveaffect_models"] == table.metadata["liveaffect_models"]
    assert pl.read_parquet(tmp_path / "t.parquet").equals(pl.DataFrame(table))
