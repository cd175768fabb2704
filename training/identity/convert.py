"""Makes `face-identity.onnx` of the weights that the npm package `@vladmandic/face-api` 1.7.15 carries (MIT).

    npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
    python -m training.identity.convert --weights package/model --out models/weights/face-identity.onnx

The net is dlib's residual net of 29 layers (King 2017, "High quality face recognition with deep metric learning";
after He et al. 2016), 150 x 150 RGB in, 128 numbers out. Weights stay in eight bits where they came so (a linear
code per tensor); onnxruntime unpacks them when it opens the file.
"""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 150
MEAN_RGB = (122.782, 117.001, 104.298)
STAGES = (
    ("32_1", "32_2", "32_3"),
    ("64_down", "64_1", "64_2", "64_3"),
    ("128_down", "128_1", "128_2"),
    ("256_down", "256_1", "256_2", "256_down_out"),
)
CHANNELS = {"32": 32, "64": 64, "128": 128, "256": 256}


class Coded(NamedTuple):
    """A tensor as the package holds it: `values` are floats, or eight-bit codes of (code - zero) * scale."""

    values: npt.NDArray[Any]
    scale: float = 0.0
    zero: int = 0


def main() -> None:
    """Reads, builds, checks and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="the package's folder `model`")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    net = Builder(read(given.weights)).net()
    onnx.checker.check_model(net, full_check=True)
    onnx.save(net, given.out)
    print(f"{given.out}: {given.out.stat().st_size} bytes")


def read(folder: Path) -> dict[str, Coded]:
    """Every tensor of the package's weights, by name."""
    (group,) = json.loads((folder / "face_recognition_model-weights_manifest.json").read_text("utf-8"))
    blob = b"".join((folder / name).read_bytes() for name in group["paths"])
    found: dict[str, Coded] = {}
    at = 0
    for entry in group["weights"]:
        count, code = int(np.prod(entry["shape"])), entry.get("quantization")
        kind = np.dtype(np.uint8 if code else np.float32)
        values = np.frombuffer(blob, kind, count, at).reshape(entry["shape"])
        at += count * kind.itemsize
        zero = round(-code["min"] / code["scale"]) if code else 0
        found[entry["name"]] = Coded(values, code["scale"], zero) if code else Coded(values)
        if code and not (0 <= zero <= 255 and abs(-code["min"] / code["scale"] - zero) < 1e-3):
            found[entry["name"]] = Coded((values * code["scale"] + code["min"]).astype(np.float32))
    if at != len(blob):
        raise SystemExit(f"{folder}: {len(blob)} bytes of weights, of which the list names {at}")
    return found


class Builder:
    """Puts the graph together, node by node."""

    def __init__(self, weights: dict[str, Coded]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def net(self) -> onnx.ModelProto:
        """`faces` uint8 (n, 150, 150, 3) RGB to `descriptor` float32 (n, 128)."""
        floats = self._node("Cast", ["faces"], to=TensorProto.FLOAT)
        mean = self._constant("mean", np.array(MEAN_RGB, np.float32))
        scaled = self._node("Div", [self._node("Sub", [floats, mean]), self._constant("range", np.float32(255))])
        x = self._node("Transpose", [scaled], perm=[0, 3, 1, 2])
        x = self._conv(x, "conv32_down", stride=2, pad=0)
        x = self._node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
        side = ((SIDE - 7) // 2 + 1 - 3) // 2 + 1
        for stage in STAGES:
            for name in stage:
                if "down" in name:
                    x, side = self._narrowing(x, f"conv{name}", side, CHANNELS[name.split("_")[0]])
                else:
                    x = self._block(x, f"conv{name}")
        pooled = self._node("GlobalAveragePool", [x])
        flat = self._node("Flatten", [pooled])
        self._node("MatMul", [flat, self._tensor("fc")], out="descriptor")
        graph = helper.make_graph(
            self._nodes,
            "face-identity",
            [helper.make_tensor_value_info("faces", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["n", 128])],
            self._constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _block(self, x: str, name: str) -> str:
        inner = self._conv(x, f"{name}/conv1")
        return self._node("Relu", [self._node("Add", [self._conv(inner, f"{name}/conv2", active=False), x])])

    def _narrowing(self, x: str, name: str, side: int, channels: int) -> tuple[str, int]:
        """A block that halves the side; what the two ways lack against each other in side or channels is zeros."""
        after, pooled_side = (side - 3) // 2 + 1, side // 2
        inner = self._conv(x, f"{name}/conv1", stride=2, pad=0)
        inner = self._conv(inner, f"{name}/conv2", active=False)
        pooled = self._node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
        if after < pooled_side:
            inner = self._padded(inner, [0, 0, 0, 0, 0, 0, pooled_side - after, pooled_side - after])
        before = self._weights[f"{name}/conv1/conv/filters"].values.shape[2]
        if before < channels:
            pooled = self._padded(pooled, [0, 0, 0, 0, 0, channels - before, 0, 0])
        return self._node("Relu", [self._node("Add", [pooled, inner])]), pooled_side

    def _conv(self, x: str, name: str, *, stride: int = 1, pad: int = 1, active: bool = True) -> str:
        kernel = self._weights[f"{name}/conv/filters"].values.shape[0]
        filters = self._tensor(f"{name}/conv/filters", (3, 2, 0, 1))
        ins = [x, filters, self._tensor(f"{name}/conv/bias")]
        y = self._node("Conv", ins, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)
        y = self._node("Mul", [y, self._column(f"{name}/scale/weights")])
        y = self._node("Add", [y, self._column(f"{name}/scale/biases")])
        return self._node("Relu", [y]) if active else y

    def _padded(self, x: str, widths: list[int]) -> str:
        return self._node("Pad", [x, self._constant(f"pad {len(self._nodes)}", np.array(widths, np.int64))])

    def _column(self, name: str) -> str:
        code = self._weights[name]
        values = (code.values.astype(np.float32) - code.zero) * code.scale if code.scale else code.values
        return self._constant(name, values.astype(np.float32)[:, None, None])

    def _tensor(self, name: str, axes: tuple[int, ...] = ()) -> str:
        code = self._weights[name]
        values = np.ascontiguousarray(code.values.transpose(axes) if axes else code.values)
        if not code.scale or values.size < 1024:
            plain = (values.astype(np.float32) - code.zero) * code.scale if code.scale else values
            return self._constant(name, plain.astype(np.float32))
        ins = [
            self._constant(f"{name} codes", values),
            self._constant(f"{name} scale", np.float32(code.scale)),
            self._constant(f"{name} zero", np.uint8(code.zero)),
        ]
        return self._node("DequantizeLinear", ins)

    def _constant(self, name: str, values: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def _node(self, kind: str, ins: list[str], *, out: str = "", **attributes: Any) -> str:
        out = out or f"{kind} {len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, ins, [out], **attributes))
        return out


if __name__ == "__main__":
    main()
