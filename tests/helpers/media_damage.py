"""Damages media files at places that a seed chooses, scores them, and holds `score` to a table or a sentence each.

    python tests/helpers/media_damage.py OUT [--count 500] [--first 0]

writes one line of JSON per case into OUT/cases.jsonl and goes on where an earlier run stopped.
"""

import argparse
import json
import random
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import polars as pl
import psutil
from made.media import write_clip, write_sound, write_video
from PIL import Image

from liveaffect.models.voice.descriptors import build_cache
from liveaffect.offline.scoring.guard import STALL_S, Limits
from liveaffect.offline.scoring.inputs import prepare
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Task, score_files
from liveaffect.offline.tables.score import AFFECT_COLUMNS, SCHEMA

MOST_BYTES = 2 << 30
"""A worker with its models and a small film takes a quarter of it."""
MOST_ROWS = 12 * 3600 * 10 + 5000
"""Time stamps that leap by up to half a day are believed, and time without a picture has ten rows a second."""
Damage = Callable[[random.Random, bytearray, bytes], str]


def whole_files(folder: Path) -> dict[str, bytes]:
    """One small file of each kind, name -> bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(12)
    base = np.kron(draw.integers(0, 255, (12, 16, 3), dtype=np.uint8), np.ones((10, 10, 1), np.uint8))
    images = [np.roll(base, 2 * k, axis=1) for k in range(10)]
    sound = (0.2 * np.sin(np.arange(24_000) / 17) * np.sin(np.arange(24_000) / 900)).astype(np.float32)
    films = {"film.mp4": ("libx264", "aac"), "film.mov": ("mpeg4", "pcm_s16le"), "film.mkv": ("ffv1", "flac"),
             "film.webm": ("libvpx", "libopus"), "film.avi": ("mpeg4", "mp3"), "film.mpg": ("mpeg2video", "mp2"),
             "film.ts": ("libx264", "ac3"), "film.flv": ("flv1", "mp3")}  # fmt: skip
    for name, codecs in films.items():
        rate = 44_100 if codecs[0] == "flv1" else 48_000
        write_clip(folder / name, images, sound, codecs=codecs, rate=rate)
    write_video(folder / "film.gif", images, codec="gif", pix_fmt="rgb8")
    write_video(folder / "film.h264", images, codec="libx264")
    write_video(folder / "film.mjpeg", images, codec="mjpeg", pix_fmt="yuvj420p")
    for name, codec in {"sound.wav": "pcm_s16le", "sound.flac": "flac", "sound.mp3": "mp3", "sound.ogg": "libopus",
                        "sound.m4a": "aac", "sound.aiff": "pcm_s16be", "sound.opus": "libopus"}.items():  # fmt: skip
        write_sound(folder / name, sound, codec=codec)
    pillow_heif.register_heif_opener()
    photograph = Image.fromarray(images[0])
    for ending in ("jpg", "png", "webp", "tiff", "bmp", "heic", "avif"):
        photograph.save(folder / f"picture.{ending}")
    photograph.save(folder / "moving.webp", save_all=True, append_images=[Image.fromarray(i) for i in images[1:]])
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _flips(draw: random.Random, data: bytearray, _: bytes) -> str:
    count = draw.choice((1, 4, 64, 1000))
    for _k in range(count):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return f"{count} flipped bits"


def _head(draw: random.Random, data: bytearray, _: bytes) -> str:
    """Where containers say how long, how large and how many."""
    for _k in range(draw.choice((1, 2, 8))):
        at = draw.randrange(max(1, min(len(data), 2048) - 8))
        word = draw.choice(
            (b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0" * 4, b"\x80\0\0\0", b"\0\0\0\x80")
        )
        data[at : at + 4] = word
    return "extreme numbers in the head"


def _cut(draw: random.Random, data: bytearray, _: bytes) -> str:
    del data[draw.randrange(1, len(data)) :]
    return "cut off"


def _hole(draw: random.Random, data: bytearray, _: bytes) -> str:
    at = draw.randrange(len(data))
    del data[at : at + draw.randrange(1, max(2, len(data) // 3))]
    return "a piece is missing"


def _zeros(draw: random.Random, data: bytearray, _: bytes) -> str:
    at = draw.randrange(len(data))
    count = min(draw.randrange(1, max(2, len(data) // 3)), len(data) - at)
    data[at : at + count] = bytes(count)
    return "a piece is zero"


def _noise(draw: random.Random, data: bytearray, _: bytes) -> str:
    at = draw.randrange(len(data))
    count = min(draw.randrange(1, max(2, len(data) // 4)), len(data) - at)
    data[at : at + count] = draw.randbytes(count)
    return "a piece is noise"


def _twice(draw: random.Random, data: bytearray, _: bytes) -> str:
    at, count = draw.randrange(len(data)), draw.randrange(1, len(data))
    data[at:at] = data[at : at + count]
    return "a piece comes twice"


def _spliced(draw: random.Random, data: bytearray, other: bytes) -> str:
    at = draw.randrange(len(data))
    data[at:] = other[draw.randrange(len(other)) :]
    return "goes on as another file"


KINDS: tuple[Damage, ...] = (_flips, _flips, _head, _head, _cut, _hole, _zeros, _noise, _twice, _spliced)


def damaged(whole: dict[str, bytes], folder: Path, seed: int) -> tuple[Path, dict[str, Any]]:
    """A damaged file and what was done to it."""
    draw = random.Random(f"media damage {seed}")
    names = sorted(whole)
    name = names[seed % len(names)]
    data = bytearray(whole[name])
    kind = draw.choice(KINDS)(draw, data, whole[draw.choice(names)])
    folder.mkdir(parents=True, exist_ok=True)
    stem, _, ending = name.rpartition(".")
    path = folder / f"{stem}{seed}.{ending}"
    path.write_bytes(data)
    return path, {"seed": seed, "file": name, "kind": kind}


class Watch:
    """The most memory that this process's children took, each by itself, sampled."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            for child in psutil.Process().children():
                try:
                    self.most = max(self.most, child.memory_info().rss)
                except psutil.Error:
                    continue

    def take(self) -> int:
        """The most since it was asked last, in bytes."""
        most, self.most = self.most, 0
        return most

    def close(self) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def _watch() -> Iterator[Watch]:
    watch = Watch()
    try:
        yield watch
    finally:
        watch.close()


