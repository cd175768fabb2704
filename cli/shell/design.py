"""Options of the verbs that may be told a study's design."""

from typing import Annotated

import typer

Shown = Annotated[
    str | None,
    typer.Option("--shown", help="By design, how often each category was shown: all, or neutral=2,fear,anger."),
]
Within = Annotated[
    str, typer.Option("--within", help="Of --shown: a column, as of participants, within whose values it was so.")
]
