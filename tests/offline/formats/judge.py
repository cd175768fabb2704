"""Holds every copy against the plain one, and writes the table of docs/formats.md.

PYTHONPATH=tests/helpers python tests/offline/formats/judge.py OUT.jsonl        # what remake.py wrote
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import ways_of_films
import ways_of_images
import ways_of_sounds

ORDER = [*ways_of_images.WAYS, *ways_of_films.WAYS, *ways_of_sounds.WAYS]
VALENCE = 0.05
FRAME_S = 0.04
"""One frame of the films; a photograph has one row, and sound one every 0.1 s."""
SOUND_S = 0.1


@dataclass(frozen=True)
class Verdict:
    """One copy against the plain one."""

    kind: str
    subject: str
    way: str
    failure: str = ""
    valence: float = 0.0
    """Difference of the means."""
    worst: float = 0.0
    """Largest difference in any row."""
    same_top: bool = True
    late_s: float = 0.0
    """Largest difference of times, or of lengths for sound."""

    @property
    def ok(self) -> bool:
        limit = {"photograph": 0.0, "film": FRAME_S, "sound": SOUND_S}[self.kind] + 1e-6
        return not self.failure and abs(self.valence) <= VALENCE and self.same_top and self.late_s <= limit


def verdicts(rows: list[dict[str, Any]]) -> list[Verdict]:
    """One for each copy, in the order of the ways."""
    plain = {(row["kind"], row["subject"]): row for row in rows if row["way"] == "plain"}
    found = [_verdict(row, plain[row["kind"], row["subject"]]) for row in rows if row["way"] != "plain"]
    return sorted(found, key=lambda verdict: ORDER.index(verdict.way))


def _verdict(row: dict[str, Any], plain: dict[str, Any]) -> Verdict:
    where = {"kind": row["kind"], "subject": row["subject"], "way": row["way"]}
    if row.get("failure"):
        return Verdict(**where, failure=row["failure"])
    if not plain["valence"] or not row["valence"]:
        return Verdict(**where, failure="" if plain["valence"] == row["valence"] else "no numbers where the other has")
    late_s = abs(row["times"][-1] - plain["times"][-1])
    if row["kind"] == "film":
        late_s = max(abs(a - b) for a, b in zip(row["times"], plain["times"], strict=False))
        late_s = max(late_s, FRAME_S * abs(len(row["times"]) - len(plain["times"])))
    pairs = list(zip(row["valence"], plain["valence"], strict=False))
    return Verdict(
        **where,
        valence=fmean(row["valence"]) - fmean(plain["valence"]),
        worst=max(abs(a - b) for a, b in pairs),
        same_top=row["top"] == plain["top"],
        late_s=late_s,
    )


def table(found: list[Verdict]) -> str:
    """Markdown: a table for each kind, a row for each way, a column for each subject."""
    parts: list[str] = []
    for kind in dict.fromkeys(v.kind for v in found):
        mine = [v for v in found if v.kind == kind]
        subjects = list(dict.fromkeys(v.subject for v in mine))
        parts.append(f"### {kind.capitalize()}s\n\n| copy | {' | '.join(subjects)} |\n|---|{'---|' * len(subjects)}")
        for way in dict.fromkeys(v.way for v in mine):
            cells = [next((_cell(v) for v in mine if (v.way, v.subject) == (way, s)), "") for s in subjects]
            parts.append(f"| {way} | {' | '.join(cells)} |")
        parts.append("")
    good = sum(v.ok for v in found)
    return "\n".join([*parts, f"{good} of {len(found)} copies within the limits."])


def _cell(v: Verdict) -> str:
    if v.failure:
        return f"**{v.failure.splitlines()[0][:80]}**"
    words = f"{v.valence:+.3f}"
    words += "" if v.same_top else ", other category"
    words += f", {v.late_s * 1000:.0f} ms" if v.late_s > 0.001 else ""
    return words if v.ok else f"**{words}**"


def read(path: Path) -> list[dict[str, Any]]:
    """What remake.py wrote."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    print(table(verdicts(read(Path(sys.argv[1])))))
