"""Every clause of a sentence of reasons against the numbers: for made ones in tests, for real frames in benchmarks."""

import re
from typing import Any

from liveaffect.models.reasons.carried import LEAST, TARGETS
from liveaffect.models.reasons.prosody import CUES
from liveaffect.models.reasons.regions import REGIONS
from liveaffect.models.reasons.sentence import NOTHING, sentences
from liveaffect.stream import messages as m

CLAUSE = re.compile(rf"({'|'.join([*REGIONS, *CUES])})(?: \(([^)]*)\))? (raise|lower)s? (\w+) by (\d\.\d\d)")
HALF = 0.0051
"""Of the last digit that is told."""


def check(reason: m.Reason) -> None:
    """Raises AssertionError where a sentence says what the message does not."""
    said = sentences(reason)
    face = 3 if reason.valence is not None else 0
    assert len(said) == face + (3 if reason.heard is not None else 0)
    if face:
        _part(said[:face], reason, "")
        assert not any(cue.name in CUES for cue in reason.cues)
    if reason.heard is not None:
        _part(said[face:], reason.heard, "the voice's ")
        assert all(cue.name in CUES and cue.modality == "voice" for cue in reason.heard.cues)


def _part(said: tuple[str, ...], part: Any, whose: str) -> None:
    cues = {cue.name: cue for cue in part.cues}
    for sentence, key in zip(said, TARGETS, strict=True):
        evidence, _, verdict = sentence.rpartition(": ")
        number = {"valence": part.valence, "arousal": part.arousal, "category": part.share}[key]
        assert verdict.startswith(whose)
        word, value = verdict.removeprefix(whose).rstrip(".").split()
        assert word == (part.category if key == "category" else key)
        assert abs(float(value) - number) <= HALF
        clauses = CLAUSE.findall(evidence[0].lower() + evidence[1:])
        assert bool(clauses) != evidence.startswith(NOTHING)
        assert len(clauses) == len(re.findall(r" by \d", evidence))
        for name, seen, does, what, size in clauses:
            effect = getattr(cues[name], key)
            assert what == word
            assert (does == "raise") == (effect > 0)
            assert abs(float(size) - abs(effect)) <= HALF
            assert abs(effect) >= LEAST
            _seen(seen, cues[name])


def _seen(words: str, cue: m.Cue) -> None:
    """The numbers in the brackets behind a cue."""
    if cue.modality == "voice":
        found = re.fullmatch(r"(-?\d+(?:\.\d)?) (.+?), usually (-?\d+(?:\.\d)?)", words)
        assert found is not None
        assert found[2] == cue.unit
        for told, number in ((found[1], cue.value), (found[3], cue.rest)):
            assert number is not None
            assert abs(float(told) - number) <= (0.051 if "." in told else 0.51)
        return
    told = re.findall(r"(AU\d\d) [^,]*? (\d\.\d) of 5(?: at rest (\d\.\d))?", words)
    assert [unit[0] for unit in told] == [unit.name for unit in cue.units]
    for (_, value, rest), unit in zip(told, cue.units, strict=True):
        assert abs(float(value) - unit.value) <= 0.051
        assert (rest == "") == (unit.rest is None)
