"""Damages copies of a session at places that a seed chooses, and holds every reader to what is left.

    python tests/helpers/session_damage.py OUT [--count 1000] [--first 0]

writes one line of JSON per case into OUT/cases.jsonl and goes on where an earlier run stopped.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from paths import GOLDEN

from liveaffect.models.errors import ModelError
from liveaffect.offline.reporting.write import make_report
from liveaffect.offline.tables.read import of_session
from liveaffect.offline.tables.session import Session
from liveaffect.offline.verifying.verify import verify
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.session.context import SessionContext, files_of
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.read import chunks
from liveaffect.stream.session.mcap.walk import walk
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover
from liveaffect.stream.session.writer import SessionWriter

MCAP, JSON = "session.mcap", "session.json"
STATES = ("file", "state", "face_state", "voice_state")
FLUSH_NS = 500_000_000
"""As the recorder does live."""


def sealed(folder: Path) -> Path:
    """The golden session as the recorder of today would have written it, in chunks of half a second."""
    old = load_info(GOLDEN)
    context = SessionContext(graph=old.graph, wiring=old.wiring, persisted=old.persisted, models=old.models)
    session = SessionWriter(folder, context, min_free=0)
    next_ns = 0
    for topic, message in SessionReader(GOLDEN).messages():
        session.write(topic, message)
        if message.t_ns >= next_ns:
            next_ns = message.t_ns + FLUSH_NS
            session.flush()
    session.close()
    info = load_info(folder)
    info.sources, info.files = old.sources, files_of(folder)
    info.save(folder)
    return folder


class Whole:
    """What a session holds while it is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = {name: (folder / name).read_bytes() for name in (MCAP, JSON)}
        self.places = [(p.offset, p.stop) for p in walk(folder / MCAP) if p.head is not None]
        self.chunks = [[(name, r.data) for name, r in chunk] for chunk in chunks(folder / MCAP)]
        self.rows = Session(folder).table().sort("t_ns", "face_id", nulls_last=True).to_dicts()
        self.by_key = {(row["t_ns"], row["face_id"]): row for row in self.rows}
        assert len(self.by_key) == len(self.rows)


def damage(whole: Whole, folder: Path, seed: int) -> dict[str, Any]:
    """Makes a damaged copy and says what was done to it."""
    draw = random.Random(f"session damage {seed}")
    name = JSON if draw.random() < 0.15 else MCAP
    data = bytearray(whole.data[name])
    case: dict[str, Any] = {"seed": seed, "file": name}
    if draw.random() < 0.2:
        case |= {"kind": "truncation", "at": draw.randrange(len(data))}
        del data[case["at"] :]
    else:
        case |= {"kind": "flip", "at": draw.randrange(len(data)), "bit": draw.randrange(8)}
        data[case["at"]] ^= 1 << case["bit"]
    folder.mkdir(parents=True)
    for other, text in whole.data.items():
        (folder / other).write_bytes(bytes(data) if other == name else text)
    return case


def hold(whole: Whole, folder: Path, case: dict[str, Any]) -> list[str]:
    """Every promise that does not hold for this damaged copy."""
    broken: list[str] = []
    at, mcap = case["at"], case["file"] == MCAP
    hit = [n for n, (start, stop) in enumerate(whole.places) if mcap and (start <= at < stop)]
    if case["kind"] == "truncation" and mcap:
        hit = [n for n, (_, stop) in enumerate(whole.places) if stop > at]
    owed = [message for n, chunk in enumerate(whole.chunks) if n not in hit for message in chunk]
    recorded = [message for chunk in whole.chunks for message in chunk]
    try:
        reader = SessionReader(folder)
        found = [(name, record.data) for name, record in reader.raw()]
        case["read"], case["of"] = len(found), len(recorded)
        broken += ["an intact message is not read"] * bool(Counter(owed) - Counter(found))
        broken += ["a message is read that was not recorded"] * bool(Counter(found) - Counter(recorded))
        broken += ["the reader finds no fault"] * (not reader.faults)
        broken += ["called complete"] * (reader.state == "COMPLETE")
        broken += _rows(whole, folder)
        broken += _page(folder)
    except LiveAffectError as error:
        case["refused"] = str(error)[:200]
        found = owed  # recover still owes them
        broken += ["a session with intact messages is refused"] * (mcap and case["kind"] == "flip")
    try:
        broken += ["verified"] * verify(folder).ok
    except (LiveAffectError, ModelError) as error:
        case["verify"] = str(error)[:200]
    return broken + _recovered(folder, case, found, recorded)


