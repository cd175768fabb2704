"""`replay --rerun`: nodes run again, live, on what a session holds, and say what they said then."""

import contextlib
from pathlib import Path

import pytest
from paths import GOLDEN
from runs.live import LiveRun

from liveaffect.cli.replay import replay_table
from liveaffect.stream.client.link import Gone
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.messages import Affect, Drop, Message, VoiceAffect
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import AFFECT, DROP, VOICE_AFFECT

pytestmark = pytest.mark.processes
NEVER = 1 << 62
TRIES = 4
"""On a machine so busy that an answer of the first half second is late, it is tried again."""


def recorded(*topics: str) -> list[Message]:
    return [message for _, message in SessionReader(GOLDEN).messages(topics)]


def run_again(*nodes: str) -> tuple[dict[int, Affect], list[VoiceAffect], int]:
    """What the nodes say of a replay: by frame, of the voice; and the media time of the first input that came late.

    On a busy machine an answer may come after its turn: it is then left out, counted, and tells of itself.
    """
    run = LiveRun(build_graph(replay_table(GOLDEN, rerun=list(nodes))), None)
    run.start()
    fused: dict[int, Affect] = {}
    voiced: list[VoiceAffect] = []
    late: list[Drop] = []
    with run.client(AFFECT.name, VOICE_AFFECT.name, DROP.name) as client, contextlib.suppress(Gone):
        while (received := client.receive(120.0)) is not None:
            said = received[1]
            if isinstance(said, Affect) and said.frame_seq >= 0:
                fused[said.frame_seq] = said
            elif isinstance(said, VoiceAffect):
                voiced.append(said)
            elif isinstance(said, Drop) and said.cause != "ended":
                late.append(said)
    run.join()
    times = [m.t_ns for drop in late for m in recorded(drop.topic) if drop.first_seq <= m.seq <= drop.last_seq]
    return fused, voiced, min(times, default=NEVER)


@pytest.mark.parametrize("nodes", [("fusion",), ("fusion", "voice_affect")])
def test_nodes_run_again_say_what_they_said(shared: Path, monkeypatch: pytest.MonkeyPatch, nodes: tuple[str]) -> None:
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    then = {m.frame_seq: m for m in recorded(AFFECT.name) if isinstance(m, Affect)}
    tries = (run_again(*nodes) for _ in range(TRIES))
    fused, voiced, late_ns = next(run for run in tries if sum(then[seq].t_ns < run[2] for seq in run[0]) > 15)
    assert len(fused) >= 145 or late_ns < NEVER
    shifts = {said.t_ns - then[seq].t_ns for seq, said in fused.items()}
    assert len(shifts) == 1
    assert shifts != {0}
    alike = [(said, then[seq]) for seq, said in fused.items() if then[seq].t_ns < late_ns]
    for said, before in alike:
        assert (said.face_state, said.voice_state) == (before.face_state, before.voice_state)
        assert [(person.id, person.state) for person in said.people] == [(p.id, p.state) for p in before.people]
        for now, old in zip(said.people, before.people, strict=True):
            for name in ("valence", "valence_sd", "arousal", "arousal_sd"):
                assert getattr(now, name) == pytest.approx(getattr(old, name), abs=1e-6)
    heard = {m.seq: m for m in recorded(VOICE_AFFECT.name) if isinstance(m, VoiceAffect)}
    assert len(voiced) >= len(heard) - 3 or late_ns < NEVER
    for said in voiced:
        if heard[said.seq].t_ns >= late_ns:
            continue
        assert said.state == heard[said.seq].state
        assert said.valence == pytest.approx(heard[said.seq].valence, abs=1e-6)


def test_a_node_whose_pixels_were_not_stored_is_refused_with_what_would_help() -> None:
    with pytest.raises(UsageError, match=r"face_affect needs what face/crop carries.*add face to --rerun"):
        replay_table(GOLDEN, rerun=["face_affect"])
    with pytest.raises(UsageError, match=r"face needs what video/frame carries.*\[camera\] was not stored"):
        replay_table(GOLDEN, rerun=["face", "face_affect"])
