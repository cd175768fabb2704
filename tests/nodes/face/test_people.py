"""Who is who, with a net that sees colours: what a change, an absence and a swap do to ids, frame by frame."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from liveaffect.nodes.face.cuts import Cuts, correlation, face_thumb, is_other, thumb
from liveaffect.nodes.face.people import PATIENCE_NS, REMEMBERED_NS, People, Sight
from liveaffect.nodes.face.tracking import Tracker

FRAME_NS = 33_000_000
RED, GREEN, BLUE = (200, 40, 40), (40, 200, 40), (40, 40, 200)
PLACES = {"left": (0.1, 0.3), "right": (0.6, 0.3)}
SIDE = 0.3


class Colours:
    """A net to which a face is its mean colour: one colour is one person."""

    def __init__(self) -> None:
        self.asked = 0

    same, other = 0.45, 0.6

    def look(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], pose: object) -> NDArray[np.float32]:
        self.asked += 1
        x, y = (landmarks[:, :2].mean(0) * [image.shape[1], image.shape[0]]).astype(int)
        return (image[y - 5 : y + 5, x - 5 : x + 5].mean((0, 1)) / 200).astype(np.float32)

    def answer(self, look: NDArray[np.float32]) -> NDArray[np.float32]:
        return look

    def distance(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        return float(np.linalg.norm(a - b))


class Room:
    """A tracker, people, and a picture with coloured faces in it."""

    def __init__(self) -> None:
        self.net, self.tracker, self.frame = Colours(), Tracker(), 0
        self.people = People(self.net, self.tracker)

    def show(self, clear: bool = True, wait: int = 1, **faces: tuple[int, int, int]) -> tuple[dict[str, int], set[str]]:
        """Frames with these faces; where each id is in the last one, and which places are in doubt."""
        found: dict[str, int] = {}
        doubted: set[str] = set()
        for _ in range(wait):
            self.frame += 1
            image = np.full((300, 600, 3), 120, np.uint8)
            points = {place: landmarks(*PLACES[place]) for place in faces}
            for place, colour in faces.items():
                x, y = PLACES[place]
                image[int(y * 300) : int((y + SIDE * 2) * 300), int(x * 600) : int((x + SIDE) * 600)] = colour
            found, doubted = self._step(image, points, faces, clear)
        return found, doubted

    def _step(
        self, image: NDArray[np.uint8], points: dict[str, NDArray[np.float32]], faces: dict[str, tuple[int, int, int]],
        clear: bool,
    ) -> tuple[dict[str, int], set[str]]:  # fmt: skip
        t_ns = self.frame * FRAME_NS
        owners = self.tracker.step([mesh * [600, 300] for mesh in points.values()], t_ns)
        pairs = [(place, track) for place, track in zip(points, owners, strict=True) if track is not None]
        sights = [
            Sight(track, points[place], np.eye(4, dtype=np.float32), crop(faces[place]), clear)
            for place, track in pairs
        ]
        open_ = self.people.step(image, sights, t_ns)
        return {place: track.id for place, track in pairs}, {place for place, track in pairs if track.key in open_}


def landmarks(x: float, y: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return (np.array([x, y]) + rng.random((478, 2)) * [SIDE, SIDE * 2]).astype(np.float32)


def crop(colour: Sequence[int]) -> NDArray[np.uint8]:
    """An aligned crop whose pattern differs with the colour."""
    ramp = np.linspace(0, 1, 64)
    pattern = {RED: ramp[None, :], GREEN: ramp[:, None], BLUE: ramp[::-1, None]}[tuple(colour)]  # type: ignore[index]
    return (np.broadcast_to(pattern, (64, 64))[..., None] * 200 + np.zeros(3)).astype(np.uint8)


@pytest.fixture
def room() -> Room:
    return Room()


def test_someone_alone_is_never_in_doubt_and_soon_not_asked_about(room: Room) -> None:
    for _ in range(90):
        assert room.show(left=RED) == ({"left": 0}, set())
    assert room.net.asked == 3


def test_a_face_that_becomes_another_is_in_doubt_at_once_and_then_somebody_new(room: Room) -> None:
    room.show(left=RED, wait=30)
    assert room.show(left=GREEN) == ({"left": 0}, {"left"})
    assert room.show(left=GREEN, wait=6) == ({"left": 1}, set())
    assert room.show(left=RED, wait=6) == ({"left": 0}, set())


def test_a_cover_that_goes_again_leaves_the_id(room: Room) -> None:
    room.show(left=RED, wait=30)
    room.show(left=GREEN, clear=False, wait=5)
    assert room.show(left=RED, wait=6) == ({"left": 0}, set())


def test_two_who_swap_keep_their_ids(room: Room) -> None:
    room.show(left=RED, right=GREEN, wait=30)
    assert room.show(left=GREEN, right=RED)[1] == {"left", "right"}
    assert room.show(left=GREEN, right=RED, wait=6) == ({"left": 1, "right": 0}, set())


def test_who_returns_within_a_minute_has_the_old_id_and_after_it_a_new_one(room: Room) -> None:
    room.show(left=RED, wait=30)
    room.show(wait=60)
    assert room.show(right=RED)[1] == {"right"}
    assert room.show(right=RED, wait=6)[0] == {"right": 0}
    room.show(wait=REMEMBERED_NS // FRAME_NS + 60)
    assert room.show(right=RED, wait=8)[0]["right"] != 0


def test_a_stranger_after_someone_left_has_a_new_id(room: Room) -> None:
    room.show(left=RED, wait=30)
    room.show(wait=60)
    assert room.show(left=BLUE, wait=8) == ({"left": 1}, set())


def test_no_picture_good_enough_ends_in_the_word_of_place_and_size(room: Room) -> None:
    room.show(left=RED, wait=30)
    assert room.show(left=GREEN, clear=False)[1] == {"left"}
    assert room.show(left=GREEN, clear=False, wait=PATIENCE_NS // FRAME_NS + 2) == ({"left": 0}, set())


def test_nobody_is_known_after_a_gap(room: Room) -> None:
    room.show(left=RED, wait=30)
    room.people.forget()
    room.tracker.forget()
    assert room.show(left=RED, wait=8) == ({"left": 1}, set())


def test_a_cut_is_another_scene_and_not_other_light() -> None:
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 200, (18, 32, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    other = rng.integers(0, 200, (18, 32, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    cuts = Cuts()
    shots = [scene, scene, (scene * 0.5).astype(np.uint8), scene + 50, other, other]
    assert [cuts.step(image) for image in shots] == [False, False, False, False, True, False]
    cuts.forget()
    assert not cuts.step(scene)


def test_a_flash_and_a_fade_to_black_are_pauses_of_the_shot() -> None:
    scene = np.random.default_rng(1).integers(0, 200, (18, 32, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    black, white = np.zeros_like(scene), np.full_like(scene, 250)
    cuts = Cuts()
    film = [scene, white, scene, scene // 4, black, black, scene, black, scene[::-1]]
    assert [cuts.step(image) for image in film] == [False] * 8 + [True]


@pytest.mark.parametrize(("height", "width"), [(480, 640), (97, 131), (36, 64), (1080, 1920)])
@pytest.mark.parametrize(("rows", "columns", "step"), [(18, 32, 2), (12, 12, 1)])
def test_the_kernel_gives_the_mean_of_each_cell(height: int, width: int, rows: int, columns: int, step: int) -> None:
    image = np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)
    high, wide = height // rows, width // columns
    cells = image[: high * rows, : wide * columns].reshape(rows, high, columns, wide, 3)[:, ::step]
    expected = cells.mean((1, 3)) @ [0.299, 0.587, 0.114]
    assert thumb(image, rows, columns, step) == pytest.approx(expected, rel=1e-5)


def test_pictures_without_contrast_are_alike_and_like_nothing_else() -> None:
    flat, rough = np.full((12, 12), 80, np.float32), np.arange(144, dtype=np.float32).reshape(12, 12)
    assert correlation(flat, flat + 50) == 1.0
    assert correlation(flat, rough) == 0.0
    assert is_other(face_thumb(crop(RED)), face_thumb(crop(GREEN)))
    assert not is_other(face_thumb(crop(RED)), face_thumb((crop(RED) * 0.6).astype(np.uint8)))


def test_noise_makes_nobody_of_a_face_of_few_pixels_another() -> None:
    rng = np.random.default_rng(0)
    face = rng.normal(0, 1, (12, 12)).astype(np.float32)
    shaken = face + rng.normal(0, 0.75, (12, 12)).astype(np.float32)
    assert 0.7 < correlation(face, shaken) < 0.9
    assert is_other(face, shaken)
    assert is_other(face, shaken, 56.0)
    assert not is_other(face, shaken, 30.0)
    assert is_other(face, -shaken, 30.0)
