"""Two films of one conversation are joined by their sound: real speech, through two encoders, late and noisy."""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
import pytest

from liveaffect.offline.scoring.conversation import find_offset
from liveaffect.stream.errors import InputError

RATE = 44100
Floats = npt.NDArray[np.float64]


def _heard(path: Path) -> Floats:
    """Sound of a file, mono at 44.1 kHz."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64)


def _film(path: Path, sound: Floats, codec: Literal["aac", "flac"]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", RATE, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def films(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A film of 12 s of two voices, forwards and backwards; the same 0.7 s late in as much noise; and other words."""
    folder = tmp_path_factory.mktemp("films")
    one, other = (_heard(shared / "clips" / f"{name}.mpg") for name in ("grid_f_brbk7n", "grid_m_swiz3n"))
    talk = 0.4 * np.concatenate([one, other, one[::-1], other[::-1]])
    late = np.concatenate([np.zeros(round(0.7 * RATE)), talk])
    late += float(np.sqrt(np.mean(talk**2))) * np.random.default_rng(1).standard_normal(len(late))
    # other words: pieces of a quarter of a second, in another order
    pieces = talk[: len(talk) // 40 * 40].reshape(40, -1)[np.random.default_rng(2).permutation(40)].ravel()
    return (
        _film(folder / "one.mp4", talk, "aac"), _film(folder / "late.mkv", 0.3 * late, "flac"),
        _film(folder / "other.mp4", pieces, "aac"),
    )  # fmt: skip


@pytest.mark.long
def test_a_film_that_begins_late_and_noisy_is_joined_within_20_ms(films: tuple[Path, Path, Path]) -> None:
    one, late, _ = films
    assert find_offset(late, one).seconds == pytest.approx(0.7, abs=0.02)
    assert find_offset(one, late).seconds == pytest.approx(-0.7, abs=0.02)


def test_other_words_are_not_joined(films: tuple[Path, Path, Path]) -> None:
    one, _, other = films
    with pytest.raises(InputError, match="--offset"):
        find_offset(one, other)


def test_three_seconds_are_too_few(clips: Path) -> None:
    with pytest.raises(InputError, match="10 s"):
        find_offset(clips / "grid_f_brbk7n.mpg", clips / "grid_m_swiz3n.mpg")
