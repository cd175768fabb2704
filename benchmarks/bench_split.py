"""One long film: two jobs against one, segments against the whole, ten frames a second against all of them.

    python benchmarks/bench_split.py [FILM] [--minutes 2] [--split 30s] [--rounds 2] [--short]

Without FILM a film of the demo's face and voice is made. It prints four lines: how much faster two jobs are than one
(rounds alternate them, and also run a bare loop of arithmetic once and twice at a time, which tells what the machine's
cores are worth together; a quiet machine is needed); whether the bytes are the same with one, two and three jobs; how
many rows beyond the first segment have the numbers of the unsplit film; and by user CPU time of all processes, how much
faster `--rate 10` is than all frames. `--short` prints the first two alone.
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
from liveaffect.offline.tables.score import AFFECT_COLUMNS, AU_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
from made.media import repeat_clip  # noqa: E402 (found by the line above)

WANTED, NEAR, SHARE, WANTED_RATE = 1.8, 0.02, 0.99, 2.6
SPIN = "import time\nx, end = 0.1, 12_000_000\nfor k in range(end):\n    x = x * 1.0000001 % 1.7\nprint(x)"
COMPARED = [*AFFECT_COLUMNS, *(f"{of}_{name}" for of in ("face", "voice") for name in AFFECT_COLUMNS), *AU_COLUMNS]


def spin(count: int) -> float:
    """Seconds of `count` bare loops at once."""
    begun = time.monotonic()
    loops = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.DEVNULL) for _ in range(count)]
    for loop in loops:
        loop.wait()
    return time.monotonic() - begun


def score(film: Path, out: Path, jobs: int, split: str | None, rate: float | None) -> dict[str, float]:
    """Wall, CPU and user CPU seconds of one run of the command, all its processes."""
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
    return {"wall_s": wall, "cpu_s": cpu, "user_s": after.ru_utime - before.ru_utime}


def apart(whole: Path, split: Path) -> dict[str, float]:
    """Share of rows of the split film, its first segment left out, whose numbers lie near those of the whole."""
    rows = pl.read_parquet(split).filter(pl.col("segment") > 0).with_columns(pl.col("face_id").fill_null(-1))
    seen = pl.read_parquet(whole).with_columns(pl.col("face_id").fill_null(-1))
    both = rows.join(seen, on=("t_ns", "face_id"), suffix="_whole")
    near = {
        name: both.select(
            ((pl.col(name) - pl.col(f"{name}_whole")).abs() <= NEAR).fill_null(
                pl.col(name).is_null() & pl.col(f"{name}_whole").is_null()
            )
        ).to_series()
        for name in COMPARED
    }
    found: dict[str, float] = {"rows": rows.height, "found_in_both": both.height}
    found["states"] = number((both["state"] == both["state_whole"]).mean(), 0.0)
    found["every_affect"] = number(pl.DataFrame(near).select(pl.all_horizontal(AFFECT_COLUMNS)).to_series().mean(), 0.0)
    worst = sorted((number(values.mean(), 0.0), name) for name, values in near.items())[:5]
    return found | {name: share for share, name in worst}


def against_the_whole(film: Path, folder: Path, asked: argparse.Namespace, result: dict[str, Any]) -> None:
    """What the segments cost and how near they are, and what `--rate 10` gains."""
    whole, ten = folder / "whole.parquet", folder / "ten.parquet"
    unsplit = score(film, whole, 1, None, asked.rate)
    result["apart"] = apart(whole, folder / "1.parquet")
    result["cost"] = statistics.median(row["jobs_1"]["cpu_s"] for row in result["rounds"]) / unsplit["cpu_s"]
    print(f"segments take {result['cost']:.2f} times the CPU time of the unsplit film")
    print(f"within {NEAR} of it, wanted {SHARE:.0%} of rows; the worst columns last: {result['apart']}", flush=True)
    gains: list[float] = []
    for turn in range(asked.rounds):
        every = unsplit if turn == 0 and not asked.rate else score(film, whole, 1, None, None)
        gains.append(every["user_s"] / score(film, ten, 1, None, 10.0)["user_s"])
    result["rate_10"] = statistics.median(gains)
    print(f"--rate 10 is {result['rate_10']:.2f} times as fast as all frames, wanted {WANTED_RATE} (user CPU time)")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("film", type=Path, nargs="?")
    words.add_argument("--minutes", type=float, default=2.0, help="of the film that is made")
    words.add_argument("--split", default="30s")
    words.add_argument("--rate", type=float, help="frames a second that are measured; all of them without it")
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--short", action="store_true", help="leave out three jobs, the unsplit film and --rate 10")
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
        if not asked.short:
            score(film, folder / "3.parquet", 3, asked.split, asked.rate)
            hashes[3] = hashlib.sha256((folder / "3.parquet").read_bytes()).hexdigest()
            against_the_whole(film, folder, asked, result)
        result["same_bytes"] = len(set(hashes.values())) == 1
        print(f"same bytes with {', '.join(map(str, sorted(hashes)))} jobs: {result['same_bytes']}")
        (ROOT / "out").mkdir(exist_ok=True)
        (ROOT / "out" / "bench_split.json").write_text(json.dumps(result, indent=1), "utf-8")
        sys.exit(not result["same_bytes"])


if __name__ == "__main__":
    main()
