"""Fixtures of the model tests: tiny ONNX nets whose answer can be worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture(scope="session")
def affine_net() -> Callable[..., Path]:
    """`affine_net(path, weights, bias, shape)` writes such a net and returns its path."""
    return _affine_net


def _affine_net(path: Path, weights: np.ndarray, bias: np.ndarray, shape: list[int | str]) -> Path:
    """A net `out = flatten(pixels) @ weights + bias`; `shape` is that of its input, batch first."""
    rows = shape[0]
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "affine",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [rows, weights.shape[1]])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "w"),
            numpy_helper.from_array(bias.astype(np.float32), "b"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
