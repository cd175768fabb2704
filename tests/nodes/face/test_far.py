"""When the detector of far faces is asked: by stream time, and not at every frame of a fade."""

from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from liveaffect.models.face.far import FarFaceModel
from liveaffect.nodes.face import far
from liveaffect.nodes.face.far import SOON_NS, Far

FRAME_NS = 33_333_334
SOON = SOON_NS // FRAME_NS + 1
PICTURE = np.zeros((480, 640, 3), np.uint8)


class Beside:
    """A thread that sees nobody, and notes that it was asked."""

    asked = 0

    def __init__(self, *_: object) -> None: ...

    def submit(self, *_: object) -> "Future[list[Any]]":
        Beside.asked += 1
        future: Future[list[Any]] = Future()
        future.set_result([])
        return future


def looks(frames: int, cuts: range) -> list[int]:
    """The frames of so many in which it is asked, where each of `cuts` begins another shot."""
    search, when = Far(FarFaceModel.__new__(FarFaceModel)), list[int]()  # it is never run
    for frame in range(frames):
        if frame in cuts:
            search.forget()
        before = Beside.asked
        search.step(PICTURE, frame * FRAME_NS)
        when += [frame] * (Beside.asked - before)
    return when


def test_a_cut_is_searched_at_once_and_a_fade_that_is_cuts_alone_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far, "ThreadPoolExecutor", Beside)
    assert looks(2 * SOON, range(0)) == [0, SOON]
    assert looks(4 * SOON, range(2 * SOON, 2 * SOON + 1)) == [0, SOON, 2 * SOON, 3 * SOON]
    assert looks(4 * SOON, range(2 * SOON, 2 * SOON + 6)) == [0, SOON, 2 * SOON, 3 * SOON]
    assert looks(3 * SOON, range(3 * SOON)) == [0, SOON, 2 * SOON]
