"""Imports: what ELAN, Praat, OpenFace and py-feat wrote lies beside a session as it was, and shows where ours does."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made.filmed import AWAY, FPS, FRAMES, filmed
from praatio import textgrid
from pympi.Elan import Eaf
from runs.command import command, refused

from liveaffect.offline import compare, export, open_session, report
from liveaffect.offline.formats.taken import import_beside
from liveaffect.offline.tables.beside import FOLDER
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, RecordError, UsageError


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return open_session(filmed(tmp_path / "s1"))


def _elan(path: Path) -> Path:
    document = Eaf(author="somebody")
    document.remove_tier("default")
    document.add_tier("gesture")
    document.add_annotation("gesture", 250, 1250, "points <left> & away")
    document.add_annotation("gesture", 2000, 2600, "shrug")
    document.add_tier("words")
    document.add_annotation("words", 900, 1800, "hello")
    document.to_file(str(path))
    return path


def _openface(path: Path) -> Path:
    rows = [
        f"{k + 1}, 0, {k / FPS:.3f}, 0.98, {int(k not in AWAY)}, 0.1, {((k + 8) % 50) / 10:.3f}, 1"
        for k in range(FRAMES)
    ]
    path.write_text(
        "\n".join(["frame, face_id, timestamp, confidence, success, pose_Rx, AU12_r, AU12_c", *rows]), "utf-8"
    )
    return path


def test_elan_labels_are_kept_with_their_times_and_nothing_recorded_is_touched(
    session: Session, tmp_path: Path
) -> None:
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in session.path.iterdir()}
    found, place = import_beside(session, _elan(tmp_path / "coder.eaf"), offset_s=1.5)
    assert place == session.path / FOLDER / "coder.marks.parquet"
    assert found.table.rows() == [
        (1.75, 2.75, "gesture", "points <left> & away"), (2.4, 3.3, "words", "hello"), (3.5, 4.1, "gesture", "shrug")
    ]  # fmt: skip
    again = open_session(session.path)
    [kept] = again.imported()
    assert kept.table.equals(found.table)
    assert (kept.source, kept.form, kept.offset_s) == ("coder.eaf", "elan", 1.5)
    after = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in session.path.iterdir() if path.is_file()
    }
    assert after == before
    assert again.reader.faults == []
    assert again.state == "COMPLETE"


def test_praat_intervals_and_points_come_with_their_tiers(session: Session, tmp_path: Path) -> None:
    intervals: list[Any] = [(0.5, 1.25, "a"), (2.0, 2.5, 'say "ah"')]
    points: list[Any] = [(3.25, "t")]
    grid = textgrid.Textgrid(0, 6)
    grid.addTier(textgrid.IntervalTier("vowel", intervals, 0, 6))
    grid.addTier(textgrid.PointTier("burst", points, 0, 6))
    grid.save(str(tmp_path / "x.TextGrid"), format="short_textgrid", includeBlankSpaces=True)
    found, _ = import_beside(session, tmp_path / "x.TextGrid", name="phones")
    assert found.table.rows() == [
        (0.5, 1.25, "vowel", "a"), (2.0, 2.5, "vowel", 'say "ah"'), (3.25, 3.25, "burst", "t")
    ]  # fmt: skip


def test_an_export_of_ours_comes_back_as_it_was(session: Session, tmp_path: Path) -> None:
    eaf = import_beside(session, export(session, tmp_path / "x.eaf")[0])[0].table
    grid = import_beside(session, export(session, tmp_path / "y.TextGrid")[0])[0].table
    for tier in ("Anna emotions", "Anna states", "Anna turns"):
        a, b = (t.filter(pl.col("tier") == tier) for t in (eaf, grid))
        assert a["label"].to_list() == b["label"].to_list()
        np.testing.assert_allclose(a["t_s"], b["t_s"], atol=1e-6)
        np.testing.assert_allclose(a["end_s"], b["end_s"], atol=1e-6)


def test_openface_series_are_null_where_it_failed_and_stand_beside_our_rows(session: Session, tmp_path: Path) -> None:
    found, _ = import_beside(session, _openface(tmp_path / "of.csv"))
    assert found.form == "openface"
    assert found.table.columns == ["t_s", "pose_Rx", "AU12_r", "AU12_c"]
    assert found.table["AU12_r"].is_null().arg_true().to_list() == list(AWAY)
    rows = session.table(imported=True).filter(pl.col("face_id") == 0)
    frames = [round(t * FPS) for t in rows["t_s"]]
    np.testing.assert_allclose(rows["of_AU12_r"], [((k + 8) % 50) / 10 for k in frames])
    assert "of_AU12_r" not in session.table().columns
    target = tmp_path / "x.csv"
    assert command("export", session.path, "--to", "csv", "--imported", "-o", target).returncode == 0
    assert pl.read_csv(target)["of_AU12_r"].drop_nulls().len() == rows.height + session.table().filter(
        pl.col("face_id") == 1).height  # fmt: skip


def test_py_feat_tables_need_to_know_how_fast_frames_were(session: Session, tmp_path: Path) -> None:
    pl.DataFrame({
        "frame": list(range(0, FRAMES, 5)), "FaceScore": [0.99] * 30, "AU12": [k / 30 for k in range(30)],
        "happiness": [0.5] * 30, "input": ["clip.mp4"] * 30,
    }).write_csv(tmp_path / "pf.csv")  # fmt: skip
    with pytest.raises(UsageError, match="--fps"):
        import_beside(session, tmp_path / "pf.csv")
    found, _ = import_beside(session, tmp_path / "pf.csv", fps=25.0)
    assert (found.form, found.table.columns) == ("py-feat", ["t_s", "FaceScore", "AU12", "happiness"])
    assert found.table["t_s"].to_list() == pytest.approx([k / 25 for k in range(0, FRAMES, 5)])


def test_the_report_shows_labels_and_series_and_no_markup_of_theirs(session: Session, tmp_path: Path) -> None:
    import_beside(session, _elan(tmp_path / "coder.eaf"))
    import_beside(session, _openface(tmp_path / "of.csv"))
    text = report(open_session(session.path), tmp_path / "r.html").read_text("utf-8")
    assert "Beside it, by others" in text
    assert "points &lt;left&gt; &amp; away, 0.25 to 1.25 s" in text
    assert "coder.eaf (elan), imported; not what was recorded." in text
    assert '<path class="line theirs"' in text
    assert "Without a counterpart here: pose_Rx, AU12_c." in text


def test_the_verb_imports_and_refuses_in_words(session: Session, tmp_path: Path) -> None:
    done = command("import", _elan(tmp_path / "coder.eaf"), "--session", session.path)
    assert done.returncode == 0, done.stderr
    assert "elan: 3 labels in 2 tiers, 0.25 to 2.00 s" in done.stdout
    (tmp_path / "no.eaf").write_text("not xml", "utf-8")
    refused(1, ("import", tmp_path / "no.eaf", "-s", session.path), "no.eaf is no ELAN document")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", "utf-8")
    refused(1, ("import", tmp_path / "x.csv", "-s", session.path), "no table of OpenFace", "py-feat")
    refused(1, ("import", tmp_path / "gone.eaf", "-s", session.path), "does not exist")
    refused(2, ("import", tmp_path / "coder.eaf", "-s", session.path, "--as", "../x"), "a name of letters")
    refused(2, ("import", tmp_path / "coder.eaf", "-s", session.path, "--form", "word"), "openface, py-feat")


def test_labels_of_a_tier_are_conditions(session: Session, tmp_path: Path) -> None:
    import_beside(session, _elan(tmp_path / "coder.eaf"))
    found = compare(open_session(session.path), "tier:gesture")
    assert [(one.slot.condition, one.slot.start_s, one.slot.end_s) for one in found.segments] == [
        ("points <left> & away", 0.25, 1.25), ("shrug", 2.0, 2.6)
    ]  # fmt: skip
    rows = session.table().filter((pl.col("face_id") == 0) & pl.col("t_s").is_between(0.25, 1.25, closed="left"))
    value = found.segments[0].values["level_valence"]
    assert value is not None
    assert value == pytest.approx(np.mean(rows["valence"].to_list()), abs=0.02)
    refused(1, ("compare", session.path, "--by", "tier:gaze"), "no stretch of a tier 'gaze'", "gesture, words")


def test_what_lies_there_is_not_trusted(session: Session, tmp_path: Path) -> None:
    _, place = import_beside(session, _elan(tmp_path / "coder.eaf"))
    place.write_bytes(b"PAR1 nonsense")
    with pytest.raises(RecordError, match="import it again, or remove it"):
        open_session(session.path).imported()
    place.unlink()
    place.symlink_to(tmp_path / "coder.eaf")
    with pytest.raises(RecordError, match="is a link"):
        open_session(session.path).imported()
    with pytest.raises(InputError):
        import_beside(session, tmp_path)


@pytest.mark.parametrize(("name", "module"), [("coder.eaf", "pympi"), ("x.TextGrid", "praatio")])
def test_without_its_library_an_import_says_what_to_install(
    name: str, module: str, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    _elan(tmp_path / "coder.eaf").rename(tmp_path / name)
    for known in [known for known in sys.modules if known.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.setitem(sys.modules, module, None)
    refused(2, ("import", tmp_path / name, "-s", session.path), 'pip install "liveaffect[formats]"')
