"""How the window says who looks where, and whose gaze is corrected."""

from collections.abc import Mapping

import msgspec

from liveaffect.models.face.eyes.looks import GazeFit
from liveaffect.stream import messages as m


def gaze_fits(kept: m.Baseline | None) -> dict[int, GazeFit]:
    """Person -> how their gaze is corrected while this baseline is in force."""
    if kept is None or kept.gaze is None or kept.face_id is None:
        return {}
    return {kept.face_id: msgspec.convert(kept.gaze, GazeFit, from_attributes=True)}


def in_one_line(words: Mapping[int, str], names: Mapping[int, str]) -> str:
    """Everybody's words as one line, those of whom nothing is said left out; one person alone needs no name."""
    if len(names) == 1 and len(words) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{names.get(who, f'face {who}')}: {said}" for who, said in sorted(words.items()))
