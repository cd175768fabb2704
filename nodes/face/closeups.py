"""Follows faces that MediaPipe does not find in the whole picture: each by landmarks on an enlarged crop of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.align import warp
from liveaffect.models.face.eyes.sight import in_frame
from liveaffect.models.face.far import FarFace, agrees
from liveaffect.nodes.face.landmarker import Found, Landmarker

CROP_PX = 384
ROOMS = (2.2, 3.0)
"""Sides of the crop in sides of the face, tried in this order: MediaPipe's detector wants a face of about half the
picture, and finds some of those below 20 pixels only with more around them (of 18 of two who walk 12, with both 16)."""
FOLLOW = 0.5
"""Share of the way that the crop goes towards where the face is, at each look."""
MISSES = 6
"""Looks without a face after which a crop is given up, if it ever showed one; a new one is given up after `TRIES`."""
TRIES = 2
NEIGHBOUR = 0.75
"""Sides of the face: what a crop finds further from where it looked is somebody else, on a crop of their own."""
PUT_OFF_NS = 3_000_000_000
"""A place where a look found no face on its crop is not tried again for so long; each time twice as long."""
LONGEST_OFF_NS = 60_000_000_000
_GONE = 1.2


@dataclass
class Closeup:
    """One face as followed on its crop. Places are pixels of the frame."""

    centre: NDArray[np.float64]
    side: float
    """Of the face, not of the crop."""
    key: int | None = None
    """Of the track it feeds; None until a face was found."""
    looked_ns: int | None = None
    speed: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    """Pixels a second."""
    misses: int = 0
    seen: FarFace | None = None
    """As the detector saw it last."""
    turn: int | None = None
    """When it was looked at last, counted by whoever shares out the turns."""

    def place(self, t_ns: int) -> NDArray[np.float64]:
        """Where the face should be by now."""
        return self.centre if self.looked_ns is None else self.centre + self.speed * ((t_ns - self.looked_ns) / 1e9)


class Closeups:
    """Up to so many crops with a landmarker that remembers nothing, so that they may be looked at in any order."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._landmarker: Landmarker | None = None  # made for the first crop: who sits alone and near needs none
        self.forget()

    def forget(self) -> None:
        """After a gap or a cut."""
        self.open: list[Closeup] = []
        self._empty: list[tuple[NDArray[np.float64], float, int, int]] = []

    def close(self) -> None:
        if self._landmarker is not None:
            self._landmarker.close()

    def begin(
        self, centre: NDArray[np.float64], side: float, *, key: int | None = None, seen: FarFace | None = None
    ) -> Closeup:
        """A new crop around a face of `side` pixels."""
        closeup = Closeup(centre.astype(np.float64), float(side), key, seen=seen)
        self.open.append(closeup)
        return closeup

    def end(self, closeup: Closeup) -> None:
        """Nobody is followed on this crop any more."""
        self.open = [other for other in self.open if other is not closeup]

    def is_put_off(self, face: FarFace, size: NDArray[np.float64], t_ns: int) -> bool:
        """Whether a face was looked for at this place lately, in vain. `size` is the frame's (width, height)."""
        centre, side = place_of(face, size)
        return any(t_ns < until and _near(centre, side, where, extent) for where, extent, until, _ in self._empty)

    def look(self, closeup: Closeup, image: NDArray[np.uint8], t_ns: int) -> Found | None:
        """The landmarks on this crop, as fractions of the frame; None where there is no face any more."""
        centre = closeup.place(t_ns)
        found = self.measure(image, centre, closeup.side, closeup.seen if closeup.key is None else None)
        if found is None:
            closeup.looked_ns, closeup.misses = t_ns, closeup.misses + 1
            closeup.centre, closeup.speed = centre, closeup.speed * 0.0
            if closeup.misses >= (TRIES if closeup.key is None else MISSES):
                self.end(closeup)
                if closeup.key is None:
                    self._put_off(closeup, t_ns)
            return None
        low, high = _extent(found, image)
        middle, elapsed_s = (low + high) / 2, 0.0 if closeup.looked_ns is None else (t_ns - closeup.looked_ns) / 1e9
        if closeup.key is not None and 0 < elapsed_s < _GONE:
            closeup.speed += FOLLOW * ((middle - closeup.centre) / elapsed_s - closeup.speed)
        closeup.centre = middle if closeup.looked_ns is None else centre + FOLLOW * (middle - centre)
        closeup.side += FOLLOW * (float((high - low).max()) - closeup.side)
        closeup.looked_ns, closeup.misses = t_ns, 0
        return found

    def measure(
        self, image: NDArray[np.uint8], centre: NDArray[np.float64], side: float, seen: FarFace | None = None
    ) -> Found | None:
        """Landmarks of the face of about `side` pixels around `centre`, as fractions of the frame.

        `seen` is what the detector says of a face that was not measured before: both must mean the same.
        """
        size = image.shape[1], image.shape[0]
        for room in ROOMS:
            found = self._on_crop(image, centre, side, room)
            if found is not None and (seen is None or agrees(seen, found.landmarks, size)):
                return found
        return None

    def _on_crop(
        self, image: NDArray[np.uint8], centre: NDArray[np.float64], face_side: float, room: float
    ) -> Found | None:
        (height, width), side = image.shape[:2], face_side * room
        scale = side / CROP_PX
        corner = centre - side / 2
        inverse = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])
        if self._landmarker is None:
            self._landmarker = Landmarker(self._model, 1, remembers=False)
        faces = self._landmarker.find(warp(image, inverse, CROP_PX), 0)
        if not faces:
            return None
        face = faces[0]
        marks = face.landmarks * np.array([side / width, side / height, side / width], np.float32)
        marks[:, :2] += (corner / (width, height)).astype(np.float32)
        middle = (marks[:, :2].min(0) + marks[:, :2].max(0)) / 2
        if float(np.linalg.norm(middle * (width, height) - centre)) > NEIGHBOUR * face_side:
            return None
        return Found(marks.astype(np.float32), face.blendshapes, in_frame(face.pose, middle, (width, height)))

    def _put_off(self, closeup: Closeup, t_ns: int) -> None:
        before = [e for e in self._empty if _near(closeup.centre, closeup.side, e[0], e[1])]
        wait = min(max([e[3] * 2 for e in before], default=PUT_OFF_NS), LONGEST_OFF_NS)
        self._empty = [e for e in self._empty if t_ns < e[2] + LONGEST_OFF_NS and not any(e is b for b in before)]
        self._empty.append((closeup.centre, closeup.side, t_ns + wait, wait))


def place_of(face: FarFace, size: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Middle and side in pixels of a face that the far detector saw."""
    centre = np.array([face.x + face.width / 2, face.y + face.height / 2]) * size
    return centre, max(face.width * size[0], face.height * size[1])


def is_followed(face: FarFace, size: NDArray[np.float64], places: Sequence[tuple[NDArray[np.float64], float]]) -> bool:
    """Whether one of `places` (middle, side) is this face."""
    centre, side = place_of(face, size)
    return any(_near(centre, side, where, extent) for where, extent in places)


def _extent(found: Found, image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = found.landmarks[:, :2].astype(np.float64) * (image.shape[1], image.shape[0])
    return points.min(0), points.max(0)


def _near(a: NDArray[np.float64], side: float, b: NDArray[np.float64], extent: float) -> bool:
    return float(np.linalg.norm(a - b)) < 0.5 * max(side, extent)
