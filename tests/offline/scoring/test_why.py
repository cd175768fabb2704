"""Why, of a session and of a film: what was recorded, what can be measured again, and what cannot."""

import shutil
from pathlib import Path

import pytest
from paths import GOLDEN

from liveaffect.offline.scoring.why import _newest, why
from liveaffect.stream.errors import InputError, RecordError, UsageError
from liveaffect.stream.messages import Reason, Reasons

S = 1_000_000_000


def test_everyones_newest_reasons_up_to_the_instant_are_told() -> None:
    said = [Reasons(t_ns=k * S // 2, frame_seq=k, people=(Reason(id=k % 3),)) for k in range(20)]
    found = _newest(said, 4 * S, 0, "recorded")
    assert [(one.reason.id, one.t_s) for one in found] == [(0, 3.0), (1, 3.5), (2, 4.0)]
    assert _newest(said, 40 * S, 0, "recorded") == []


def test_what_cannot_be_told_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--at"):
        why(GOLDEN, -1.0)
    with pytest.raises(InputError, match="does not exist"):
        why(tmp_path / "nothing.mp4", 1.0)
    moved = tmp_path / "session"
    shutil.copytree(GOLDEN, moved, ignore=shutil.ignore_patterns("*.mp4"))
    with pytest.raises(RecordError, match="--reasons"):
        why(moved, 1.0)


@pytest.mark.processes
def test_the_reasons_of_a_session_without_any_are_measured_again_on_its_film() -> None:
    (one,) = why(GOLDEN, 2.0)
    assert one.source == "measured again on clip.mp4"
    assert 1.4 < one.t_s <= 2.0
    assert len(one.sentences) == 4
    assert {cue.modality for cue in one.reason.cues} == {"face"}
