"""Which landmarker looks at a frame: the one that follows a single face, or the one that follows several."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.nodes.face.landmarker import Detector, Found, Landmarker

LOOK_EVERY_MS = 500
"""How often the frame is searched for a second face while one is followed."""
ALONE_MS = 2000
"""After so long with at most one face, the single-face landmarker takes over again."""
WARM_FRAMES = 4
"""Frames a landmarker sees before its results are used in place of the other's (design: the tracker settles)."""
STILL_PASSES = 15
STILL_SHIFT = 0.001
"""A still is settled when no landmark moves by more than this share of the face's height between two passes."""


class Watch:
    """Follows up to `max_faces` faces at the price of one while there is only one.

    Asked for several faces, MediaPipe runs its detector on every frame that shows fewer (a quarter more time when one
    person sits alone before the camera) and gives up smoothing. So one face is followed by a landmarker for one,
    the detector looks for others twice a second, and a landmarker for `max_faces` takes over, warmed up beside the
    first, while there are others. What happens depends on nothing but the frames and their times. The detector is lent.
    """

    def __init__(self, model: Path, max_faces: int, detector: Detector) -> None:
        self._model, self._max_faces, self._detector = model, max_faces, detector
        self.seen = 0
        """Faces that the detector saw when it last looked, also beyond `max_faces`."""
        self._counted_ms: int | None = None
        self._landmarkers: dict[int, Landmarker] = {}
        self._active = 0
        self._next = 0
        self._warm = 0
        self._looked_ms: int | None = None
        self._crowd_ms = 0
        self._landmarker(1)

    def find(self, image: NDArray[np.uint8], t_ms: int) -> list[Found]:
        """Faces of one video frame; `t_ms` must grow from call to call."""
        wanted = self._wanted(image, t_ms)
        if not self._active:
            self._active = wanted
        if wanted != self._active and wanted != self._next:
            self._next, self._warm = wanted, 0
        elif wanted == self._active:
            self._next = 0
        faces = self._landmarker(self._active).find(image, t_ms)
        if self._next:
            others = self._landmarker(self._next).find(image, t_ms)
            self._warm += 1
            if self._warm > WARM_FRAMES:
                self._active, self._next, faces = self._next, 0, others
        if self._active > 1 and len(faces) > 1:
            self._crowd_ms = t_ms
        return faces

    def settle(self, image: NDArray[np.uint8]) -> list[Found]:
        """Faces of a photograph: shown again and again to a fresh landmarker until nothing moves."""
        self.seen = len(self._detector.scores(image))
        landmarker = Landmarker(self._model, 1 if self.seen < 2 else self._max_faces)
        try:
            faces = landmarker.find(image, 0)
            for turn in range(1, STILL_PASSES if faces else 2):
                before, faces = faces, landmarker.find(image, 33 * turn)
                if turn > WARM_FRAMES and _settled(before, faces):
                    break
            return faces
        finally:
            landmarker.close()

    def close(self) -> None:
        for task in self._landmarkers.values():
            task.close()
        self._landmarkers.clear()

    def _wanted(self, image: NDArray[np.uint8], t_ms: int) -> int:
        """How many faces the landmarker for this frame should follow."""
        if self._active > 1 or self._max_faces == 1:
            if self._counted_ms is None or t_ms - self._counted_ms >= LOOK_EVERY_MS:
                self._counted_ms, self.seen = t_ms, len(self._detector.scores(image, t_ms))  # only to be told
            if self._max_faces == 1:
                return 1
            return 1 if t_ms - self._crowd_ms > ALONE_MS else self._active
        if self._looked_ms is None or t_ms - self._looked_ms >= LOOK_EVERY_MS:
            self._looked_ms, self.seen = t_ms, len(self._detector.scores(image, t_ms))
            if self.seen > 1:
                self._crowd_ms = t_ms
                return self._max_faces
        return self._next or 1

    def _landmarker(self, faces: int) -> Landmarker:
        if faces not in self._landmarkers:
            self._landmarkers[faces] = Landmarker(self._model, faces)
        return self._landmarkers[faces]


def _settled(before: list[Found], after: list[Found]) -> bool:
    if len(before) != len(after):
        return False
    for a, b in zip(before, after, strict=True):
        height = float(np.ptp(b.landmarks[:, 1]))
        if float(np.abs(a.landmarks[:, :2] - b.landmarks[:, :2]).max()) > STILL_SHIFT * height:
            return False
    return True
