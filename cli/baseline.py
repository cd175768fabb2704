"""`liveaffect baseline`: how a person looks at rest, as a file that `score --baseline` subtracts."""

import math
from pathlib import Path
from typing import Annotated

import msgspec
import polars as pl
import typer
from rich.console import Console

from liveaffect.cli.results import Results, one_file, read_results
from liveaffect.cli.table import AU_COLUMNS, REL_COLUMNS
from liveaffect.models.action_units import ACTION_UNITS
from liveaffect.stream.errors import InputError, UsageError

FORMAT = "liveaffect-baseline"
LEAST_ROWS = 10
"""Fewer frames say how a face was at one instant, not how it is at rest."""
RESTLESS = 0.15
"""A spread of valence or arousal beyond which the face was hardly at rest (a neutral hold spreads by about 0.05)."""

console = Console()


class Baseline(msgspec.Struct, kw_only=True):
    """One person at rest: means over frames in which the face was seen clearly."""

    format: str = FORMAT
    version: int = 1
    source: str = ""
    """File or session it was made from, without its folder."""
    face_id: int
    from_s: float
    to_s: float
    rows: int
    """Frames that it rests on."""
    valence: float
    arousal: float
    valence_spread: float
    arousal_spread: float
    """Standard deviation over those frames."""
    au: dict[str, float]
    """Mean raw intensity of each action unit, 0 to 5."""
    liveaffect: str = ""
    models: dict[str, dict[str, str]] = {}
    """Versions and hashes of the models behind the numbers."""


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
        out.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
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
    if max(found.valence_spread, found.arousal_spread) > RESTLESS:
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

    def mean(name: str) -> float:
        return round(float(rows[name].cast(pl.Float64).mean() or 0.0), 6)  # type: ignore[arg-type]

    def spread(name: str) -> float:
        return round(float(rows[name].cast(pl.Float64).std() or 0.0), 6)  # type: ignore[arg-type]

    return Baseline(
        source=file or results.path.name, face_id=int(rows["face_id"][0]), from_s=start, to_s=end, rows=rows.height,
        valence=mean("valence"), arousal=mean("arousal"), valence_spread=spread("valence"),
        arousal_spread=spread("arousal"), au={name: mean(name) for name in AU_COLUMNS},
        liveaffect=results.version, models=results.models,
    )  # fmt: skip


def load_baseline(path: Path) -> Baseline:
    """Reads a baseline file. Raises InputError that names the file and what is wrong with it."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; make one with `liveaffect baseline`") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is no baseline ({error}); make one with `liveaffect baseline`") from None
    if found.format != FORMAT or found.version != 1:
        raise InputError(f"{path} says format '{found.format}' {found.version}, not '{FORMAT}' 1: make it again")
    missing = [name for name in AU_COLUMNS if name not in found.au]
    if missing or not all(map(math.isfinite, (found.valence, found.arousal, *found.au.values()))):
        raise InputError(f"{path} lacks {missing[0] if missing else 'a finite number'}: make it again")
    return found


def differs(found: Baseline, models: dict[str, dict[str, str]]) -> list[str]:
    """Names of the models that are not those the baseline was made with."""
    return [
        name
        for name, said in found.models.items()
        if name in ("face-landmarker", "face-affect")
        and name in models
        and said.get("sha256") != models[name]["sha256"]
    ]


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
