"""The voice of a film in segments: heard once, from the first sample on, and the same to the bit as in the whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_clip

from liveaffect.cli.demo_media.clip import clip
from liveaffect.nodes.microphone.sound import Sound
from liveaffect.offline import ScoreSettings, score_batch
from liveaffect.offline.scoring.heard import BLOCK, read_heard, write_heard
from liveaffect.offline.scoring.workers import Outcome, Task, Waiting
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import AudioChunk, Message, VoiceAffect, VoiceDescriptors
from liveaffect.stream.topics import AUDIO, VOICE, VOICE_AFFECT, Topic

VOICE_NODES = """
[microphone]
type = "liveaffect.nodes.microphone:MicrophoneNode"
[voice]
type = "liveaffect.nodes.voice:VoiceNode"
[voice_affect]
type = "liveaffect.nodes.voice_affect:VoiceAffectNode"
"""
HOP_NS = 10_000_000


def said(hops: int) -> Iterator[tuple[Topic, Message]]:
    """A voice: a chunk and a row of each hop, an answer with each tenth."""
    for k in range(hops):
        values = {"f0_hz": 100.0 + k, "loudness_sone": None, "mfcc1": 3.0}
        yield AUDIO, AudioChunk(t_ns=k * HOP_NS, seq=k)
        yield VOICE, VoiceDescriptors(t_ns=k * HOP_NS, seq=k, values=values, mel_db=(1.0,) * 80)
        if k % 10 == 9:
            yield VOICE_AFFECT, VoiceAffect(t_ns=k * HOP_NS, seq=k // 10, state="ok", valence=k / 1e4)


@pytest.mark.parametrize("thin", [True, False])
def test_what_was_heard_is_read_again_for_any_stretch(tmp_path: Path, thin: bool) -> None:
    count, path, times = 3 * BLOCK, tmp_path / "sound", list[int]()
    write_heard(said(count), path, from_ns=500 * HOP_NS, thin=thin, told=times.append)
    assert times[-1] == (count - 1) * HOP_NS
    whole = [message for _, message in said(count) if not isinstance(message, AudioChunk)]
    for begin, end in ((500, 0), (1500, 1600), (2900, 5000), (0, 510)):
        found = list(read_heard(path, begin * HOP_NS, end * HOP_NS))
        wanted = [m for m in whole if max(begin, 500) <= m.t_ns / HOP_NS < (end or count)]
        assert [(type(m), m.t_ns, m.seq) for m in found] == [(type(m), m.t_ns, m.seq) for m in wanted]
        for mine, theirs in zip(found, wanted, strict=True):
            if isinstance(mine, VoiceDescriptors) and isinstance(theirs, VoiceDescriptors):
                assert (mine.mel_db is None) == thin
                assert mine.values == {k: v for k, v in theirs.values.items() if not thin or k != "mfcc1"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    write_heard(said(100), path, from_ns=0, thin=True, told=lambda _: None)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="sound is damaged"):
        list(read_heard(path, 0, 0))


def test_segments_wait_for_what_is_heard_and_others_go_first() -> None:
    sound = Task(Path("film"), "film", Path("sound"), listens_from_s=40.0)
    first, second = (Task(Path("film"), "film", Path(f"{k}"), heard=sound.target if k else None) for k in (0, 1))
    other = Task(Path("other"), "other", Path("other.parquet"))
    for failure in ("", "no sound of it can be decoded"):
        waiting = Waiting([sound, first, second, other])
        assert [waiting.next() for _ in range(4)] == [sound, first, other, None]
        assert waiting.hopeless() == []
        waiting.ended(Outcome(first))
        assert waiting.next() is None
        waiting.ended(Outcome(sound, failure=failure))
        if failure:
            assert waiting.hopeless() == [Outcome(second, failure=failure)]
            assert not waiting
        else:
            assert waiting.next() == second


@pytest.mark.long
@pytest.mark.usefixtures("score_here")
def test_the_voice_of_a_film_in_segments_is_that_of_the_whole_to_the_bit(tmp_path: Path) -> None:
    launch, film = tmp_path / "launch.toml", tmp_path / "film.mkv"
    launch.write_text(LAUNCH + VOICE_NODES, "utf-8")
    once = np.concatenate([hop.samples for hop in Sound(str(clip()), probe(clip()))])
    sound = np.tile(once, -(-62 * 16000 // len(once)))[: 62 * 16000]
    images = [np.full((48, 64, 3), 100 + k % 50, np.uint8) for k in range(62 * 5)]
    write_clip(film, images, sound, fps=5, rate=16000, codecs=("mpeg4", "flac"))
    whole = ScoreSettings(launch)
    tables: list[pl.DataFrame] = []
    for name, settings in (("whole", whole), ("split", replace(whole, split_s=30.0))):
        batch = score_batch([str(film)], tmp_path / f"{name}.parquet", settings=settings)
        assert not batch.failures
        tables.append(pl.read_parquet(tmp_path / f"{name}.parquet"))
    one, parts = tables
    assert sorted(set(parts["segment"])) == [0, 1]
    heard = [name for name in one.columns if name.startswith("voice_") or name in ("f0_hz", "speech_prob", "t_ns")]
    assert one["voice_valence"].null_count() < one.height / 2
    assert parts.select(heard).equals(one.select(heard))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
