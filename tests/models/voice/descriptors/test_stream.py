"""The voice stream: pieces never matter, bad sound is never a number, and memory stays where it is."""

from functools import cache

import numpy as np
import pytest
import signals
from hypothesis import example, given, settings
from hypothesis import strategies as st

from liveaffect.models.errors import BadInput
from liveaffect.models.voice.descriptors import (
    INDEX,
    NAMES,
    STATES,
    Hops,
    VoiceStream,
    analyse,
    descriptors,
    functionals,
)

SOUND = signals.speechlike()


@cache
def whole_sound() -> Hops:
    """The numbers of the whole signal; not before they are asked for, as kernels take seconds to be there."""
    return analyse(SOUND, sample_rate=16000)


def in_pieces(x: np.ndarray, sizes: list[int], lookahead_ms: float = 100.0) -> Hops:
    stream = VoiceStream(lookahead_ms=lookahead_ms)
    parts, at, turn = [], 0, 0
    while at < len(x):
        parts.append(stream.push(x[at : at + sizes[turn % len(sizes)]]))
        at += sizes[turn % len(sizes)]
        turn += 1
    parts.append(stream.flush())
    firsts = [part.first_hop for part in parts]
    assert firsts == list(np.cumsum([0] + [len(part) for part in parts[:-1]]))
    return Hops(0, np.concatenate([p.values for p in parts]), np.concatenate([p.state for p in parts]))


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 4096), min_size=1, max_size=12))
@example([1])
@example([4096])
def test_any_cutting_into_pieces_gives_the_whole_signals_numbers(sizes: list[int]) -> None:
    x = SOUND if min(sizes) > 8 else SOUND[20000:30000]
    whole = whole_sound() if min(sizes) > 8 else analyse(x, sample_rate=16000)
    hops = in_pieces(x, sizes)
    np.testing.assert_array_equal(hops.values, whole.values)
    np.testing.assert_array_equal(hops.state, whole.state)


def test_a_signal_longer_than_the_buffer_is_the_same_in_pieces() -> None:
    x = np.tile(SOUND, 3)
    whole = analyse(x, sample_rate=16000)
    hops = in_pieces(x, [160])
    np.testing.assert_array_equal(hops.values, whole.values)


@pytest.mark.parametrize("lookahead_ms", [10.0, 50.0, 400.0, 500.0])
def test_every_look_ahead_streams_as_it_computes_whole(lookahead_ms: float) -> None:
    whole = analyse(SOUND, sample_rate=16000, lookahead_ms=lookahead_ms)
    np.testing.assert_array_equal(in_pieces(SOUND, [37, 512], lookahead_ms).values, whole.values)


def test_a_hop_comes_exactly_when_its_delay_says() -> None:
    stream = VoiceStream(lookahead_ms=100)
    assert stream.delay_ms == 160.0
    before = int(stream.delay_ms * 16) - 1
    assert len(stream.push(SOUND[:before])) == 0
    assert len(stream.push(SOUND[before : before + 1])) == 1
    assert max(stream.latency_ms.values()) == stream.delay_ms
    assert set(stream.latency_ms) == set(NAMES)


def test_a_reset_stream_starts_anew() -> None:
    stream = VoiceStream()
    stream.push(SOUND[5000:30000])
    stream.reset()
    pushed, ended = stream.push(SOUND), stream.flush()
    assert pushed.first_hop == 0
    np.testing.assert_array_equal(np.concatenate([pushed.values, ended.values]), whole_sound().values)


def test_silence_is_a_state_and_only_its_loudness_a_number() -> None:
    hops = analyse(np.zeros(16000, np.float32), sample_rate=16000)
    assert {STATES[s] for s in hops.state} == {"silence"}
    assert np.all(hops["loudness_sone"] == 0)
    measured = set(NAMES) - {"loudness_sone", "syllable_rate_hz", "pause_ratio"}
    assert all(np.isnan(hops[name]).all() for name in measured)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_make_their_hops_invalid_and_no_other(bad: float) -> None:
    x = signals.vowel()
    x[8000] = bad
    hops = analyse(x, sample_rate=16000)
    touched = [i for i in range(len(hops)) if 160 * i <= 8000 < 160 * i + 960]
    assert [STATES[s] for s in hops.state[touched]] == ["invalid"] * len(touched)
    assert np.isnan(hops.values[touched]).all()
    rest = np.setdiff1d(np.arange(len(hops)), touched)
    assert np.all(hops.state[rest] == 0)
    assert np.isfinite(hops["f0_hz"][rest]).mean() > 0.9


