"""Numbers out of what polars answers."""

import polars as pl

from liveaffect.offline.tables.numbers import number


def test_a_mean_is_a_float_and_none_where_there_is_nothing() -> None:
    assert number(pl.Series([1, 2]).mean()) == 1.5
    assert number((pl.Series([1, 2]) == 1).mean(), 0.0) == 0.5
    assert number(pl.Series([], dtype=pl.Float64).mean()) is None
    assert number(pl.Series([], dtype=pl.Float64).mean(), 0.0) == 0.0
    assert number("a word", 0.0) == 0.0
