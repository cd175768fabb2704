"""Conditions compared: a known difference is found, none is not, and what one participant cannot show is said."""

import contextlib
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made import conditions as made
from made.rows import row, table
from runs.command import command, refused

from liveaffect.offline import compare
from liveaffect.offline.comparing.differences import Comparison, Contrast
from liveaffect.offline.comparing.recordings import Recording
from liveaffect.offline.comparing.segments import segment_of
from liveaffect.offline.comparing.times import Slot
from liveaffect.offline.comparing.words import limits
from liveaffect.offline.comparing.write import DIFFERENCE_WORDS, ROW_WORDS, difference_rows, save, segment_rows
from liveaffect.stream.errors import UsageError


def _of(found: Comparison, measure: str = "level_valence") -> Contrast:
    [one] = [one for one in found.contrasts if one.measure.name == measure]
    return one


def _holds(found: Comparison, truth: float) -> bool:
    said = _of(found).difference
    assert said is not None
    assert said.low is not None
    assert said.high is not None
    return said.low <= truth <= said.high


@pytest.mark.long
def test_a_known_difference_is_held_and_none_is_not_made_up() -> None:
    """A few of the runs of `benchmarks/bench_compare.py`."""
    held = [_holds(compare(*made.study(8, 0.15, seed, seconds=10.0)), 0.15) for seed in range(12)]
    wrong = [not _holds(compare(*made.study(8, 0.0, 100 + seed, seconds=10.0)), 0.0) for seed in range(12)]
    assert sum(held) >= 11
    assert sum(wrong) <= 1


def test_a_segment_says_what_its_rows_say() -> None:
    """Valence 0.1 for 10 s, then 0.5 for 5 s of which 2 s are lost; the stretch reaches beyond the end."""
    rows = [row(k / 10, 1, 0.1) for k in range(100)]
    rows += [row(10 + k / 10, None, None) if k < 20 else row(10 + k / 10, 1, 0.5) for k in range(50)]
    one = segment_of(Slot("p", Recording("p.mp4", table(rows)), 1, "a", 5.0, 20.0))
    assert one.seconds == pytest.approx(10.0)
    assert one.known_s == pytest.approx(8.0)
    assert one.missing_s == {"no_face": pytest.approx(2.0), "outside": pytest.approx(5.0)}
    assert one.values["level_valence"] == pytest.approx((5 * 0.1 + 3 * 0.5) / 8, abs=1e-6)
    assert one.values["missing"] == pytest.approx(7 / 15)
    assert one.values["share_happiness"] == 1.0
    assert one.values["share_speaking"] == 1.0
    assert one.values["inertia_valence_s"] is None  # too short to tell
    seconds = [0.1] * 5 + [np.nan] * 2 + [0.5] * 3
    np.testing.assert_allclose(one.series["level_valence"], seconds, atol=1e-6)
    assert one.values["variability_valence"] == pytest.approx(np.nanstd(seconds, ddof=1), abs=1e-6)


def test_participants_are_paired_and_who_lacks_a_condition_is_named() -> None:
    tables, times = made.study(6, 0.2, 1, seconds=12.0)
    found = compare(tables, times.filter(~((pl.col("participant") == "p03") & (pl.col("condition") == "film"))))
    one = _of(found)
    assert (one.design, one.n, one.left_out) == ("paired", 5, ("p03",))
    levels = [found.table(c) for c in ("calm", "film")]
    own = [levels[1][who]["level_valence"] - levels[0][who]["level_valence"] for who in levels[1]]  # type: ignore[operator]
    assert one.difference is not None
    assert one.difference.value == pytest.approx(np.mean(own))
    assert one.effect_name == "dz"


def test_other_people_in_each_condition_are_groups() -> None:
    rng = np.random.default_rng(0)
    made_of = [made.participant(f"p{k}", {"ab"[k % 2]: 0.4 * (k % 2)}, rng, seconds=12.0) for k in range(8)]
    found = compare([t for t, _ in made_of], pl.concat([t for _, t in made_of]))
    one = _of(found)
    assert (one.design, one.n, one.effect_name, one.clear) == ("between", 8, "g", True)


def test_of_one_participant_intervals_are_over_time_or_stretches_and_it_says_so() -> None:
    rng = np.random.default_rng(3)
    rows, times = made.participant("p1", {"calm": 0.0, "film": 0.3}, rng, seconds=120.0)
    once = compare(rows, times)
    assert _of(once).design == "time"
    assert _of(once).clear
    assert _of(once).effect_name == "d_within"
    assert _of(once, "inertia_valence_s").design == "none"
    told = " ".join(limits(once))
    assert "nothing here says that people in general differ" in told
    assert "Repeat conditions in changing order" in told
    rows, times = made.participant("p1", {"calm": 0.0, "film": 0.3}, rng, seconds=40.0, repeats=3)
    often = compare(rows, times)
    assert (_of(often).design, _of(often).n) == ("segments", 6)
    assert _of(often, "inertia_valence_s").n == 6
    assert "Repeat conditions" not in " ".join(limits(often))


