"""A face net of one's own, by an entry in a manifest: the same numbers in `score` and in `run`."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from runs.live import LiveRun, collect

from liveaffect.cli.run import assemble
from liveaffect.nodes.face_affect import FaceAffectNode
from liveaffect.offline import score
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


@pytest.mark.processes
def test_u2_a_net_of_ones_own_measures_a_photograph_in_score(
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


@pytest.mark.processes
def test_u2_a_net_of_ones_own_measures_a_film_in_run(
    manifest: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(manifest))
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    film = shared / "clips" / "pyfeat_single_face.mp4"
    words = ["face_affect.model=mine", "camera.loop=true"]
    run = LiveRun(assemble(None, words, source=film, view=False), None)
    run.start()
    with run.client("face/affect") as client:
        said = collect(
            client, lambda got: got and isinstance(got[-1], Estimates) and any(f.state == "ok" for f in got[-1].faces)
        )
    run.supervisor.stop()
    run.join()
    ok = [face for message in said if isinstance(message, Estimates) for face in message.faces if face.state == "ok"]
    assert {message.model.split()[0] for message in said if isinstance(message, Estimates)} == {"mine"}
    assert all(face.valence == pytest.approx(VALENCE, abs=1e-6) for face in ok)


def test_the_node_says_which_net_it_runs(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(manifest))
    node = FaceAffectNode(model="mine")
    node.open()
    assert node.info()["model"].startswith("mine")
