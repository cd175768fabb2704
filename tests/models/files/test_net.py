"""onnxruntime sessions: checked providers, batches, and errors that name the file."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT

from liveaffect.models.errors import BadInput, ModelBroken, ModelMissing, RuntimeMissing
from liveaffect.models.files.manifest import Entry, Tensor
from liveaffect.models.files.net import Net, runtime

WEIGHTS = np.arange(8.0).reshape(4, 2)
BIAS = np.array([1.0, -1.0])


@pytest.fixture
def net(tmp_path: Path, affine_net: Callable[..., Path]) -> Path:
    return affine_net(tmp_path / "net.onnx", WEIGHTS, BIAS, ["n", 4])


def test_a_session_answers_as_the_net_does(net: Path) -> None:
    x = np.array([[1, 2, 3, 4], [0, 0, 0, 1]], np.float32)
    (out,) = Net(net).run({"pixels": x})
    np.testing.assert_allclose(out, x @ WEIGHTS + BIAS)


def test_batches_give_the_rows_of_one_run(net: Path) -> None:
    x = np.random.default_rng(1).normal(size=(7, 4)).astype(np.float32)
    (out,) = Net(net).run_batched({"pixels": x}, 3)
    np.testing.assert_allclose(out, x @ WEIGHTS + BIAS, rtol=1e-5)


def test_on_a_gpu_few_shapes_are_asked_for_and_only_real_rows_come_back(
    net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, asked = Net(net), list[int]()
    monkeypatch.setattr(session, "providers", ("CUDAExecutionProvider", "CPUExecutionProvider"))
    run = session.run
    monkeypatch.setattr(session, "run", lambda feeds: asked.append(len(feeds["pixels"])) or run(feeds))
    rng = np.random.default_rng(1)
    for rows in (1, 2, 3, 6, 17, 33):
        x = rng.normal(size=(rows, 4)).astype(np.float32)
        (out,) = session.run_batched({"pixels": x}, 16)
        np.testing.assert_allclose(out, x @ WEIGHTS + BIAS, rtol=1e-5)
    assert asked == [1, 2, 4, 8, 16, 1, 16, 16, 1]


def test_the_provider_in_use_is_reported_and_the_cpu_needs_no_notice(net: Path) -> None:
    session = Net(net)
    assert session.providers == ("CPUExecutionProvider",)
    assert session.notice is None


def test_a_gpu_that_this_runtime_lacks_is_reported_with_the_extra(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime(), "get_available_providers", lambda: ["CPUExecutionProvider"])
    session = Net(net, provider="cuda", name="affine")
    assert session.providers == ("CPUExecutionProvider",)
    assert session.notice is not None
    assert "`affine` runs on CPUExecutionProvider, not on CUDAExecutionProvider" in session.notice
    assert "liveaffect[gpu]" in session.notice


def test_a_gpu_that_silently_does_not_start_is_found_out(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    available = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime(), "get_available_providers", lambda: available)
    session = Net(net, provider="cuda")
    if session.providers[0] == "CUDAExecutionProvider":
        pytest.skip("this machine has a GPU that starts")
    assert session.notice is not None
    assert "did not start" in session.notice


def test_a_truncated_file_is_refused_by_name(net: Path) -> None:
    net.write_bytes(net.read_bytes()[:-20])
    with pytest.raises(ModelBroken, match=r"net\.onnx"):
        Net(net)


def test_a_file_that_is_no_net_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "song.onnx").write_bytes(b"RIFF not a net")
    with pytest.raises(ModelBroken, match=r"song\.onnx"):
        Net(tmp_path / "song.onnx")


def test_a_missing_file_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="liveaffect models pull"):
        Net(tmp_path / "gone.onnx")


def test_without_onnxruntime_both_extras_are_named(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeMissing, match=r"liveaffect\[cpu\].*liveaffect\[gpu\]"):
        Net(net)


# what the runtime takes for a machine of a test farm, where it keeps silent by itself
FARM = ("CI", "ORT_", "GITHUB_", "TF_BUILD", "BUILD_", "JENKINS", "GITLAB", "TRAVIS", "CIRCLECI", "PYTEST")


def opened_elsewhere(net: Path, home: Path, code: str) -> list[Path]:
    """Runs `code` on the net in a process with a home of its own; returns what the runtime left behind there."""
    env = {key: value for key, value in os.environ.items() if not key.startswith((*FARM, "XDG_"))} | {"HOME": str(home)}
    subprocess.run([sys.executable, "-c", code, str(net)], env=env, check=True, timeout=900, capture_output=True)
    return [path for path in home.rglob("*") if "onnxruntime" in str(path)]


@pytest.mark.processes
def test_the_runtime_reports_nothing_and_leaves_no_device_id(net: Path, tmp_path: Path) -> None:
    code = "import sys; from liveaffect.models.files.net import Net; Net(sys.argv[1])"
    assert opened_elsewhere(net, tmp_path, code) == []


def test_only_one_file_imports_the_runtime() -> None:
    root = ROOT
    importers = [
        file.relative_to(root).as_posix()
        for layer in ("stream", "nodes", "models", "cli")
        for file in (root / layer).rglob("*.py")
        if re.search(r"^\s*(import|from) onnxruntime", file.read_text(), re.MULTILINE)
    ]
    assert importers == ["models/files/net.py"]


def test_an_array_that_does_not_fit_is_refused_with_both_shapes(net: Path) -> None:
    with pytest.raises(BadInput, match=r"\(-1, 4\).*\(2, 5\)"):
        Net(net).run({"pixels": np.zeros((2, 5), np.float32)})


@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (Tensor(name="pixels", shape=(-1, 5)), "pixels"),
        (Tensor(name="pixels", shape=(-1, 4), dtype="float16"), "float16"),
        (Tensor(name="image", shape=(-1, 4)), "no input `image`"),
    ],
)
def test_a_net_that_is_not_as_declared_is_refused(net: Path, tensor: Tensor, word: str) -> None:
    entry = Entry(kind="face-affect", file="net.onnx", sha256="0" * 64, inputs=(tensor,))
    with pytest.raises(ModelBroken, match=word):
        Net(net).check(entry)