def _rows(whole: Whole, folder: Path) -> list[str]:
    """A value in the table that is not the one that was recorded for that instant."""
    for row in Session(folder).table().to_dicts():
        known = whole.by_key.get((row["t_ns"], row["face_id"]))
        if known is None:  # where what was said of a face is lost, the row of its frame names nobody
            known = next(other for other in whole.rows if other["t_ns"] == row["t_ns"])
            if row["face_id"] is not None:
                return [f"a row of {row['t_ns']} that was not there"]
        wrong = [key for key, value in row.items() if value is not None and value != known[key] and key not in STATES]
        if wrong:
            return [f"{wrong[0]} of {row['t_ns']} is {row[wrong[0]]}, was {known[wrong[0]]}"]
    return []


def _page(folder: Path) -> list[str]:
    page = make_report(of_session(Session(folder)))
    whole = "Everything that was published is in the recording" in page or "badge good" in page
    return ["the report calls it complete"] * whole


def _recovered(
    folder: Path, case: dict[str, Any], found: list[tuple[str, bytes]], recorded: list[tuple[str, bytes]]
) -> list[str]:
    before = (folder / case["file"]).read_bytes()
    try:
        info = recover(folder)
        reader = SessionReader(folder)
        after = [(name, record.data) for name, record in reader.raw()]
    except LiveAffectError as error:
        case["recover"] = str(error)[:200]
        broken = ["recover refuses and has changed the file"] * ((folder / case["file"]).read_bytes() != before)
        readable = case["file"] == JSON or case["kind"] == "flip" or bool(found)
        return broken + ["recover gives up on what can be read"] * readable
    broken = ["recover loses messages"] * bool(Counter(found) - Counter(after))
    broken += ["recover makes messages"] * bool(Counter(after) - Counter(recorded))
    broken += [f"faults after recover: {reader.faults}"] * bool(reader.faults)
    broken += ["complete after recover"] * (info.state == "COMPLETE" or reader.state == "COMPLETE")
    lost = len(recorded) - len(after)
    told = sum(m.messages or 0 for m in info.missing) > 0 or any(m.messages is None for m in info.missing)
    broken += [f"{lost} messages are gone and nothing says so"] * bool(lost and not told)
    case["lost"] = lost
    return broken


def run(out: Path, count: int, first: int = 0) -> list[dict[str, Any]]:
    """Runs the cases that OUT/cases.jsonl does not have yet; returns all of them."""
    out.mkdir(parents=True, exist_ok=True)
    log = out / "cases.jsonl"
    done = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    known = {case["seed"] for case in done}
    shutil.rmtree(out / "whole", ignore_errors=True)
    whole = Whole(sealed(out / "whole"))
    with log.open("a", encoding="utf-8") as lines:
        for seed in range(first, first + count):
            if seed in known:
                continue
            folder = out / "damaged"
            shutil.rmtree(folder, ignore_errors=True)
            case = damage(whole, folder, seed)
            began = time.monotonic()
            try:
                case["broken"] = hold(whole, folder, case)
            except Exception as error:  # whatever a reader lets through is what is looked for here
                case["broken"] = [f"{type(error).__name__}: {error}"]
            case["took_s"] = round(time.monotonic() - began, 2)
            done.append(case)
            lines.write(json.dumps(case) + "\n")
            lines.flush()
    shutil.rmtree(out / "damaged", ignore_errors=True)
    return done


def main() -> None:
    """Runs the cases and prints what they came to."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("out", type=Path)
    words.add_argument("--count", type=int, default=1000)
    words.add_argument("--first", type=int, default=0)
    asked = words.parse_args()
    cases = run(asked.out, asked.count, asked.first)
    kinds = Counter(f"{case['kind']} in {case['file']}" for case in cases)
    bad = [case for case in cases if case["broken"]]
    print(f"{len(cases)} cases ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}); {len(bad)} broken")
    for case in bad[:20]:
        print(case)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
