"""A face net of one's own, by an entry in a manifest: the same numbers in `score` and in `run`."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from make_media import repeat_clip
from onnx import TensorProto, helper, numpy_helper

from liveaffect.nodes.face_affect import FaceAffectNode
from liveaffect.offline import open_session, score
from liveaffect.stream.messages import FaceAffect as Estimates

VALENCE, AROUSAL = 0.5, -0.25


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net that says valence 0.5 and arousal -0.25 of whatever it sees, and its manifest."""
    folder = tmp_path_factory.mktemp("model")
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["out"]),
    ]
    weights = [
        numpy_helper.from_array(np.zeros((48, 2), np.float32), "w"),
        numpy_helper.from_array(np.array([VALENCE, AROUSAL], np.float32), "b"),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 4, 4])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2])
    graph = helper.make_graph(nodes, "affine", [pixels], [out], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "mine.onnx").write_bytes(model.SerializeToString())
    (folder / "manifest.toml").write_text(
        f"""
        [model.mine]
        kind = "face-affect"
        file = "mine.onnx"
        sha256 = "{hashlib.sha256((folder / "mine.onnx").read_bytes()).hexdigest()}"
        sd = [0.3, 0.3]
        normalisation = {{ size = [4, 4], colour = "RGB", layout = "NCHW" }}
        outputs = [{{ name = "out", shape = [-1, 2], meaning = "valence_arousal" }}]
        """,
        "utf-8",
    )
    return folder / "manifest.toml"


@pytest.mark.timeout(900)
def test_u02_a_net_of_ones_own_measures_a_photograph_in_score(
    manifest: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib as mpl

    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(manifest))
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    portrait = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    table = score(portrait, settings={"face_affect.model": "mine"})
    assert table["state"].to_list() == ["ok"]
    assert table["valence"][0] == pytest.approx(VALENCE, abs=1e-6)
    assert table["arousal"][0] == pytest.approx(AROUSAL, abs=1e-6)
    assert '"mine"' in table.metadata["liveaffect_models"]


@pytest.mark.timeout(900)
def test_u02_a_net_of_ones_own_measures_a_film_in_run(manifest: Path, shared: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "LIVEAFFECT_MANIFEST": str(manifest), "LIVEAFFECT_MODELS": str(shared / "models")}
    film = tmp_path / "film.mp4"  # long enough for a face to settle where only one frame in many is taken
    repeat_clip(shared / "clips" / "pyfeat_single_face.mp4", 15, film)
    words = ["run", "--headless", "--input", str(film)]
    words += ["--record", str(tmp_path / "s"), "--set", "face_affect.model=mine"]
    command = [sys.executable, "-m", "liveaffect.cli.main", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    said = [m for _, m in open_session(tmp_path / "s").messages("face/affect") if isinstance(m, Estimates)]
    ok = [face for message in said for face in message.faces if face.state == "ok"]
    assert ok
    assert {message.model.split()[0] for message in said} == {"mine"}
    assert all(face.valence == pytest.approx(VALENCE, abs=1e-6) for face in ok)


def test_the_node_says_which_net_it_runs(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(manifest))
    node = FaceAffectNode(model="mine")
    node.open()
    assert node.info()["model"].startswith("mine")
