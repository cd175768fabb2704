"""Runs the whole suite three times beside four busy loops, and says how each run went. By hand: it takes long."""

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS, LOOPS = 3, 4


def spin() -> None:
    """Uses a core until it is ended."""
    while True:
        pass


def main() -> None:
    """Ends with 1 where any run failed."""
    loops = [multiprocessing.Process(target=spin, daemon=True) for _ in range(LOOPS)]
    for loop in loops:
        loop.start()
    command = [sys.executable, "-m", "pytest", "-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", *sys.argv[1:]]
    failed = 0
    try:
        for run in range(1, RUNS + 1):
            began = time.monotonic()
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
            failed += code != 0
            took = time.monotonic() - began
            print(
                f"run {run} of {RUNS} beside {LOOPS} busy loops: {'failed' if code else 'passed'}, {took:.0f} s",
                flush=True,
            )
    finally:
        for loop in loops:
            loop.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
