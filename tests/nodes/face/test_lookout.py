"""Pictures that stand on their head are measured upright."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.workers import run_worker

from liveaffect.nodes.face.lookout import back_mesh, back_row
from liveaffect.stream.messages import Face

WORKER = Path(__file__).parent / "lookout_worker.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_worker(WORKER, tmp_path_factory.mktemp("lookout") / "told.json")[0]


@pytest.mark.processes
def test_m12_film_that_stands_on_its_head_is_measured_as_it_is_upright(told: dict[str, Any]) -> None:
    upright, head = told["upright"], told["upside_down"]
    assert [frame["state"] for frame in head["faces"]] == [frame["state"] for frame in upright["faces"]]
    (here,), (there,) = upright["faces"][-1]["faces"], head["faces"][-1]["faces"]
    assert np.abs(np.array(here["blendshapes"]) - there["blendshapes"]).max() < 1e-4
    assert abs(abs(there["roll_deg"] - here["roll_deg"]) - 180) < 0.1
    assert there["yaw_deg"] == pytest.approx(-here["yaw_deg"], abs=0.1)
    x, y, width, height = here["box"]
    assert there["box"] == pytest.approx([1 - x - width, 1 - y - height, width, height], abs=1e-3)
    assert head["mesh"][-1] == pytest.approx([1 - upright["mesh"][-1][0], 1 - upright["mesh"][-1][1]], abs=1e-3)
    assert "stands on its head" in head["info"]["notice"]
    assert upright["info"]["notice"] == ""


@pytest.mark.processes
def test_m12_film_that_is_turned_on_its_head_midway_gives_no_nonsense_for_long(told: dict[str, Any]) -> None:
    states = [frame["state"] for frame in told["turned_midway"]["faces"]]
    smiles = [f["faces"][0].get("blendshapes") if f["faces"] else None for f in told["turned_midway"]["faces"]]
    assert states[4:12] == ["ok"] * 8
    assert states[-8:] == ["ok"] * 8
    upright = np.array(smiles[11])
    wrong = [s for s in smiles[12:] if s is not None and np.abs(np.array(s) - upright).max() > 0.1]
    assert not wrong


@pytest.mark.processes
def test_m12_a_photograph_upside_down_is_measured_as_it_is_upright(told: dict[str, Any]) -> None:
    (here,), (there,) = told["still"]["faces"][0]["faces"], told["still_upside_down"]["faces"][0]["faces"]
    assert np.abs(np.array(here["blendshapes"]) - there["blendshapes"]).max() < 1e-4


def test_what_is_measured_upside_down_is_told_as_it_came() -> None:
    row = back_row(Face(id=0, state="ok", box=(0.1, 0.2, 0.3, 0.4), yaw_deg=10.0, pitch_deg=-5.0, roll_deg=3.0))
    assert row.box == pytest.approx((0.6, 0.4, 0.3, 0.4))
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg) == (-10.0, 5.0, -177.0)
    looks = back_row(Face(id=0, state="ok", eye_yaw_deg=4.0, eye_pitch_deg=2.0, gaze_yaw_deg=14.0, gaze_pitch_deg=-3.0))
    assert (looks.gaze_yaw_deg, looks.gaze_pitch_deg) == (-14.0, 3.0)
    assert (looks.eye_yaw_deg, looks.eye_pitch_deg) == (4.0, 2.0)  # in the head nothing has turned
    assert np.allclose(back_mesh(np.array([[0.25, 0.1, 0.5]], np.float32)), [[0.75, 0.9, 0.5]])
