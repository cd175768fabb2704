"""The table of pairs: who follows whom, who moves whom, whose smile is answered, who holds the floor."""

from typing import Any

from liveaffect.models.dynamics.coupling import Coupling
from liveaffect.models.dynamics.evidence import DIMENSIONS
from liveaffect.models.dynamics.mirroring import Mirrored
from liveaffect.models.dynamics.together import AU04, AU12
from liveaffect.offline.tables.dynamics.motion import PairFound, interval_columns

_WAYS = (("second_by_first", "the second", "the first"), ("first_by_second", "the first", "the second"))
_ANSWERS = (("smiles", "AU12"), ("frowns", "AU04"))


def _dictionary() -> dict[str, tuple[str, str, str]]:
    words: dict[str, tuple[str, str, str]] = {
        "file": ("name of the input", "", ""),
        "first": ("face id of the first person", "", "0 and up"),
        "second": ("face id of the second person", "", "0 and up"),
    }
    for name in DIMENSIONS:
        words |= {
            f"windows_{name}": ("windows of 10 s that were judged", "", "0 and up"),
            f"lag_{name}_s": (f"lag at which {name} correlates most: above 0 the second follows", "s", "-5 to 5"),
            f"lag_{name}_s_low": ("5 % quantile of that lag (bootstrap)", "s", "-5 to 5"),
            f"lag_{name}_s_high": ("95 % quantile", "s", "-5 to 5"),
            f"correlation_{name}": ("mean windowed correlation at that lag", "1", "-1 to 1"),
            f"p_{name}": ("share of surrogates that rise as high at any lag", "1", "0 to 1"),
            f"windows_beyond_chance_{name}": ("share of windows beyond chance; 0.04 by chance alone", "1", "0 to 1"),
        }
        for way, who, by in _WAYS:
            rate = f"rate_{name}_{way}"
            words |= {
                rate: (f"how fast {who}'s {name} is drawn to {by}'s", "1/s", ""),
                f"{rate}_low": (f"5 % quantile of {rate}", "1/s", ""),
                f"{rate}_high": (f"95 % quantile of {rate}", "1/s", ""),
                f"gain_{name}_{way}": (f"share of a lasting displacement of {by} that {who} takes over", "1", ""),
            }
        words[f"together_{name}"] = (f"correlation of what moves {name} of both at one instant", "1", "-1 to 1")
    for kind, unit in _ANSWERS:
        for way, who, by in _WAYS:
            words |= {
                f"{kind}_{way}": (f"onsets of {unit} of {by} while {who} was in view", "", "0 and up"),
                f"{kind}_{way}_answered": (f"of these, answered by {who} within 1 s", "", "0 and up"),
                f"{kind}_{way}_chance": ("answers that chance would give", "", "0 and up"),
                f"{kind}_{way}_p": ("share of shifted recordings with as many", "1", "0 to 1"),
            }
    words |= {
        "turns_first": ("turns of speech of the first", "", "0 and up"),
        "turns_second": ("turns of speech of the second", "", "0 and up"),
        "speech_first_s": ("speech of the first", "s", "0 and up"),
        "speech_second_s": ("speech of the second", "s", "0 and up"),
        "overlap_s": ("both speak", "s", "0 and up"),
        "changes": ("times the floor went from one to the other", "", "0 and up"),
        "offset_s": ("median gap at those changes; below 0 an overlap", "s", ""),
    }
    return words


PAIR_DICTIONARY = _dictionary()
"""Columns of the table of pairs: meaning, unit, range."""


def pair_row(file: str, found: PairFound) -> dict[str, Any]:
    """One row of `PAIR_DICTIONARY`."""
    pair, begin, end = found.pair, found.begin, found.end
    row: dict[str, Any] = {"file": file, "first": found.first, "second": found.second}
    for name in DIMENSIONS:
        following = pair.following(name, begin, end)
        if following is not None:
            row |= {
                f"windows_{name}": following.windows, f"lag_{name}_s": following.lag_s,
                f"lag_{name}_s_low": following.lag_low_s, f"lag_{name}_s_high": following.lag_high_s,
                f"correlation_{name}": following.peak, f"p_{name}": following.p,
                f"windows_beyond_chance_{name}": following.share,
            }  # fmt: skip
        row |= _coupled(name, pair.coupled(name, begin, end))
    for unit, (kind, _) in zip((AU12, AU04), _ANSWERS, strict=True):
        said = pair.expressions(unit, begin, end)
        row |= _answered(f"{kind}_second_by_first", said.second_answers)
        row |= _answered(f"{kind}_first_by_second", said.first_answers)
    turns = pair.turns(begin, end)
    if turns is not None:
        row |= {
            "turns_first": turns.turns[0], "turns_second": turns.turns[1], "speech_first_s": turns.speech_s[0],
            "speech_second_s": turns.speech_s[1], "overlap_s": turns.overlap_s, "changes": turns.changes,
            "offset_s": turns.offset_s,
        }  # fmt: skip
    return row


def _coupled(name: str, found: Coupling | None) -> dict[str, float | None]:
    if found is None:
        return {}
    row: dict[str, float | None] = {f"together_{name}": found.together}
    for way, _, _ in _WAYS:
        influence = getattr(found, way)
        row |= interval_columns(f"rate_{name}_{way}", influence.rate)
        row[f"gain_{name}_{way}"] = influence.gain
    return row


def _answered(name: str, found: Mirrored | None) -> dict[str, float | None]:
    if found is None:
        return {}
    numbers = {"": found.onsets, "_answered": found.answered, "_chance": found.chance, "_p": found.p}
    return {f"{name}{word}": number for word, number in numbers.items()}
