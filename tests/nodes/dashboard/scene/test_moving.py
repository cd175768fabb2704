"""Dynamics and pairs in words: what is chance is called so."""

import pytest

from liveaffect.nodes.dashboard.scene import moving
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.stream import messages as m

NAMES = ("Ann", "face 1")


def following(lag_s: float, low: float, high: float, p: float) -> m.Following:
    return m.Following(windows=60, lag_s=lag_s, lag_low_s=low, lag_high_s=high, peak=0.6, p=p, share=0.3)


def pair(**facts: object) -> m.PairDynamics:
    return m.PairDynamics(first=0, second=1, **{"seconds": 150.0, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "headline", "beyond"),
    [
        (following(0.8, 0.7, 0.9, 0.01), "Face 1 follows Ann by 0.8 s", True),
        (following(-0.8, -0.9, -0.7, 0.01), "Ann follows face 1 by 0.8 s", True),
        (following(0.05, -0.05, 0.15, 0.01), "Ann and face 1 move at once", True),
        (following(0.3, -0.1, 0.7, 0.01), "Ann and face 1 move at once", True),
        (following(0.8, 0.7, 0.9, 0.06), "Nobody follows beyond chance", False),
    ],
)
def test_a_lag_is_told_only_beyond_chance(found: m.Following, headline: str, beyond: bool) -> None:
    said = moving.following_words(pair(valence=found), "valence", NAMES)
    assert (said.headline, said.beyond) == (headline, beyond)
    assert f"{100 * found.p:.0f} % of comparisons" in said.basis


def test_before_there_is_enough_it_says_what_is_needed() -> None:
    said = moving.following_words(pair(seconds=52.0), "arousal", NAMES)
    assert said.beyond is None
    assert "52 s so far" in said.basis


def test_a_pull_that_is_not_beyond_chance_is_no_pull_and_one_below_zero_refers_to_the_lag() -> None:
    def one(value: float, *, beyond: bool) -> m.Influence:
        return m.Influence(
            rate=m.Interval(value=value, low=value - 0.1, high=value + 0.1), gain=0.5, beyond_chance=beyond
        )

    said = m.Coupling(first_by_second=one(-0.5, beyond=True), second_by_first=one(0.05, beyond=False), together=0.0)
    (_, first, _), (_, second, _) = moving.pull_words(said, NAMES)
    assert first == "no pull beyond chance"
    assert "lag" in second


def test_answered_smiles_stand_beside_what_chance_would_answer() -> None:
    words = moving.answer_words(pair(second_smiles_back=m.Mirrored(onsets=9, answered=7, chance=1.2, p=0.01)), NAMES)
    assert words == ["Face 1 answered 7 of Ann's 9 smiles within 1 s, 1.2 by chance: beyond chance"]
    rare = moving.answer_words(pair(second_smiles_back=m.Mirrored(onsets=9, answered=0, chance=1.2, p=0.01)), NAMES)
    assert rare[0].endswith("not beyond chance")


def test_measures_that_are_not_known_yet_say_what_they_wait_for() -> None:
    early = m.PersonDynamics(id=0, valence=m.Moved(seconds=12.0))
    assert moving.moved_words(early, "valence")[2] == ("", "after 30 s (12 s so far)")
    late = m.Moved(seconds=200.0, inertia_s=m.Interval(value=2.5, low=1.8, high=3.8))
    assert moving.moved_words(m.PersonDynamics(id=0, valence=late), "valence")[2] == ("2.50 s", "1.80 to 3.80")


@pytest.mark.parametrize(("panel", "node"), [("moving", "dynamics"), ("why", "reasons")])
def test_a_panel_says_how_its_node_is_switched_on(panel: str, node: str) -> None:
    scene = Scene()
    said = moving.switched_off(scene, panel)
    assert said is not None
    assert f"--{node}" in said.words
    scene.health[node] = m.Health(t_ns=0, node=node, process=node, state="ok")
    assert moving.switched_off(scene, panel) is None
    scene.health[node] = m.Health(t_ns=0, node=node, process=node, state="failed", error="no net")
    down = moving.switched_off(scene, panel)
    assert down is not None
    assert down.words == "no net"
    scene.facts = {"kind": "replay"}
    replayed = moving.switched_off(scene, panel)
    assert replayed is not None
    assert "recorded" in replayed.headline
