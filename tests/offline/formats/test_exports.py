"""Exports are read by the other programs' own readers, and say what the session's table says."""

import gzip
import io
import json
import math
from pathlib import Path

import av
import edfio
import numpy as np
import polars as pl
import pytest
from made.filmed import AWAY, FPS, FRAMES, HEIGHT, WIDTH, filmed, shade
from made.rows import row
from made.rows import table as rows_table
from praatio import textgrid
from pympi.Elan import Eaf
from runs.command import command, refused

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline import export, open_session
from liveaffect.offline.formats.openface import INTENSITIES, POINTS, PRESENCES
from liveaffect.offline.formats.write import ENDINGS, Form
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, UsageError

pytestmark = pytest.mark.long

WIKI = """frame, face_id, timestamp, confidence, success, gaze_0_x, gaze_0_y, gaze_0_z, gaze_1_x, gaze_1_y, gaze_1_z,
gaze_angle_x, gaze_angle_y, pose_Tx, pose_Ty, pose_Tz, pose_Rx, pose_Ry, pose_Rz"""
"""The documented head of OpenFace's files; after it the landmarks (x_0 to x_67, y_0 to y_67) and the action units."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return open_session(filmed(tmp_path_factory.mktemp("filmed") / "s1", mesh=True))


def test_openface_columns_are_those_that_are_documented_in_their_order(session: Session, tmp_path: Path) -> None:
    written = export(session, tmp_path / "x.openface.csv")
    rows = pl.read_csv(written[0])
    documented = [*(name.strip() for name in WIKI.split(",")), *(f"{a}_{k}" for a in "xy" for k in range(68))]
    documented += [f"AU{n:02}_r" for n in INTENSITIES] + [f"AU{n:02}_c" for n in PRESENCES]
    assert rows.columns == [name for name in documented if name in rows.columns]
    left_out = set(documented) - set(rows.columns)
    assert {name.split("_")[0] for name in left_out} == {"gaze", "pose"}
    assert not {"pose_Rx", "pose_Ry", "pose_Rz", "gaze_angle_x", "gaze_angle_y"} & left_out
    assert any("gaze" in note for note in written.notes)


def test_openface_values_are_those_of_the_table_in_its_units(session: Session, tmp_path: Path) -> None:
    rows = pl.read_csv(export(session, tmp_path / "x.openface.csv")[0])
    table = session.table().sort(["t_s", "face_id"], nulls_last=True)
    assert rows["timestamp"].to_list() == table["t_s"].to_list()
    assert rows["frame"].to_list() == [round(t * FPS) + 1 for t in table["t_s"]]
    assert rows["success"].to_list() == [int(state == "ok") for state in table["face_state"]]
    seen = table["face_id"].is_not_null()
    for name, column, sign in (("pose_Rx", "pitch_deg", 1), ("pose_Ry", "yaw_deg", -1), ("pose_Rz", "roll_deg", -1)):
        np.testing.assert_allclose(rows.filter(seen)[name], np.radians(table.filter(seen)[column]) * sign, rtol=1e-6)
    yaw, pitch = (np.radians(table.filter(seen)[f"gaze_{axis}_deg"].cast(float)) for axis in ("yaw", "pitch"))
    x, y, z = np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)  # right, down, away
    np.testing.assert_allclose(rows.filter(seen)["gaze_angle_x"], np.arctan2(x, -z), rtol=1e-5)
    np.testing.assert_allclose(rows.filter(seen)["gaze_angle_y"], np.arctan2(y, -z), rtol=1e-5)
    for n in INTENSITIES:
        np.testing.assert_allclose(rows.filter(seen)[f"AU{n:02}_r"], table.filter(seen)[f"au{n:02}"], rtol=1e-6)
    present = rows.filter(seen)["AU28_c"].to_list()
    assert present == [int(value >= 1) for value in table.filter(seen)["au28"]]
    gone = rows.filter(~seen)
    assert len(gone) == len(AWAY)
    assert gone["AU12_r"].null_count() == len(AWAY)  # missing is empty, never 0
    assert rows.filter(seen & (rows["face_id"] == 1))["x_30"].unique().to_list() == [0.75 * WIDTH]
    assert rows.filter(seen)["y_30"].unique().to_list() == [pytest.approx(POINTS[30] / 1000 * HEIGHT, rel=1e-5)]


def _runs(labels: list[str | None]) -> list[tuple[int, int, str]]:
    found, begin = [], 0
    for k in range(1, len(labels) + 1):
        if k == len(labels) or labels[k] != labels[begin]:
            if labels[begin] is not None:
                found.append((begin, k, labels[begin]))
            begin = k
    return found


def _expected(session: Session) -> list[tuple[float, float, str]]:
    """Emotion segments of the first person, in frames of the film."""
    rows = {round(t * FPS): row for t, *row in session.table().filter(pl.col("face_id") == 0).select(
        "t_s", *(f"p_{name}" for name in EMOTIONS)).rows()}  # fmt: skip
    top = [EMOTIONS[int(np.argmax(rows[k]))] if k in rows else None for k in range(FRAMES)]
    return [(a / FPS, b / FPS, label) for a, b, label in _runs(top)]


def test_elan_reads_turns_emotions_states_and_markers(session: Session, tmp_path: Path) -> None:
    target = export(session, tmp_path / "x.eaf")[0]
    export(session, target)  # a second time: no other file is left beside it
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.eaf"]
    document = Eaf(str(target))
    names = ["turns", "emotions", "states"]
    assert list(document.get_tier_names()) == [
        *(f"Anna {n}" for n in names), *(f"person 1 {n}" for n in names), "markers"
    ]  # fmt: skip
    emotions = sorted(document.get_annotation_data_for_tier("Anna emotions"))
    assert emotions == [(round(a * 1000), round(b * 1000), label) for a, b, label in _expected(session)]
    assert sorted(document.get_annotation_data_for_tier("Anna turns")) == [(1000, 2000, "speech")]
    states = sorted(document.get_annotation_data_for_tier("Anna states"))
    assert states == [(0, 2400, "ok"), (2400, 3000, "no_face"), (3000, 6000, "ok")]
    marks = sorted(document.get_annotation_data_for_tier("markers"))
    assert [(begin, label) for begin, _, label in marks] == [(1000, 'film "one" start'), (3500, "film two & more")]


def test_praat_reads_the_same(session: Session, tmp_path: Path) -> None:
    grid = textgrid.openTextgrid(str(export(session, tmp_path / "x.TextGrid")[0]), includeEmptyIntervals=False)
    emotions = [tuple(entry) for entry in grid.getTier("Anna emotions").entries]
    for found, wanted in zip(emotions, _expected(session), strict=True):
        assert found[2] == wanted[2]
        assert found[:2] == pytest.approx(wanted[:2], abs=1e-6)
    points = [(p[0], p[1].replace('""', '"')) for p in grid.getTier("markers").entries]  # it leaves quotes doubled
    assert points == [(1.0, 'film "one" start'), (3.5, "film two & more")]
    assert grid.maxTimestamp == pytest.approx(6.0)
    parselmouth = pytest.importorskip("parselmouth")
    data = parselmouth.Data.read(str(tmp_path / "x.TextGrid"))  # Praat itself
    assert parselmouth.praat.call(data, "Get number of tiers") == 6  # one without turns has none
    assert parselmouth.praat.call(data, "Get label of point", 6, 1) == 'film "one" start'


def test_edf_holds_the_numbers_and_says_what_is_missing(session: Session, tmp_path: Path) -> None:
    edf = edfio.read_edf(export(session, tmp_path / "x.edf")[0])
    signals = {signal.label: signal for signal in edf.signals}
    assert {signal.sampling_frequency for signal in edf.signals} == {FPS}
    rows = {round(t * FPS): (v, s) for t, v, s in session.table().filter(pl.col("face_id") == 0).select(
        "t_s", "valence", "au12").rows()}  # fmt: skip
    known = sorted(rows)
    np.testing.assert_allclose(signals["p0 valence"].data[known], [rows[k][0] for k in known], atol=2 / 65535)
    np.testing.assert_allclose(signals["p0 au12"].data[known], [rows[k][1] for k in known], atol=5 / 65535)
    missing = np.round(signals["p0 missing"].data)
    assert np.flatnonzero(missing[:FRAMES]).tolist() == list(AWAY)
    middle = signals["p0 valence"].data[list(AWAY)]
    ends = rows[AWAY.start - 1][0], rows[AWAY.stop][0]
    assert min(ends) - 1e-4 <= middle.min() <= middle.max() <= max(ends) + 1e-4
    texts = {(round(a.onset, 3), a.text) for a in edf.annotations}
    assert {(1.0, 'film "one" start'), (3.5, "film two & more"), (2.4, "Anna states: no_face")} <= texts
    assert edf.startdate is not None


def test_a_bids_dataset_has_what_the_standard_asks_for(session: Session, tmp_path: Path) -> None:
    folder = export(session, tmp_path / "study.bids")[0]
    export(session, folder)
    about = json.loads((folder / "dataset_description.json").read_text("utf-8"))
    assert {"Name", "BIDSVersion", "DatasetType"} <= about.keys()
    subjects = pl.read_csv(folder / "participants.tsv", separator="\t")["participant_id"].to_list()
    assert subjects == ["sub-Anna", "sub-s1p1"]
    stem = folder / "sub-Anna" / "beh" / "sub-Anna_task-affect"
    sidecar = json.loads(Path(f"{stem}_recording-affect_physio.json").read_text("utf-8"))
    assert (sidecar["SamplingFrequency"], sidecar["StartTime"]) == (FPS, 0.0)
    data = gzip.decompress(Path(f"{stem}_recording-affect_physio.tsv.gz").read_bytes())
    values = pl.read_csv(
        io.BytesIO(data), separator="\t", has_header=False, new_columns=sidecar["Columns"], null_values="n/a"
    )
    rows = session.table().filter(pl.col("face_id") == 0)
    at = [round(t * FPS) for t in rows["t_s"]]
    np.testing.assert_allclose(values["valence"].to_numpy()[at], rows["valence"], rtol=1e-6)
    assert values["valence"].is_null().arg_true().to_list() == list(AWAY)
    assert all({"Description", "Units"} <= sidecar[name].keys() for name in sidecar["Columns"])
    events = pl.read_csv(f"{stem}_events.tsv", separator="\t", quote_char=None)
    assert events.columns[:2] == ["onset", "duration"]
    assert events.filter(pl.col("kind") == "markers")["trial_type"].to_list() == [
        'film "one" start', "film two & more"
    ]  # fmt: skip
    turns = events.filter(pl.col("kind") == "turns")
    assert turns.select("onset", "duration", "trial_type").rows() == [(1.0, 1.0, "turns/speech")]


@pytest.mark.parametrize(("video", "overlay"), [("h264", False), ("lossless", False), ("h264", True)])
def test_a_film_has_each_picture_and_each_sound_at_its_time(video: str, overlay: bool, tmp_path: Path) -> None:
    folder = filmed(tmp_path / "s", video, audio=True)  # type: ignore[arg-type]
    target = export(folder, tmp_path / "x.mp4", overlay=overlay)[0]
    with av.open(str(target)) as film:
        pictures = [(float(frame.time or 0.0), frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]
    assert [at for at, _ in pictures] == pytest.approx([k / FPS for k in range(FRAMES)], abs=1e-4)
    corner = [float(picture[60:64, 2:6].mean()) for _, picture in pictures]  # outside of what is drawn
    np.testing.assert_allclose(corner, [shade(k) for k in range(FRAMES)], atol=3.5)
    drawn = float(pictures[50][1].max()) > 240
    assert drawn == overlay
    with av.open(str(target)) as film:
        heard = list(film.decode(audio=0))
    begin = float(heard[0].time or 0.0)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in heard])
    loud = begin + np.flatnonzero(np.abs(samples) > 0.25) / 16_000
    first, second = loud[loud < 3], loud[loud > 3]
    assert (first.min(), first.max()) == pytest.approx((2.0, 2.2), abs=0.01)
    assert (second.min(), second.max()) == pytest.approx((4.0, 4.2), abs=0.01)


def test_tables_of_several_files_give_a_file_each(session: Session, tmp_path: Path) -> None:
    table = session.table().drop("utc")
    two = pl.concat([table.with_columns(pl.lit(f"{name}.mp4").alias("file")) for name in ("a", "b")])
    two.write_parquet(tmp_path / "all.parquet")
    written = export(tmp_path / "all.parquet", tmp_path / "x.eaf")
    assert [path.name for path in written] == ["x.a.eaf", "x.b.eaf"]
    assert "markers" not in Eaf(str(written[0])).get_tier_names()


def test_a_voice_while_nobody_is_in_view_is_no_persons(session: Session, tmp_path: Path) -> None:
    heard = session.table().drop("utc").with_columns(
        pl.when(pl.col("face_id").is_null()).then(pl.lit("ok")).otherwise(pl.col("state")).alias("state"),
        *(pl.when(pl.col("face_id").is_null()).then(pl.lit(0.125, pl.Float32)).otherwise(pl.col(n)).alias(n)
          for n in ("valence", *(f"p_{name}" for name in EMOTIONS))),
    )  # fmt: skip
    longer = heard.with_columns((pl.col("t_s") * 2).alias("t_s"), (pl.col("t_ns") * 2).alias("t_ns"))
    document = Eaf(str(export(longer, tmp_path / "x.eaf")[0]))
    assert (4800, 6000, "no_face") in document.get_annotation_data_for_tier("Anna states")
    assert document.get_annotation_data_for_tier("voice states") == [(4800, 6000, "ok")]
    signals = {s.label: s for s in edfio.read_edf(export(longer, tmp_path / "x.edf")[0]).signals}
    assert round(float(np.mean(signals["p0 missing"].data[62:74]))) == 1


def test_a_face_that_was_seen_for_an_instant_is_nobody_who_was_recorded(session: Session, tmp_path: Path) -> None:
    table = session.table().drop("utc", "name")
    brief = table.filter((pl.col("face_id") == 0) & (pl.col("t_s") < 0.4)).with_columns(pl.lit(7).alias("face_id"))
    written = export(pl.concat([table, brief.cast(table.schema)]), tmp_path / "x.eaf")
    assert not any("person 7" in name for name in Eaf(str(written[0])).get_tier_names())
    assert written.notes == ["faces with numbers for less than a second are left out: 1"]


@pytest.mark.parametrize("form", ["openface", "elan", "textgrid", "edf", "bids"])
def test_a_single_row_a_film_without_faces_and_sound_alone_can_be_written(form: Form, tmp_path: Path) -> None:
    sound = {"face_state": "no_device", "voice_state": "ok"}
    odd = {
        "one": [row(0.0)],
        "nobody": [row(k / 10, None, None) for k in range(30)],
        "sound": [row(k / 10, None, 0.3, **sound) for k in range(30)],
    }
    for name, rows in odd.items():
        assert export(rows_table(rows), tmp_path / f"{name}{ENDINGS[form]}")[0].exists()
    cut = rows_table([row(0.0)]).select("file", "t_s", "state", "valence", "arousal")
    with pytest.raises(InputError, match=f"no column 'face_id', which --to {form} needs"):
        export(cut, tmp_path / f"cut{ENDINGS[form]}")


def test_what_cannot_be_is_refused_in_words(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pictures"):
        export(session, tmp_path / "x.mp4")
    with pytest.raises(InputError, match="session's own pictures"):
        export(session.table(), tmp_path / "x.mp4")
    with pytest.raises(UsageError, match=r"end it in one of .*\.TextGrid"):
        export(session, tmp_path / "x.docx")
    assert not list(tmp_path.iterdir())
    refused(2, ("export", session.path, "--to", "edf", "--overlay"), "--overlay", "--to mp4")
    refused(2, ("export", session.path, "--to", "word"), "openface", "bids")


@pytest.mark.parametrize(
    ("form", "module"), [("elan", "pympi"), ("textgrid", "praatio"), ("edf", "edfio")]
)  # fmt: skip
def test_without_its_library_a_form_says_what_to_install(
    form: str, module: str, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    refused(2, ("export", session.path, "--to", form, "-o", tmp_path / "x"), 'pip install "liveaffect[formats]"')
    done = command("export", session.path, "--to", "csv", "-o", tmp_path / "x.csv")
    assert done.returncode == 0
    assert math.isclose(pl.read_csv(tmp_path / "x.csv")["valence"][0], session.table()["valence"][0], rel_tol=1e-6)


@pytest.mark.processes
def test_nothing_of_the_libraries_is_imported_before_it_is_asked_for() -> None:
    import subprocess
    import sys

    there = "[m for m in ('pympi', 'praatio', 'edfio') if m in sys.modules]"
    code = f"import sys; import liveaffect.offline.formats.write; print({there})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]"
