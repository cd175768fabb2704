"""`liveaffect score`: video, sound and image files to tables, every frame, nothing dropped."""

import glob
import hashlib
import json
import os
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from liveaffect.cli.pipeline import DEFAULT_GRAPH, FileRun, footer, require_models
from liveaffect.stream.errors import InputError, LiveAffectError, UsageError
from liveaffect.stream.graph import load_graph
from liveaffect.stream.media import probe

MEDIA = {
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".3gp", ".gif",
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma",
    ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp",
}  # fmt: skip
ENDINGS = (".parquet", ".csv")

console = Console(stderr=True)


def score(
    inputs: Annotated[list[str], typer.Argument(help="Video, sound and image files, folders of them, or patterns.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="One table for all inputs (.parquet or .csv), or a folder that gets one Parquet table per input; "
            "finished inputs are then skipped when run again.",
        ),
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many files at once.")] = 1,
    launch: Annotated[Path, typer.Option("--launch", help="Launch file whose node settings count.")] = DEFAULT_GRAPH,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="node.key=value, as in a live run; may be repeated.")
    ] = None,
) -> None:
    """Score files: one row per face and frame (per 100 ms where there is only sound, one row per image).

    A frame without a face still has its row: `state` says why, and the numbers are null.
    """
    files = find_inputs(inputs)
    folder = is_folder(out)
    overrides = settings or []
    prepare(files, out, folder, launch, overrides)
    key = settings_key(launch, overrides)
    todo = [file for file in files if not (folder and is_done(file, output_of(file, files, out), key))]
    if len(todo) < len(files):
        console.print(f"{len(files) - len(todo)} of {len(files)} files are already done in {out}")
    tables: dict[Path, pl.DataFrame] = {}
    counts: dict[Path, tuple[int, int]] = {}
    start = time.monotonic()

    def take(file: Path, table: pl.DataFrame) -> None:
        counts[file] = (table.height, int((table["face_state"] == "ok").sum()))
        if not folder:
            tables[file] = table
            return
        target = output_of(file, files, out)
        write(table, target, launch, overrides)
        mark_done(file, target, key)

    failures = run_all(todo, files, jobs, launch, overrides, take)
    if tables:
        write(pl.concat([tables[file] for file in files if file in tables]), out, launch, overrides)
    summarise(todo, counts, failures, out, time.monotonic() - start)
    if failures:
        raise typer.Exit(1)


def find_inputs(words: list[str]) -> list[Path]:
    """Files named by paths, folders and patterns, each once, sorted. Raises InputError for what is not there."""
    found: dict[Path, None] = {}
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in MEDIA and p.is_file())
            if not inside:
                raise InputError(f"the folder {path} holds no video, sound or image file")
            found.update(dict.fromkeys(inside))
        elif path.exists() or not glob.has_magic(word):
            if not path.exists():
                raise InputError(f"{path} does not exist: check the name")
            found[path] = None
        else:
            matches = sorted(Path(p) for p in glob.glob(word, recursive=True))  # noqa: PTH207 (patterns may be absolute)
            if not matches:
                raise InputError(f"nothing matches {word}")
            found.update(dict.fromkeys(matches))
    return list(found)


def is_folder(out: Path) -> bool:
    """Whether `--out` means a folder. Raises UsageError for an ending that is neither a table nor a folder's."""
    if out.suffix.lower() in ENDINGS and not out.is_dir():
        return False
    if out.is_dir() or not out.suffix:
        return True
    raise UsageError(f"--out {out}: end it in .parquet or .csv, or name a folder")


def prepare(files: list[Path], out: Path, folder: bool, launch: Path, overrides: list[str]) -> None:
    """Fails early: models, settings, and whether the output can be written."""
    load_graph(launch, overrides)
    try:
        info = probe(files[0])
    except LiveAffectError:
        if len(files) == 1:
            raise
    else:
        require_models(info)
    target = out if folder else out.parent
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {target} cannot be made: {error.strerror}") from None
    if not os.access(target, os.W_OK):
        raise UsageError(f"--out {out}: {target} is not writable: choose another folder")


