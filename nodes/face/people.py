"""Who is who beyond place and size: ids follow people over cuts, swapped places and absences of up to a minute.

Every question put to the net (10 ms) is asked beside the frames and answered a fixed stream time later, so that
no frame waits for it and live, replay and offline decide alike. While it is open whose face this is, it has no numbers.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.align import face_px
from liveaffect.models.face.identity import Descriptor
from liveaffect.nodes.face.cuts import Thumb, face_thumb, is_other
from liveaffect.nodes.face.tracking import Track, Tracker

ANSWER_NS = 100_000_000
"""From a question to its answer, in stream time."""
REMEMBERED_NS = 60_000_000_000
"""Someone who left is known again for so long."""
PATIENCE_NS = 1_500_000_000
"""A face that gives no usable picture for so long keeps the id that place and size gave it."""
LEARN_NS = 500_000_000
LOOKS = 5
"""Descriptors kept of one person: the newest; their mean is compared."""
LEARNED = 3
"""As many are asked for unprompted."""
CLEARER = 0.05
"""Someone who left must fit by so much better than anybody else who did."""


class Describer(Protocol):
    """What tells faces apart: `FaceIdentity` or `FaceShape`."""

    same: float
    """Nearer than this is one person."""
    other: float
    """Further than this is another one, even in the same place."""

    def look(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], pose: NDArray[np.float32]) -> Any:
        """What `answer` needs of one face."""
        ...

    def answer(self, look: Any) -> Descriptor:
        """The descriptor of a look; runs beside the frames."""
        ...

    def distance(self, a: Descriptor, b: Descriptor) -> float:
        """How far two descriptors are apart."""
        ...


@dataclass
class Sight:
    """One tracked face in one frame."""

    track: Track
    landmarks: NDArray[np.float32]
    pose: NDArray[np.float32]
    crop: NDArray[np.uint8]
    clear: bool
    """Whether its picture is good enough to tell people apart."""


@dataclass
class _Known:
    """What is known of one person."""

    looks: deque[Descriptor] = field(default_factory=lambda: deque[Descriptor](maxlen=LOOKS))
    left_ns: int | None = None


@dataclass
class _Follow:
    """What is open about one track."""

    doubt_ns: int | None = None
    """Since when it has been open who this is."""
    question: "Future[Descriptor] | None" = None
    asked_ns: int = -LEARN_NS
    thumb: Thumb | None = None


class People:
    """Decides ids of tracks by what faces look like. Nothing of it is ever published or kept."""

    def __init__(self, net: Describer, tracker: Tracker) -> None:
        self._net, self._tracker = net, tracker
        self._beside = ThreadPoolExecutor(1, "face-identity")
        self.forget()

    def forget(self) -> None:
        """After a gap: nobody is known."""
        self._known: dict[int, _Known] = {}
        self._follows: dict[int, _Follow] = {}

    def close(self) -> None:
        """Ends the thread beside; open questions are dropped."""
        self._beside.shutdown(cancel_futures=True)

    def step(self, image: NDArray[np.uint8], sights: Sequence[Sight], t_ns: int) -> set[int]:
        """Takes in one frame, perhaps gives tracks other ids, and names (by track key) those whose id is open."""
        self._leave(t_ns)
        for sight in sights:
            self._look(image, sight, t_ns)
        due = [s for s in sights if self._due(s.track, t_ns)]
        if due:
            self._decide(due, t_ns)
        return {s.track.key for s in sights if self._follows[s.track.key].doubt_ns is not None}

    def _leave(self, t_ns: int) -> None:
        """Notes who is gone, and forgets who has been gone for long."""
        here = {track.id for track in self._tracker.tracks}
        for person, known in list(self._known.items()):
            if person in here:
                known.left_ns = None
            elif known.left_ns is None:
                known.left_ns = t_ns
            elif t_ns - known.left_ns > REMEMBERED_NS:
                del self._known[person]
        keys = {track.key for track in self._tracker.tracks}
        self._follows = {key: follow for key, follow in self._follows.items() if key in keys}

    def _look(self, image: NDArray[np.uint8], sight: Sight, t_ns: int) -> None:
        """Notices a change, asks where something is open or still to be learned, and gives up in the end."""
        track = sight.track
        follow = self._follows.get(track.key)
        known = self._known.setdefault(track.id, _Known())
        thumb = face_thumb(sight.crop)
        if follow is None:
            follow = self._follows[track.key] = _Follow()
            changed = any(other.left_ns is not None and other.looks for other in self._known.values())
        else:
            px = face_px(sight.landmarks, (image.shape[1], image.shape[0]))
            changed = track.age == 1 or (follow.thumb is not None and is_other(follow.thumb, thumb, px))
            changed = changed and bool(known.looks)
        follow.thumb = thumb
        if changed:
            follow.question = None  # what was asked before is about the face before
            follow.doubt_ns = t_ns if follow.doubt_ns is None else follow.doubt_ns
        learning = len(known.looks) < LEARNED and t_ns - follow.asked_ns >= LEARN_NS
        if follow.question is None and sight.clear and (follow.doubt_ns is not None or learning):
            look = self._net.look(image, sight.landmarks, sight.pose)
            follow.question = self._beside.submit(self._net.answer, look)
            follow.asked_ns = t_ns
        elif follow.question is None and follow.doubt_ns is not None and t_ns - follow.doubt_ns > PATIENCE_NS:
            follow.doubt_ns = None

    def _due(self, track: Track, t_ns: int) -> bool:
        follow = self._follows[track.key]
        return follow.question is not None and t_ns - follow.asked_ns >= ANSWER_NS

    def _decide(self, due: Sequence[Sight], t_ns: int) -> None:
        """Gives each of these tracks the person that its face fits, nearest pairs first; nobody is given twice."""
        seen: dict[int, Descriptor] = {}
        for sight in due:
            question = self._follows[sight.track.key].question
            assert question is not None
            seen[sight.track.key] = question.result()
        owners = {sight.track.id for sight in due}
        in_view = {track.id for track in self._tracker.tracks if track.seen_ns == t_ns}
        away = [person for person, known in self._known.items() if person not in in_view and known.looks]
        pairs: list[tuple[float, int, int]] = []
        for sight in due:
            own, look = sight.track.id, seen[sight.track.key]
            if self._known[own].looks and (apart := self._apart(own, look)) < self._net.other:
                pairs.append((apart - (self._net.other - self._net.same), sight.track.key, own))
            others = [p for p in (*away, *owners) if p != own and self._known[p].looks]
            fits = sorted((self._apart(person, look), person) for person in others)
            if fits and fits[0][0] < self._net.same and (len(fits) < 2 or fits[1][0] - fits[0][0] > CLEARER):
                pairs.append((fits[0][0], sight.track.key, fits[0][1]))
        given: dict[int, int] = {}
        for _, key, person in sorted(pairs):
            if key not in given and person not in given.values():
                given[key] = person
        for sight in due:
            self._settle(sight.track, given, seen[sight.track.key], t_ns)

    def _apart(self, person: int, look: Descriptor) -> float:
        """From the mean of somebody's looks; infinite without any."""
        looks = self._known[person].looks
        return self._net.distance(np.mean(looks, axis=0), look) if looks else float("inf")

    def _settle(self, track: Track, given: dict[int, int], look: Descriptor, t_ns: int) -> None:
        person = given.get(track.key)
        if person is None:  # nobody known: the id is kept where it was never anybody else's
            stranger = bool(self._known[track.id].looks) or track.id in given.values()
            person = self._tracker.new_id() if stranger else track.id
        if person != track.id:
            before = self._known[track.id]
            if not before.looks:
                del self._known[track.id]
            elif track.id not in given.values():
                before.left_ns = t_ns
            lost = [t for t in self._tracker.tracks if t.id == person and t.seen_ns != track.seen_ns]
            self._tracker.tracks = [t for t in self._tracker.tracks if t not in lost]
            track.id = person
        known = self._known.setdefault(person, _Known())
        known.looks.append(look)
        known.left_ns = None
        follow = self._follows[track.key]
        follow.question = follow.doubt_ns = None
