"""Faces too small for MediaPipe's own detector are found, followed and measured; more than two share the time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.workers import run_worker

from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

WORKER = Path(__file__).parent / "room_worker.py"
WIDTH, HEIGHT, SIDE = 1280, 720, 110
AT = 900, 300


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    try:
        registry.path("face-far")
    except ModelMissing as error:
        pytest.skip(str(error))
    return run_worker(WORKER, tmp_path_factory.mktemp("room") / "told.json")[0]


def states(told: dict[str, Any]) -> list[list[str]]:
    return [[state for _, state, _, _ in frame] for frame in told["frames"]]


@pytest.mark.processes
def test_a_face_of_a_twentieth_of_the_width_is_found_and_measured(told: dict[str, Any]) -> None:
    assert states(told["far"])[-8:] == [["ok"]] * 8
    assert {face[0] for frame in told["far"]["frames"] for face in frame} == {0}
    assert not any(states(told["without"]))
    assert states(told["still"]) == [["ok"]]


@pytest.mark.processes
def test_its_landmarks_lie_where_those_of_the_large_picture_do(told: dict[str, Any]) -> None:
    large = np.array(told["large"]["mesh"][0])[:, :2] * SIDE + AT
    here = np.array(told["far"]["mesh"][0])[:, :2] * (WIDTH, HEIGHT)
    width = np.ptp(large[:, 0])
    assert np.linalg.norm(here - large, axis=1).mean() < 0.03 * width
    x, y, w, h = told["far"]["frames"][-1][0][2]
    low, high = large.min(0), large.max(0)
    assert np.allclose([x * WIDTH, y * HEIGHT], low, atol=0.05 * width)
    assert np.allclose([(x + w) * WIDTH, (y + h) * HEIGHT], high, atol=0.05 * width)


@pytest.mark.processes
def test_what_is_said_does_not_depend_on_how_soon_the_detector_answers(told: dict[str, Any]) -> None:
    assert told["far"] == told["again"]


@pytest.mark.processes
def test_who_walks_is_followed_under_one_id(told: dict[str, Any]) -> None:
    walk = told["walk"]["frames"]
    assert {face[0] for frame in walk for face in frame} == {0}
    assert states(told["walk"])[-8:] == [["ok"]] * 8
    middles = [frame[0][2][0] + frame[0][2][2] / 2 for frame in walk[-8:]]
    assert np.diff(middles) * WIDTH == pytest.approx(12, abs=2)


@pytest.mark.processes
def test_six_share_the_time_and_those_whose_turn_it_is_not_say_so(told: dict[str, Any]) -> None:
    frames = told["six"]["frames"][-12:]
    assert all([face[0] for face in frame] == list(range(6)) for frame in frames)
    measured = [sum(frame[i][1] == "ok" for frame in frames) for i in range(6)]
    assert min(measured) >= 4
    assert max(measured) <= 8
    waiting = [face for frame in frames for face in frame if face[1] == "stale"]
    assert waiting
    assert all(face[3] == "others' turn" and face[2] is not None for face in waiting)
    numbers = told["six"]["numbers"][-12:]
    assert all((said is None) == (face[1] != "ok") for f, n in zip(frames, numbers, strict=True)
               for face, said in zip(f, n, strict=True))  # fmt: skip


@pytest.mark.processes
def test_more_people_than_are_followed_are_said(told: dict[str, Any]) -> None:
    assert told["limit"]["unmeasured"][-1] == 3
    assert len(told["limit"]["frames"][-1]) == 3
    assert told["six"]["unmeasured"][-1] == 0


@pytest.mark.processes
def test_a_room_without_people_has_no_faces(told: dict[str, Any]) -> None:
    assert not any(states(told["empty"]))
