"""Numbers out of what polars answers, which may be of any type."""

from typing import overload


@overload
def number(found: object) -> float | None: ...


@overload
def number(found: object, default: float) -> float: ...


def number(found: object, default: float | None = None) -> float | None:
    """The mean, median or extreme of a column as a float; `default` where there is none."""
    return float(found) if isinstance(found, int | float) else default
