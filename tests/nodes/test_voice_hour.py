"""Voice and its affect for an hour: the memory of the first minutes suffices, and what was long ago is forgotten."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from made.voices import talker

from liveaffect.nodes.voice import TOGETHER, VoiceNode
from liveaffect.nodes.voice_affect import VoiceAffectNode
from liveaffect.stream import messages as m
from liveaffect.stream.node import messages_of

HOP, HOPS_PER_S, HOP_NS = 160, 100, 10_000_000
GROWTH = 8 * 2**20
"""What an hour may add to the memory of ten minutes: allocators settle late, a leak of one float per hop is 1.4 MB."""


@pytest.fixture(scope="module")
def sound(shared: Path) -> np.ndarray:
    """Two talkers in turn with a second of soft noise after each: some eight seconds."""
    rng = np.random.default_rng(0)
    names = ("grid_f_brbk7n.mpg", "grid_m_swiz3n.mpg")
    parts = [part for name in names for part in (talker(shared, name), rng.normal(0, 1e-3, 16000))]
    whole = np.concatenate(parts).astype(np.float32)
    return whole[: len(whole) // (HOP * 10) * (HOP * 10)]


@pytest.fixture
def models(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))


def chunks(sound: np.ndarray, hops: range, gap_at: int) -> Iterator[m.AudioChunk]:
    """Those hops of the looped sound; a gap comes before the hop `gap_at`."""
    whole = len(sound) // HOP
    for hop in hops:
        start = hop % whole * HOP
        yield m.AudioChunk(
            t_ns=hop * HOP_NS, seq=hop, first_sample=hop * HOP, samples=sound[start : start + HOP], gap=hop == gap_at
        )


def heard(sound: np.ndarray, hops: range, gap_at: int) -> Iterator[m.VoiceAffect]:
    """What both nodes say of those hops, as scoring drives them: half a second of sound at once."""
    voice, affect = VoiceNode(), VoiceAffectNode()
    voice.open()
    affect.open()
    waiting: list[m.AudioChunk] = []
    for chunk in chunks(sound, hops, gap_at):
        waiting.append(chunk)
        if len(waiting) < TOGETHER:
            continue
        voice.prepare(waiting)
        for one in waiting:
            for hop in messages_of(voice.step(one)):
                for said in messages_of(affect.step(hop)):  # type: ignore[arg-type]
                    if isinstance(said, m.VoiceAffect):
                        yield said
        waiting.clear()
    affect.close()
    voice.close()


def after(said: list[m.VoiceAffect], t_ns: int) -> list[bytes]:
    """All that was said from then on, as it travels."""
    return [msgspec.msgpack.encode(message) for message in said if message.t_ns >= t_ns]


@pytest.mark.long
def test_after_a_gap_all_is_as_if_nothing_had_been_before(sound: np.ndarray, models: None):
    first, end = 12 * HOPS_PER_S, 24 * HOPS_PER_S
    long = list(heard(sound, range(end), gap_at=first))
    alone = list(heard(sound, range(first, end), gap_at=first))
    assert {message.state for message in alone} == {"ok", "silence"}
    assert after(long, first * HOP_NS) == after(alone, first * HOP_NS)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_an_hour_takes_no_more_memory_than_ten_minutes_and_ends_like_its_last_minutes_alone(
    sound: np.ndarray, models: None
):
    minute = 60 * HOPS_PER_S
    gap_at, end = 58 * minute, 60 * minute
    process, held, last = psutil.Process(), {}, list[m.VoiceAffect]()
    estimates = 0
    for said in heard(sound, range(end), gap_at):
        hops = said.t_ns // HOP_NS + 1
        estimates += said.state == "ok"
        if hops in (minute, 10 * minute, 20 * minute, 40 * minute, end - minute):
            held[hops // minute] = process.memory_info().rss
        if hops > gap_at:
            last.append(said)
    alone = list(heard(sound, range(gap_at, end), gap_at))
    print("\nMiB by minute:", {k: round(v / 2**20, 1) for k, v in held.items()}, f"{estimates} estimates")
    assert estimates > 10 * 3600 * 0.4
    assert after(last, gap_at * HOP_NS) == after(alone, gap_at * HOP_NS)
    assert held[59] - held[10] < GROWTH
