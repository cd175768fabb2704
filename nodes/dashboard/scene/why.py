"""Which cues carried an estimate, as rows of bars and a sentence for each of valence, arousal and the category."""

from dataclasses import dataclass

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.reasons.carried import LEAST, TARGETS
from liveaffect.models.reasons.sentence import measured, sentences
from liveaffect.stream import messages as m

MOST_ROWS = 5


@dataclass(frozen=True)
class CueRow:
    """One cue: its name, what is seen there, and by how much the estimate is higher with it than with it at rest."""

    name: str
    seen: str
    effect: float


@dataclass(frozen=True)
class Told:
    """What is said of one target: the cues, the largest first, then the sentence; the verdict stands at its end."""

    target: str
    by: str
    """" by the voice", "" by the face."""
    rows: tuple[CueRow, ...]
    sentence: str


def told(reason: m.Reason) -> tuple[Told, ...]:
    """Valence, arousal and the likeliest category of one person by the face, then by the voice where it was taken
    apart; () where there are no numbers."""
    said = sentences(reason)
    by_voice = 3 if reason.heard is not None and len(said) >= 3 else 0
    face = _blocks(reason.category, reason.cues, said[: len(said) - by_voice], "")
    if reason.heard is None or not by_voice:
        return face
    return (*face, *_blocks(reason.heard.category, reason.heard.cues, said[-by_voice:], " by the voice"))


def _blocks(category: str, cues: tuple[m.Cue, ...], said: tuple[str, ...], by: str) -> tuple[Told, ...]:
    found: list[Told] = []
    for at, (target, sentence) in enumerate(zip(TARGETS, said, strict=False)):
        name = target if at < 2 else category
        effects = [((cue.valence, cue.arousal, cue.category)[at], cue) for cue in cues]
        effects = sorted(effects, key=lambda one: (-abs(one[0]), one[1].name))
        rows = tuple(CueRow(cue.name, seen(cue), effect) for effect, cue in effects if abs(effect) >= LEAST)
        found.append(Told(name, by, rows[:MOST_ROWS], sentence))
    return tuple(found)


def seen(cue: m.Cue) -> str:
    """What was measured there: "AU12 lip corner puller 3.1", "212 Hz, usually 180"."""
    if cue.units:
        return ", ".join(f"{unit.name} {ACTION_UNITS.get(unit.name, '')} {unit.value:.1f}" for unit in cue.units)
    return "" if cue.value is None else measured(cue)
