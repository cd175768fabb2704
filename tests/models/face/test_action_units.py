"""Action units: on portraits warped unit by unit, and by the table alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from runs.workers import run_worker

from liveaffect.models.errors import BadInput
from liveaffect.models.face.action_unit_table import MEASURES, UNITS
from liveaffect.models.face.action_units import ACTION_UNITS, BLENDSHAPES, action_units, measures

pytestmark = pytest.mark.processes

NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26, 28, 43, 45)
NAMES = [f"AU{number:02d}" for number in NUMBERS]
WORKER = Path(__file__).parent / "portrait_worker.py"
SMILING = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU25", "AU26")
CALM = ("AU10", "AU12", "AU15", "AU17", "AU18", "AU20", "AU22", "AU24")
# Units that FACS says share the moved skin, or that a warp of it cannot leave alone.
KIN: dict[str, set[str]] = {
    "AU04": {"AU06", "AU07", "AU09"}, "AU06": {"AU07", "AU43"}, "AU07": {"AU06", "AU43"}, "AU10": {"AU22", "AU25"},
    "AU12": {"AU06", "AU07"}, "AU15": {"AU17", "AU28"}, "AU17": {"AU23", "AU24", "AU28"}, "AU20": {"AU14"},
    "AU18": {"AU22", "AU23", "AU28"}, "AU22": {"AU18", "AU10"}, "AU24": {"AU17", "AU23", "AU28"}, "AU25": {"AU26"},
    "AU26": {"AU25"},
}  # fmt: skip
ABSENT = 0.6
"""Below FACS's lowest grade, A, which is 1."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_worker(WORKER, tmp_path_factory.mktemp("portraits") / "said.json")[0]


def rises(said: dict[str, Any], unit: str) -> NDArray[np.float64]:
    """(levels, 22) rises over the portrait at rest."""
    if unit not in said["units"]:
        pytest.skip("scikit-image, which brings the smiling portrait, is not installed")
    return np.array(said["units"][unit])


@pytest.mark.parametrize("unit", SMILING + CALM)
def test_a_driven_unit_rises_with_every_level(said: dict[str, Any], unit: str) -> None:
    driven = rises(said, unit)[:, NAMES.index(unit)]
    assert driven[0] >= 0
    assert driven[0] < driven[1] < driven[2]
    assert driven[2] > 0.15  # a small move of one face is within what faces at rest differ by


@pytest.mark.parametrize("unit", SMILING + CALM)
def test_units_that_are_not_driven_stay_where_they_are(said: dict[str, Any], unit: str) -> None:
    top = dict(zip(NAMES, rises(said, unit)[-1], strict=True))
    loud = {name: round(rise, 2) for name, rise in top.items() if rise >= ABSENT and name != unit}
    assert set(loud) <= KIN.get(unit, set()), loud


def test_the_smiling_portrait_smiles_and_the_calm_one_does_not(said: dict[str, Any]) -> None:
    assert said["names"] == NAMES
    assert said["rest calm"][NAMES.index("AU12")] < 1
    if "rest smiling" in said:
        assert said["rest smiling"][NAMES.index("AU12")] > 4


def test_a_face_at_rest_reads_next_to_nothing_on_every_unit(said: dict[str, Any]) -> None:
    loud = {name: level for name, level in zip(NAMES, said["rest calm"], strict=True) if level > 1}
    assert not loud


# --- the table alone ---------------------------------------------------------------------------------------------


