"""Ids follow people, not places: films of two portraits that change places, leave, return, and are lit and covered."""

from pathlib import Path
from typing import Any

import pytest
from runs.workers import run_worker

pytestmark = pytest.mark.processes

Rows = list[list[Any]]
WORKER = Path(__file__).parent / "people_worker.py"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Film name -> per frame the rows (id, state, reason, middle of the box)."""
    return run_worker(WORKER, tmp_path_factory.mktemp("people") / "said.json")[0]


def ok(frame: Rows) -> dict[int, float]:
    """Who has numbers in a frame, and where (0 left, 1 right)."""
    return {row[0]: row[3] for row in frame if row[1] == "ok"}


def with_numbers(film: list[Rows]) -> set[int]:
    return {person for frame in film for person in ok(frame)}


@pytest.mark.parametrize("name", ["swap", "tiles"])
def test_two_who_change_places_in_one_frame_keep_their_ids(films: dict[str, Any], name: str) -> None:
    film = films[name]
    assert with_numbers(film) == {0, 1}
    left = min(ok(film[19]), key=lambda person: ok(film[19])[person])
    for frame in film[20:]:
        assert all((place > 0.5) == (person == left) for person, place in ok(frame).items())
    assert ok(film[-1]).keys() <= {0, 1}
    assert left in ok(film[-1])


def test_without_the_net_the_shape_of_faces_keeps_two_apart_over_a_cut(films: dict[str, Any]) -> None:
    film = films["swap without identity"]
    left = min(ok(film[19]), key=lambda person: ok(film[19])[person])
    assert with_numbers(film[:20]) == {0, 1}
    assert len(ok(film[-1])) == 2
    for person, place in ok(film[-1]).items():
        assert person not in (0, 1) or (place > 0.5) == (person == left)


def test_a_cut_to_another_person_and_back_gives_two_people(films: dict[str, Any]) -> None:
    film = films["cut"]
    assert with_numbers(film[:12]) == {0}
    assert with_numbers(film[12:24]) == {1}
    assert with_numbers(film[24:]) == {0}
    for begin in (12, 24):
        assert not any(ok(frame) for frame in film[begin : begin + 4])
        assert film[begin + 1][0][2].startswith("cut")
        assert ok(film[begin + 8])


def test_who_returns_elsewhere_has_the_old_id(films: dict[str, Any]) -> None:
    assert with_numbers(films["return"]) == {0}
    assert ok(films["return"][-1]) == {0: pytest.approx(0.73, abs=0.1)}


def test_who_jumps_out_of_reach_has_the_old_id(films: dict[str, Any]) -> None:
    assert with_numbers(films["jump"]) == {0}
    assert len(films["jump"][-1]) == 1


def test_a_stranger_in_the_place_has_a_new_id(films: dict[str, Any]) -> None:
    film = films["stranger"]
    assert with_numbers(film[:12]) == {0}
    assert with_numbers(film[40:]) == {1}


@pytest.mark.parametrize("name", ["lamp", "flash", "hand", "fade"])
def test_light_and_hands_make_nobody_new(films: dict[str, Any], name: str) -> None:
    assert with_numbers(films[name]) == {0}
    assert ok(films[name][-1]).keys() == {0}


def test_a_single_participant_is_one_person_whatever_happens(films: dict[str, Any]) -> None:
    assert with_numbers(films["single participant"]) == {0}
    assert all(len(frame) <= 1 for frame in films["single participant"])


def test_what_tells_faces_apart_is_never_said(films: dict[str, Any]) -> None:
    made, found = films["leaked"]
    assert made >= 4
    assert found == 0
