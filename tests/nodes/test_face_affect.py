"""The face model's node: states, rows, and the running neutral that belongs to a track."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from liveaffect.models import registry
from liveaffect.models.face.align import CROP_PX
from liveaffect.models.face.neutral import RunningNeutral, relative
from liveaffect.models.face.population import NEUTRAL_MEAN
from liveaffect.nodes.face_affect import FaceAffectNode
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.graph import load_graph
from liveaffect.stream.messages import Face, FaceCrop, FaceEstimate, State
from liveaffect.stream.messages import FaceAffect as Said

pytestmark = pytest.mark.long

NUMBERS = ("valence", "valence_sd", "arousal", "arousal_sd", "emotions")
FRAME_NS = 33_000_000


@pytest.fixture
def node() -> Iterator[FaceAffectNode]:
    made = FaceAffectNode()
    made.open()
    yield made
    made.close()


def picture(seed: int) -> NDArray[np.uint8]:
    """A smooth random picture: the net takes any."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, CROP_PX // 12, 0), CROP_PX // 12, 1)


def frame(number: int, *people: tuple[int, State, int], still: bool = False, gap: bool = False) -> FaceCrop:
    """A crop message: each person is (id, state, seed of what they look like)."""
    faces = tuple(Face(id=i, state=state, quality=1.0, mouth_motion=0.25) for i, state, _ in people)
    crops = np.stack([picture(seed) for *_, seed in people]) if people else np.zeros((0, CROP_PX, CROP_PX, 3), np.uint8)
    shapes = [NEUTRAL_MEAN + np.random.default_rng(seed).normal(0, 0.1, NEUTRAL_MEAN.shape) for *_, seed in people]
    vectors = np.array(shapes, np.float32).reshape(len(people), len(NEUTRAL_MEAN))
    state: State = "ok" if any(s == "ok" for _, s, _ in people) else "no_face"
    return FaceCrop(
        t_ns=number * FRAME_NS, frame_seq=number, state=state, still=still, gap=gap, faces=faces, crops=crops,
        geometry=vectors,
    )  # fmt: skip


def ask(node: FaceAffectNode, message: FaceCrop) -> Said:
    said = node.step(message)
    assert isinstance(said, Said)
    return said


def numbers(estimate: FaceEstimate) -> tuple[object, ...]:
    return tuple(getattr(estimate, name) for name in NUMBERS)


def test_a_face_that_is_not_ok_is_never_a_number(node: FaceAffectNode) -> None:
    said = ask(node, frame(0, (0, "low_quality", 1), (1, "ok", 2), (2, "no_face", 3), (3, "occluded", 4)))
    assert [face.state for face in said.faces] == ["low_quality", "ok", "no_face", "occluded"]
    for face in said.faces:
        assert all((value is not None) == (face.state == "ok") for value in numbers(face))


def test_an_empty_frame_is_answered_with_its_state(node: FaceAffectNode) -> None:
    said = ask(node, frame(7))
    assert (said.state, said.faces, said.frame_seq, said.t_ns) == ("no_face", (), 7, 7 * FRAME_NS)


def test_numbers_are_in_range_and_name_their_model(node: FaceAffectNode) -> None:
    said = ask(node, frame(0, (0, "ok", 1)))
    (face,) = said.faces
    assert said.model.startswith("face-affect ")
    assert face.valence is not None
    assert face.arousal_sd is not None
    assert face.emotions is not None
    assert -1 <= face.valence <= 1
    assert face.arousal_sd > 0
    assert sum(face.emotions) == pytest.approx(1, abs=1e-5)
    assert (face.mouth_motion, face.quality) == (0.25, 1.0)


def test_it_tells_where_its_net_really_runs(node: FaceAffectNode) -> None:
    assert node.info()["providers"] == ["CPUExecutionProvider"]
    assert node.notice() == ""


def test_faces_keep_their_own_rows(node: FaceAffectNode) -> None:
    alone = ask(node, frame(0, (5, "ok", 1))).faces[0]
    node.close()
    node.open()
    beside = ask(node, frame(0, (4, "no_face", 9), (5, "ok", 1), (6, "ok", 2))).faces
    assert beside[1].valence == pytest.approx(alone.valence, abs=1e-5)
    assert beside[1].valence != pytest.approx(beside[2].valence, abs=1e-3)


def repeat(node: FaceAffectNode, start: int, count: int, face_id: int) -> list[Said]:
    return [ask(node, frame(start + i, (face_id, "ok", 1))) for i in range(count)]


