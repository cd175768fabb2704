"""Damaged media of 26 kinds: a table or a sentence each, no end of a worker without one, memory that stays bounded."""

import os
from pathlib import Path

import pytest
from media_damage import MOST_BYTES, run

pytestmark = pytest.mark.processes
COUNT = 500
OUT = Path(os.environ.get("LIVEAFFECT_SOAK", "out/soak")) / "media-damage"
"""What was done is kept here: a soak that was stopped goes on."""


def test_forty_damaged_files_are_a_table_or_a_sentence_each(tmp_path: Path) -> None:
    cases = run(tmp_path, 40)
    assert len(cases) == 40
    assert [case for case in cases if case["broken"]] == []
    assert 10 < sum(case["rows"] is not None for case in cases) < 40
    assert max(case["mib"] for case in cases) < MOST_BYTES >> 20


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_hundred_damaged_files_are_a_table_or_a_sentence_each() -> None:
    cases = run(OUT, COUNT)
    assert len(cases) >= COUNT
    assert [case for case in cases if case["broken"]] == []
