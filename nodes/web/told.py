"""What is told of one instant: messages as plain rows for JSON. A number is finite or null, and words say why."""

from typing import Any

from liveaffect.models.circumplex import CIRCUMPLEX, ELLIPSE90, EMOTIONS, Z90
from liveaffect.models.fusion.told import not_told, told
from liveaffect.stream import messages as m

VERSION = 1
"""Of what is told; a new field leaves it as it is."""
DIGITS = 4
HEALTH_WORDS = {"starting": "is starting", **m.DOWN_WORDS}


def hello(facts: dict[str, Any], *, picture: bool) -> dict[str, Any]:
    """What stays: names, orders, constants, and what may be asked."""
    return {
        "type": "hello",
        "version": VERSION,
        "sensor": str(facts.get("version", "")),
        "run": str(facts.get("run", "")),
        "kind": str(facts.get("kind", "live")),
        "emotions": list(EMOTIONS),
        "circumplex": [[round(float(x), 2) for x in row] for row in CIRCUMPLEX],
        "z90": Z90,
        "ellipse90": ELLIPSE90,
        "states": m.STATE_WORDS,
        "can_record": "record" in (facts.get("verbs") or {}),
        "picture": picture,
    }


def person(one: m.Person) -> dict[str, Any]:
    """One person. Where there is no number, `words` say why; `bold` where a number says more than the prior."""
    is_told = told(one.valence_sd, one.arousal_sd)
    there = one.valence is not None
    shares = None if one.emotions is None or not is_told.emotions else [number(share) for share in one.emotions]
    return {
        "id": one.id,
        "name": called(one),
        "state": one.state,
        "words": "" if there else m.STATE_WORDS[one.state],
        "valence": number(one.valence),
        "valence_sd": number(one.valence_sd),
        "valence_90": _interval(one.valence, one.valence_sd),
        "arousal": number(one.arousal),
        "arousal_sd": number(one.arousal_sd),
        "arousal_90": _interval(one.arousal, one.arousal_sd),
        "bold": {"valence": there and is_told.valence, "arousal": there and is_told.arousal},
        "emotions": shares,
        "emotions_words": not_told(one.voice_weight) if there and shares is None else "",
        "compound": one.compound if shares is not None else "",
        "likely": list(one.likely) if shares is not None else [],
        "face_weight": number(one.face_weight),
        "voice_weight": number(one.voice_weight),
        "discord": number(one.discord),
        "speaking": number(one.speaking_prob),
        "coasting": one.coasting,
    }


def called(one: m.Person) -> str:
    """A person's name, or what stands for it."""
    return one.name or ("voice out of view" if one.id < 0 else f"face {one.id}")


def modality(state: str) -> dict[str, str]:
    """The state of face or voice, in words unless it is ok."""
    return {"state": state, "words": "" if state == "ok" else m.STATE_WORDS[state]}


def trouble(health: m.Health) -> str:
    """What is wrong with a node, in words; "" where nothing is."""
    words = HEALTH_WORDS.get(health.state, "")
    if health.state == "starting" and not health.restarts:
        words = ""
    return (
        ": ".join(part for part in (f"{health.node} {words}" if words else health.node, health.error) if part)
        if (words or health.error)
        else ""
    )


def marker(one: m.Marker) -> dict[str, Any]:
    """A marker as an event."""
    return {"type": "marker", "t_ns": one.t_ns, "label": one.label, "source": one.source}


def number(value: float | None) -> float | None:
    """With as many digits as mean something."""
    return None if value is None else round(float(value), DIGITS)


def _interval(value: float | None, sd: float | None) -> list[float] | None:
    if value is None or sd is None:
        return None
    return [round(value - Z90 * sd, DIGITS), round(value + Z90 * sd, DIGITS)]
