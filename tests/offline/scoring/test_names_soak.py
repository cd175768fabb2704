"""2,000 files of 40 kinds of names: 2,000 tables or sentences; killed at random and resumed, the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_video
from paths import HELPERS

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]

FILES = 2000
ACCENTS, LONG = "é".encode(), b"x"
KINDS = [
    b"clip.mp4", b"CLIP_%d.MP4", b"a b %d.mp4", b"a*b?%d.mp4", b"[x]%d.mp4", b"{y}%d.mp4", b"%%d%d.mp4",
    b"new\nline%d.mp4", b"tab\t%d.mp4", b"-dash%d.mp4", b"--out%d.mp4", b"=1+%d.mp4", b"+%d.mp4", b"@%d.mp4",
    b"quote'%d.mp4", b'quote"%d.mp4', b"back\\slash%d.mp4", b"caf\xe9%d.mp4", "café%d.mp4".encode(),
    "cafe\u0301%d.mp4".encode(), b"%d", b"lavfi:%d.mp4", b"http:%d.mp4", b"rtsp:%d", b"no_ending%d",
    b"a.b.c%d.mp4", b"ending%d.odd", "日本語%d.mp4".encode(), "😀%d.mp4".encode(), ACCENTS * 118 + b"%04d.mp4",
    LONG * 247 + b"%04d.mp4"[:8], b"~%d.mp4", b"CON%d.mp4", b"semi;colon%d.mp4", b"com,ma%d.mp4", b"pipe|%d.mp4",
    b"$HOME%d.mp4", b"`ls`%d.mp4", b"bad%d.mp4", b"trailing%d .mp4",
]  # fmt: skip


def tree(folder: Path) -> int:
    """The files in folders of up to three levels; one kind holds no film. Returns how many there are."""
    film = write_video(folder.parent / "film.mp4", [np.full((32, 32, 3), 90, np.uint8)] * 2, fps=10)
    count = 0
    for number in range(FILES):
        kind = KINDS[number % len(KINDS)]
        place = folder / f"p{number % 7}" / f"day.{number % 5}" / str(number // len(KINDS) % 3)
        place.mkdir(parents=True, exist_ok=True)
        name = kind.replace(b"%04d", b"%04d" % number).replace(b"%d", b"%d" % number).replace(b"%%", b"%")
        target = os.fsencode(place) + b"/" + (name if kind != b"clip.mp4" else b"clip.mp4")
        if os.path.exists(target):  # noqa: PTH110 (a name in bytes)
            target = os.fsencode(place) + b"/%d_" % number + name
        if kind.startswith(b"bad"):
            Path(os.fsdecode(target)).write_bytes(b"no film")
        else:
            shutil.copy(film, os.fsdecode(target))
        count += 1
    return count


def command(folder: Path, out: Path, launch: Path) -> list[str]:
    words = ["score", str(folder), "--launch", str(launch), "--out", f"{out}/", "--jobs", "2"]
    return [sys.executable, "-m", "liveaffect.cli.main", *words]


def test_every_file_has_a_table_or_a_sentence_and_a_killed_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    assert len(set(KINDS)) == 40
    count = tree(tmp_path / "tree")
    assert count == FILES
    (tmp_path / "launch.toml").write_text(LAUNCH, "utf-8")
    env = {**os.environ, "PYTHONPATH": str(HELPERS)}
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    done = subprocess.run(
        command(tmp_path / "tree", whole, tmp_path / "launch.toml"),
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    bad = sum(1 for number in range(FILES) if KINDS[number % len(KINDS)].startswith(b"bad"))
    assert done.returncode == 1
    assert done.stderr.count("failed: ") == bad
    tables = {path.name: path.read_bytes() for path in whole.glob("*.parquet")}
    assert len(tables) + bad == FILES
    assert pl.concat([pl.read_parquet(p, glob=False) for p in whole.glob("*.parquet")])["file"].n_unique() == len(
        tables
    )
    rng = random.Random(1)
    for _ in range(4):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        run = subprocess.Popen(command(tmp_path / "tree", resumed, tmp_path / "launch.toml"), env=env, **quiet)
        before, more = len(list(resumed.glob("*.parquet"))), rng.randrange(60, 250)
        while run.poll() is None and len(list(resumed.glob("*.parquet"))) < before + more:
            time.sleep(0.02)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    last = command(tmp_path / "tree", resumed, tmp_path / "launch.toml")
    subprocess.run(last, env=env, capture_output=True, check=False)
    assert {path.name: path.read_bytes() for path in resumed.glob("*.parquet")} == tables
