"""Words of who looks where: of a second, sure enough, and gone when nothing comes any more."""

from liveaffect.models.attention.words import Attending
from liveaffect.nodes.dashboard.scene.attending import in_one_line
from liveaffect.stream import messages as m

STEP_NS = 200_000_000
NAMES = {0: "Ann", 1: "face 1"}


def told(*reports: dict[int, dict[str, float]], by: str = "eyes", closed: bool = False) -> Attending:
    """Reports a fifth of a second apart: person -> {"camera" or an id: probability}."""
    attending = Attending()
    for k, report in enumerate(reports):
        people = tuple(
            m.PersonAttention(
                id=who, by=by, eye_contact=shares.get("camera"), closed=closed,  # type: ignore[arg-type]
                looks=tuple(m.Look(at=int(at), p=p) for at, p in shares.items() if at != "camera"),
            )
            for who, shares in report.items()
        )  # fmt: skip
        attending.take(m.Attention(t_ns=k * STEP_NS, frame_seq=k, people=people))
    return attending


def test_what_is_likelier_than_not_over_a_second_is_said() -> None:
    one = {0: {"camera": 0.9, "1": 0.02}, 1: {"camera": 0.1, "0": 0.7}}
    words = told(*[one] * 6).words(5 * STEP_NS, NAMES)
    assert words == {0: "eye contact", 1: "looks at Ann"}
    assert in_one_line(words, NAMES) == "Ann: eye contact; face 1: looks at Ann"
    assert in_one_line({0: "eye contact"}, {0: "Ann"}) == "eye contact"


def test_one_glance_among_five_is_not_said() -> None:
    away, glance = {0: {"camera": 0.05}}, {0: {"camera": 0.95}}
    assert told(away, away, away, away, away, glance).words(5 * STEP_NS, NAMES) == {}


def test_a_head_alone_makes_no_eye_contact() -> None:
    assert told(*[{0: {"camera": 0.7}}] * 6, by="head").words(5 * STEP_NS, NAMES) == {}


def test_eyes_that_stay_closed_are_said_to_be() -> None:
    assert told(*[{0: {}}] * 6, by="", closed=True).words(5 * STEP_NS, NAMES) == {0: "eyes closed"}


def test_without_news_nothing_is_said() -> None:
    attending = told(*[{0: {"camera": 0.9}}] * 6)
    assert attending.words(5 * STEP_NS + 900_000_000, NAMES)
    assert attending.words(5 * STEP_NS + 1_100_000_000, NAMES) == {}
    assert Attending().words(0, NAMES) == {}


def test_a_jump_back_begins_anew() -> None:
    attending = told(*[{0: {"camera": 0.9}}] * 6)
    attending.take(m.Attention(t_ns=0, frame_seq=0))
    assert attending.words(0, NAMES) == {}


def test_numbers_that_are_none_are_left_out() -> None:
    assert told(*[{0: {"camera": float("nan"), "1": float("inf")}}] * 6).words(5 * STEP_NS, NAMES) == {}
