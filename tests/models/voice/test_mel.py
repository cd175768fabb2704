"""The causal log-mel spectrum: hop by hop or at once, levels, and bad samples."""

from itertools import pairwise

import numpy as np
import pytest

from liveaffect.models.voice.mel import FILTERS, FLOOR_DB, HOP, N_MELS, WINDOW, LogMel, log_mel

RNG = np.random.default_rng(0)


def test_the_stream_gives_the_rows_of_the_whole_signal():
    signal = RNG.normal(0, 0.1, 40 * HOP + 77).astype(np.float32)
    stream = LogMel()
    rows = np.stack([stream.push(signal[i : i + HOP]) for i in range(0, 40 * HOP, HOP)])
    np.testing.assert_allclose(rows, log_mel(signal), atol=0.11)  # a rounding may fall to the other side


def test_a_row_is_the_mean_power_of_its_bins():
    """Against a plain transform of the same 400 samples, band by band."""
    signal = RNG.normal(0, 0.1, 8 * HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frame = signal[-WINDOW:] * window
    power = [abs(np.sum(frame * np.exp(-2j * np.pi * k * n / WINDOW))) ** 2 for k in range(WINDOW // 2 + 1)]
    expected = [10 * np.log10(np.dot(power, FILTERS[:, b]) * 4 / window.sum() ** 2) for b in range(N_MELS)]
    np.testing.assert_allclose(log_mel(signal.astype(np.float32))[-1], expected, atol=0.06)


def test_no_row_knows_a_sample_after_its_hop():
    signal = RNG.normal(0, 0.1, 20 * HOP).astype(np.float32)
    changed = signal.copy()
    changed[10 * HOP :] = 0.5
    np.testing.assert_array_equal(log_mel(signal)[:10], log_mel(changed)[:10])


def test_ten_times_the_sound_is_twenty_decibels_more():
    signal = RNG.normal(0, 0.01, 10 * HOP).astype(np.float32)
    np.testing.assert_allclose(log_mel(10 * signal) - log_mel(signal), 20.0, atol=0.11)


def test_digital_silence_reads_the_floor():
    np.testing.assert_allclose(log_mel(np.zeros(5 * HOP, np.float32)), FLOOR_DB)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_spoils_no_row(bad: float):
    signal = RNG.normal(0, 0.1, HOP).astype(np.float32)
    signal[3] = bad
    stream = LogMel()
    assert all(np.isfinite(stream.push(s)).all() for s in (signal, signal, np.zeros(HOP, np.float32)))


def test_a_hop_of_another_length_is_refused():
    with pytest.raises(ValueError, match="160"):
        LogMel().push(np.zeros(161, np.float32))


def test_reset_forgets_the_sound_so_far():
    signal = RNG.normal(0, 0.1, HOP).astype(np.float32)
    used, fresh = LogMel(), LogMel()
    used.push(np.ones(HOP, np.float32))
    used.reset()
    np.testing.assert_array_equal(used.push(signal), fresh.push(signal))


def test_a_row_is_written_with_one_decimal():
    row = log_mel(RNG.normal(0, 0.1, HOP).astype(np.float32))[0]
    written = [round(float(v), 1) for v in row]
    np.testing.assert_array_equal(np.array(written, np.float32), row)


def test_a_tone_is_loudest_in_its_own_band():
    t = np.arange(16000) / 16000
    loudest = [int(log_mel(np.sin(2 * np.pi * hz * t).astype(np.float32))[50].argmax()) for hz in (200, 1000, 4000)]
    assert loudest == sorted(loudest)
    assert [float((np.arange(WINDOW // 2 + 1) * 40 * FILTERS[:, k]).sum() / FILTERS[:, k].sum()) for k in loudest] == [
        pytest.approx(hz, rel=0.1) for hz in (200, 1000, 4000)
    ]


def test_many_hops_at_once_have_the_bits_of_one_after_the_other():
    signal = RNG.normal(0, 0.1, 400 * HOP).astype(np.float32)
    signal[7777] = np.nan
    signal[100 * HOP : 120 * HOP] = 0.0
    one, many = LogMel(), LogMel()
    rows = np.stack([one.push(signal[i : i + HOP]) for i in range(0, len(signal), HOP)])
    cuts = np.array([0, 1, 3, 50, 50, 100, 399, 400]) * HOP
    found = np.concatenate([many.push_all(signal[a:b]) for a, b in pairwise(cuts)])
    np.testing.assert_array_equal(found, rows)
    with pytest.raises(ValueError, match="160"):
        many.push_all(signal[:100])
