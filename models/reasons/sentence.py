"""Reasons in plain words by template: evidence first, verdict last; nothing that was not measured."""

from typing import Any

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.reasons.carried import TARGETS, against, named

NOTHING = "No single cue carries it"
PLURAL = ("brows", "eyes", "cheeks", "pauses")


def sentences(reason: Any) -> tuple[str, ...]:
    """One sentence each for valence, arousal and the likeliest category of a `Reason` message, by the face; then the
    same by the voice, where it was taken apart; () without numbers.

    "Mouth (AU12 lip corner puller 3.1 of 5 at rest 0.4) raises valence by 0.31, cheeks raise ...: valence +0.62."
    """
    said: tuple[str, ...] = ()
    if reason.valence is not None and reason.arousal is not None and reason.share is not None:
        said = _of(reason)
    return said if reason.heard is None else (*said, *heard(reason.heard))


def heard(voice: Any) -> tuple[str, ...]:
    """The three sentences of a `Heard` message: "Pitch (212 Hz, usually 180) raises arousal by 0.12: voice's ..."."""
    return _of(voice, "the voice's ")


def _of(part: Any, whose: str = "") -> tuple[str, ...]:
    """Of the numbers and cues of one modality."""
    if part.category not in EMOTIONS:
        return ()
    effects = {cue.name: (cue.valence, cue.arousal, cue.category) for cue in part.cues}
    cues = {cue.name: cue for cue in part.cues}
    verdicts = (f"valence {part.valence:+.2f}", f"arousal {part.arousal:+.2f}", f"{part.category} {part.share:.2f}")
    said: list[str] = []
    ways = part.ways
    for target, verdict in enumerate(verdicts):
        what, way = TARGETS[target] if target < 2 else part.category, ways[target] if ways else 0
        first = [_moves(cues[name], effects[name][target], what) for name in named(effects, target, way)]
        other = [_moves(cues[name], effects[name][target], what) for name in against(effects, target, way)]
        text = ", ".join(first) or NOTHING
        text += f"; against it {', '.join(other)}" if other else ""
        said.append(f"{text[0].upper()}{text[1:]}: {whose}{verdict}.")
    return tuple(said)


def shares(reason: Any) -> str:
    """The words on where the fused estimate came from, and on what was missing."""
    weights = (("face", reason.face_weight), ("voice", reason.voice_weight))
    known = [f"{name} {weight:.2f}" for name, weight in weights if weight is not None]
    text = f"Weight in the fused estimate: {', '.join(known)}." if known else ""
    return " ".join(part for part in (text, f"Missing: {', '.join(reason.missing)}." if reason.missing else "") if part)


def _moves(cue: Any, effect: float, what: str) -> str:
    there = ", ".join(_unit(unit) for unit in cue.units) if cue.value is None else measured(cue)
    does = ("raise" if effect > 0 else "lower") + ("" if cue.name in PLURAL else "s")
    return f"{cue.name}{f' ({there})' if there else ''} {does} {what} by {abs(effect):.2f}"


def measured(cue: Any) -> str:
    """A cue of the voice in numbers: "212 Hz, usually 180"."""
    digits = 1 if abs(cue.value) < 20 else 0
    usual = "" if cue.rest is None else f", usually {cue.rest:.{digits}f}"
    return f"{cue.value:.{digits}f} {cue.unit}{usual}"


def _unit(unit: Any) -> str:
    rest = "" if unit.rest is None else f" at rest {unit.rest:.1f}"
    return f"{unit.name} {ACTION_UNITS.get(unit.name, '')} {unit.value:.1f} of 5{rest}"
