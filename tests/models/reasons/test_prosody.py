"""Prosody put to rest in what the voice's net hears: each cue alone, nothing where nothing is unusual."""

from dataclasses import replace

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.reasons.prosody import CUES, TRACKS, Prosody, at_rest, prosody, unusual
from liveaffect.models.voice.mel import CENTRES_HZ, N_MELS, log_mel, mel_band

F0, LEVEL, RATE = range(len(TRACKS))


def sung(f0_hz: float, seconds: float = 1.5) -> np.ndarray:
    """Harmonics of one pitch under one envelope, log-mel rows without the beginning."""
    t = np.arange(round(16000 * seconds)) / 16000
    tone = np.zeros(len(t))
    for k in range(1, int(4000 / f0_hz)):
        gain = sum(np.exp(-(((k * f0_hz - at) / wide) ** 2)) for at, wide in ((600, 250), (1200, 300), (2600, 400)))
        tone += (gain + 0.02) * np.sin(2 * np.pi * k * f0_hz * t)
    breath = 0.02 * np.random.default_rng(3).standard_normal(len(t))
    return log_mel((0.02 * (tone + breath)).astype(np.float32))[10:]


def window(rows: np.ndarray, f0_hz: float = 200.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.full((len(rows), len(TRACKS)), np.nan, np.float32)
    values[:, F0], values[:, LEVEL], values[:, RATE] = 12 * np.log2(f0_hz / 27.5), -20.0, 4.0
    return rows, values, np.ones(len(rows), bool)


def test_bands_and_their_middles_belong_together() -> None:
    assert mel_band(CENTRES_HZ) == pytest.approx(np.arange(N_MELS), abs=1e-9)
    assert [
        int(np.argmax(row))
        for row in log_mel(np.sin(np.arange(4800) * 2 * np.pi * 1000 / 16000).astype(np.float32))[5:6]
    ] == [round(float(mel_band(1000.0)))]


@pytest.mark.parametrize(("sung_hz", "usual_hz"), [(260.0, 200.0), (170.0, 210.0), (320.0, 240.0)])
def test_a_pitch_at_rest_is_nearer_to_a_voice_of_that_pitch_and_keeps_the_envelope(
    sung_hz: float, usual_hz: float
) -> None:
    rows, values, speech = window(sung(sung_hz), sung_hz)
    now = prosody(values, speech)
    assert now.told("pitch") == pytest.approx(sung_hz, rel=1e-3)
    calm = at_rest(rows, values, speech, "pitch", now, replace(now, pitch=now.pitch + 12 * np.log2(usual_hz / sung_hz)))
    assert calm is not None
    real = sung(usual_hz)
    low = CENTRES_HZ < 1500  # where harmonics stand apart
    before, after = (np.abs(one[:, low].mean(0) - real[:, low].mean(0)).mean() for one in (rows, calm))
    assert after < 0.7 * before
    assert abs(calm.mean() - rows.mean()) < 1.0


@pytest.mark.parametrize("cue", CUES)
def test_what_is_as_usual_changes_nothing(cue: str) -> None:
    rows, values, speech = window(sung(200.0))
    values[:, LEVEL] += np.tile((0.0, 6.0), len(rows))[: len(rows)]
    values[:, F0] += np.tile((0.0, 1.0), len(rows))[: len(rows)]
    speech[40:50] = False
    now = prosody(values, speech)
    calm = at_rest(rows, values, speech, cue, now, now)
    assert calm is not None
    assert calm == pytest.approx(rows, abs=0.06)


def test_swings_of_loudness_are_drawn_together_and_their_middle_stays() -> None:
    rows, values, speech = window(sung(200.0))
    swing = np.repeat(np.resize((-6.0, 0.0, 6.0), len(rows) // 10 + 1), 10)[: len(rows)].astype(np.float32)
    rows, values[:, LEVEL] = rows + swing[:, None], values[:, LEVEL] + swing
    now = prosody(values, speech)
    calm = at_rest(rows, values, speech, "loudness", now, replace(now, loudness=0.0))
    assert calm is not None
    assert np.ptp(calm.mean(1)) < 0.2 * np.ptp(rows.mean(1))
    assert np.median(calm.mean(1)) == pytest.approx(np.median(rows.mean(1)), abs=0.5)


def test_rate_and_pauses_change_how_long_things_take() -> None:
    rows, values, speech = window(sung(200.0))
    speech[50:90] = False
    now = prosody(values, speech)
    slow = at_rest(rows, values, speech, "rate", now, replace(now, rate=3.0))
    assert slow is not None
    assert len(slow) == round(len(rows) * 4 / 3)
    few = at_rest(rows, values, speech, "pauses", now, replace(now, pauses=0.1))
    assert few is not None
    assert len(few) == pytest.approx((len(rows) - 40) / 0.9, abs=1)
    assert (few[:50] == rows[:50]).all()
    assert (few[-(len(rows) - 90) :] == rows[90:]).all()
    assert at_rest(rows, values, np.ones(len(rows), bool), "pauses", now, now) is None


def test_what_could_not_be_measured_is_not_put_to_rest() -> None:
    rows, values, speech = window(sung(200.0))
    values[:, F0] = np.nan
    now = prosody(values, speech)
    assert at_rest(rows, values, speech, "pitch", now, replace(now, pitch=40.0, pitch_swing=1.0)) is None
    assert at_rest(rows, values, speech, "rate", now, Prosody(*[np.nan] * 5)) is None


def test_the_voices_net_does_not_hear_the_level_itself() -> None:
    """So no sentence may name it: what "loudness" tells of is how it swings."""
    net, rows = registry.load("voice-affect"), sung(200.0)
    assert (net.encode(rows) == net.encode(rows + np.float32(6.0))).all()


@pytest.mark.parametrize(
    ("cue", "little", "much"),
    [
        ("pitch", {"pitch": 30.4}, {"pitch": 30.6}),
        ("pitch", {"pitch_swing": 2.4}, {"pitch_swing": 2.6}),
        ("loudness", {"loudness": 6.9}, {"loudness": 4.9}),
        ("rate", {"rate": 4.3}, {"rate": 3.5}),
        ("pauses", {"pauses": 0.24}, {"pauses": 0.1}),
    ],
)
def test_what_is_near_the_usual_or_unknown_is_not_unusual(
    cue: str, little: dict[str, float], much: dict[str, float]
) -> None:
    usual = Prosody(pitch=30.0, pitch_swing=2.0, loudness=6.0, rate=4.0, pauses=0.2)
    assert not unusual(cue, replace(usual, **little), usual)
    assert unusual(cue, replace(usual, **much), usual)
    nothing = Prosody(*[np.nan] * 5)
    assert not unusual(cue, nothing, usual)
    assert not unusual(cue, usual, nothing)
