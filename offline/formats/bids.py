"""A BIDS dataset: signals as physio recordings of the behavioural modality, turns, states and markers as events."""

import gzip
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from liveaffect.offline.formats.regular import regular
from liveaffect.offline.formats.tiers import person_of, persons, tiers_of
from liveaffect.offline.tables.score import DICTIONARY
from liveaffect.offline.tables.streams import VOICE, zero_utc

BIDS = "1.10.0"
TASK = "affect"
_UNITS = {"degree": "deg", "1": "arbitrary", "sone (uncalibrated)": "sone", "FACS A to E as 1 to 5": "arbitrary"}


def write_bids(tables: list[tuple[str, pl.DataFrame, pl.DataFrame]], folder: Path, task: str = TASK) -> list[Path]:
    """Name, rows and markers of each file, as subjects of one dataset, which may be there already. Raises OSError.

    Of each person, in `sub-X/beh`, the signals as `sub-X_task-affect_recording-affect_physio.tsv.gz` (evenly spaced, no
    header, `n/a` where missing) with their sidecar, and `sub-X_task-affect_events.tsv`.
    """
    written: list[Path] = []
    folder.mkdir(exist_ok=True)
    described = folder / "dataset_description.json"
    if not described.exists():
        written.append(_json(described, {
            "Name": folder.resolve().name, "BIDSVersion": BIDS, "DatasetType": "raw",
            "GeneratedBy": [{"Name": "liveaffect", "Version": version("liveaffect")}],
        }))  # fmt: skip
        readme = folder / "README"
        readme.write_text(
            "Estimates of what faces and voices show, by liveaffect; signals are in beh/*_physio.\n", "utf-8"
        )
        written.append(readme)
    subjects: list[str] = []
    for name, table, markers in tables:
        people = persons(table)[0]
        for k, (label, rows) in enumerate(people):
            called = person_of(label, name)
            given = "" if called == VOICE or called.startswith("person ") else called
            number = "voice" if called == VOICE else f"p{k}"
            subject = _label(given) if given else _label(name) + (number if len(people) > 1 else "")
            subjects.append(f"sub-{subject}")
            written += _subject(folder / f"sub-{subject}" / "beh", f"sub-{subject}_task-{task}", rows, markers, task)
    written.append(_participants(folder / "participants.tsv", subjects))
    return written


def _subject(folder: Path, stem: str, rows: pl.DataFrame, markers: pl.DataFrame, task: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    found = regular(rows)
    signals = folder / f"{stem}_recording-affect_physio.tsv.gz"
    with signals.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for line in found.values:
            file.write(("\t".join("n/a" if np.isnan(v) else f"{v:.7g}" for v in line) + "\n").encode())
    words: dict[str, Any] = {n: _said(n) for n in found.names}
    begun = zero_utc(rows)
    sidecar = {
        "TaskName": task, "SamplingFrequency": found.rate_hz, "StartTime": round(found.start_s, 6),
        "Columns": found.names, "Manufacturer": "liveaffect", "SoftwareVersions": version("liveaffect"), **words,
    }  # fmt: skip
    if begun is not None:
        sidecar["AcquisitionTime"] = begun.isoformat()
    events = folder / f"{stem}_events.tsv"
    laid = [
        (start, end - start, f"{tier.kind}/{label}" if tier.kind != "markers" else label, tier.kind)
        for tier in tiers_of(rows, markers)
        for start, end, label in tier.stretches
    ]
    lines = ["onset\tduration\ttrial_type\tkind"]
    lines += [f"{onset:.6f}\t{max(last, 0.0):.6f}\t{_cell(label)}\t{kind}" for onset, last, label, kind in sorted(laid)]
    events.write_text("\n".join(lines) + "\n", "utf-8")
    about = {
        "onset": {"Description": "seconds since the first frame or sample", "Units": "s"},
        "duration": {"Description": "how long it lasted; 0 of a marker", "Units": "s"},
        "trial_type": {"Description": "a marker's label, or turns/speech, emotions/CATEGORY, states/STATE"},
        "kind": {"Description": "turns, emotions, states or markers"},
    }
    return [
        signals, _json(signals.with_name(signals.name.removesuffix(".tsv.gz") + ".json"), sidecar), events,
        _json(events.with_suffix(".json"), about),
    ]  # fmt: skip


def _participants(path: Path, subjects: list[str]) -> Path:
    """Adds subjects to those that are listed."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else ["participant_id"]
    width = lines[0].count("\t")
    there = {line.split("\t")[0] for line in lines}
    lines += [subject + "\tn/a" * width for subject in dict.fromkeys(subjects) if subject not in there]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _said(name: str) -> dict[str, str]:
    meaning, unit, span = DICTIONARY[name]
    return {"Description": f"{meaning} ({span})" if span else meaning, "Units": _UNITS.get(unit, unit)}


def _label(name: str) -> str:
    """Letters and digits of a name, which is all that BIDS allows."""
    bare = Path(name).stem if Path(name).suffix else name
    return re.sub(r"[^A-Za-z0-9]", "", bare.removeprefix("sub-")) or "01"


def _cell(text: str) -> str:
    return " ".join(text.split()) or "n/a"


def _json(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path
