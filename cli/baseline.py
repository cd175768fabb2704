"""`liveaffect baseline`: how a person looks at rest, as a file that `score --baseline` subtracts."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from liveaffect.cli.results import Results, one_file, read_results
from liveaffect.cli.table import AU_COLUMNS, REL_COLUMNS
from liveaffect.models.action_units import ACTION_UNITS
from liveaffect.models.baseline import LEAST_ROWS, Baseline, baseline_of, save_baseline
from liveaffect.stream.errors import InputError, UsageError

console = Console()


def baseline(
    source: Annotated[Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder or a score table.")],
    start: Annotated[float, typer.Option("--from", min=0.0, help="First second of the neutral face.")],
    end: Annotated[float, typer.Option("--to", min=0.0, help="Last second of the neutral face.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The baseline file (.json).")],
    file: Annotated[str | None, typer.Option("--file", help="Which input, where the table has several.")] = None,
    face: Annotated[int | None, typer.Option("--face", help="Whose: the face_id, where several faces show.")] = None,
) -> None:
    """Make a person's baseline from seconds in which the face is at rest.

    It is used only where it is asked for: `liveaffect score CLIP --baseline FILE` adds columns, and changes none.
    """
    results = read_results(source)
    found = make_baseline(results, start, end, file=file, face=face)
    try:
        save_baseline(found, out)
    except OSError as error:
        raise UsageError(f"--out {out} cannot be written: {error.strerror}") from None
    raised = sorted(found.au.items(), key=lambda pair: -pair[1])[:3]
    units = ", ".join(f"{name.upper()} {ACTION_UNITS[name.upper()]} {value:.1f}" for name, value in raised)
    console.print(
        f"face {found.face_id}, {found.rows} frames from {start:g} to {end:g} s: "
        f"valence {found.valence:+.2f} ± {found.valence_spread:.2f}, "
        f"arousal {found.arousal:+.2f} ± {found.arousal_spread:.2f}\nstrongest at rest: {units}\n{out}",
        highlight=False,
    )
    if found.restless:
        console.print("[yellow]The face was not at rest: choose seconds in which nothing moves.[/]", highlight=False)


def make_baseline(
    results: Results, start: float, end: float, *, file: str | None = None, face: int | None = None
) -> Baseline:
    """The means of one face between two times. Raises UsageError, or InputError where there is too little to see."""
    if not start < end:
        raise UsageError(f"--from {start:g} --to {end:g}: the end must come after the start")
    table = one_file(results, file)
    absent = [name for name in ("face_id", *AU_COLUMNS) if name not in table.columns]
    if absent:
        raise InputError(f"{results.path} has no column '{absent[0]}': a baseline needs a score table with faces")
    numbers = ["valence", "arousal", *AU_COLUMNS]
    rows = table.filter(pl.col("t_s").is_between(start, end) & pl.col("face_id").is_not_null())
    rows = rows.filter(pl.col("state") == "ok").drop_nulls(numbers)
    people = rows["face_id"].unique().sort().to_list()
    if face is None and len(people) > 1:
        raise UsageError(f"{results.path} shows faces {people} between {start:g} and {end:g} s: choose with --face")
    if face is not None:
        rows = rows.filter(pl.col("face_id") == face)
    if rows.height < LEAST_ROWS:
        whose = "a clear face" if face is None else f"face {face} clearly"
        raise InputError(
            f"{results.path} shows {whose} in only {rows.height} frames between {start:g} and {end:g} s: "
            f"a baseline needs at least {LEAST_ROWS}, better 5 seconds"
        )

    numbers = rows.select(pl.col(name).cast(pl.Float64) for name in numbers)
    return baseline_of(
        numbers["valence"].to_list(),
        numbers["arousal"].to_list(),
        numbers.select(AU_COLUMNS).rows(),
        face_id=int(rows["face_id"][0]),
        from_s=start,
        to_s=end,
        source=file or results.path.name,
        liveaffect=results.version,
        models=results.models,
    )


def subtract(table: pl.DataFrame, found: Baseline) -> tuple[pl.DataFrame, str]:
    """The table with `REL_COLUMNS` at its end, and a warning ("" without one).

    Where two faces are ever in view at once, only the one seen most has them: the baseline is one person's.
    """
    faces = table.filter(pl.col("face_id").is_not_null())
    crowded = bool(faces.group_by("t_s").len().select((pl.col("len") > 1).any()).item()) if faces.height else False
    mine, warning = pl.col("face_id").is_not_null(), ""
    if crowded:
        counts = faces.group_by("face_id").len().sort(["len", "face_id"], descending=[True, False])
        mine = pl.col("face_id") == counts["face_id"][0]
        warning = f"several faces in view: the baseline is taken for face {counts['face_id'][0]}, the one seen most"
    at_rest = {**found.au, "valence": found.valence, "arousal": found.arousal}
    columns = [
        pl.when(mine).then(pl.col(name.removesuffix("_rel")).cast(pl.Float64) - at_rest[name.removesuffix("_rel")])
        for name in REL_COLUMNS
    ]
    return table.with_columns(
        column.cast(pl.Float32).alias(name) for name, column in zip(REL_COLUMNS, columns, strict=True)
    ), warning
