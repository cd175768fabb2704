"""A captured baseline in words, and which one stands. No Qt here."""

import html

import msgspec

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.stream.messages import Baseline

WEAKEST_AU = 0.3
"""Weaker units are not named as those of a resting face."""
MOST_UNITS = 3


def standing(scene: Scene) -> Baseline | None:
    """The baseline in force: what was heard, else what the node tells those who came later; None without one."""
    said = scene.baseline
    if said is not None and said.state != "failed":
        return said if said.state == "done" else None
    health = scene.health.get("baseline")
    told = None if health is None else health.info.get("standing")
    try:
        return None if told is None else msgspec.convert(told, Baseline)
    except msgspec.ValidationError:  # a sensor of another version
        return None


def result_words(said: Baseline, trouble: str = "") -> str:
    """Rich text: whose, how many frames, the values at rest, the strongest units, the file, and what is wrong."""
    numbers = [
        f"{name} {_signed(value)} ± {'?' if spread is None else f'{spread:.2f}'}"
        for name, value, spread in (
            ("valence", said.valence, said.valence_spread),
            ("arousal", said.arousal, said.arousal_spread),
        )
        if value is not None
    ]
    strongest = sorted(said.au.items(), key=lambda pair: -pair[1])[:MOST_UNITS]
    units = [
        f"{name.upper()} {ACTION_UNITS.get(name.upper(), '')} {value:.1f}"
        for name, value in strongest
        if value >= WEAKEST_AU
    ]
    lines = [
        f"<b>Face {said.face_id} at rest</b>, {said.rows} frames: {', '.join(numbers)}.",
        f"Strongest at rest: {', '.join(units)} (of 5)." if units else "No action unit stands out at rest.",
    ]
    if said.restless:
        lines.append("<b>The face was not at rest:</b> better do it again, and hold still.")
    lines.append(html.escape(trouble if trouble else f"Kept in {said.file}"))
    return "<br>".join(lines)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
