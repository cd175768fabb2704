"""`liveaffect compare`: hold conditions against each other, over participants or within one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console()


def compare(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SESSIONS|TABLES...", help="Sessions, score tables, or folders of either."),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="marker; tier:NAME of imported labels; or a table with participant or file, condition, start, end.",
        ),
    ] = "marker",
    condition: Annotated[
        list[str] | None, typer.Option("--condition", help="Only this one; repeat it. The first is the reference.")
    ] = None,
    participants: Annotated[
        Path | None, typer.Option("--participants", help="A table with file and participant, for --by marker.")
    ] = None,
    longest: Annotated[
        float | None, typer.Option("--longest", help="Seconds that a stretch from a marker on lasts at most.")
    ] = None,
    level: Annotated[float, typer.Option("--level", help="How often intervals shall hold the truth.")] = 0.95,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML page; tables for R lie beside it.")] = Path(
        "comparison.html"
    ),
) -> None:
    """Compare conditions: levels, variability, categories, dynamics and what is missing, with intervals.

    `film start` and `film end` enclose the condition `film`; any other marker begins a condition that lasts until the
    next. Intervals are over participants; of one participant, over stretches or over time. Beside the page lie
    `.segments.csv` (a row per stretch, for R), `.differences.csv` and `.dictionary.csv`.
    """
    from liveaffect import offline
    from liveaffect.offline.comparing.words import limits, rests_on, sentence
    from liveaffect.offline.comparing.write import TIER, save

    found = offline.compare(
        list(sources),
        by if by == "marker" or by.startswith(TIER) else Path(by),
        conditions=condition or [],
        participants=participants,
        longest_s=longest,
        level=level,
    )
    written = save(found, out)  # before a word is said: whoever reads the words may close the pipe
    pair = ("", "")
    for one in found.contrasts:
        if (one.first, one.second) != pair:
            pair = one.first, one.second
            console.print(f"{one.second} minus {one.first}", style="bold", highlight=False, markup=False)
        if one.measure.group == "Level" or one.clear:
            console.print(f"  {sentence(one, found.level)}", highlight=False, markup=False, soft_wrap=True)
    console.print(rests_on(found), highlight=False, markup=False, soft_wrap=True)
    for text in limits(found):
        console.print(f"- {text}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    for path in written:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
