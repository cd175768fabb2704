"""Where the names of faces stand upon a picture: beside their own box, and not upon each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSizeF

MARGIN = 8.0
"""px that must be free around the first place before a name goes back to it: else it would jump to and fro."""
EDGE = 2.0


@dataclass(frozen=True)
class Named:
    """One face: its box, and the sizes of its words, the longest first."""

    id: int
    box: QRectF
    sizes: Sequence[QSizeF]


@dataclass(frozen=True)
class Place:
    """Where a name stands, which of its words are shown there, and at which side of its box (for the next time)."""

    room: QRectF
    words: int
    side: int


def place(faces: Sequence[Named], room: QRectF, before: dict[int, int]) -> dict[int, Place]:
    """A place for each face, the first face first; `before` is the side at which each stood in the last picture.

    A name stands above its box, else inside it, below it, or inside at its foot; where no side is free it says less.
    Where there is no room at all, as in a crowd, it stands where it covers least.
    """
    found: dict[int, Place] = {}
    taken: list[QRectF] = []
    for face in faces:
        chosen = _choose(face, room, before.get(face.id, 0), taken)
        found[face.id] = chosen
        taken.append(chosen.room)
    return found


def _choose(face: Named, room: QRectF, last: int, taken: Sequence[QRectF]) -> Place:
    every = [
        [Place(spot, words, side) for side, spot in enumerate(_spots(face.box, size, room))]
        for words, size in enumerate(face.sizes)
    ]
    for spots in every:
        first = spots[0]
        if _free(first.room.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN), taken):
            return first
        for spot in (spots[last], *spots):
            if _free(spot.room, taken):
                return spot
    return min(every[-1], key=lambda spot: sum(_area(spot.room & other) for other in taken))


def _spots(box: QRectF, size: QSizeF, room: QRectF) -> list[QRectF]:
    wide, high = size.width(), size.height()
    left = min(max(room.left() + 2 * EDGE, box.left()), max(room.left() + 2 * EDGE, room.right() - wide - EDGE))
    inside, foot = box.top() + 2 * EDGE, box.bottom() - high - 2 * EDGE
    above = box.top() - high - 2 * EDGE
    below = box.bottom() + 2 * EDGE
    tops = (
        above if above > room.top() + EDGE else inside, inside, below if below + high < room.bottom() - EDGE else foot,
        foot,
    )  # fmt: skip
    return [QRectF(left, top, wide, high) for top in tops]


def _free(spot: QRectF, taken: Sequence[QRectF]) -> bool:
    return not any(spot.intersects(other) for other in taken)


def _area(room: QRectF) -> float:
    return room.width() * room.height()
