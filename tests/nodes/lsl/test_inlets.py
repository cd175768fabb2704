"""Samples of any marker stream as labels of one line."""

import numpy as np
import pytest

from liveaffect.nodes.lsl.inlets import MOST_LETTERS, label_of


@pytest.mark.parametrize(
    ("sample", "label"),
    [
        ([b"onset"], "onset"),
        (["müde".encode()], "müde"),
        ([b"trial", b"7"], "trial 7"),
        ([b'{"event": "x"}'], '{"event": "x"}'),
        ([b"two\nlines\t."], "two lines ."),
        ([b"\xff\xfe"], "��"),
        ([b""], ""),
        (np.array([32], np.int32), "32"),
        (np.array([1, 2], np.int16), "1 2"),
        (np.array([0.25], np.float32), "0.25"),
        (np.array([3.0]), "3"),
        (np.array([np.nan, np.inf]), "nan inf"),
    ],
)
def test_a_sample_is_one_line(sample: object, label: str) -> None:
    assert label_of(sample) == label


def test_a_long_label_is_cut() -> None:
    assert len(label_of([b"x" * 4000])) == MOST_LETTERS
