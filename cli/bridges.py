"""Options of `run` and `live` that let other programs in or out: optional nodes, each with an extra of its own."""

from typing import Annotated

import typer

from liveaffect.stream.extras import require

Lsl = Annotated[bool, typer.Option("--lsl", help="Streams of the Lab Streaming Layer out, markers in.")]


def bridges(*, lsl: bool = False) -> list[str]:
    """What these options set. Raises UsageError where an extra is not installed."""
    words: list[str] = []
    if lsl:
        require("lsl")
        words.append("lsl.enabled=true")
    return words