def hold(outcome: Outcome) -> list[str]:
    """Every promise that does not hold for what became of a damaged file."""
    said = [outcome.failure] if outcome.written is None else list(outcome.warnings)
    broken = [f"no sentence: {text!r}" for text in said if not text.strip() or "\n" in text or "Traceback" in text]
    if outcome.written is None:
        if outcome.task.target.exists():
            broken.append("a table and a failure")
        first = outcome.failure.partition(":")[0]
        if first.endswith(("Error", "Exception", "Interrupt")) and " " not in first:
            broken.append("an error's name instead of words")
        if "nothing came of it" in outcome.failure:
            broken.append("it hung")
        return broken
    table = pl.read_parquet(outcome.task.target)
    if dict(table.schema) != SCHEMA:
        broken.append("other columns")
    if table.height > MOST_ROWS:
        broken.append(f"{table.height} rows")
    if not table["t_s"].is_sorted() or (table["t_s"] < 0).any():
        broken.append("times go back")
    numbers = table.select(pl.col(AFFECT_COLUMNS).is_infinite().any() | pl.col(AFFECT_COLUMNS).is_nan().any())
    if any(numbers.row(0)):
        broken.append("numbers that are none")
    return broken


def run(out: Path, count: int, first: int = 0) -> list[dict[str, Any]]:
    """Runs the cases that `out` does not hold yet, one worker for all of them, and returns all."""
    out.mkdir(parents=True, exist_ok=True)
    found = out / "cases.jsonl"
    done: dict[int, dict[str, Any]] = {}
    if found.is_file():
        done = {case["seed"]: case for case in map(json.loads, found.read_text("utf-8").splitlines())}
    todo = [seed for seed in range(first, first + count) if seed not in done]
    whole = whole_files(out / "whole")
    cases: dict[Path, dict[str, Any]] = {}
    for seed in todo:
        path, case = damaged(whole, out / "damaged", seed)
        cases[path] = case
    settings = ScoreSettings()
    if todo:
        prepare([out / "whole" / name for name in whole], settings)
        build_cache()  # compiled once, and not while a file is waited for
    tasks = [Task(path, path.name, out / "damaged" / f"{path.name}.parquet") for path in cases]
    events = score_files(tasks, 1, settings, Limits(MOST_BYTES, STALL_S))
    with _watch() as watch, found.open("a", encoding="utf-8") as lines, closing(events):
        for event in events:
            if not isinstance(event, Outcome):
                continue
            path, case = event.task.file, cases[event.task.file]
            case["rows"] = None if event.written is None else event.written.rows
            case["said"] = event.failure or "; ".join(event.warnings)
            case["mib"] = watch.take() >> 20
            case["broken"] = hold(event)
            for used in (path, event.task.target):
                used.unlink(missing_ok=True)
            lines.write(json.dumps(case) + "\n")
            lines.flush()
            done[case["seed"]] = case
    shutil.rmtree(out / "damaged", ignore_errors=True)
    return [done[seed] for seed in range(first, first + count) if seed in done]


def main() -> None:
    """Runs the cases and prints what they came to."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("out", type=Path)
    words.add_argument("--count", type=int, default=500)
    words.add_argument("--first", type=int, default=0)
    asked = words.parse_args()
    cases = run(asked.out, asked.count, asked.first)
    tables = sum(case["rows"] is not None for case in cases)
    died = [case for case in cases if "the process that scored it ended" in case["said"]]
    most = max(case["mib"] for case in cases)
    print(f"{len(cases)} cases: {tables} tables, {len(cases) - tables} sentences, {len(died)} workers ended")
    print(f"most memory {most} MiB; kinds {dict(Counter(case['kind'] for case in cases))}")
    bad = [case for case in cases if case["broken"] or case in died]
    print(f"{len(bad)} to look at")
    for case in bad[:40]:
        print(case)
    sys.exit(any(case["broken"] for case in cases))


if __name__ == "__main__":
    main()