def test_missing_data_that_differs_is_said() -> None:
    tables, times = made.study(5, 0.0, 2, seconds=20.0)
    gone = pl.col("t_s").is_between(20.0, 32.0)
    lost = [
        t.with_columns(
            pl.when(gone).then(None).otherwise(pl.col("valence")).alias("valence"),
            pl.when(gone).then(pl.lit("low_quality")).otherwise(pl.col("state")).alias("state"),
        )
        for t in tables
    ]
    found = compare(lost, times)
    assert "More is missing in one condition" in " ".join(limits(found))
    assert found.of("film", "p01")[0].missing_s["low_quality"] > 9


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None: ...

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_and_the_tables_say_the_same_and_names_are_no_markup(tmp_path: Path) -> None:
    tables, times = made.study(4, 0.3, 5, seconds=12.0)
    times = times.with_columns(pl.col("condition").replace("film", "<b>film</b>"))
    found = compare(tables, times)
    page, segments, differences, dictionary = save(found, tmp_path / "c.html")
    text = page.read_text("utf-8")
    parser = _Balanced()
    parser.feed(text)
    assert parser.open == []
    assert "<b>film</b>" not in text
    assert "://" not in text
    value = _of(found).difference
    assert value is not None
    assert f"{value.value:+.2f}" in " ".join(parser.said)
    rows, told = pl.read_csv(segments), pl.read_csv(differences)
    assert rows.columns == list(ROW_WORDS)
    assert told.columns == list(DIFFERENCE_WORDS)
    assert rows.height == 8
    assert told.filter(pl.col("measure") == "level_valence")["estimate"][0] == value.value
    assert rows["level_valence"].to_list() == segment_rows(found)["level_valence"].to_list()
    assert set(pl.read_csv(dictionary)["column"]) == {*ROW_WORDS, *DIFFERENCE_WORDS}
    assert difference_rows(found).height == len(found.contrasts)


def test_what_is_asked_wrongly_is_refused(tmp_path: Path) -> None:
    tables, times = made.study(2, 0.0, 1, seconds=5.0)
    with pytest.raises(UsageError, match="only the condition 'film'"):
        compare(tables, times, conditions=["film"])
    with pytest.raises(UsageError, match="level of intervals"):
        compare(tables, times, level=95)
    with pytest.raises(UsageError, match=r"two of what is compared are called 'p01\.mp4'"):
        compare([tables[0], tables[0]], times)
    with pytest.raises(UsageError, match=r"end it in \.html"):
        save(compare(tables, times), tmp_path / "x.csv")


def test_a_csv_of_an_export_brings_its_markers(tmp_path: Path) -> None:
    tables, times = made.study(1, 0.3, 4, seconds=30.0)
    marked = tables[0].with_columns(
        pl.when(pl.col("t_s") < 30).then(pl.lit("calm")).otherwise(pl.lit("film")).alias("marker"),
        pl.when(pl.col("t_s") < 30).then(0.0).otherwise(30.0).alias("marker_t_s"),
    )
    marked.write_csv(tmp_path / "p01.csv")
    by_marker, by_times = compare(tmp_path / "p01.csv"), compare(tables, times)
    for condition in ("calm", "film"):
        a, b = (found.table(condition)["p01"]["level_valence"] for found in (by_marker, by_times))
        assert a == pytest.approx(b, abs=1e-6)


def test_the_verb_compares_tables_on_disk(tmp_path: Path) -> None:
    tables, times = made.study(5, 0.4, 4, seconds=12.0)
    folder = tmp_path / "tables"
    folder.mkdir()
    for one in tables:
        one.write_parquet(folder / f"{one['file'][0]}.parquet")
    times.write_csv(tmp_path / "times.csv")
    done = command("compare", folder, "--by", tmp_path / "times.csv", "--out", tmp_path / "c.html")
    assert done.returncode == 0, done.stderr
    assert "film minus calm" in done.stdout
    assert "There are 5 participants" in done.stdout
    assert (tmp_path / "c.segments.csv").is_file()
    refused(1, ("compare", folder, "--out", tmp_path / "c.html"), "no markers", "--by TABLE")
    refused(1, ("compare", folder, "--by", tmp_path / "absent.csv"), "absent.csv", "does not exist")
    refused(1, ("compare", tmp_path / "nothing"), "does not exist")


def test_tables_are_whole_though_the_words_find_no_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*words: object, **style: object) -> None:
        raise BrokenPipeError

    tables, times = made.study(3, 0.4, 2, seconds=8.0)
    tables[0].write_parquet(tmp_path / f"{tables[0]['file'][0]}.parquet")
    times.filter(pl.col("participant") == times["participant"][0]).write_csv(tmp_path / "times.csv")
    monkeypatch.setattr("liveaffect.cli.compare.console.print", closed)
    with contextlib.suppress(io.UnsupportedOperation):  # where output is captured, the way out of a broken pipe is none
        command("compare", *tmp_path.glob("*.parquet"), "--by", tmp_path / "times.csv", "--out", tmp_path / "c.html")
    assert (tmp_path / "c.html").is_file()
    assert (tmp_path / "c.segments.csv").is_file()