SIGNALS = {
    "constant": np.full(8000, 0.5, np.float32),
    "clipped": np.clip(20 * signals.vowel(0.6), -1, 1),
    "far too loud": 1e6 * signals.vowel(0.6),
    "barely there": 1e-5 * signals.vowel(0.6),
    "one click": np.eye(1, 8000, 4000, dtype=np.float32)[0],
    "alternating": np.tile(np.array([1, -1], np.float32), 4000),
    "noise": np.random.default_rng(2).normal(0, 0.3, 8000).astype(np.float32),
    "all NaN": np.full(8000, np.nan, np.float32),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_no_signal_gives_infinity_or_a_number_out_of_range(name: str) -> None:
    values = analyse(SIGNALS[name], sample_rate=16000).values
    assert not np.isinf(values).any()
    f0 = values[:, INDEX["f0_hz"]]
    assert np.all((f0[~np.isnan(f0)] >= 54) & (f0[~np.isnan(f0)] <= 1010))
    share = values[:, INDEX["voicing_prob"]]
    assert np.all((share[~np.isnan(share)] >= 0) & (share[~np.isnan(share)] <= 1))
    table = descriptors(SIGNALS[name], sample_rate=16000)
    assert not any(table[column].is_nan().any() for column in NAMES)


@pytest.mark.parametrize("n", [0, 1, 100, 959])
def test_less_than_one_frame_has_no_rows_and_no_functionals(n: int) -> None:
    assert descriptors(SOUND[:n], sample_rate=16000).shape == (0, 2 + len(NAMES))
    row = functionals(SOUND[:n], sample_rate=16000)
    assert row.shape == (1, 88)
    assert all(value is None for value in row.row(0))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_other_sample_rates_give_the_same_pitch_and_loudness(rate: int) -> None:
    import soxr

    x = signals.vowel(1.0)
    other = soxr.resample(x, 16000, rate, quality="VHQ")
    here, there = analyse(x, sample_rate=16000), analyse(other, sample_rate=rate)
    assert abs(len(here) - len(there)) <= 1
    n = min(len(here), len(there)) - 5
    np.testing.assert_allclose(there["f0_hz"][5:n], here["f0_hz"][5:n], rtol=2e-3)
    np.testing.assert_allclose(
        there["loudness_sone"][5:n], here["loudness_sone"][5:n], rtol=0.02 if rate > 8000 else 0.3
    )


def test_stereo_is_the_mean_of_its_channels_whichever_way_round() -> None:
    x = signals.vowel(0.5)
    for stereo in (np.stack([2 * x, 0 * x], axis=1), np.stack([2 * x, 0 * x])):
        np.testing.assert_allclose(
            analyse(stereo, sample_rate=16000).values, analyse(x, sample_rate=16000).values, atol=1e-5, rtol=1e-5
        )


def test_sixteen_bit_samples_are_full_scale_floats() -> None:
    x = (signals.vowel(0.5) * 32768).astype(np.int16)
    np.testing.assert_array_equal(
        analyse(x, sample_rate=16000).values, analyse(x.astype(np.float32) / 32768, sample_rate=16000).values
    )


def test_wrong_input_is_refused_with_what_to_give() -> None:
    with pytest.raises(BadInput, match="mono float32"):
        VoiceStream().push(np.zeros((2, 160), np.float32))
    with pytest.raises(BadInput, match="10 to 500"):
        VoiceStream(lookahead_ms=5)
    with pytest.raises(BadInput, match="sample_rate is 0"):
        descriptors(SOUND, sample_rate=0)
    with pytest.raises(BadInput, match="give numbers"):
        descriptors(np.array(["a"]), sample_rate=16000)


@pytest.mark.long
def test_a_stream_holds_the_same_memory_after_minutes_of_sound() -> None:
    stream = VoiceStream()
    arrays = [id(array) for array in stream._memory]
    sizes = [array.nbytes for array in stream._memory]
    for _ in range(40):
        stream.push(SOUND)
    assert [id(array) for array in stream._memory] == arrays
    assert [array.nbytes for array in stream._memory] == sizes
    assert sum(sizes) < 2_000_000


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_an_hour_of_sound_takes_no_more_memory_than_a_minute() -> None:
    import psutil

    stream, process = VoiceStream(), psutil.Process()
    noise = np.random.default_rng(0).normal(0, 0.05, 160).astype(np.float32)
    for _ in range(6_000):
        stream.push(noise)
    before = process.memory_info().rss
    for _ in range(354_000):
        stream.push(noise)
    assert process.memory_info().rss - before < 3_000_000
