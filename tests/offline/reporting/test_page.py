"""A report: the page shows what the table says, a gap stays a gap, and nothing leads out of the file."""

import itertools
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made.rows import FPS, film, row, table

from liveaffect.offline.reporting.data import BINS, file_results
from liveaffect.offline.reporting.page import page
from liveaffect.offline.reporting.write import make_report
from liveaffect.offline.tables.read import Results
from liveaffect.offline.tables.score import COLUMNS
from liveaffect.stream.session.info import Missing, SessionInfo, SourceFile
from liveaffect.stream.session.ledger import Gap, ReaderAccount, TopicAccount

pytestmark = pytest.mark.long


def html_of(found: pl.DataFrame) -> str:
    return make_report(Results(Path("film.parquet"), found, "0.1.0", {"face-affect": {"version": "0.1"}}))


class Balanced(HTMLParser):
    """Fails on a tag that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


def test_a_lost_face_leaves_a_gap_with_its_reason() -> None:
    [track] = file_results("film.mp4", film()).tracks
    [span] = track.spans
    assert (span.from_s, span.to_s, span.state) == (pytest.approx(8.0), pytest.approx(11.0), "no_face")
    middles = (np.arange(200) + 0.5) / FPS
    lost = (middles > 8) & (middles < 11)
    assert np.isnan(track.lines["valence"][lost]).all()
    np.testing.assert_allclose(track.lines["valence"][~lost], np.sin((middles[~lost] - 0.05) / 3) * 0.8, atol=1e-6)


def test_a_curve_is_never_drawn_through_a_gap() -> None:
    lines = re.findall(r'<path class="line valence" d="([^"]+)"', html_of(film()))
    assert len(lines) == 2
    ends = [[float(pair.split()[0]) for pair in line.lstrip("M").split("L")] for line in lines]
    lost = [172 + 816 * t / 20 for t in (8, 11)]
    assert max(ends[0]) <= lost[0]
    assert min(ends[1]) >= lost[1]


def test_long_recordings_are_averaged_not_thinned() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-0.9, 0.9, BINS * 5)
    rows = [row(k / FPS, 1, float(v)) for k, v in enumerate(values)]
    [track] = file_results("film.mp4", table(rows)).tracks
    np.testing.assert_allclose(track.lines["valence"], values.reshape(BINS, 5).mean(axis=1), atol=1e-6)


def test_people_in_view_together_have_sections_of_their_own() -> None:
    rows = [row(k / FPS, who, 0.5 if who == 1 else -0.5) for k in range(100) for who in (1, 2)]
    found = file_results("film.mp4", table(rows))
    assert [track.title for track in found.tracks] == ["Face 1", "Face 2"]
    assert [float(np.nanmean(track.lines["valence"])) for track in found.tracks] == pytest.approx([0.5, -0.5])
    assert [name for name, _ in found.lanes] == ["face 1", "face 2"]


def test_a_person_who_left_while_others_stay_is_not_in_view() -> None:
    rows = [row(k / FPS, who) for k in range(100) for who in (1, 2) if who == 1 or k < 50]
    second = file_results("film.mp4", table(rows)).tracks[1]
    assert [(span.from_s, span.to_s, span.state) for span in second.spans] == [(5.0, pytest.approx(10.0), "away")]


def test_faces_one_after_the_other_share_a_timeline_and_the_page_says_so() -> None:
    rows = [row(k / FPS, 1 if k < 50 else 7) for k in range(100)]
    [track] = file_results("film.mp4", table(rows)).tracks
    assert track.changes == [5.0]
    assert "1, 7" in track.note
    assert track.spans == []


def test_people_are_called_by_the_last_name_they_were_given() -> None:
    rows = [row(k / FPS, who) for k in range(100) for who in (1, 2)]
    names = ["<b>" if who == 1 and k > 50 else "old" if who == 1 else None for k in range(100) for who in (1, 2)]
    named = table(rows).with_columns(pl.Series("name", names, pl.String))
    found = file_results("film.mp4", named)
    assert [track.title for track in found.tracks] == ["<b>, face 1", "Face 2"]
    assert [name for name, _ in found.lanes] == ["<b>, face 1", "face 2"]
    assert "<b>, face 1" not in html_of(named)
    assert "&lt;b&gt;, face 1" in html_of(named)
    [track] = file_results("film.mp4", named.filter((pl.col("face_id") == 1) == (pl.col("t_s") < 5))).tracks
    assert track.title == "One face at a time"
    assert "old, face 1; face 2" in track.note


def test_a_hole_between_rows_is_missing_time() -> None:
    rows = [row(t) for t in (0.0, 0.1, 0.2, 10.0, 10.1)]
    [track] = file_results("film.mp4", table(rows)).tracks
    assert [(span.from_s, span.to_s, span.state) for span in track.spans] == [(1.2, 10.0, "stale")]


def test_sound_alone_is_a_voice_without_action_units() -> None:
    rows = [row(k / FPS, None, 0.3, face_state="no_device") for k in range(50)]
    found = file_results("talk.wav", table(rows))
    assert [track.title for track in found.tracks] == ["Voice"]
    page = html_of(table(rows))
    assert "heat" not in re.findall(r'<image class="(\w+)"', page)
    assert "clear face" not in page.split("How to read")[0]


def test_a_voice_of_little_certainty_gives_no_category() -> None:
    unsure = {"face_state": "no_device", "valence_sd": 0.5, "arousal_sd": 0.36, "voice_state": "ok"}
    page = html_of(table([row(k / FPS, None, 0.3, **unsure) for k in range(50)])).split("How to read")[0]
    assert "heard, not told" in page
    assert "most probable on average" not in page
    sure = html_of(table([row(k / FPS, None, 0.3, **unsure | {"valence_sd": 0.2}) for k in range(50)])).split(
        "How to read"
    )[0]
    assert "heard, not told" not in sure
    assert "most probable on average" in sure


def test_a_film_without_anybody_says_so() -> None:
    page = html_of(table([row(k / FPS, None, None, speech_prob=0.0) for k in range(30)]))
    assert "Nobody" in page
    assert "There are no numbers to average" in page


def test_a_photograph_has_no_timeline() -> None:
    page = html_of(table([row(0.0)]))
    assert "Timeline of" not in page
    assert "happiness" in page
    assert "95 %" not in page.split("How to read")[0]


@pytest.mark.parametrize("columns", [["file", "t_s", "state", "valence", "arousal"], COLUMNS])
def test_the_page_stands_alone_and_is_well_formed(columns: list[str]) -> None:
    page = html_of(film().select(columns))
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!data:)[a-z/]*:?//", page)
    assert "<script" not in page
    assert "default-src 'none'" in page
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    for drawing in re.findall(r"<svg.*?</svg>", page, re.S):
        ET.fromstring(drawing)
    assert not re.findall(r"[ \"M(]-?(?:nan|inf)\b", page)


def test_names_and_labels_are_text_never_markup() -> None:
    evil = '<script>alert("x")</script>'
    found = film().with_columns(pl.lit(evil).alias("file"))
    session = SessionInfo(sources=[SourceFile(node="camera", path=f"/films/{evil}", bytes=1)])
    results = Results(Path("s"), found, "0.1", {}, {}, session, None, "COMPLETE", [(2.0, evil)])
    page = make_report(results)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_markers_stand_at_their_time() -> None:
    session = SessionInfo()
    page = make_report(Results(Path("s"), film(), "0.1", {}, {}, session, None, "COMPLETE", [(5.0, "stimulus on")]))
    [x] = re.findall(r'<line class="marker" x1="([\d.]+)"', page)
    assert float(x) == pytest.approx(172 + 816 * 5 / 20, abs=0.1)
    assert "stimulus on" in page


def test_labels_of_markers_never_run_into_each_other_and_all_of_them_can_be_read() -> None:
    long = "a question that is much too long for the picture, so that its end is cut off " * 2
    marks = [(2.0, "on"), (5.0, long), (9.0, "off"), (9.05, "again"), (19.9, "the last question")]
    page = make_report(Results(Path("s"), film(), "0.1", {}, {}, SessionInfo(), None, "COMPLETE", marks))
    texts = re.findall(r'<text class="marker-text" x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]*)<', page)
    spans = sorted((float(x) - 6 * len(t), float(x)) if side == "end" else (float(x), float(x) + 6 * len(t))
                   for x, side, t in texts)  # fmt: skip
    assert len(texts) >= 4
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    assert spans[-1][1] <= 1000
    assert page.count('class="marker"') == 5
    for _, label in marks:
        assert f"<title>{label}" in page
        assert label in page.partition("<b>Markers</b>")[2].partition("</p>")[0]


def test_discord_is_drawn_where_face_and_voice_both_speak_and_nowhere_else() -> None:
    assert "Discord" not in html_of(film()).partition("How to read")[0]
    rows = [row(k / FPS, 1, 0.5, discord=0.25 if 50 <= k < 100 else None) for k in range(200)]
    page = html_of(table(rows))
    [line] = re.findall(r'<path class="line discord" d="([^"]+)"', page)
    points = [tuple(map(float, pair.split())) for pair in line.lstrip("M").split("L")]
    assert min(x for x, _ in points) == pytest.approx(172 + 816 * 5 / 20, abs=5)
    assert max(x for x, _ in points) == pytest.approx(172 + 816 * 10 / 20, abs=5)
    assert len({y for _, y in points}) == 1
    assert "Jensen-Shannon" in page


def test_the_ledger_shows_what_was_lost() -> None:
    account = TopicAccount(
        captured=1002, published=1000, recorded=990, not_recorded=10, lost_at_source={"overrun": 2},
        readers={"face": ReaderAccount(processed=700, dropped={"skipped": 295}, pending=5)},
        gaps=[Gap(incarnation=0, first_seq=3, last_seq=12)],
    )  # fmt: skip
    lost = [Missing(topic="affect", messages=None, why="the writer was killed")]
    session = SessionInfo(ledger={"video/frame": account}, missing=lost)
    results = Results(Path("s"), film(), "0.1", {}, {}, session, None, "INCOMPLETE")
    page = make_report(results)
    ledger = page.split("Loss ledger")[1].split("How to read")[0]
    for text in ("incomplete", "1,002", "990", "face 700", "295 skipped for a newer one", "5 pending", "1 gap",
                 "the writer was killed"):  # fmt: skip
        assert text in ledger


def test_only_the_chosen_files_of_many_are_shown() -> None:
    many = pl.concat([film(3).with_columns(pl.lit(f"{k}.mp4").alias("file")) for k in range(30)])
    results = Results(Path("folder"), many)
    whole = make_report(results)
    assert "6 more files of the table are not shown" in whole
    assert "<h2>29.mp4</h2>" not in whole
    assert "29.mp4" in make_report(results, ["29.mp4"])


def test_the_last_line_is_the_callers() -> None:
    results = Results(Path("film.parquet"), film(2))
    assert "<footer>Written never.</footer>" in page(results, [file_results("film.mp4", film(2))], 0, "Written never.")
