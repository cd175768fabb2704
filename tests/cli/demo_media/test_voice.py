"""The demo's voice: heard as speech where the schedule speaks, with the prosody it asks for."""

import numpy as np
import pytest
import soxr

from liveaffect.cli.demo_media.schedule import SCHEDULE, Segment
from liveaffect.cli.demo_media.voice import RATE, STEP_S, TONES, Controls, controls, synthesise
from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

pytestmark = pytest.mark.long

SPOKEN = [segment for segment in SCHEDULE if segment.voice != "silence"]
SILENT = [segment for segment in SCHEDULE if segment.voice == "silence"]


@pytest.fixture(scope="module")
def track() -> Controls:
    return controls()


@pytest.fixture(scope="module")
def sound(track: Controls) -> np.ndarray:
    return synthesise(track)


def within(values: np.ndarray, segment: Segment, step_s: float) -> np.ndarray:
    return values[round(segment.start_s / step_s) : round(segment.end_s / step_s)]


def level_db(sound: np.ndarray, segment: Segment) -> float:
    return 20 * float(np.log10(within(sound, segment, 1 / RATE).std()))


def test_the_sound_is_in_range_and_lasts_as_long_as_the_schedule(sound: np.ndarray) -> None:
    assert sound.dtype == np.float32
    assert len(sound) == round(SCHEDULE[-1].end_s * RATE)
    assert 0.3 < np.abs(sound).max() < 1.0


def test_the_same_controls_give_the_same_sound(track: Controls, sound: np.ndarray) -> None:
    np.testing.assert_array_equal(synthesise(controls()), sound)


def test_speech_stands_out_of_the_room_noise(sound: np.ndarray) -> None:
    assert max(level_db(sound, segment) for segment in SILENT) < -60.0
    assert min(level_db(sound, segment) for segment in SPOKEN) > -40.0


def test_loud_tones_are_louder_and_excited_ones_higher(track: Controls, sound: np.ndarray) -> None:
    by_tone = {segment.voice: segment for segment in SPOKEN}
    levels = {name: level_db(sound, segment) for name, segment in by_tone.items()}
    assert levels["low"] < levels["calm"] < levels["lively"] < levels["excited"] < levels["loud"]
    f0 = {}
    for name, segment in by_tone.items():
        voiced = within(track.voiced, segment, STEP_S) > 0.01
        f0[name] = float(np.median(within(track.f0_hz, segment, STEP_S)[voiced]))
    assert f0["low"] < f0["calm"] < f0["lively"] < f0["excited"]
    for name, tone in TONES.items():
        assert abs(12 * np.log2(f0[name] / tone.f0_hz)) < tone.range_st


def test_the_mouth_moves_with_the_voice_and_rests_in_silence(track: Controls) -> None:
    assert max(within(track.mouth, segment, STEP_S).max() for segment in SILENT) < 0.05
    for segment in SPOKEN:
        assert within(track.mouth, segment, STEP_S).std() > 0.05


def test_a_speech_detector_hears_speech_where_the_schedule_speaks(sound: np.ndarray) -> None:
    try:
        detector = registry.load("silero-vad")
    except ModelMissing as error:
        pytest.skip(str(error))
    x = soxr.resample(sound, RATE, 16_000).astype(np.float32)
    state, context, probabilities = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for start in range(0, len(x) - 511, 512):
        block = x[start : start + 512]
        feeds = {"input": np.concatenate([context, block])[None], "state": state, "sr": np.array(16_000)}
        probability, state = detector.run(feeds)
        context = block[-64:]
        probabilities.append(float(probability[0, 0]))
    p = np.array(probabilities)
    assert min(within(p, segment, 0.032).mean() for segment in SPOKEN) > 0.6
    assert max(within(p, segment, 0.032).mean() for segment in SILENT) < 0.1
