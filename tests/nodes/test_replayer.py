"""The replayer: order, header and times of a recording come back; speed, seek, loop and shift do what they say."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.waiting_clock import SECOND, WaitingClock, replay_without_waiting

from liveaffect.nodes.recorder import RecorderNode
from liveaffect.nodes.replayer import CATCH_UP_NS, ReplayerNode
from liveaffect.stream.errors import RecordError, UsageError
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Affect, Command, Health, Marker, Message, Playback, Tick, VideoFrame
from liveaffect.stream.node import spec_of
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.feed import STARTS_PER_ROUND
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, COMMAND, HEALTH, MARKER, TICK, VIDEO

START = 50 * SECOND


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    replay_without_waiting(monkeypatch)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Two seconds of a live recording: a frame and an estimate every 100 ms, a marker, health, ticks, a command."""
    writer = SessionWriter(tmp_path / "s", SessionContext(clock="boot"), min_free=0)
    for seq in range(20):
        t_ns = START + seq * SECOND // 10
        header = {"t_ns": t_ns, "seq": seq, "incarnation": 1, "clock": "boot"}
        writer.write(VIDEO, VideoFrame(**header, pub_ns=t_ns + 1_000_000, frame_index=seq))
        writer.write(AFFECT, Affect(**header, pub_ns=t_ns + 30_000_000, frame_seq=seq))
        writer.write(TICK, Tick(**header, pub_ns=t_ns + 31_000_000))
    late = {"t_ns": START + 2 * SECOND, "pub_ns": START + 2 * SECOND, "clock": "boot"}
    writer.write(MARKER, Marker(**late, seq=0, label="end"))
    writer.write(HEALTH, Health(**late, seq=0, node="face", process="face", state="ok"))
    writer.write(COMMAND, Command(**late, seq=0, verb="record"))
    writer.close()
    return tmp_path / "s"


def _play(
    session: Path, context: WaitingClock | None = None, limit: int = 1000, **settings: Any
) -> list[tuple[int, Message]]:
    node = ReplayerNode(session=str(session), **settings)
    node.open()
    context = context or WaitingClock()
    played: list[tuple[int, Message]] = []
    for message in node.play(context):
        if message is not None and not isinstance(message, Playback):
            played.append((context.now, message))
            if len(played) == limit:
                break
    node.close()
    return played


def test_results_come_back_with_their_own_header_and_in_their_own_order(session: Path) -> None:
    messages = [message for _, message in _play(session)]
    assert [type(m).__name__ for m in messages[:4]] == ["VideoFrame", "Affect", "VideoFrame", "Affect"]
    assert len(messages) == 42
    first = messages[0]
    assert (first.t_ns, first.seq, first.incarnation) == (START, 0, 1)
    assert not any(isinstance(m, Tick | Command) for m in messages)
    assert [m.label for m in messages if isinstance(m, Marker)] == ["end"]
    assert [m.process for m in messages if isinstance(m, Health)] == ["recorded face"]


def test_the_pace_is_that_of_the_publication(session: Path) -> None:
    played = _play(session)
    begun = played[0][0]
    due = [message.pub_ns - START - 1_000_000 for _, message in played]
    error_ms = [abs(now - begun - d) / 1e6 for (now, _), d in zip(played, due, strict=True)]
    assert max(error_ms) < 2


@pytest.mark.parametrize(("speed", "lasts_s"), [(0.5, 4.0), (4.0, 0.5)])
def test_speed_stretches_the_time_between_messages(session: Path, speed: float, lasts_s: float) -> None:
    played = _play(session, speed=speed)
    assert (played[-1][0] - played[0][0]) / SECOND == pytest.approx(lasts_s, abs=0.02)


def test_at_full_speed_nobody_waits_but_before_the_last_picture(session: Path) -> None:
    played = _play(session, speed=0)
    assert len(played) == 42
    last = max(number for number, (_, message) in enumerate(played) if isinstance(message, VideoFrame))
    waited = [(now - before) / SECOND for (before, _), (now, _) in pairwise(played)]
    assert waited[last - 1] == pytest.approx(CATCH_UP_NS / SECOND, abs=0.05)
    assert sum(waited) - waited[last - 1] < 0.1


def test_seek_begins_later_and_marks_the_gap(session: Path) -> None:
    messages = [message for _, message in _play(session, seek_s=1.0)]
    frames = [m for m in messages if isinstance(m, VideoFrame)]
    assert [f.seq for f in frames] == list(range(10, 20))
    assert [f.gap for f in frames] == [True, *[False] * 9]


def test_a_loop_goes_on_with_starts_of_its_own(session: Path) -> None:
    messages = [message for _, message in _play(session, loop=True, limit=100)]
    frames = [m for m in messages if isinstance(m, VideoFrame)]
    assert {f.incarnation for f in frames} == {1, 1 + STARTS_PER_ROUND, 1 + 2 * STARTS_PER_ROUND}
    assert [f.gap for f in frames[:22]] == [*[False] * 20, True, False]


def test_shift_moves_the_session_to_now(session: Path) -> None:
    context = WaitingClock()
    played = _play(session, context, shift=True)
    frames = [(now, m) for now, m in played if isinstance(m, VideoFrame)]
    assert all(abs(now - m.t_ns) < 5_000_000 for now, m in frames)
    assert frames[1][1].t_ns - frames[0][1].t_ns == SECOND // 10


def test_topics_of_nodes_that_run_again_are_left_out(session: Path) -> None:
    node = ReplayerNode(session=str(session), without=("affect",))
    assert {topic.name for topic in spec_of(node).outputs} == {
        "video/frame", "marker", "health", "playback", "ack",
    }  # fmt: skip


def test_recorded_pixels_are_played_again(tmp_path: Path) -> None:
    image = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    frames = [VideoFrame(t_ns=n, seq=n, image=np.roll(image, n, 0)) for n in range(5)]
    recorder = RecorderNode(folder=str(tmp_path / "s"), autostart=True, video="lossless", min_free_mb=0)
    run_nodes(recorder, inputs=frames)
    again = [m for _, m in _play(tmp_path / "s", speed=0) if isinstance(m, VideoFrame)]
    assert len(again) == 5
    for one, two in zip(frames, again, strict=True):
        assert two.image is not None
        assert np.array_equal(one.image, two.image)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"speed": -1.0}, {"seek_s": -1.0}, {"shift": True, "speed": 2.0}])
def test_settings_that_make_no_sense_are_refused(session: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="replay"):
        ReplayerNode(session=str(session), **settings).open()


def test_a_loop_over_nothing_is_refused(session: Path) -> None:
    with pytest.raises(UsageError, match="shorter than"):
        _play(session, seek_s=100.0, loop=True)


def test_a_missing_session_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="does not exist"):
        ReplayerNode(session=str(tmp_path / "no")).emitted()
