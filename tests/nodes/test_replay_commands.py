"""A replay that is driven: play, pause, seek and speed, where it says it stands, and what it tells of the session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs.live import collect, live_run
from runs.waiting_clock import SECOND, WaitingClock, replay_without_waiting

from liveaffect.nodes.replayer import ReplayerNode
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Ack, Affect, Command, FaceAffect, Marker, Message, Playback, VideoFrame
from liveaffect.stream.node import spec_of
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, FACE_AFFECT, MARKER, VIDEO

START = 50 * SECOND


class Driven:
    """A replayer, and everything it has published, with the instant."""

    def __init__(self, session: Path, **settings: Any) -> None:
        self.node, self.context = (
            ReplayerNode(session=str(session), hold=True, **settings),
            WaitingClock(600, look_ns=10_000),
        )
        self.node.open()
        self.said: list[tuple[int, Message]] = []
        self._feed = self.node.play(self.context)

    def until(self, condition: Callable[["Driven"], Any], limit: int = 20_000) -> "Driven":
        for _ in range(limit):
            if condition(self):
                return self
            message = next(self._feed)
            if message is not None:
                self.said.append((self.context.now, message))
        raise AssertionError(f"after {self.stands} it never came; {len(self.said)} messages")

    def ask(self, action: str, **arguments: Any) -> Ack:
        self.said.clear()
        ack = self.node.obey(Command(t_ns=self.context.now, verb="replay", arguments={"action": action, **arguments}))
        assert isinstance(ack, Ack)
        return ack

    @property
    def stands(self) -> Playback | None:
        return next((m for _, m in reversed(self.said) if isinstance(m, Playback)), None)

    @property
    def frames(self) -> list[VideoFrame]:
        return [m for _, m in self.said if isinstance(m, VideoFrame)]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    replay_without_waiting(monkeypatch)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Ten seconds, ten frames a second; nobody in view from 4 to 6 s, no estimate from 7 to 9 s, two markers."""
    writer = SessionWriter(tmp_path / "s", SessionContext(clock="boot"), min_free=0)
    for seq in range(100):
        t_ns = START + seq * SECOND // 10
        header: dict[str, Any] = {"t_ns": t_ns, "pub_ns": t_ns, "seq": seq, "clock": "boot"}
        writer.write(VIDEO, VideoFrame(**header, frame_index=seq))
        writer.write(FACE_AFFECT, FaceAffect(**header, frame_seq=seq))
        if not 70 < seq < 90:
            writer.write(AFFECT, Affect(**header, frame_seq=seq, state="no_face" if 40 <= seq < 60 else "ok"))
        if seq in (20, 80):
            writer.write(MARKER, Marker(**{**header, "seq": seq // 60}, label=f"at {seq // 10}"))
        if seq % 10 == 9:
            writer.flush()
    writer.close()
    return tmp_path / "s"


def test_it_tells_length_markers_and_what_is_missing(session: Path) -> None:
    said = Driven(session).node.status()
    assert said.length_s == pytest.approx(9.9)
    assert said.markers == ((2.0, "at 2"), (8.0, "at 8"))
    assert said.missing == ((4.0, 6.0, "no_face"), (7.0, 9.0, "not recorded"))


def test_a_pause_stands_still_and_playing_goes_on_where_it_stood(session: Path) -> None:
    driven = Driven(session).until(lambda d: len(d.frames) == 10)
    assert driven.ask("pause").ok
    driven.until(lambda d: d.context.now > d.said[0][0] + 30 * SECOND if d.said else False)
    assert not driven.frames
    assert driven.stands is not None
    assert (driven.stands.state, driven.stands.position_s) == ("paused", pytest.approx(0.9, abs=0.11))
    assert driven.ask("play").ok
    driven.until(lambda d: len(d.frames) == 10)
    assert [frame.seq for frame in driven.frames] == list(range(10, 20))
    first, last = (now for now, m in (driven.said[0], driven.said[-1]))
    assert (last - first) / SECOND == pytest.approx(1.0, abs=0.15)


def test_a_seek_goes_back_and_ahead_with_starts_of_its_own_and_a_gap(session: Path) -> None:
    driven = Driven(session).until(lambda d: len(d.frames) == 30)
    for number, (t_s, seq) in enumerate(((8.0, 80), (1.0, 10), (5.0, 50)), start=1):
        assert driven.ask("seek", t_s=t_s).ok
        driven.until(lambda d: len(d.frames) == 5)
        assert [frame.seq for frame in driven.frames] == list(range(seq, seq + 5))
        assert [frame.gap for frame in driven.frames] == [True, *[False] * 4]
        assert {frame.incarnation for frame in driven.frames} == {1000 * number}
        assert driven.stands is not None
        assert driven.stands.round == number


def test_a_seek_while_paused_shows_the_frame_there_and_stays(session: Path) -> None:
    driven = Driven(session).until(lambda d: len(d.frames) == 3)
    driven.ask("pause")
    driven.ask("seek", t_s=5.0)
    driven.until(lambda d: d.context.now > d.context.epoch_ns + 60 * SECOND)
    assert [frame.seq for frame in driven.frames] == [50, 51]
    assert driven.stands is not None
    assert (driven.stands.state, driven.stands.position_s) == ("paused", pytest.approx(5.0))
    driven.ask("play")
    driven.until(lambda d: len(d.frames) == 2)
    assert [frame.seq for frame in driven.frames] == [52, 53]


@pytest.mark.parametrize(("speed", "lasts_s"), [(0.5, 4.0), (4.0, 0.5), (0.0, 0.0)])
def test_a_speed_counts_from_where_it_is_set(session: Path, speed: float, lasts_s: float) -> None:
    driven = Driven(session).until(lambda d: len(d.frames) == 30)
    assert driven.ask("speed", speed=speed).ok
    driven.until(lambda d: len(d.frames) == 21)
    assert [frame.seq for frame in driven.frames] == list(range(30, 51))
    at = [now for now, m in driven.said if isinstance(m, VideoFrame)]
    assert (at[-1] - at[0]) / SECOND == pytest.approx(lasts_s, abs=0.05)


def test_the_end_is_held_and_playing_begins_again(session: Path) -> None:
    driven = Driven(session, speed=0.0).until(lambda d: d.stands is not None and d.stands.state == "ended")
    assert driven.stands is not None
    assert driven.stands.position_s == driven.stands.length_s
    driven.ask("play")
    driven.until(lambda d: len(d.frames) == 3)
    assert [frame.seq for frame in driven.frames] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "seek", "t_s": 99.0}, "seek needs t_s from 0 to 9.9"),
        ({"action": "seek"}, "seek needs t_s"),
        ({"action": "speed", "speed": -1.0}, "speed needs speed from 0.01 to 100"),
        ({"action": "rewind"}, "Invalid enum value 'rewind'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(session: Path, arguments: dict[str, Any], words: str) -> None:
    ack = Driven(session).ask(**arguments)
    assert not ack.ok
    assert words in ack.text


def test_a_replay_does_not_pretend_to_record(session: Path) -> None:
    node = Driven(session).node
    assert node.obey(Command(t_ns=1, verb="record", arguments={"action": "start"})) is None
    assert list(spec_of(node).commands) == ["replay"]


def test_fusion_that_runs_again_forgets_everybody_at_a_seek() -> None:
    from liveaffect.nodes.fusion import FusionNode
    from liveaffect.stream.messages import FaceEstimate

    def frame(number: int, valence: float, *, gap: bool = False) -> FaceAffect:
        face = FaceEstimate(
            id=1, state="ok", valence=valence, valence_sd=0.1, arousal=0.0, arousal_sd=0.1, emotions=(0.125,) * 8
        )
        return FaceAffect(t_ns=number * SECOND // 30, frame_seq=number, state="ok", faces=(face,), gap=gap)

    def last(frames: list[FaceAffect]) -> float | None:
        return [m for m in run_nodes(FusionNode(), inputs=frames) if isinstance(m, Affect)][-1].people[0].valence

    before = [frame(n, 0.8) for n in range(60)]
    assert last([*before, frame(60, -0.5, gap=True)]) == last([frame(60, -0.5)])
    assert last([*before, frame(60, -0.5)]) != last([frame(60, -0.5)])


@pytest.mark.processes
def test_it_is_driven_through_the_gateway(session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = {"replay": {"type": "liveaffect.nodes.replayer:ReplayerNode", "session": str(session), "hold": True}}

    def stands(state: str) -> Callable[[list[Message]], bool]:
        return lambda got: bool(got) and isinstance(got[-1], Playback) and got[-1].state == state

    with live_run(table) as run, run.client("video/frame", "playback") as client:
        assert client.facts["kind"] == "replay"
        collect(client, stands("playing"))
        assert client.request("replay", action="pause").ok
        collect(client, stands("paused"))
        assert client.request("replay", action="seek", t_s=8.0).text.endswith("at 8.000 s")
        got = collect(client, lambda m: any(isinstance(f, VideoFrame) and f.seq == 80 for f in m))
        assert [f.gap for f in got if isinstance(f, VideoFrame) and f.incarnation][:1] == [True]
        assert client.request("replay", action="speed", speed=0.0).ok
        assert client.request("replay", action="play").ok
        # as fast as it goes, pictures are skipped on their way (queue "latest"), but where it stands is told to the end
        got = collect(client, lambda got: any(isinstance(f, Playback) and f.state == "ended" for f in got))
        seen = [f.seq for f in got if isinstance(f, VideoFrame)]
        assert seen == sorted(seen)
        assert got[-1].position_s == pytest.approx(got[-1].length_s, abs=0.2)  # type: ignore[attr-defined]
        refused = client.request("record", action="start")
        assert not refused.ok
        assert "knows no 'record'" in refused.text
