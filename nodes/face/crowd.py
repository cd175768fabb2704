"""Everyone in the room: faces of the whole frame, and those too far or too many for it, on crops of their own."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.far import FarFace, FarFaceModel
from liveaffect.nodes.face.closeups import Closeup, Closeups, is_followed, place_of
from liveaffect.nodes.face.far import Far
from liveaffect.nodes.face.landmarker import Found
from liveaffect.nodes.face.tracking import Track, Tracker, is_double
from liveaffect.nodes.face.turns import Turns, Waiting

EVERYONE = 16
"""What `max_faces = 0` stands for."""
NEAR = 2
"""As many at most are followed in the whole frame, by the landmarker that remembers; the others on crops."""
MOST = 8
"""The same where nothing finds far faces: everybody is followed in the whole frame."""
SMALL = 0.18
"""A face of less than this share of the frame's longer side that the whole frame loses is looked for on a crop: there
MediaPipe's own detector does not find it again. A larger one has turned away or left."""
SEEN = 0.5
"""A face of which the detector is so sure is in view, even where no landmarks are found on it: it is counted. In 1,000
pictures without people it was never so sure."""
SEARCH = 0.3
"""What looking at the whole frame costs where nobody is near, in measurements of a face."""
_WHOLE = -1


class Crowd:
    """Who is measured in which frame beside the faces that the whole frame gives.

    Parameters
    ----------
    model: the face landmarker's bundle.
    detector: finds faces that MediaPipe does not; None goes without.
    limit: people followed at most.
    per_second: faces measured in a second at most, as soon as anybody is on a crop; 0 is no limit.
    """

    def __init__(self, model: Path, detector: FarFaceModel | None, limit: int, per_second: float) -> None:
        self._limit = limit
        self._far = None if detector is None else Far(detector)
        self.crops = Closeups(model)
        self._turns = Turns(per_second)
        self._whole_turn: int | None = None
        self._near: set[int] = set()
        self._due: dict[int, int] = {}
        self.waiting: set[int] = set()
        """Tracks that this frame does not look at."""

    def forget(self) -> None:
        """After a gap, a cut, or where the picture is turned."""
        if self._far is not None:
            self._far.forget()
        self.crops.forget()
        self._turns.forget()
        self._near, self.waiting, self._whole_turn = set(), set(), None

    def close(self) -> None:
        if self._far is not None:
            self._far.close()
        self.crops.close()

    def refused(self, tracker: Tracker, size: tuple[int, int], t_ns: int) -> int:
        """Faces in view that are not measured: there are enough, or they are too small, turned or hidden for it.

        `size` is the frame's (width, height).
        """
        faces = [] if self._far is None else self._far.refused(t_ns)
        pixels = np.array(size, np.float64)
        known = [(track.centre, track.size) for track in tracker.tracks]
        return sum(not is_followed(face, pixels, known) for face in faces)

    @property
    def sought(self) -> set[int]:
        """Tracks that are followed on crops, and looked for again at their place when a look misses them."""
        return {crop.key for crop in self.crops.open if crop.key is not None}

    def plan(self, image: NDArray[np.uint8], tracker: Tracker, t_ns: int) -> bool:
        """Hears the far detector, and decides which crops are measured in this frame; gives whether the whole is."""
        if self._far is not None:
            largest = max((track.size for track in tracker.tracks), default=0.0)
            self._take_in(self._far.step(image, t_ns, largest), image, tracker, t_ns)
        crops = self.crops.open
        if not crops:
            self._due, self.waiting, self._whole_turn = {}, set(), None
            self._turns.forget()
            return True
        sizes = [track.size for track in tracker.tracks if track.key in self._near]
        whole = Waiting(_WHOLE, float(len(sizes)) or SEARCH, self._whole_turn, max(sizes, default=0.0))
        asked = [Waiting(number, 1.0, crop.turn, crop.side) for number, crop in enumerate(crops)]
        self._due = self._turns.share([whole, *asked], t_ns)
        for number, crop in enumerate(crops):
            crop.turn = self._due.get(number, crop.turn)
        left = [crop for number, crop in enumerate(crops) if number not in self._due and not crop.misses]
        self.waiting = {crop.key for crop in left if crop.key is not None}
        if _WHOLE not in self._due:
            self.waiting |= self._near
            return False
        self._whole_turn = self._due[_WHOLE]
        return True

    def measure(self, image: NDArray[np.uint8], near: list[Found], t_ns: int) -> list[tuple[Found, Closeup]]:
        """The faces of the crops whose turn it is; one that is among `near` too loses its crop."""
        shown: list[tuple[Found, Closeup]] = []
        for crop in [crop for number, crop in enumerate(self.crops.open) if number in self._due]:
            found = self.crops.look(crop, image, t_ns)
            if found is None:
                self._given_up(crop, image, t_ns)
                continue
            if any(is_double(face.landmarks, found.landmarks, image) for face in [*near, *(one for one, _ in shown)]):
                self.crops.end(crop)
            else:
                shown.append((found, crop))
        return shown

    def settle(
        self,
        owners: list[Track | None],
        crops: list[Closeup | None],
        image: NDArray[np.uint8],
        tracker: Tracker,
        t_ns: int,
    ) -> None:
        """After the faces of a frame have their tracks: which track each crop feeds, and whom the whole frame lost.

        `owners` and `crops` have one place for each face, None for those of the whole frame.
        """
        looked = not (self._near & self.waiting)
        near: set[int] = set()
        for track, crop in zip(owners, crops, strict=True):
            if crop is None:
                near |= set() if track is None else {track.key}
            elif track is None:
                self.crops.end(crop)
            else:
                crop.key = track.key
        kept = {track.key for track in tracker.tracks}
        for crop in self.crops.open:
            if crop.key is not None and (crop.key not in kept or crop.key in near):
                self.crops.end(crop)
        if not looked:
            return
        spare = sorted((crop for crop in self.crops.open if crop.key not in near), key=lambda crop: crop.side)
        for crop in spare[: max(len(near) + len(self.crops.open) - self._limit, 0)]:
            self.crops.end(crop)
        on_crops = {crop.key for crop in self.crops.open}
        longest = max(image.shape[:2])
        for track in tracker.lost(t_ns):
            small = track.size < SMALL * longest
            if track.key in self._near and track.key not in on_crops and small and self._far is not None:
                self.crops.begin(track.centre, track.size * 1.1, key=track.key)
                self._far.stir(image)
        self._near = near

    def still(self, image: NDArray[np.uint8], near: list[Found]) -> list[Found]:
        """Faces of a photograph beside those that the whole of it gives."""
        if self._far is None:
            return []
        size = np.array([image.shape[1], image.shape[0]], np.float64)
        shown = list(near)
        for face in sorted(self._far.all(image), key=lambda face: -face.width * face.height):
            if is_followed(face, size, [_place(one, size) for one in shown]):
                continue
            if len(shown) >= self._limit:
                self._far.refuse(face, 0)
                continue
            centre, side = place_of(face, size)
            found = self.crops.measure(image, centre, side, face)
            if found is None:
                self._unseen(face, 0)
            elif not any(is_double(one.landmarks, found.landmarks, image) for one in shown):
                shown.append(found)
        return shown[len(near) :]

    def _take_in(self, faces: list[FarFace], image: NDArray[np.uint8], tracker: Tracker, t_ns: int) -> None:
        """Opens a crop for each face that nobody follows yet, as far as there is room."""
        size = np.array([image.shape[1], image.shape[0]], np.float64)
        for face in sorted(faces, key=lambda face: -face.width * face.height):
            known = [(track.centre, track.size) for track in tracker.tracks]
            known += [(crop.place(t_ns), crop.side) for crop in self.crops.open]
            if is_followed(face, size, known):
                continue
            if self.crops.is_put_off(face, size, t_ns):
                self._unseen(face, t_ns)
                continue
            followed = len({*(track.key for track in tracker.tracks)}) + sum(c.key is None for c in self.crops.open)
            if followed >= self._limit and self._far is not None:
                self._far.refuse(face, t_ns)
            else:
                self.crops.begin(*place_of(face, size), seen=face)

    def _given_up(self, crop: Closeup, image: NDArray[np.uint8], t_ns: int) -> None:
        """Where a crop that shows no face is not followed any more: whoever was on it may still be in view."""
        if any(other is crop for other in self.crops.open) or self._far is None:
            return
        if crop.seen is not None:
            self._unseen(crop.seen, t_ns)
        if crop.key is not None:
            self._far.stir(image)

    def _unseen(self, face: FarFace, t_ns: int) -> None:
        """Takes note of a face on whose crop there were no landmarks."""
        if face.score >= SEEN and self._far is not None:
            self._far.refuse(face, t_ns)


def _place(found: Found, size: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    points = found.landmarks[:, :2] * size
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, float((high - low).max())
