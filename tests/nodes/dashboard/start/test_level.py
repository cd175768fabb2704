"""The level of a microphone in numbers and words."""

import math

import numpy as np
import pytest

from liveaffect.nodes.dashboard.start.level import FLOOR_DB, Level, decibels
from liveaffect.stream.messages import AudioChunk

HOP_NS = 10_000_000


def hear(level: Level, samples: np.ndarray, start_ns: int = 0) -> int:
    """Feeds sound in hops of 160; returns the time after it."""
    for number in range(len(samples) // 160):
        piece = samples[number * 160 : (number + 1) * 160].astype(np.float32)
        level.hear(AudioChunk(t_ns=start_ns + number * HOP_NS, samples=piece))
    return start_ns + len(samples) // 160 * HOP_NS


def sine(amplitude: float, seconds: float) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 200 * np.arange(round(16000 * seconds)) / 16000)


@pytest.mark.parametrize("amplitude", [1e-3, 0.03, 0.5])
def test_a_sine_reads_its_peak_and_three_decibels_less_for_its_power(amplitude: float) -> None:
    level = Level()
    hear(level, sine(amplitude, 1.0))
    reading = level.read()
    assert reading.peak_db == pytest.approx(decibels(amplitude), abs=0.05)
    assert reading.rms_db == pytest.approx(decibels(amplitude) - 10 * math.log10(2), abs=0.05)
    assert not reading.problem


def test_before_any_sound_there_is_no_number() -> None:
    level = Level()
    assert level.read().rms_db is None
    level.hear(AudioChunk(t_ns=0, state="no_device"))
    assert level.read().peak_db is None


def test_the_peak_is_held_and_then_falls_to_the_floor_at_its_speed() -> None:
    level = Level()
    end = hear(level, sine(0.5, 0.5))
    end = hear(level, np.zeros(16000), end)
    assert level.read().peak_db == pytest.approx(decibels(0.5), abs=0.05)
    end = hear(level, np.zeros(16000), end)
    assert decibels(0.5) - 12 < (level.read().peak_db or 0) < decibels(0.5) - 8
    hear(level, np.zeros(16000 * 5), end)
    assert level.read().peak_db == FLOOR_DB


def test_digital_silence_is_said_after_a_while_and_noise_is_told_apart() -> None:
    level = Level()
    end = hear(level, np.zeros(16000 * 2))
    assert not level.read().problem
    end = hear(level, np.zeros(16000 * 2), end)
    assert "nothing at all" in level.read().words
    noise = np.random.default_rng(1).normal(0, 3e-4, 16000 * 4)
    end = hear(level, noise, end)
    assert "nothing but noise" in level.read().words
    hear(level, sine(0.1, 0.1), end)
    assert not level.read().problem


def test_a_run_of_full_scale_samples_is_called_clipped_for_three_seconds() -> None:
    level = Level()
    end = hear(level, np.clip(sine(2.0, 0.5), -1, 1))
    assert "clipped" in level.read().words
    end = hear(level, sine(0.1, 2.5), end)
    assert "clipped" in level.read().words
    hear(level, sine(0.1, 1.0), end)
    assert "clipped" not in level.read().words


def test_one_sample_at_full_scale_is_no_clipping() -> None:
    level = Level()
    samples = sine(0.1, 0.5)
    samples[1000] = 1.0
    hear(level, samples)
    assert "clipped" not in level.read().words


def test_another_device_starts_anew() -> None:
    level = Level()
    hear(level, np.zeros(16000 * 4))
    level.clear()
    hear(level, np.zeros(16000))
    assert not level.read().problem
