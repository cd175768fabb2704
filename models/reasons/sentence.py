"""Reasons in plain words by template: evidence first, verdict last; nothing that was not measured."""

from typing import Any

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.reasons.carried import TARGETS, against, named

NOTHING = "No single cue carries it"
PLURAL = ("brows", "eyes", "cheeks", "pauses")


def sentences(reason: Any) -> tuple[str, ...]:
    """One sentence each for valence, arousal and the likeliest category of a `Reason` message; () without numbers.

    "mouth (AU12 lip corner puller 3.1 of 5, at rest 0.4) raises valence by 0.31, cheeks raise ...: valence +0.62."
    """
    if reason.valence is None or reason.arousal is None or reason.share is None or reason.category not in EMOTIONS:
        return ()
    effects = {cue.name: (cue.valence, cue.arousal, cue.category) for cue in reason.cues}
    cues = {cue.name: cue for cue in reason.cues}
    verdicts = (
        f"valence {reason.valence:+.2f}", f"arousal {reason.arousal:+.2f}", f"{reason.category} {reason.share:.2f}",
    )  # fmt: skip
    said: list[str] = []
    for target, verdict in enumerate(verdicts):
        what = TARGETS[target] if target < 2 else reason.category
        first = [_moves(cues[name], effects[name][target], what) for name in named(effects, target)]
        other = [_moves(cues[name], effects[name][target], what) for name in against(effects, target)]
        text = ", ".join(first) or NOTHING
        text += f"; against it {', '.join(other)}" if other else ""
        said.append(f"{text[0].upper()}{text[1:]}: {verdict}.")
    return tuple(said)


def shares(reason: Any) -> str:
    """The words on where the fused estimate came from, and on what was missing."""
    weights = (("face", reason.face_weight), ("voice", reason.voice_weight))
    known = [f"{name} {weight:.2f}" for name, weight in weights if weight is not None]
    text = f"Weight in the fused estimate: {', '.join(known)}." if known else ""
    return " ".join(part for part in (text, f"Missing: {', '.join(reason.missing)}." if reason.missing else "") if part)


def _moves(cue: Any, effect: float, what: str) -> str:
    there = ", ".join(_unit(unit) for unit in cue.units)
    does = ("raise" if effect > 0 else "lower") + ("" if cue.name in PLURAL else "s")
    return f"{cue.name}{f' ({there})' if there else ''} {does} {what} by {abs(effect):.2f}"


def _unit(unit: Any) -> str:
    rest = "" if unit.rest is None else f" at rest {unit.rest:.1f}"
    return f"{unit.name} {ACTION_UNITS.get(unit.name, '')} {unit.value:.1f} of 5{rest}"
