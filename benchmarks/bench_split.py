"""How much faster two jobs score one film in segments, beside what two bare loops gain on the same machine.

    python benchmarks/bench_split.py [FILM] [--minutes 2] [--split 30s] [--rounds 2]

Without FILM a film of the demo's face and voice is made. Rounds alternate one job and two; a round also runs a bare
loop of arithmetic once and twice at a time, which tells what the machine's cores are worth together. Besides: CPU time
of the segments against the unsplit film (the run-ins), whether the bytes are the same with one, two and three jobs,
and how far numbers after the run-in lie from those of the unsplit film (`--same`).
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.tables.numbers import number

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
from make_media import repeat_clip  # noqa: E402 (found by the line above)

WANTED, NEAR, SHARE = 1.8, 0.02, 0.99
SPIN = "import time\nx, end = 0.1, 12_000_000\nfor k in range(end):\n    x = x * 1.0000001 % 1.7\nprint(x)"
COMPARED = ("valence", "arousal", "p_happiness", "p_neutral", "au12")


def spin(count: int) -> float:
    """Seconds of `count` bare loops at once."""
    begun = time.monotonic()
    loops = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.DEVNULL) for _ in range(count)]
    for loop in loops:
        loop.wait()
    return time.monotonic() - begun


def score(film: Path, out: Path, jobs: int, split: str | None, rate: float | None) -> dict[str, float]:
    """Wall and CPU seconds of one run of the command."""
    words = [sys.executable, "-m", "liveaffect.cli.main", "score", str(film), "--out", str(out), "--jobs", str(jobs)]
    words += ["--split", split] if split else []
    words += ["--rate", f"{rate:g}"] if rate else []
    out.unlink(missing_ok=True)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"score failed: {done.stderr[-1000:]}")
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": wall, "cpu_s": cpu}


def apart(whole: Path, split: Path) -> dict[str, float]:
    """Share of rows of the split film, its first segment left out, whose numbers lie near those of the whole."""
    rows = pl.read_parquet(split).filter(pl.col("segment") > 0).select("t_ns", "face_id", "state", *COMPARED)
    both = rows.join(pl.read_parquet(whole), on="t_ns", suffix="_whole")
    found: dict[str, float] = {
        "rows": both.height,
        "states": number((both["state"] == both["state_whole"]).mean(), 0.0),
    }
    for name in COMPARED:
        away = (both[name] - both[f"{name}_whole"]).abs().drop_nulls()
        found[name] = number((away <= NEAR).mean(), 0.0)
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("film", type=Path, nargs="?")
    words.add_argument("--minutes", type=float, default=2.0, help="of the film that is made")
    words.add_argument("--split", default="30s")
    words.add_argument("--rate", type=float, help="frames a second that are measured; all of them without it")
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--same", action="store_true", help="also three jobs, and the numbers of the unsplit film")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        film = asked.film
        if film is None:
            from liveaffect.cli.demo_media.clip import clip

            film = repeat_clip(clip(), asked.minutes * 60, folder / "film.mkv")
        result: dict[str, Any] = {"film": film.name, "split": asked.split, "rate": asked.rate, "rounds": []}
        hashes: dict[int, str] = {}
        for number in range(asked.rounds):
            row: dict[str, Any] = {}
            for jobs in (1, 2) if number % 2 == 0 else (2, 1):
                row[f"spin_{jobs}"] = spin(jobs)
                row[f"jobs_{jobs}"] = score(film, folder / f"{jobs}.parquet", jobs, asked.split, asked.rate)
                hashes[jobs] = hashlib.sha256((folder / f"{jobs}.parquet").read_bytes()).hexdigest()
            row["gain"] = row["jobs_1"]["wall_s"] / row["jobs_2"]["wall_s"]
            row["bare_gain"] = 2 * row["spin_1"] / row["spin_2"]
            row["cpu"] = row["jobs_2"]["cpu_s"] / row["jobs_1"]["cpu_s"]
            result["rounds"].append(row)
            print(f"two jobs {row['gain']:.2f} times as fast as one (two bare loops {row['bare_gain']:.2f}), "
                  f"CPU {row['cpu']:.2f} times, {row['jobs_1']['wall_s']:.1f} and {row['jobs_2']['wall_s']:.1f} s",
                  flush=True)  # fmt: skip
        for name in ("gain", "bare_gain", "cpu"):
            result[name] = statistics.median(row[name] for row in result["rounds"])
        result["share_of_bare"] = result["gain"] / result["bare_gain"]
        print(
            f"median {result['gain']:.2f}, wanted {WANTED}; {result['share_of_bare']:.2f} of what two bare loops gain"
        )
        if asked.same:
            score(film, folder / "3.parquet", 3, asked.split, asked.rate)
            hashes[3] = hashlib.sha256((folder / "3.parquet").read_bytes()).hexdigest()
            result["unsplit"] = score(film, folder / "whole.parquet", 1, None, asked.rate)
            result["apart"] = apart(folder / "whole.parquet", folder / "1.parquet")
            segments = statistics.median(row["jobs_1"]["cpu_s"] for row in result["rounds"])
            print(f"segments take {segments / result['unsplit']['cpu_s']:.2f} times the CPU time of the unsplit film")
            print(f"within {NEAR} of it, wanted {SHARE:.0%} of rows: {result['apart']}")
        result["same_bytes"] = len(set(hashes.values())) == 1
        print(f"same bytes with {', '.join(map(str, sorted(hashes)))} jobs: {result['same_bytes']}")
        (ROOT / "out").mkdir(exist_ok=True)
        (ROOT / "out" / "bench_split.json").write_text(json.dumps(result, indent=1), "utf-8")
        sys.exit(not result["same_bytes"])


if __name__ == "__main__":
    main()
