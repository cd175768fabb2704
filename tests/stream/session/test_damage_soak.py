"""A thousand flipped bits and torn ends of the golden session (`make soak`): told, survived, and nothing invented."""

import os
from pathlib import Path

import pytest
from session_damage import run

pytestmark = pytest.mark.long

COUNT = 1000
OUT = Path(os.environ.get("LIVEAFFECT_SOAK", "out/soak")) / "session-damage"
"""What was done is kept here: a soak that was stopped goes on."""


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_thousand_places_of_damage_are_told_and_cost_no_intact_chunk() -> None:
    cases = run(OUT, COUNT)
    assert len(cases) >= COUNT
    assert [case for case in cases if case["broken"]] == []


def test_a_few_places_of_damage_are_told_and_cost_no_intact_chunk(tmp_path: Path) -> None:
    assert [case for case in run(tmp_path, 3) if case["broken"]] == []
