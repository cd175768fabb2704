"""Kills recorders, supervisors and whole graphs at instants that a seed chooses, and holds what is left against them.

    python tests/helpers/recorder_kills.py OUT [--count 180] [--first 0]

writes one line of JSON per kill into OUT/kills.jsonl and goes on where an earlier run stopped.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import psutil
from paths import HELPERS
from runs.live import carried, wait_for

from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.live.watchdog import read_account
from liveaffect.stream.messages import MediaSpan, Message, VideoFrame
from liveaffect.stream.session.info import SessionInfo, load_info
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.media.reader import MediaStore
from liveaffect.stream.session.media.writer import H264_TOPIC
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover

WHOM = ("recorder", "supervisor", "everything")
VIDEO = ("no", "h264", "lossless")
SECOND = 1_000_000_000
STARVED_S = 0.5
"""A recorder that was kept from the CPU for so long wrote what was old: where its loss ends is then not told."""


def table(folder: Path, video: str = "no", **settings: Any) -> dict[str, Any]:
    """A small graph with a recorder, and with a camera where pixels are to be stored."""
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "min_free_mb": 0, "folder": str(folder), **settings}
    nodes: dict[str, Any] = {
        "counter": {"type": "toy_nodes:Counter"},
        "delay": {"type": "toy_nodes:Delay"},
        "adder": {"type": "toy_nodes:Adder"},
        "recorder": {"autostart": True, "video": video, **recorder},
    }
    if video != "no":
        nodes["camera"] = {"type": "liveaffect.nodes.camera:CameraNode", "source": "lavfi:testsrc=size=160x120:rate=15"}
    return nodes


def adds_up(info: SessionInfo) -> bool:
    """Every identity of the ledger."""
    for account in info.ledger.values():
        sums = [
            account.captured == account.published + sum(account.lost_at_source.values()),
            account.recorded + account.not_recorded == account.published,
            account.not_recorded == sum(gap.last_seq - gap.first_seq + 1 for gap in account.gaps),
            *(
                reader.processed + sum(reader.dropped.values()) + reader.pending == account.published
                for reader in account.readers.values()
            ),
        ]
        if not all(sums):
            return False
    return bool(info.ledger)


class Starved:
    """How long a process waited for a core of late, by the system's own account: what it could not write in that time
    is no fault of its own."""

    LATE_S = 60.0

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self._seen: deque[tuple[float, int]] = deque()
        self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        waited = max((account[1] for account in read_account(self._pid).values()), default=0)
        self._seen.append((time.monotonic(), waited))
        while self._seen[-1][0] - self._seen[0][0] > self.LATE_S:
            self._seen.popleft()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self._look()

    def end(self) -> float:
        """Seconds of the last minute in which its busiest thread waited."""
        self._over.set()
        self._thread.join()
        self._look()
        return max(0.0, (self._seen[-1][1] - self._seen[0][1]) / 1e9)


def kill(folder: Path, whom: str, video: str, bytes_before: int, then_s: float) -> tuple[int, float]:
    """Records in processes of its own until the kill; returns its instant (monotonic ns), and how long the recorder had
    waited for a core just before.

    whom: "recorder" (the others follow before it can come back), "supervisor" or "everything".
    bytes_before, then_s: the kill comes so many seconds after so many bytes are on the disk.
    """
    script = (
        f"import sys; sys.path.insert(0, {str(HELPERS)!r})\n"
        "from liveaffect.stream.graph import build_graph\n"
        "from liveaffect.stream.live.supervisor import Supervisor\n"
        f"Supervisor(build_graph({carried(table(folder, video))!r})).run()\n"
    )
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True, **quiet) as run:  # type: ignore[call-overload]
        path = folder / "session.mcap"
        wait_for(lambda: path.exists() and path.stat().st_size > bytes_before, "a recording", 90.0)
        (writer,) = load_info(folder).writers
        family = psutil.Process(run.pid).children(recursive=True)
        starved = Starved(writer)
        threading.Event().wait(then_s)
        starved_s = starved.end()
        os.kill(run.pid if whom == "supervisor" else writer, signal.SIGKILL)  # first of all: the rest takes its time
        killed_ns = time.monotonic_ns()
        if whom == "everything":
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        run.kill()
    _, alive = psutil.wait_procs(family, timeout=120)
    assert not alive, "processes outlive their supervisor"
    return killed_ns, starved_s


def hold(folder: Path, whom: str, video: str, killed_ns: int, starved_s: float = 0.0) -> dict[str, Any]:
    """What a kill has cost, and in `broken` every promise that does not hold.

    More than a second may be missing only by as long as the recorder was kept from the CPU.
    """
    most_s = 1.0 + starved_s
    broken: list[str] = []
    info = recover(folder)
    reader = SessionReader(folder)
    messages = [message for _, message in reader.messages()]
    missing_s = (killed_ns - max(message.pub_ns for message in messages)) / 1e9
    broken += ["the ledger does not add up"] * (not adds_up(info))
    broken += [f"{missing_s:.2f} s are missing"] * (missing_s > most_s)
    broken += ["not a whole file after recover"] * (not scan(folder / "session.mcap").finished)
    broken += [f"faults: {reader.faults}"] * bool(reader.faults)
    broken += ["called complete"] * (reader.state != "INCOMPLETE")
    if whom != "supervisor":  # the recorder ends by itself when it loses its supervisor, and then nothing is missing
        tails = [m for m in info.missing if m.topic == "*" and m.from_s is not None]
        spans = [m.to_s - m.from_s for m in tails if m.from_s is not None and m.to_s is not None]
        broken += ["no span is told missing"] * (not tails or (not spans and starved_s < STARVED_S))
        broken += ["more than a second is told missing"] * any(span > most_s for span in spans)
    broken += _video(folder, reader, video, messages, killed_ns - int(most_s * SECOND))
    return {
        "missing_s": round(missing_s, 3),
        "starved_s": round(starved_s, 3),
        "messages": len(messages),
        "broken": broken,
    }


def _video(folder: Path, reader: SessionReader, video: str, messages: list[Message], owed_ns: int) -> list[str]:
    """Pixels of every frame that was published a second and more before the kill must be there."""
    frames = [m for m in messages if isinstance(m, VideoFrame) and m.state == "ok"]
    owed = [frame for frame in frames if frame.pub_ns < owed_ns]
    if video == "h264":
        stored = sum(1 for _ in reader.raw([H264_TOPIC]))
        return [f"{stored} encoded frames of {len(owed)} owed"] * (stored < len(owed))
    if video == "lossless":
        store = MediaStore(folder, [m for m in messages if isinstance(m, MediaSpan)])
        lost = sum(store.attach(frame) is None for frame in owed)
        return [f"{lost} frames of {len(owed)} owed have no pixels"] * bool(lost)
    return []


def one(folder: Path, whom: str, video: str, bytes_before: int = 4_000, then_s: float = 0.0) -> dict[str, Any]:
    """One kill and what it came to."""
    case: dict[str, Any] = {"whom": whom, "video": video, "then_s": round(then_s, 2)}
    try:
        return case | hold(folder, whom, video, *kill(folder, whom, video, bytes_before, then_s))
    except (LiveAffectError, AssertionError, psutil.Error) as error:
        return case | {"broken": [f"{type(error).__name__}: {error}"]}


def run(out: Path, count: int, first: int = 0) -> list[dict[str, Any]]:
    """Runs the kills that OUT/kills.jsonl does not have yet; returns all of them."""
    out.mkdir(parents=True, exist_ok=True)
    log, folder = out / "kills.jsonl", out / "s"
    os.environ["XDG_CACHE_HOME"] = str(out / "cache")
    done = lines_of(log)
    known = {case["seed"] for case in done}
    with log.open("a", encoding="utf-8") as lines:
        for seed in range(first, first + count):
            if seed in known:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            whom, video = WHOM[seed % 3], VIDEO[seed // 3 % 3]
            case = one(folder, whom, video, then_s=random.Random(f"kill {seed}").uniform(0.0, 5.0)) | {"seed": seed}
            if case["broken"] and folder.is_dir():  # to be looked at
                shutil.copytree(folder, out / f"broken-{seed}", dirs_exist_ok=True)
            done.append(case)
            lines.write(json.dumps(case) + "\n")
            lines.flush()
            bad = sum(bool(case["broken"]) for case in done)
            print(f"{len(done)} of {count} kills, {bad} broken; {case}", file=sys.stderr, flush=True)
    return done


def lines_of(log: Path) -> list[dict[str, Any]]:
    """What earlier runs wrote, a line of JSON each; one that a kill tore is cut off, and done again."""
    text = log.read_text("utf-8") if log.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        log.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def main() -> None:
    """Runs the kills and prints what they came to."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("out", type=Path)
    words.add_argument("--count", type=int, default=180)
    words.add_argument("--first", type=int, default=0)
    asked = words.parse_args()
    cases = run(asked.out, asked.count, asked.first)
    kinds = Counter(f"{case['whom']} with video {case['video']}" for case in cases)
    bad = [case for case in cases if case["broken"]]
    longest = max((case.get("missing_s", 0.0) for case in cases), default=0.0)
    kept = [case for case in cases if case.get("missing_s", 0.0) > 1.0 and not case["broken"]]
    print(
        f"{len(cases)} kills, at most {longest:.2f} s missing ({len(kept)} over 1 s, of recorders that had no core), "
        f"{len(bad)} broken; {dict(sorted(kinds.items()))}"
    )
    for case in bad[:20]:
        print(case)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