def test_the_neutral_of_a_track_moves_and_ends_with_the_track(node: FaceAffectNode) -> None:
    said = [numbers(s.faces[0]) for s in repeat(node, 0, 60, 0)]
    assert said[0] != said[-1]
    ask(node, frame(60))
    assert numbers(ask(node, frame(61, (0, "ok", 1))).faces[0]) == said[0]


def test_a_face_that_flickers_keeps_its_neutral(node: FaceAffectNode) -> None:
    first = numbers(repeat(node, 0, 60, 0)[0].faces[0])
    ask(node, frame(60, (0, "no_face", 1)))
    assert numbers(ask(node, frame(61, (0, "ok", 1))).faces[0]) != first


def test_a_gap_forgets_every_neutral(node: FaceAffectNode) -> None:
    first = numbers(repeat(node, 0, 60, 0)[0].faces[0])
    assert numbers(ask(node, frame(60, (0, "ok", 1), gap=True)).faces[0]) == first


def test_frames_asked_ahead_are_answered_as_one_by_one(node: FaceAffectNode) -> None:
    """Somebody leaves, comes back and is joined by another: what is known of each is forgotten at the same frame."""
    film = [
        frame(0, (0, "ok", 1)), frame(1, (0, "ok", 1), (1, "ok", 2)), frame(2), frame(3, (0, "ok", 1)),
        *(frame(k, (0, "ok", 1), (1, "low_quality" if k % 3 else "ok", 2)) for k in range(4, 20)),
    ]  # fmt: skip
    for number, message in enumerate(film):
        message.seq = number
    alone = [[numbers(face) for face in ask(node, message).faces] for message in film]
    node.close()
    node.open()
    node.prepare(film)
    assert [[numbers(face) for face in ask(node, message).faces] for message in film] == alone


def test_what_is_known_of_a_persons_neutral_moves_the_categories(node: FaceAffectNode) -> None:
    """Beside the geometry, an input, the answer itself is set beside the person's own."""
    net = registry.load("face-affect")
    said = repeat(node, 0, 200, 0)[-1].faces[0]
    message = frame(0, (0, "ok", 1))
    assert message.crops is not None
    assert message.geometry is not None
    neutral = RunningNeutral()
    vector = [neutral.step(message.geometry[0], FRAME_NS / 1e9) for _ in range(200)][-1]
    raw = net.predict(message.crops, vector[None], quality=np.ones(1, np.float32))
    assert said.emotions is not None
    assert np.abs(np.array(said.emotions) - raw.emotions[0]).max() > 0.01


def test_a_photograph_is_judged_against_the_population(node: FaceAffectNode) -> None:
    message = frame(0, (0, "ok", 1), still=True)
    assert message.crops is not None
    assert message.geometry is not None
    net = registry.load("face-affect")
    expected = net.predict(message.crops, geometry=relative(message.geometry), quality=np.ones(1, np.float32))
    for _ in range(3):
        (face,) = ask(node, message).faces
        assert face.valence == pytest.approx(float(expected.valence[0]), abs=1e-6)


def test_the_same_frames_give_the_same_numbers() -> None:
    def run() -> list[tuple[object, ...]]:
        node = FaceAffectNode()
        node.open()
        return [numbers(s.faces[0]) for s in repeat(node, 0, 20, 0)]

    assert run() == run()


def test_the_prior_of_the_launch_file_is_the_one_asked_for() -> None:
    """Live and `score` read the same graph, so a key of either is a key of both."""
    message, said = frame(0, (0, "ok", 1), still=True), {}
    assert message.crops is not None
    assert message.geometry is not None
    for prior in ("natural", "uniform"):
        node = load_graph(DEFAULT_GRAPH, [f"face_affect.prior={prior}"]).entries["face_affect"].node
        assert isinstance(node, FaceAffectNode)
        node.open()
        said[prior] = ask(node, message).faces[0].emotions
    usual = load_graph(DEFAULT_GRAPH).entries["face_affect"].node
    assert isinstance(usual, FaceAffectNode)
    assert usual.prior == "natural"
    uniform = registry.load("face-affect").predict(message.crops, relative(message.geometry), prior="uniform")
    assert said["uniform"] == pytest.approx(uniform.emotions[0].tolist(), abs=1e-5)
    assert said["uniform"] != pytest.approx(said["natural"], abs=1e-2)


def test_the_rules_that_need_no_weights_can_take_the_models_place() -> None:
    node = FaceAffectNode(model="face-rules")
    node.open()
    (face,) = ask(node, frame(0, (0, "ok", 1))).faces
    assert face.valence is not None
