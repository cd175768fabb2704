"""A frozen ONNX file takes pictures of any size afterwards, and gives what it gave."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from liveaffect.models.files.free_axes import free_axes
from liveaffect.models.files.net import Net


def frozen() -> bytes:
    """A convolution for ten pictures of 32 by 32 pixels, with its weights among the inputs."""
    weights = np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [10, 3, 32, 32])
    weight = helper.make_tensor_value_info("weights", TensorProto.FLOAT, list(weights.shape))
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [10, 2, 32, 32])
    node = helper.make_node("Conv", ["picture", "weights"], ["out"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "g", [picture, weight], [out], [numpy_helper.from_array(weights, "weights")])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString()


def test_it_takes_any_size_and_its_weights_are_no_inputs(tmp_path: Path) -> None:
    before, after = tmp_path / "before.onnx", tmp_path / "after.onnx"
    before.write_bytes(frozen())
    after.write_bytes(free_axes(frozen()))
    onnx.checker.check_model(str(after))
    net = Net(after)
    assert [(t.name, t.shape) for t in net.inputs] == [("picture", (1, 3, -1, -1))]
    assert [(t.name, t.shape) for t in net.outputs] == [("out", (1, 2, -1, -1))]
    pictures = np.random.default_rng(1).normal(size=(10, 3, 32, 32)).astype(np.float32)
    (same,) = Net(before).run({"picture": pictures})
    (one,) = net.run({"picture": pictures[:1]})
    assert np.allclose(one, same[:1], atol=1e-5)
    assert net.run({"picture": np.zeros((1, 3, 40, 64), np.float32)})[0].shape == (1, 2, 40, 64)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, frozen()[:-200], b"PK\x03\x04 not a net"])
def test_other_bytes_are_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match="ONNX"):
        free_axes(damage)