def flat_face() -> NDArray[np.float32]:
    """Landmarks (478, 3) of some face with clear axes, as fractions of 640 x 480."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (478, 3)) * (1, 1, 0.3)
    for index, place in {
        10: (0, -1.0), 151: (0, -0.9), 2: (0, 0.5), 164: (0, 0.6), 33: (-0.5, 0), 263: (0.5, 0), 454: (0.7, 0),
        234: (-0.7, 0), 168: (0, 0),
    }.items():  # fmt: skip
        points[index] = (*place, 0.0)
    return (points * 100 + (320, 240, 0)).astype(np.float32) / np.array([640, 480, 640], np.float32)


def cues(**scores: float) -> NDArray[np.float32]:
    found = np.zeros(52, np.float32)
    for name, score in scores.items():
        for i, full in enumerate(BLENDSHAPES):
            if full in (name, name + "Left", name + "Right"):
                found[i] = score
    return found


def test_the_units_are_those_of_the_contract_in_its_order() -> None:
    assert list(ACTION_UNITS) == NAMES
    assert tuple(unit.number for unit in UNITS) == NUMBERS
    assert ACTION_UNITS["AU12"] == "lip corner puller"


def test_every_row_cites_its_source_and_names_real_cues() -> None:
    stems = {name.removesuffix("Left").removesuffix("Right") for name in BLENDSHAPES}
    for unit in UNITS:
        assert f"FACS AU{unit.number}" in unit.source
        for term in unit.terms:
            assert term.cue in MEASURES or term.cue in stems, term.cue
            assert term.rest != term.full
        assert sum(term.weight for term in unit.terms if term.weight > 0) >= 0.99


def test_no_row_trusts_a_silent_blendshape() -> None:
    used = {term.cue for unit in UNITS for term in unit.terms}
    assert not used & {"cheekSquint", "noseSneer", "cheekPuff", "_neutral"}


def test_units_that_need_geometry_have_it() -> None:
    for unit in UNITS:
        if unit.number in (6, 9, 10, 23, 24, 28, 43):
            assert any(term.cue in MEASURES and term.weight > 0 for term in unit.terms), unit.name


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [
        ("AU14", {}, {"mouthDimple": 0.3}),
        ("AU28", {}, {"mouthRollUpper": 0.4, "mouthRollLower": 0.5}),
        ("AU45", {"eyeBlink": 0.3}, {"eyeBlink": 0.7}),
        ("AU12", {"mouthSmile": 0.2}, {"mouthSmile": 0.8}),
        ("AU26", {}, {"jawOpen": 0.6}),
    ],
)
def test_a_blendshape_drives_its_unit(unit: str, low: dict[str, float], high: dict[str, float]) -> None:
    face = flat_face()
    rise = action_units(cues(**high), face, 640, 480) - action_units(cues(**low), face, 640, 480)
    assert rise[NAMES.index(unit)] > 0.5
    assert NAMES[int(np.argmax(rise))] in {unit} | KIN.get(unit, set())


def test_intensities_lie_between_0_and_5_for_any_input() -> None:
    random = np.random.default_rng(2)
    for _ in range(200):
        found = action_units(
            random.uniform(0, 1, 52).astype(np.float32), random.uniform(-1, 2, (478, 3)).astype(np.float32), 640, 480
        )
        assert found.shape == (22,)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 5


def test_measures_do_not_change_with_head_pose_place_size_or_frame() -> None:
    face = flat_face()
    points = face.astype(np.float64) * (640, 480, 640)
    yaw, pitch, roll = np.radians([20, -12, 15])
    turn = (
        np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        @ np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    )
    moved = ((points @ turn.T) * 1.7 + (33, -80, 12)) / (1920, 1080, 1920)
    assert measures(moved.astype(np.float32), 1920, 1080) == pytest.approx(measures(face, 640, 480), abs=1e-4)


def test_nothing_is_remembered_between_calls() -> None:
    face, other = flat_face(), flat_face()[::-1].copy()
    first = action_units(cues(mouthSmile=0.5), face, 640, 480)
    action_units(cues(jawOpen=1.0), other, 640, 480)
    assert np.array_equal(first, action_units(cues(mouthSmile=0.5), face, 640, 480))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(BadInput, match=r"\(52,\)"):
        action_units(np.zeros(51, np.float32), flat_face(), 640, 480)
    with pytest.raises(BadInput, match=r"\(478, 3\)"):
        action_units(np.zeros(52, np.float32), flat_face()[:468], 640, 480)
