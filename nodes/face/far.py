"""Looks for faces far from the camera, beside the frames: one view of the picture after the other.

A look (50 ms of one thread) is asked for one frame and answered a fixed stream time later, so that no frame waits for
it and live, replay and offline hear it at the same frame. It is asked again at fixed stream times.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.far import FarFace, FarFaceModel, View, views

ANSWER_NS = 300_000_000
"""From a question to its answer, in stream time."""
SOON_NS = 400_000_000
"""Between looks while there is more to be found: in the first rounds, and after somebody was lost or found."""
CALM_NS = 1_000_000_000
"""Between looks while everybody seen is followed."""
FILLED_NS = 2_000_000_000
"""The same while somebody is near: `FILLS` of the picture's shorter side. There is less room for others, and a look
costs a tenth of what a second of one near face does."""
FILLS = 0.25
EAGER_ROUNDS = 2
REFUSED_NS = 8_000_000_000
"""For so long a face that is not measured counts as in view until its part of the picture is looked at again."""


@dataclass
class _Asked:
    t_ns: int
    view: int
    answer: "Future[list[FarFace]]"


class Far:
    """Asks the detector now and then. What it answers, and when, depends on frames and their times alone."""

    def __init__(self, detector: FarFaceModel) -> None:
        self._detector = detector
        self._beside = ThreadPoolExecutor(1, "face-far")
        self._anew_ns: int | None = None
        self._asked: _Asked | None = None
        self.forget()

    def forget(self) -> None:
        """After a gap or a cut: what was asked is about another scene, and is not looked at if it still waits."""
        if self._asked is not None:
            self._asked.answer.cancel()
        self._asked = None
        self._last_ns: int | None = None
        self._turn = 0
        self._eager: int | None = None
        self._answered = 0
        self._refused: dict[int, list[tuple[int, FarFace]]] = {}

    def stir(self, image: NDArray[np.uint8]) -> None:
        """Somebody was lost or found: looks come sooner for one round."""
        self._eager = max(self._eager or 0, len(views(image.shape[1], image.shape[0])))

    def step(self, image: NDArray[np.uint8], t_ns: int, largest: float = 0.0) -> list[FarFace]:
        """Takes in one frame; the faces of the look that is due to be answered, if one is.

        `largest` is the size in pixels of the largest face that is followed.
        """
        found: list[FarFace] = []
        if self._asked is not None and t_ns - self._asked.t_ns >= ANSWER_NS:
            found = self._asked.answer.result()
            self._answered, self._asked = self._asked.view, None
            self._refused.pop(self._answered, None)
        ways = views(image.shape[1], image.shape[0])
        if self._eager is None:
            self._eager = EAGER_ROUNDS * len(ways)
        calm = FILLED_NS if largest >= FILLS * min(image.shape[:2]) else CALM_NS
        wait = SOON_NS if self._eager else calm
        if self._last_ns is None:  # a fade, or a flicker, is a cut from frame to frame: it is not searched at each
            due = self._anew_ns is None or not 0 <= t_ns - self._anew_ns < SOON_NS
            self._anew_ns = t_ns if due else self._anew_ns
        else:
            due = t_ns - self._last_ns >= wait
        if self._asked is None and due:
            number = self._turn % len(ways)
            self._asked = _Asked(t_ns, number, self._beside.submit(self._detector.find, image, ways[number]))
            self._last_ns, self._turn, self._eager = t_ns, self._turn + 1, max(self._eager - 1, 0)
        return found

    def all(self, image: NDArray[np.uint8]) -> list[FarFace]:
        """Every view of a photograph, now."""
        ways: list[View] = views(image.shape[1], image.shape[0])
        return [face for view in ways for face in self._detector.find(image, view)]

    def refuse(self, face: FarFace, t_ns: int) -> None:
        """Notes a face of the last answer that is in view and is not measured."""
        self._refused.setdefault(self._answered, []).append((t_ns, face))

    def refused(self, t_ns: int) -> list[FarFace]:
        """The faces in view that are not measured, each once."""
        kept: list[FarFace] = []
        for seen_ns, face in (one for view in self._refused.values() for one in view):
            if t_ns - seen_ns <= REFUSED_NS and not any(_same(face, other) for other in kept):
                kept.append(face)
        return kept

    def close(self) -> None:
        """Ends the thread beside; an open question is dropped."""
        self._beside.shutdown(cancel_futures=True)


def _same(a: FarFace, b: FarFace) -> bool:
    apart_x = abs(a.x + a.width / 2 - b.x - b.width / 2)
    apart_y = abs(a.y + a.height / 2 - b.y - b.height / 2)
    return apart_x < max(a.width, b.width) / 2 and apart_y < max(a.height, b.height) / 2
