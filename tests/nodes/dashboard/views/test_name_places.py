"""Names of neighbouring faces do not cover each other, keep their side, and say less where there is little room."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSizeF

from liveaffect.nodes.dashboard.views.name_places import Named, place

ROOM = QRectF(0, 0, 640, 400)
LONG, SHORT = QSizeF(180, 20), QSizeF(50, 20)


def boxes(*lefts: float, top: float = 120) -> list[Named]:
    return [Named(n, QRectF(left, top, 90, 110), (LONG, SHORT)) for n, left in enumerate(lefts)]


def apart(rooms: list[QRectF]) -> bool:
    return not any(one.intersects(other) for one, other in itertools.combinations(rooms, 2))


def test_neighbours_names_stand_at_different_sides() -> None:
    found = place(boxes(100, 200), ROOM, {})
    assert [one.side for one in found.values()] == [0, 1]
    assert [one.words for one in found.values()] == [0, 0], "both say all"
    assert apart([one.room for one in found.values()])


def test_alone_a_name_stands_above_and_at_the_rim_inside() -> None:
    (above,) = place(boxes(100), ROOM, {}).values()
    assert above.room.bottom() < 120
    (rim,) = place(boxes(600, top=4), ROOM, {}).values()
    assert ROOM.contains(rim.room)


def test_a_name_that_has_moved_stays_until_there_is_room_enough() -> None:
    sides = {n: one.side for n, one in place(boxes(100, 200), ROOM, {}).items()}
    assert place(boxes(100, 285), ROOM, sides)[1].side == 1, "a few px are not enough to jump back"
    assert place(boxes(100, 300), ROOM, sides)[1].side == 0


@given(st.lists(st.tuples(st.floats(0, 540), st.floats(30, 260)), min_size=1, max_size=4))
def test_four_faces_never_have_names_upon_each_other(corners: list[tuple[float, float]]) -> None:
    faces = [Named(n, QRectF(x, y, 90, 110), (LONG, SHORT)) for n, (x, y) in enumerate(corners)]
    places = place(faces, ROOM, {})
    for one in places.values():
        assert ROOM.contains(one.room)
    seen = [one.room for one in places.values()]
    same = [a for a, b in itertools.combinations(corners, 2) if abs(a[0] - b[0]) < 60 and abs(a[1] - b[1]) < 60]
    assert apart(seen) or same, "names cover each other only where the faces themselves do"