def run_all(
    todo: list[Path],
    files: list[Path],
    jobs: int,
    launch: Path,
    overrides: list[str],
    take: Callable[[Path, pl.DataFrame], None],
) -> dict[Path, str]:
    """Scores in worker processes, hands each table to `take`, and returns what failed, by file.

    A file that fails, or kills its worker, never stops the rest.
    """
    failures: dict[Path, str] = {}
    spent = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *spent)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("scoring", total=len(todo))
        for batch in batches(todo, jobs):
            workers = min(jobs, len(batch))
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin) as pool:
                running = {pool.submit(score_one, file, label(file, files), launch, overrides): file for file in batch}
                for future in as_completed(running):
                    file = running[future]
                    try:
                        table, warnings = future.result()
                        take(file, table)
                    except Exception as error:  # reported at the end, by file
                        failures[file] = str(error) or type(error).__name__
                    else:
                        for text in warnings:
                            console.print(f"[yellow]{file}: {text}[/]", highlight=False)
                    progress.advance(bar)
    return failures


def batches(todo: list[Path], jobs: int) -> list[list[Path]]:
    """A pool that a file has killed takes only its own batch along."""
    size = max(8, 4 * jobs)
    return [todo[i : i + size] for i in range(0, len(todo), size)]


def score_one(file: Path, name: str, launch: Path, overrides: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """The work of one worker on one file."""
    run = FileRun(file, name, launch=launch, overrides=overrides)
    table = run.table()
    return table, run.warnings()


def _begin() -> None:
    """A worker is a process of its own, so that what a model library would report never leaves it."""
    from liveaffect.nodes.face.privacy import close_door

    close_door()


def label(file: Path, files: list[Path]) -> str:
    """The name in the column `file`: the file's own, with its folder where two share a name."""
    twins = [other for other in files if other.name == file.name]
    return file.name if len(twins) == 1 else str(file)


def output_of(file: Path, files: list[Path], folder: Path) -> Path:
    """Where a file's own table goes."""
    stem = label(file, files).replace(os.sep, "_")
    return folder / f"{stem}.parquet"


def write(table: pl.DataFrame, target: Path, launch: Path, overrides: list[str]) -> None:
    """Writes atomically: a table is there whole or not at all."""
    temporary = target.with_name(f".{target.name}.part")
    if target.suffix.lower() == ".csv":
        table.write_csv(temporary)
    else:
        settings = {"launch": tomllib.loads(launch.read_text("utf-8")), "set": overrides}
        table.write_parquet(temporary, metadata=footer(settings))
    temporary.replace(target)


def settings_key(launch: Path, overrides: list[str]) -> str:
    """Changes whenever a table would: version, models, settings."""
    text = json.dumps([footer({"launch": launch.read_text("utf-8"), "set": overrides})], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_done(file: Path, target: Path, key: str) -> bool:
    """True when `target` is the table of exactly this content under exactly these settings."""
    try:
        done = json.loads(_receipt(target).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return target.is_file() and done == {"settings": key, "sha256": content_hash(file)}


def mark_done(file: Path, target: Path, key: str) -> None:
    """Leaves a receipt beside the table."""
    _receipt(target).write_text(json.dumps({"settings": key, "sha256": content_hash(file)}), "utf-8")


def content_hash(file: Path) -> str:
    """sha256 of a file's bytes."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _receipt(target: Path) -> Path:
    return target.with_name(f".{target.stem}.done.json")


def summarise(
    todo: list[Path], counts: dict[Path, tuple[int, int]], failures: dict[Path, str], out: Path, seconds: float
) -> None:
    """What was done, and every failure by name."""
    if counts:
        rows, seen = (sum(column) for column in zip(*counts.values(), strict=True))
        text = f"{rows} rows from {len(counts)} of {len(todo)} files in {seconds:.1f} s, {seen} with a face: {out}"
        console.print(text, highlight=False)
    for file, text in failures.items():
        console.print(f"[red]failed: {text if str(file) in text else f'{file}: {text}'}[/]", highlight=False)
