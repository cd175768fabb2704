"""Makes the exported net small: convolutions of the net of luma in int8, other weights stored in half precision."""

import copy
from pathlib import Path

import numpy as np

from training.face.colour.batches import Batches, Collection, plain

PARTS = ("/stem/", "/body/")  # of the net of luma; the colour net's lines between ReLUs are slower in whole numbers
LARGE = 2000  # numbers; smaller weights stay as they are
REDUCED = True  # weights of seven bits: with eight, sums of pairs overflow on processors without VNNI
QUANTISED = ["Conv", "Clip", "Add", "Relu", "MaxPool"]


def feeds(source: Batches, parts: list[Collection], batches: int = 6, n: int = 48) -> list[dict[str, np.ndarray]]:
    """Training faces as the net gets them, half of them degraded, for the ranges of the activations."""
    out, rng = [], np.random.default_rng(5)
    for k in range(batches):
        if k % 2:
            drawn = source.draw(n)
            rgb, geometry, present = drawn.rgb, drawn.geometry, drawn.present
        else:
            c = parts[(k // 2) % len(parts)]
            rgb, geometry, present = plain(c, rng.choice(np.flatnonzero(~c.wanted.dev), n), source.side)
        crops = rgb.transpose(0, 2, 3, 1).round().clip(0, 255).astype(np.uint8)
        out.append({"crops": crops, "geometry": geometry, "present": present})
    return out


def make(
    whole: Path, target: Path, calibration: list[dict[str, np.ndarray]], notes: dict[str, str]
) -> dict[str, float]:
    """Write `target` from the fp32 file, with `notes` as its metadata; returns the sizes."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.rest = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.rest, None)

    nodes = [n.name for n in onnx.load(str(whole)).graph.node if n.name.startswith(PARTS) and n.op_type in QUANTISED]
    beside = target.with_suffix(".int8.onnx")
    if nodes:
        quantize_static(
            str(whole), str(beside), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, op_types_to_quantize=QUANTISED,
            nodes_to_quantize=nodes, reduce_range=REDUCED,
        )  # fmt: skip
    model = onnx.load(str(beside if nodes else whole))
    absorb(model, calibration[0])
    halve(model)
    onnx.helper.set_model_props(model, notes)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))
    return {"fp32": whole.stat().st_size, "bytes": target.stat().st_size, "quantised": len(nodes)}


def absorb(model, example: dict[str, np.ndarray]) -> None:
    """Let convolutions pad for themselves where a node of its own pads for them: that node costs a copy, and two more
    between layouts."""
    import onnxruntime
    from onnx import TensorProto, helper

    graph = model.graph
    pads = {n.output[0]: n for n in graph.node if n.op_type == "Pad"}
    asked = copy.deepcopy(model)
    widths = sorted({n.input[1] for n in pads.values()})
    asked.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.INT64, [8]) for name in widths)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    found = dict(zip(widths, session.run(widths, {k: v[:1] for k, v in example.items()}), strict=True))
    for conv in [n for n in graph.node if n.op_type == "Conv" and n.input[0] in pads]:
        pad = pads[conv.input[0]]
        _, _, top, left, _, _, bottom, right = (int(x) for x in found[pad.input[1]])
        kept = [a for a in conv.attribute if a.name != "pads"]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute("pads", [top, left, bottom, right])])
        conv.input[0] = pad.input[0]
    needed, nodes = {o.name for o in graph.output}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input), nodes.append(node)
    del graph.node[:]
    graph.node.extend(reversed(nodes))
    kept = [t for t in graph.initializer if t.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def halve(model) -> None:
    """Store large float weights as float16, cast back to float32 when the net is loaded: the sums stay float32."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        name, value = tensor.name, numpy_helper.to_array(tensor)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    for k, node in enumerate(casts):
        graph.node.insert(k, node)


def compare(
    whole: Path, target: Path, arrays: dict[str, np.ndarray], truth: np.ndarray, known: np.ndarray
) -> dict[str, list[float]]:
    """Accuracy where there is a majority and KL, under both priors, of the fp32 file and of the small one."""
    import onnxruntime

    found: dict[str, list[float]] = {}
    for name, path in (("fp32", whole), ("small", target)):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        found[name] = []
        for output in ("log_p", "log_p_uniform"):
            log_p = np.concatenate(
                [
                    session.run([output], {k: v[i : i + 64] for k, v in arrays.items()})[0]
                    for i in range(0, len(truth), 64)
                ]
            )
            log_p = np.where(known, log_p, -1e4)
            log_p = log_p - np.logaddexp.reduce(log_p, 1, keepdims=True)
            clear = truth.max(1) > 0.5
            right = (truth[clear].argmax(1) == log_p[clear].argmax(1)).mean()
            kl = (truth * (np.log(np.maximum(truth, 1e-12)) - log_p)).sum(1).mean()
            found[name] += [round(float(right), 4), round(float(kl), 4)]
    return found
