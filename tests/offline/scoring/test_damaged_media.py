"""Damaged media of 26 kinds: a table or a sentence each, no end of a worker without one, memory that stays bounded."""

import os
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from media_damage import MOST_BYTES, run
from PIL import Image

from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError

pytestmark = pytest.mark.processes
KINDS, COUNT = 26, 500
OUT = Path(os.environ.get("LIVEAFFECT_SOAK", "out/soak")) / "media-damage"
"""What was done is kept here: a soak that was stopped goes on."""


def test_damaged_files_of_every_kind_are_a_table_or_a_sentence_each(tmp_path: Path) -> None:
    cases = run(tmp_path, KINDS)
    assert len(cases) == KINDS
    assert [case for case in cases if case["broken"]] == []
    assert 10 < sum(case["rows"] is not None for case in cases) < KINDS
    assert max(case["mib"] for case in cases) < MOST_BYTES >> 20


def test_what_a_decoder_says_in_lines_is_told_in_one(tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    noise = np.random.default_rng(12).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.heic")
    (tmp_path / "cut.heic").write_bytes((tmp_path / "whole.heic").read_bytes()[:-900])
    with pytest.raises(InputError) as told:
        probe(tmp_path / "cut.heic")
    assert "cut.heic" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_hundred_damaged_files_are_a_table_or_a_sentence_each() -> None:
    cases = run(OUT, COUNT)
    assert len(cases) >= COUNT
    assert [case for case in cases if case["broken"]] == []
