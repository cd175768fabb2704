"""Tables of dynamics: the numbers of the node, from a score table; columns, files and refusals."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made import affect as made

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.dynamics.tracker import DynamicsTracker
from liveaffect.offline.reporting.data import file_results
from liveaffect.offline.reporting.moving import moving
from liveaffect.offline.scoring.conversation import one_conversation
from liveaffect.offline.tables.dynamics.motion import (
    PEOPLE_DICTIONARY,
    SHIFT_DICTIONARY,
    dynamics_of,
)
from liveaffect.offline.tables.dynamics.moves import check_target, write_dynamics
from liveaffect.offline.tables.dynamics.pairs import PAIR_DICTIONARY
from liveaffect.offline.tables.score import SCHEMA
from liveaffect.stream.errors import InputError, UsageError

pytestmark = pytest.mark.long

P = (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05)


def _table(seconds: int, people: int = 2, file: str = "call.mp4", seed: int = 3, gain: float = 1.0) -> pl.DataFrame:
    """Rows at 10 Hz; the second face does what the first did 0.8 s before."""
    rng = np.random.default_rng(seed)
    n = seconds * 10
    leads = 0.2 * made.wander(n + 8, 0.1, 3.0, rng)
    own = 0.2 * made.wander(n, 0.1, 3.0, rng)
    lines = np.stack([leads[8:], gain * leads[:-8] + np.sqrt(1 - gain**2) * own], 1) + 0.03 * rng.standard_normal(
        (n, 2)
    )
    rows = []
    for k, values in enumerate(np.clip(lines, -1, 1).tolist()):
        for who, v in enumerate(values[:people]):
            row = {"file": file, "t_s": k / 10, "t_ns": k * 10**8, "face_id": who, "state": "ok", "face_state": "ok"}
            row |= {"face_valence": v, "face_arousal": v / 2, "face_valence_sd": 0.2, "face_arousal_sd": 0.15}
            row |= {f"face_p_{name}": p for name, p in zip(EMOTIONS, P, strict=True)}
            row |= {
                "voice_state": "silence",
                "au12": max(5 * v, 0),
                "au04": 0.1,
                "speaking_prob": float(k // 30 % 2 == who),
            }
            rows.append(row)
    kinds = {name: kind for name, kind in SCHEMA.items() if name in rows[0]}
    return pl.DataFrame(rows, schema=kinds)


def test_a_table_gives_what_the_stream_gave_to_the_bit() -> None:
    table = _table(100)
    tracker = DynamicsTracker()
    last = None
    for t_ns, rows in table.group_by("t_ns", maintain_order=True):
        for row in rows.iter_rows(named=True):
            numbers = [row[f"face_{name}"] for name in ("valence", "arousal", "valence_sd", "arousal_sd")]
            p = tuple(row[f"face_p_{name}"] for name in EMOTIONS)
            tracker.see(int(t_ns[0]), row["face_id"], (*numbers, p), (row["au12"], row["au04"]))  # type: ignore[arg-type]
            tracker.speak(int(t_ns[0]), row["face_id"], row["speaking_prob"])
        said = tracker.advance(int(t_ns[0]))[1]
        last = said or last
    found = dynamics_of(table)
    for who in (0, 1):
        told = tracker._people[who]
        assert np.array_equal(told.face.dense(0, 499), found.evidence[who].face.dense(0, 499), equal_nan=True)
    assert last is not None
    windows = found.pairs[0].pair.windows["valence"].windows()
    streamed = tracker._pairs[0, 1].windows["valence"].windows()
    assert streamed
    assert [x[:3] for x in streamed] == [x[:3] for x in windows[: len(streamed)]]


def test_three_tables_are_written_with_their_columns(tmp_path: Path) -> None:
    target = tmp_path / "moves.parquet"
    write_dynamics([_table(130)], target)
    people, pairs, shifts = (pl.read_parquet(tmp_path / f"moves{word}.parquet") for word in ("", ".pairs", ".shifts"))
    assert people.columns == list(PEOPLE_DICTIONARY)
    assert pairs.columns == list(PAIR_DICTIONARY)
    assert shifts.columns == list(SHIFT_DICTIONARY)
    assert people.select("face_id", "minute").rows() == [(w, k) for w in (0, 1) for k in (None, 0, 1, 2)]
    whole = people.row(0, named=True)
    assert whole["inertia_valence_s_low"] < 3.0 < whole["inertia_valence_s_high"]
    assert whole["by"] == "face"
    assert people.row(3, named=True)["inertia_valence_s"] is None  # ten seconds of the third minute
    assert people.row(3, named=True)["level_valence"] is not None
    pair = pairs.row(0, named=True)
    assert pair["lag_valence_s"] == pytest.approx(0.8, abs=0.15)
    assert pair["changes"] > 30


def test_two_films_of_one_conversation_are_one_pair() -> None:
    whole = _table(120)
    first = whole.filter(pl.col("face_id") == 0).with_columns(file=pl.lit("a.mp4"))
    second = whole.filter((pl.col("face_id") == 1) & (pl.col("t_ns") >= 20 * 10**9)).with_columns(
        pl.col("t_ns") - 20 * 10**9, pl.lit(0, pl.Int64).alias("face_id"), pl.lit("b.mp4").alias("file")
    )
    for one, other, begins, lag in ((first, second, 20.0, 0.8), (second, first, -20.0, -0.8)):
        found = dynamics_of(one_conversation(one, other, begins))
        assert found.file == " + ".join(str(t["file"][0]) for t in (one, other))
        following = found.pairs[0].pair.following("valence", found.begin, found.end)
        assert following is not None
        assert following.lag_s == pytest.approx(lag, abs=0.15)


def test_what_is_no_score_table_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="face_valence"):
        dynamics_of(pl.DataFrame({"file": ["a"], "t_ns": [0]}))
    with pytest.raises(InputError, match="rows"):
        dynamics_of(_table(1).clear())
    empty = _table(1).with_columns(face_state=pl.lit("no_face"))
    with pytest.raises(InputError, match="nobody"):
        one_conversation(empty, empty, 0.0)


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.parquet"):
        check_target(tmp_path / "moves.csv")
    with pytest.raises(UsageError, match="no folder"):
        check_target(tmp_path / "nowhere" / "moves.parquet")


def test_a_report_tells_a_pair_in_which_one_follows_from_strangers() -> None:
    pages = ["\n".join(moving(file_results("call.mp4", _table(150, gain=gain)))) for gain in (1.0, 0.0)]
    assert "Face 1 follows face 0 by 0.8 s" in pages[0]
    assert "Nobody follows" in pages[1]
    assert "is drawn to face 0 (+" in pages[0]
    assert "is drawn to face 1 (-" not in pages[0]
    for text in pages:
        assert "inertia" in text
        assert text.count("<svg") == 1
        assert text.count("<div") == text.count("</div>")


def test_a_report_of_a_short_film_says_nothing_of_dynamics() -> None:
    assert list(moving(file_results("call.mp4", _table(20)))) == []
