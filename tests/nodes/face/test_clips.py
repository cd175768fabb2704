"""Clips of several people, counted by eye: four sit in a classroom, two walk up, four are in a call."""

from pathlib import Path
from typing import Any

import pytest
from runs.workers import run_worker

from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

pytestmark = pytest.mark.processes
WORKER = Path(__file__).parent / "clips_worker.py"


def film(clip: Path, frames: int, folder: Path) -> list[dict[str, Any]]:
    if not clip.is_file():
        pytest.skip(f"{clip.name} is not here")
    try:
        registry.path("face-far")
    except ModelMissing as error:
        pytest.skip(str(error))
    return run_worker(WORKER, folder / "said.json", str(clip), str(frames))[0]


def people(film: list[dict[str, Any]]) -> set[int]:
    return {face[0] for frame in film for face in frame["faces"]}


def test_two_who_walk_up_keep_their_ids_from_13_pixels_on(clips: Path, tmp_path: Path) -> None:
    said = film(clips / "intel_face-demographics-walking.gif", 99, tmp_path)
    assert people(said) == {0, 1}
    assert all(len(frame["faces"]) == 2 for frame in said[14:])
    shown = {who: [f for frame in said for f in frame["faces"] if f[0] == who and f[2] is not None] for who in (0, 1)}
    assert min(len(rows) for rows in shown.values()) >= 18  # of 35 frames, the first four before the detector's answer
    assert sum(state == "ok" for _, state, _ in shown[1]) >= 4
    for frame in said:
        places = {who: place for who, _, place in frame["faces"] if place is not None}
        assert len(places) < 2 or places[0] < places[1]


def test_four_in_a_classroom_are_all_counted_and_those_with_landmarks_keep_their_ids(
    clips: Path, tmp_path: Path
) -> None:
    said = film(clips / "intel_classroom.gif", 99, tmp_path)
    seen = [len(frame["faces"]) + frame["unmeasured"] for frame in said]
    assert max(seen) == 4
    assert set(seen[-10:]) == {4}
    assert people(said) <= {0, 1, 2}
    for who in (0, 1):
        places = [face[2] for frame in said for face in frame["faces"] if face[0] == who and face[2] is not None]
        assert len(places) >= 25
        assert max(places) - min(places) < 0.03


def test_four_in_a_call_are_measured_under_one_id_each(shared: Path, tmp_path: Path) -> None:
    said = film(shared / "cases" / "call_of_four.mp4", 30, tmp_path)
    assert people(said) == {0, 1, 2, 3}
    assert all(len(frame["faces"]) == 4 and frame["unmeasured"] == 0 for frame in said[9:])
    for who in range(4):
        assert sum(face[1] == "ok" for frame in said[15:] for face in frame["faces"] if face[0] == who) >= 5
