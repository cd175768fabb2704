"""Does replay hold its timing? Errors of the time between messages at a program outside, beside a bare timer's.

    python benchmarks/bench_replay.py [SESSION] [--seconds N] [--json OUT]

Without a session, one with the rates of the default graph is made. The reference sleeps to the same instants in a
process of its own, in the same run: what it misses, the machine missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from liveaffect.stream.client.connection import Client, connect
from liveaffect.stream.errors import TransportError
from liveaffect.stream.messages import Affect, FaceObservation, VoiceDescriptors
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, FACE, VOICE

BUDGET_MS = 5.0
BARE = """
import sys, threading, time
dues = [int(x) for x in sys.stdin.read().split()]
pause, start = threading.Event(), time.monotonic_ns()
for due in dues:
    left = (start + due - time.monotonic_ns()) / 1e9
    if left > 0:
        pause.wait(left)
    print(time.monotonic_ns())
"""


def make(folder: Path, seconds: int) -> None:
    """Face and fusion at 30 Hz, voice at 100 Hz with 88 values, published a little after their content."""
    writer = SessionWriter(folder, SessionContext(clock="bench"))
    values: dict[str, float | None] = {f"descriptor_{n}": n / 7 for n in range(88)}
    for tick in range(seconds * 300):
        t_ns = 1_000_000_000_000 + tick * 10_000_000 // 3
        if tick % 3 == 0:
            seq = tick // 3
            writer.write(VOICE, VoiceDescriptors(t_ns=t_ns, pub_ns=t_ns + 200_000, seq=seq, values=values))
        if tick % 10 == 0:
            seq = tick // 10
            writer.write(FACE, FaceObservation(t_ns=t_ns, pub_ns=t_ns + 300_000, seq=seq, frame_seq=seq))
            writer.write(AFFECT, Affect(t_ns=t_ns, pub_ns=t_ns + 900_000, seq=seq, frame_seq=seq))
    writer.close()


def reach(limit_s: float) -> Client:
    """Connects as soon as the replay has opened its gateway."""
    end = time.monotonic() + limit_s
    while True:
        try:
            return connect(topics=[""])
        except TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def errors_ms(arrived: list[int], due: list[int]) -> np.ndarray:
    """|time between messages - as recorded|."""
    return np.abs(np.diff(np.array(arrived, float)) - np.diff(np.array(due, float))) / 1e6


def main() -> None:
    """Prints the table, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", nargs="?", type=Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        session = options.session or Path(scratch) / "s"
        if options.session is None:
            make(session, options.seconds)
        spoken = {
            (topic.name, m.incarnation, m.seq): m.pub_ns or m.t_ns + topic.delay_ns
            for topic, m in SessionReader(session).messages()
            if not topic.host
        }
        command = [sys.executable, "-m", "liveaffect.cli.main", "replay", str(session), "--headless"]
        environment = {**os.environ, "XDG_CACHE_HOME": scratch}  # its own announcement
        os.environ["XDG_CACHE_HOME"] = scratch
        replay = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        client = reach(60.0)
        due = sorted(spoken.values())
        bare = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert bare.stdin is not None
        bare.stdin.write(" ".join(str(d - due[0]) for d in due))
        bare.stdin.close()
        got: list[tuple[int, int, int]] = []
        with client:
            while (received := client.receive(20.0 if not got else 2.0)) is not None:
                key = (received[0].name, received[1].incarnation, received[1].seq)
                if key in spoken:
                    got.append((time.monotonic_ns(), received[1].pub_ns, spoken[key]))
        replay.wait()
        assert bare.stdout is not None
        slept = [int(line) for line in bare.stdout]
        bare.wait()
    found = {
        "replay, as received": errors_ms([now for now, _, _ in got], [d for _, _, d in got]),
        "replay, as sent": errors_ms([sent for _, sent, _ in got], [d for _, _, d in got]),
        "bare timer": errors_ms(slept, due),
    }
    rows = {
        name: {f"p{q}_ms": round(float(np.percentile(e, q)), 3) for q in (50, 90, 99)} | {"messages": len(e) + 1}
        for name, e in found.items()
    }
    for name, row in rows.items():
        print(f"{name:19}", "  ".join(f"{key} {value}" for key, value in row.items()))
    print(f"budget: p99 of replay <= {BUDGET_MS} ms; of {len(spoken)} messages {len(got)} arrived")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
