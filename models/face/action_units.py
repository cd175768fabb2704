"""Action-unit intensities of one face, raw and stateless, from blendshapes and landmark geometry."""

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.face.action_unit_table import MEASURES, UNITS

BLENDSHAPES = (
    *("_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)
"""Names of MediaPipe's 52 blendshapes, in its order."""

ACTION_UNITS: dict[str, str] = {f"AU{unit.number:02d}": unit.name for unit in UNITS}
"""Unit -> its FACS name, in the order of `action_units`: {"AU01": "inner brow raiser", ...}."""

MAX_INTENSITY = 5.0
"""FACS grades A (trace) to E (maximum) as 1 to 5; 0 is absent."""

QUIET = 0.15
"""Share of the scale for what neutral faces show: 95 of 100 read 0.75 of 5 or less on any one unit."""


def action_units(
    blendshapes: NDArray[np.float32], landmarks: NDArray[np.float32], width: int, height: int
) -> NDArray[np.float32]:
    """Intensities of the units in `ACTION_UNITS`, (22,) float32 in [0, 5].

    `blendshapes` (52,) in [0, 1] in MediaPipe's order; `landmarks` (478, 3) as fractions of the frame, z on the scale
    of x; `width` and `height` of the frame in pixels. Each unit is a weighted sum of evidence by the table in
    `action_unit_table.py`, which cites its sources; nothing is remembered between calls and nobody's own neutral face
    is subtracted, so that an absolute level says less than a change. The scale has two slopes: 0 to 0.75 for what 95
    of 100 neutral faces show, 0.75 to 5 from there to the outermost half per cent of faces. Raises BadInput for other
    shapes.
    """
    evidence = _evidence(blendshapes, landmarks, width, height) @ _WEIGHTS
    beyond = QUIET + (1 - QUIET) * (evidence - _QUIET) / (1 - _QUIET)
    graded = np.where(evidence < _QUIET, QUIET * evidence / _QUIET, beyond)
    return MAX_INTENSITY * np.clip(graded, 0, 1).astype(np.float32)


def measures(landmarks: NDArray[np.float32], width: int, height: int) -> NDArray[np.float64]:
    """The distances of `MEASURES`, in its order, in units of the distance between the outer corners of the eyes.

    They are taken along the head's own axes, laid through points that expressions leave alone (eye corners, temples,
    forehead, base of the nose): a turned, nodding or tilted head measures as an upright one, as far as the depth of
    the landmarks can be trusted. Arguments as in `action_units`.
    """
    if landmarks.shape != (478, 3):
        raise BadInput(f"action units: landmarks have shape {landmarks.shape}; give (478, 3)")
    points = landmarks * np.array([width, height, width], np.float64)
    eyes = points[263] - points[33]
    across = _unit(eyes + points[454] - points[234])
    down = points[2] + points[164] - points[10] - points[151]
    down = _unit(down - (down @ across) * across)
    spans = _SPANS @ points
    return np.where(_IS_ACROSS, spans @ across, spans @ down) / max(float(np.sqrt(eyes @ eyes)), 1e-12)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.sqrt(vector @ vector)), 1e-12)


def _evidence(
    blendshapes: NDArray[np.float32], landmarks: NDArray[np.float32], width: int, height: int
) -> NDArray[np.float64]:
    if blendshapes.shape != (52,):
        raise BadInput(f"action units: blendshapes have shape {blendshapes.shape}; give (52,)")
    cues = np.concatenate([_STEMS @ blendshapes.astype(np.float64), measures(landmarks, width, height)])
    return np.clip((cues[_CUE] - _REST) * _GAIN, -0.5, 1.0)


def _span_matrix() -> NDArray[np.float64]:
    """(measures, 478): each row takes the mean of its minus points from that of its points."""
    matrix = np.zeros((len(MEASURES), 478))
    for row, (_, plus, minus) in enumerate(MEASURES.values()):
        matrix[row, plus] += 1 / len(plus)
        matrix[row, minus] -= 1 / len(minus)
    return matrix


def _stem_matrix(names: list[str]) -> NDArray[np.float64]:
    """(names, 52): a blendshape, or the mean of its left and right."""
    matrix = np.zeros((len(names), 52))
    for row, name in enumerate(names):
        found = [i for i, full in enumerate(BLENDSHAPES) if full in (name, name + "Left", name + "Right")]
        matrix[row, found] = 1 / len(found)
    return matrix


_terms = [(column, term) for column, unit in enumerate(UNITS) for term in unit.terms]
_stems = sorted({term.cue for _, term in _terms} - set(MEASURES))
_order = {cue: i for i, cue in enumerate([*_stems, *MEASURES])}
_STEMS = _stem_matrix(_stems)
_SPANS = _span_matrix()
_IS_ACROSS = np.array([axis == "x" for axis, _, _ in MEASURES.values()])
_CUE = np.array([_order[term.cue] for _, term in _terms])
_REST = np.array([term.rest for _, term in _terms])
_GAIN = np.array([1 / (term.full - term.rest) for _, term in _terms])
_WEIGHTS = np.zeros((len(_terms), len(UNITS)))
_QUIET = np.array([unit.quiet for unit in UNITS])
for _row, (_column, _term) in enumerate(_terms):
    _WEIGHTS[_row, _column] = _term.weight
