"""Who is who: gives each face an id that survives from frame to frame, whatever order MediaPipe returns them in."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEEP_S = 1.0
"""A face that comes back within this time, near where it was, keeps its id."""
PAUSE_S = 30.0
"""A face that the frame before showed keeps it over so long a pause: films of one frame in several seconds."""
SETTLE_FRAMES = 4
"""Frames after a face is found (anew) in which its landmarks still move to their place."""
REACH = 0.6
"""How far a face may move between two frames, in face sizes; it grows with the time since it was seen."""
REACH_PER_S = 1.0
SAME_FACE = 0.35
"""Two finds whose centres are closer than this, in face sizes, are one face found twice."""
MOUTH_GAP_S = 0.25


@dataclass
class Track:
    """One person as followed so far."""

    id: int
    """Whose face it is; may be given to another person's face than at first, see `people.py`."""
    key: int
    """Of this track alone."""
    centre: NDArray[np.float64]
    """Middle of the face in pixels."""
    size: float
    """Side of the face in pixels: square root of its box's area."""
    seen_ns: int
    elapsed_ns: int = 0
    """Between the last two times it was seen."""
    age: int = 0
    """Frames since the face was found (anew), this one counted."""
    proven: bool = False
    """True once it has outlived the settling: only then is its loss worth telling."""
    box: tuple[float, float, float, float] | None = None
    """Where it was when last measured, as fractions of the frame."""
    opening: float | None = None
    """Lip opening in face heights when last seen."""

    @property
    def settling(self) -> bool:
        """Whether its landmarks still move to their place."""
        return self.age <= SETTLE_FRAMES


class Tracker:
    """Associates finds with tracks by distance and size, nearest pairs first; ids count up from 0 and never return."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._next_id = self._next_key = 0
        self._last_ns = -1
        self._waiting: Set[int] = frozenset()

    def new_id(self) -> int:
        """The next id that nobody had."""
        self._next_id += 1
        return self._next_id - 1

    def forget(self) -> None:
        """Drops every track, after a gap; ids go on counting."""
        self.tracks = []

    def step(
        self,
        faces: list[NDArray[np.float32]],
        t_ns: int,
        *,
        known: dict[int, int] | None = None,
        waiting: Set[int] = frozenset(),
        sought: Set[int] = frozenset(),
    ) -> list[Track | None]:
        """One track for each of `faces`, their landmarks (478, 2 or 3) in pixels; None for a face found twice.

        `known` gives, by number, the key of the track whose face it is where that is known beforehand. Tracks whose
        keys are `waiting` are not looked at in this frame: they get no face, and are not missed. Tracks whose keys are
        `sought` are still looked for at their place if this frame misses them: they go on from where they were.

        Tracks not seen for more than `KEEP_S` while there were frames, or lost before they were proven and not sought,
        are forgotten; `lost(t_ns)` names those that are missed in this frame.
        """
        self.tracks = [t for t in self.tracks if t_ns - t.seen_ns <= self._kept_ns(t) or t.key in waiting]
        self._last_ns, self._waiting = t_ns, waiting
        places = [_place(points) for points in faces]
        owners: list[Track | None] = [None] * len(faces)
        doubles = _doubles(places)
        pairs = sorted(
            (cost, track.key, number, track)
            for track in self.tracks
            if track.key not in waiting
            for number, place in enumerate(places)
            if number not in doubles and (cost := _cost(track, place, t_ns)) is not None
        )
        taken: set[int] = set()
        by_key = {track.key: track for track in self.tracks}
        for number, key in (known or {}).items():
            if number not in doubles and key in by_key and key not in taken:
                owners[number] = by_key[key]
                taken.add(key)
        for _, _, number, track in pairs:
            if owners[number] is None and track.key not in taken:
                owners[number] = track
                taken.add(track.key)
        for number, place in enumerate(places):
            if number in doubles:
                continue
            track = owners[number]
            if track is None:
                track = owners[number] = Track(self.new_id(), self._next_key, place[0], place[1], t_ns)
                self._next_key += 1
                self.tracks.append(track)
            _see(track, place, t_ns)
        self.tracks = [t for t in self.tracks if t.seen_ns == t_ns or t.proven or t.key in waiting or t.key in sought]
        for track in self.lost(t_ns):
            track.age, track.opening = track.age if track.key in sought else 0, None
        return owners

    def _kept_ns(self, track: Track) -> float:
        return 1e9 * (PAUSE_S if track.seen_ns == self._last_ns else KEEP_S)

    def lost(self, t_ns: int) -> list[Track]:
        """Proven tracks that the frame at `t_ns` does not show."""
        return [t for t in self.tracks if t.seen_ns != t_ns and t.key not in self._waiting and t.proven]

    def held(self, t_ns: int) -> list[Track]:
        """Tracks that the frame at `t_ns` did not look at."""
        return [t for t in self.tracks if t.seen_ns != t_ns and t.key in self._waiting]


def mouth_motion(track: Track, landmarks: NDArray[np.float32]) -> float | None:
    """Speed of lip opening in face heights per second, >= 0; None where the face was not seen just before.

    `landmarks` (478, 2 or 3) in pixels. The opening lies between the middles of the inner lips, the height between
    forehead and chin, so that neither size nor head turn enters. Keeps the opening in `track`.
    """
    height = float(np.linalg.norm(landmarks[10] - landmarks[152]))
    opening = float(np.linalg.norm(landmarks[13] - landmarks[14])) / max(height, 1e-6)
    before, track.opening = track.opening, opening
    if before is None or not 0 < track.elapsed_ns <= MOUTH_GAP_S * 1e9:
        return None
    return abs(opening - before) / (track.elapsed_ns / 1e9)


def is_double(a: NDArray[np.float32], b: NDArray[np.float32], image: NDArray[np.uint8]) -> bool:
    """Whether two finds, landmarks (478, 2 or 3) as fractions of `image`, are one face."""
    size = np.array([image.shape[1], image.shape[0]], np.float32)
    return bool(_doubles([_place(a[:, :2] * size), _place(b[:, :2] * size)]))


def _see(track: Track, place: tuple[NDArray[np.float64], float], t_ns: int) -> None:
    track.elapsed_ns, track.seen_ns = t_ns - track.seen_ns, t_ns
    track.centre, track.size = place
    track.age = 1 if track.elapsed_ns > KEEP_S * 1e9 else track.age + 1
    track.proven = track.proven or not track.settling


def _place(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    low, high = points[:, :2].min(0).astype(np.float64), points[:, :2].max(0).astype(np.float64)
    return (low + high) / 2, float(np.sqrt(max(np.prod(high - low), 1.0)))


def _cost(track: Track, place: tuple[NDArray[np.float64], float], t_ns: int) -> float | None:
    """Distance in face sizes plus the change of size (log ratio); None where it cannot be the same face."""
    mean = (track.size + place[1]) / 2
    distance = float(np.linalg.norm(track.centre - place[0])) / mean
    growth = abs(float(np.log(place[1] / track.size)))
    reach = REACH + REACH_PER_S * min((t_ns - track.seen_ns) / 1e9, KEEP_S)
    return distance + growth if distance <= reach and growth <= 0.7 else None


def _doubles(places: list[tuple[NDArray[np.float64], float]]) -> set[int]:
    """Which finds repeat an earlier one."""
    doubles: set[int] = set()
    for b in range(len(places)):
        for a in range(b):
            near = float(np.linalg.norm(places[a][0] - places[b][0])) / ((places[a][1] + places[b][1]) / 2)
            if a not in doubles and near < SAME_FACE:
                doubles.add(b)
    return doubles
