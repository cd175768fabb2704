"""Which hops the voice model judges, and the numbers that sum them up."""

from collections.abc import Sequence

import numpy as np
import pytest

from liveaffect.models.voice.descriptors import NAMES
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import (
    HANG_HOPS,
    LEAD_HOPS,
    LEAST_HOPS,
    MAX_AGE_HOPS,
    SUMMARY_NAMES,
    WINDOW_HOPS,
    SpeechWindow,
    counted,
    row_of,
    summary,
)

RNG = np.random.default_rng(1)


def hear(window: SpeechWindow, probabilities: Sequence[float | None]) -> None:
    for k, p in enumerate(probabilities):
        window.push(np.full(len(NAMES), k, np.float32), np.full(N_MELS, k, np.float32), p)


def test_it_speaks_once_enough_speech_was_heard():
    window = SpeechWindow()
    hear(window, [0.9] * (LEAST_HOPS - 1))
    assert not window.speaking
    hear(window, [0.9])
    assert window.speaking


def test_it_falls_silent_after_the_hang():
    window = SpeechWindow()
    hear(window, [0.9] * 100 + [0.0] * HANG_HOPS)
    assert window.speaking
    hear(window, [0.0])
    assert not window.speaking


def test_pauses_are_cut_out():
    window = SpeechWindow()
    hear(window, [0.9] * 50 + [0.0] * 100 + [0.9] * 10)
    assert len(window.values) == 50 + HANG_HOPS + LEAD_HOPS + 10
    assert window.values[-1, 0] == 159


def test_old_speech_no_longer_counts():
    window = SpeechWindow()
    hear(window, [0.9] * 50 + [0.0] * (MAX_AGE_HOPS + HANG_HOPS) + [0.9] * 10)
    assert len(window.values) == LEAD_HOPS + 10
    assert not window.speaking


def test_the_window_is_the_newest_three_seconds_however_long_the_speech():
    window = SpeechWindow()
    hear(window, [0.9] * (5 * WINDOW_HOPS + 17))
    np.testing.assert_array_equal(window.values[:, 0], np.arange(4 * WINDOW_HOPS + 17, 5 * WINDOW_HOPS + 17))
    np.testing.assert_array_equal(window.mel[:, 0], window.values[:, 0])


def test_an_unknown_probability_is_no_speech():
    window = SpeechWindow()
    hear(window, [None] * 200)
    assert not window.speaking
    assert len(window.values) == 0


def test_a_window_holds_what_is_counted_of_the_last_six_seconds_at_every_hop():
    speech = np.repeat(RNG.random(90) < 0.4, RNG.integers(1, 60, 90))
    window = SpeechWindow()
    for k, is_speech in enumerate(speech):
        window.push(np.full(len(NAMES), k), np.full(N_MELS, k), float(is_speech))
        if k % 37 == 0:
            start = max(k + 1 - MAX_AGE_HOPS, 0)
            expected = np.flatnonzero(counted(speech[start : k + 1]))[-WINDOW_HOPS:] + start
            np.testing.assert_array_equal(window.mel[:, 0], expected)
            assert window.speech_hops == speech[expected].sum()


def test_hops_before_and_after_speech_count():
    speech = np.zeros(100, bool)
    speech[50] = True
    np.testing.assert_array_equal(np.flatnonzero(counted(speech)), np.arange(50 - LEAD_HOPS, 51 + HANG_HOPS))


def test_the_summary_of_a_known_window_has_the_numbers_of_a_plain_computation():
    values = RNG.random((120, len(NAMES))).astype(np.float32)
    values[40:, NAMES.index("f0_semitone")] = np.nan
    got = dict(zip(SUMMARY_NAMES, summary(values), strict=True))
    f0 = np.sort(values[:40, NAMES.index("f0_semitone")])
    assert got["f0_semitone_at50"] == pytest.approx(f0[19])
    assert got["voiced_share"] == pytest.approx(1 / 3)
    mfcc = values[:, NAMES.index("mfcc2")]
    assert got["mfcc2_range"] == pytest.approx(np.sort(mfcc)[107] - np.sort(mfcc)[11])
    assert got["mfcc2_change"] == pytest.approx(np.abs(np.diff(mfcc)).mean(), rel=1e-5)


def test_gain_moves_loudness_and_leaves_flux_against_it_alone():
    values = 0.1 + RNG.random((120, len(NAMES))).astype(np.float32)
    louder = values.copy()
    louder[:, [NAMES.index("loudness_sone"), NAMES.index("spectral_flux")]] *= 5
    a, b = (dict(zip(SUMMARY_NAMES, summary(v), strict=True)) for v in (values, louder))
    assert b["loudness_sone_at50"] - a["loudness_sone_at50"] == pytest.approx(np.log(5), abs=1e-4)
    assert b["loudness_sone_range"] == pytest.approx(a["loudness_sone_range"], abs=1e-4)
    assert b["spectral_flux_at50"] == pytest.approx(a["spectral_flux_at50"], abs=1e-4)


def test_a_window_without_a_voice_has_undefined_pitch_and_no_warning():
    values = np.full((50, len(NAMES)), np.nan, np.float32)
    got = dict(zip(SUMMARY_NAMES, summary(values), strict=True))
    assert np.isnan(got["f0_semitone_at50"])
    assert got["voiced_share"] == 0.0


def test_a_mapping_becomes_a_row_with_nan_for_none():
    row = row_of({"f0_semitone": None, "loudness_sone": 2.0})
    assert row[NAMES.index("loudness_sone")] == 2.0
    assert np.isnan(row[NAMES.index("f0_semitone")])
