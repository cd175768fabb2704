"""Heads of the voice model as one ONNX net: what a user must not get wrong is inside the graph."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS, N_EMOTIONS
from liveaffect.models.voice.encoder import ENCODED
from liveaffect.models.voice.window import WINDOW_HOPS
from training.voice.encoder import Graph

Array = np.ndarray
FULL_DB = 30.0
"""Reach (loud over soft hops) of clean speech in a quiet room; beyond it nothing is surer."""
DROWNED_DB, DROWNED_STEP_DB = 30.0, 3.0
"""Reach of speech that is half drowned, and how fast it drowns: chosen by `training.voice.noise`."""


@dataclass
class Heads:
    """All that is fitted; the last row of each matrix is what is added."""

    cold: Array
    """(1153, 8): log-ratios of the categories from what the encoder says."""
    relative: Array
    """(1153, 8): the same from its difference to the speaker's calm speech."""
    plane_cold: Array
    """(1153, 2): valence and arousal, linear."""
    plane_relative: Array
    typical: Array
    """(1152,): what the encoder says of speech on average."""
    present: Array
    """(8,) bool: categories that any corpus has."""
    trust: float
    """Share of `relative` where a baseline is fully believed."""
    sharpness: Array
    """(4,): logarithm of what multiplies the log-ratios: cold, with a baseline, per doubling of speech, per 10 dB."""
    leave: Array
    """(2,): how far valence and arousal may follow the linear answer away from the place of the distribution."""
    reach: float
    """At most so far."""
    spread: Array
    """(2,): what multiplies the distribution's own spread on the plane."""
    floor: Array
    """(2,): least standard deviation: people of one category differ too."""
    drowned: Array
    """(2,): standard deviation of speech that drowns, where it would be less; clear speech keeps its own."""


_INPUTS = (
    ("encoded", ENCODED),
    ("heard", 2),
    ("usual", ENCODED),
    ("usual_weight", 1),
    ("calm", ENCODED),
    ("weight", 1),
)


def to_onnx(h: Heads) -> onnx.ModelProto:
    """Inputs as in the manifest, one row a window; outputs `emotions`, `mean`, `sd`."""
    g = Graph()
    away = g("Sub", "encoded", "calm")
    moved = g("Sub", "encoded", g("Mul", g("Sub", "usual", g.constant(h.typical)), "usual_weight"))
    believed = g("Mul", "weight", g.constant(h.trust))
    doubt = g("Sub", g.constant(1.0), believed)

    def mixed(cold: Array, relative: Array) -> str:
        one = g("Add", g("MatMul", moved, g.constant(cold[:-1])), g.constant(cold[-1]))
        other = g("Add", g("MatMul", away, g.constant(relative[:-1])), g.constant(relative[-1]))
        return g("Add", g("Mul", one, doubt), g("Mul", other, believed))

    hops, reach = (g("Slice", "heard", *(g.constant([v], np.int64) for v in (i, i + 1, 1))) for i in (0, 1))
    length = g(
        "Mul",
        g("Log", g("Max", g("Mul", hops, g.constant(1 / WINDOW_HOPS)), g.constant(0.1))),
        g.constant(1 / np.log(2.0)),
    )
    clear = g(
        "Mul", g("Sub", g("Clip", reach, g.constant(0.0), g.constant(FULL_DB)), g.constant(FULL_DB)), g.constant(0.1)
    )
    terms = g("Add", g.constant(h.sharpness[0]), g("Mul", believed, g.constant(h.sharpness[1])))
    terms = g("Add", terms, g("Mul", length, g.constant(h.sharpness[2])))
    terms = g("Add", terms, g("Mul", clear, g.constant(h.sharpness[3])))
    masked = g.constant(np.where(h.present, 0.0, -1e4))
    logits = g("Add", g("Mul", mixed(h.cold, h.relative), g("Exp", terms)), masked)
    p = g("Softmax", logits, output="emotions", axis=-1)
    place = g("MatMul", p, g.constant(CIRCUMPLEX))
    leave = g("Sub", mixed(h.plane_cold, h.plane_relative), place)
    leave = g("Mul", g("Clip", leave, g.constant(-h.reach), g.constant(h.reach)), g.constant(h.leave))
    g("Clip", g("Add", place, leave), g.constant(-0.95), g.constant(0.95), output="mean")
    square = g("MatMul", p, g.constant(CIRCUMPLEX**2))
    variance = g("Max", g("Sub", square, g("Mul", place, place)), g.constant(0.0))
    variance = g("Mul", variance, g.constant(h.spread**2))
    _deviations(g, g("Add", variance, g.constant(h.floor**2)), h.drowned)
    value = helper.make_tensor_value_info
    inputs = [value(name, TensorProto.FLOAT, ["n", width]) for name, width in _INPUTS]
    outputs = [
        value(name, TensorProto.FLOAT, ["n", w]) for name, w in (("emotions", N_EMOTIONS), ("mean", 2), ("sd", 2))
    ]
    graph = helper.make_graph(g.nodes, "voice-affect", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, {"categories": ",".join(EMOTIONS)})
    onnx.checker.check_model(model)
    return model


def widening(model: onnx.ModelProto, drowned: Array) -> onnx.ModelProto:
    """Heads that were exported without `drowned`, with it; nothing but `sd` changes."""
    if any(node.op_type == "Sigmoid" for node in model.graph.node):
        raise SystemExit("the deviations of these heads widen already")
    g, found = Graph(), onnx.ModelProto()
    found.CopyFrom(model)
    g.nodes, g.constants = list(model.graph.node[:-1]), list(model.graph.initializer)
    _deviations(g, model.graph.node[-1].input[0], drowned)
    del found.graph.node[:], found.graph.initializer[:]
    found.graph.node.extend(g.nodes)
    found.graph.initializer.extend(g.constants)
    onnx.checker.check_model(found)
    return found


def _deviations(g: Graph, variance: str, drowned: Array) -> None:
    reach = g("Slice", "heard", *(g.constant([v], np.int64) for v in (1, 2, 1)))
    share = g("Sigmoid", g("Mul", g("Sub", g.constant(DROWNED_DB), reach), g.constant(1 / DROWNED_STEP_DB)))
    lacking = g("Max", g("Sub", g.constant(drowned**2), variance), g.constant(0.0))
    g("Sqrt", g("Add", variance, g("Mul", share, lacking)), output="sd")
