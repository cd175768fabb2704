"""Turns, emotion segments, states and markers as ELAN (.eaf) and Praat (.TextGrid) files."""

from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.formats.extra import extra
from liveaffect.offline.formats.tiers import Tier, length_of, passers_by, persons, tiers_of

POINT_MS = 40
"""ELAN has no points: a marker is a stretch of so long that it can be seen and clicked."""
MEDIA = {".mp4": "video/mp4", ".mkv": "video/x-matroska", ".mov": "video/quicktime", ".wav": "audio/x-wav"}


def write_elan(table: pl.DataFrame, markers: pl.DataFrame, target: Path) -> list[str]:
    """One file of a table as an ELAN document, times in whole milliseconds; returns what there is to say.

    A film or sound beside it that is called alike is linked. Raises UsageError without the library, OSError.
    """
    elan: Any = extra("pympi.Elan", "elan")
    tiers, notes = _positive(table, markers)
    document = elan.Eaf(author="liveaffect")
    document.remove_tier("default")
    for tier in tiers:
        document.add_tier(tier.name, part=tier.person or None)
        last = -1
        for start, end, label in tier.stretches:
            begin = max(round(start * 1000), last)  # rounding brings two neighbours no closer than touching
            until = max(round(end * 1000), begin + (POINT_MS if tier.kind == "markers" else 1))
            document.add_annotation(tier.name, begin, until, label)
            last = until if tier.kind != "markers" else begin + POINT_MS
    for ending, kind in MEDIA.items():
        media = target.with_suffix(ending)
        if media.is_file():
            document.add_linked_file(media.resolve().as_uri(), relpath=f"./{media.name}", mimetype=kind)
            break
    target.unlink(missing_ok=True)  # the library would keep the old one under another name
    document.to_file(str(target))
    return notes


def write_textgrid(table: pl.DataFrame, markers: pl.DataFrame, target: Path) -> list[str]:
    """One file of a table as a TextGrid in Praat's long form; markers are a point tier.

    Raises UsageError without the library, OSError.
    """
    praat: Any = extra("praatio.textgrid", "textgrid")
    tiers, notes = _positive(table, markers)
    end_s = length_of(table, tiers)
    grid = praat.Textgrid(0.0, end_s)
    for tier in tiers:
        if not tier.stretches:
            continue
        if tier.kind == "markers":
            at: dict[float, str] = {}
            for start, _, label in tier.stretches:
                at[start] = f"{at[start]}; {label}" if start in at else label
            grid.addTier(praat.PointTier(tier.name, [(t, _one_line(label)) for t, label in at.items()], 0.0, end_s))
        else:
            stretches = [(start, end, _one_line(label)) for start, end, label in tier.stretches]
            grid.addTier(praat.IntervalTier(tier.name, stretches, 0.0, end_s))
    grid.save(str(target), format="long_textgrid", includeBlankSpaces=True)
    return notes


def _positive(table: pl.DataFrame, markers: pl.DataFrame) -> tuple[list[Tier], list[str]]:
    """The tiers without what lies before the first frame, which neither format can say."""
    tiers = tiers_of(table, markers)
    early = [label for tier in tiers for start, _, label in tier.stretches if start < 0]
    for tier in tiers:
        tier.stretches = [one for one in tier.stretches if one[0] >= 0]
    notes = [f"{len(early)} markers before the first frame are left out; the first is {early[0]!r}"] if early else []
    return tiers, [*notes, *passers_by(persons(table)[1])]


def _one_line(label: str) -> str:
    return " ".join(label.split())
