"""Runs every benchmarks/bench_*.py, or those whose names hold one of the words given, one after the other."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

words = sys.argv[1:]
files = sorted((ROOT / "benchmarks").glob("bench_*.py"))
chosen = [file for file in files if not words or any(word in file.stem for word in words)]
if not chosen:
    sys.exit(f"no benchmark matches {words}; there are {', '.join(file.stem for file in files) or 'none'}")
failed: list[str] = []
for file in chosen:
    print(f"== {file.stem}", flush=True)
    if subprocess.run([sys.executable, str(file)], cwd=ROOT, check=False).returncode != 0:
        failed.append(file.stem)
if failed:
    sys.exit(f"failed: {', '.join(failed)}")
