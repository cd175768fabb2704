"""The voice node: the stream's descriptors as messages, gaps and missing sound included."""

import math
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liveaffect.models.voice.descriptors import HOP, NAMES, analyse, constants, descriptors
from liveaffect.nodes.voice import VoiceNode, significant
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.node import messages_of

STEP_NS = 10_000_000


@cache
def _voice(seconds: float = 2.0) -> np.ndarray:
    """A buzz with a formant, silent in its last quarter."""
    t = np.arange(int(16000 * seconds)) / 16000
    phase = 2 * np.pi * np.cumsum(140 + 20 * np.sin(2 * np.pi * t)) / 16000
    buzz = np.sum([np.sin(k * phase) / k for k in range(1, 30)], axis=0)
    buzz[3 * len(t) // 4 :] = 0.0
    return (0.1 * buzz).astype(np.float32)


def _chunks(signal: np.ndarray, start: int = 0) -> list[m.Message]:
    return [
        m.AudioChunk(
            t_ns=(start + i) * STEP_NS, samples=signal[HOP * i : HOP * (i + 1)], first_sample=HOP * (start + i)
        )
        for i in range(len(signal) // HOP)
    ]


def _end(hops: int) -> m.AudioChunk:
    return m.AudioChunk(t_ns=hops * STEP_NS, samples=np.zeros(0, np.float32), first_sample=HOP * hops, last=True)


def _run(chunks: list[m.Message], **settings: float) -> list[m.VoiceDescriptors]:
    return [out for out in run_nodes(VoiceNode(**settings), inputs=chunks) if isinstance(out, m.VoiceDescriptors)]


def test_the_messages_are_the_whole_signal_hop_by_hop() -> None:
    signal = _voice()
    said = _run([*_chunks(signal), _end(len(signal) // HOP)])
    whole = analyse(signal, sample_rate=16000)
    assert len(said) == len(whole)
    for i, hop in enumerate(said):
        assert (hop.t_ns, hop.first_sample) == (i * STEP_NS, HOP * i)
        for name, value in zip(NAMES, whole.values[i].tolist(), strict=True):
            wanted = None if math.isnan(value) else pytest.approx(value, rel=6e-6, abs=1e-12)  # six digits of it
            assert hop.values[name] == wanted, (i, name)
    table = descriptors(signal, sample_rate=16000)
    assert table.height == len(said)


def test_what_is_published_is_short_in_a_recording() -> None:
    said = _run([*_chunks(_voice()), _end(200)])
    values = [value for hop in said for value in hop.values.values() if value is not None]
    assert max(len(repr(abs(value)).replace(".", "").partition("e")[0].strip("0")) for value in values) == 6
    rows = [value for hop in said for value in hop.mel_db or ()]
    assert rows
    assert all(round(value, 2) == value for value in rows)


@given(arrays(np.float32, 7, elements=st.floats(-1e9, 1e9, width=32)))
def test_six_digits_stay_of_any_number(values: np.ndarray) -> None:
    rounded = significant(values)
    exact = values.astype(np.float64)
    assert (np.abs(rounded - exact) <= np.maximum(5.1e-6 * np.abs(exact), 1e-12)).all()
    assert [float(f"{value:.5e}") for value in rounded] == rounded.tolist()


def test_a_value_is_finite_or_null_and_the_delay_is_carried() -> None:
    said = _run([*_chunks(_voice()), _end(200)])
    assert all(v is None or math.isfinite(v) for hop in said for v in hop.values.values())
    assert {hop.delay_ms for hop in said} == {160.0}
    assert {hop.state for hop in said} == {"ok", "silence"}
    assert all(hop.values["f0_hz"] is None for hop in said if hop.state == "silence")


def test_samples_that_are_not_numbers_have_a_state() -> None:
    signal = _voice().copy()
    signal[8000:8100] = np.nan
    said = _run([*_chunks(signal), _end(200)])
    broken = [hop for hop in said if hop.state == "low_quality"]
    assert broken
    assert {value for hop in broken for value in hop.values.values()} <= {None}
    assert said[0].state == "ok"
    assert said[120].state == "ok"


def test_a_missing_device_is_said_and_what_follows_starts_anew() -> None:
    signal = _voice()
    before = _chunks(signal[:8000])
    gone = m.AudioChunk(t_ns=60 * STEP_NS, state="no_device")
    after = _chunks(signal, start=100)
    after[0].gap = True  # type: ignore[attr-defined]
    said = _run([*before, gone, *after, _end(300)])
    missing = [hop for hop in said if hop.state == "no_device"]
    assert len(missing) == 1
    assert (missing[0].values, missing[0].speech_prob) == ({}, None)
    later = [hop for hop in said if hop.t_ns >= 100 * STEP_NS]
    assert [hop.gap for hop in later] == [True] + [False] * (len(later) - 1)
    fresh = _run([*_chunks(signal), _end(200)])
    assert [hop.values for hop in later] == [hop.values for hop in fresh]


def test_speech_probability_stays_low_in_silence() -> None:
    said = _run([*_chunks(np.zeros(32000, np.float32)), _end(200)])
    assert max(hop.speech_prob or 0.0 for hop in said) < 0.3


def test_a_look_ahead_that_would_come_too_late_is_refused() -> None:
    with pytest.raises(UsageError, match=r"voice\.lookahead_ms = 400\.0: live it can be at most"):
        _run(_chunks(_voice()), lookahead_ms=400.0)


def test_messages_and_models_mean_the_same_by_a_hop() -> None:
    assert (m.SOUND_RATE, m.SOUND_HOP) == (constants.SAMPLE_RATE, constants.HOP)


def test_hops_taken_in_beforehand_give_the_same_messages() -> None:
    signal = _voice()
    gone = m.AudioChunk(t_ns=120 * STEP_NS, state="no_device")
    chunks = [*_chunks(signal), gone, *_chunks(signal, start=130), _end(330)]
    chunks[140].gap = True  # type: ignore[attr-defined]
    for number, chunk in enumerate(chunks):
        chunk.seq = number
    said: list[list[bytes]] = []
    for many in (1, 7, 50, 400):
        node = VoiceNode()
        node.open()
        found: list[m.Message] = []
        for start in range(0, len(chunks), many):
            batch = [chunk for chunk in chunks[start : start + many] if isinstance(chunk, m.AudioChunk)]
            if many > 1:
                node.prepare(batch)
            found += [hop for chunk in batch for hop in messages_of(node.step(chunk))]
        said.append([msgspec.msgpack.encode(hop) for hop in found])
    assert len(said[0]) > 200
    assert all(other == said[0] for other in said[1:])
