"""`liveaffect score` on real clips: the contract of the table."""

import json
import wave
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from runs.command import apart, command

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline.tables.score import COLUMNS, SCHEMA

CLIPS = (
    "grid_f_brbk7n.mpg",
    "pyfeat_face_noface.mov",
    "pyfeat_no_face_caminandes.mp4",
    "intel_head-pose-face-detection-female-and-male.gif",
)
NUMBERS = [name for name in COLUMNS if SCHEMA[name] == pl.Float32]
FUSED = ["valence", "valence_sd", "arousal", "arousal_sd", *(f"p_{name}" for name in EMOTIONS)]

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("warm_workers")]


@pytest.fixture(scope="module")
def table(clips: Path, tmp_path_factory: pytest.TempPathFactory, warm_workers: None) -> pl.DataFrame:
    out = tmp_path_factory.mktemp("score") / "clips.parquet"
    done = command("score", *(str(clips / name) for name in CLIPS), "--out", str(out), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    return pl.read_parquet(out)


def _of(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return table.filter(pl.col("file") == name)


def test_the_columns_are_the_contract(table: pl.DataFrame) -> None:
    assert table.columns == COLUMNS
    assert dict(table.schema) == SCHEMA


def test_a_talking_face_is_there_in_every_frame_and_her_voice_where_she_speaks(table: pl.DataFrame) -> None:
    grid = _of(table, CLIPS[0])
    assert grid.height == 75
    assert grid["t_s"].to_list() == pytest.approx([i / 25 for i in range(75)], abs=1e-3)
    ok = grid.filter(pl.col("face_state") == "ok")
    assert ok.height >= 0.9 * 75
    assert ok["valence"].null_count() == 0
    spoken = grid.filter(pl.col("t_s").is_between(1.0, 2.0))
    assert spoken["speech_prob"].mean() > 0.8  # type: ignore[operator]
    assert spoken["f0_hz"].drop_nulls().median() == pytest.approx(220, abs=60)
    assert spoken["speaking_prob"].max() > 0.5  # type: ignore[operator]
    assert grid.filter(pl.col("voice_state") == "ok").height > 10
    assert grid.filter(pl.col("t_s") < 0.4)["speech_prob"].max() < 0.5  # type: ignore[operator]


def test_fused_numbers_stay_with_the_evidence(table: pl.DataFrame) -> None:
    """Within what face and voice said so far, and near the face's running median of half a second."""
    far, known = 0, 0
    for (file, face), mine in table.drop_nulls("face_valence").group_by("file", "face_id"):
        voice = table.filter(pl.col("file") == file).drop_nulls("voice_valence")
        for name in ("valence", "arousal"):
            t, said, fused, sd = (mine[c].to_numpy() for c in ("t_s", f"face_{name}", name, f"{name}_sd"))
            for k in range(len(t)):
                seen = [*said[: k + 1], *voice.filter(pl.col("t_s") <= t[k])[f"voice_{name}"]]
                assert min(seen) - 0.02 <= fused[k] <= max(seen) + 0.02, (file, face, t[k], name)
                near = np.median(said[np.abs(t - t[k]) <= 0.25])
                far, known = far + bool(abs(fused[k] - near) > 2 * sd[k]), known + 1
    assert known > 300
    assert far <= 0.05 * known


def test_where_there_is_no_face_there_are_nulls(table: pl.DataFrame) -> None:
    clip = _of(table, CLIPS[1])
    gone = clip.filter(pl.col("face_state") == "no_face")
    assert gone.height > 30
    assert gone["face_id"].null_count() == gone.height
    faces = [name for name in NUMBERS if name.startswith(("face_", "au", "yaw", "pitch", "roll"))]
    for name in faces:
        assert gone[name].null_count() == gone.height, name
    without_voice = gone.filter(pl.col("state") != "ok")
    for name in FUSED:
        assert without_voice[name].null_count() == without_voice.height, name
    assert clip.filter(pl.col("face_state") == "ok").height > 30


def test_numbers_stand_exactly_where_the_state_is_ok(table: pl.DataFrame) -> None:
    for prefix in ("", "face_", "voice_"):
        ok = pl.col(f"{prefix}state") == "ok"
        assert table.filter(ok)[f"{prefix}valence"].null_count() == 0, prefix
        assert table.filter(~ok)[f"{prefix}valence"].drop_nulls().is_empty(), prefix
        shares = table.filter(ok).select(pl.sum_horizontal(f"{prefix}p_{name}" for name in EMOTIONS)).to_series()
        assert np.allclose(shares.to_numpy(), 1.0, atol=1e-4)
    assert not table.select(pl.any_horizontal(pl.col(NUMBERS).is_nan().fill_null(False)).any()).item()


def test_a_film_without_a_face_has_a_row_per_frame_and_no_face(table: pl.DataFrame) -> None:
    film = _of(table, CLIPS[2])
    assert film["t_s"].n_unique() == film.height
    assert film.height > 50
    assert set(film["face_state"]) == {"no_face"}


def test_two_people_keep_two_ids(table: pl.DataFrame) -> None:
    pair = _of(table, CLIPS[3]).drop_nulls("face_id")
    assert sorted(pair["face_id"].unique()) == [0, 1]
    assert pair.group_by("t_s").len()["len"].max() == 2


def test_two_runs_are_identical_byte_for_byte(clips: Path, tmp_path: Path) -> None:
    outs, clip = [tmp_path / "1.parquet", tmp_path / "2.parquet"], tmp_path / CLIPS[0]
    whole = (clips / CLIPS[0]).read_bytes()
    clip.write_bytes(whole[: len(whole) // 2])  # a second of her
    for out, started in zip(
        outs, (command, apart), strict=True
    ):  # by a worker that has scored others, and by a new one
        assert started("score", clip, "--out", out).returncode == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    footer = pl.read_parquet_metadata(outs[0])
    assert footer["liveaffect_version"]
    assert len(json.loads(footer["liveaffect_models"])["face-affect"]["sha256"]) == 64
    assert "fusion" in footer["liveaffect_settings"]


def _tone(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        t = np.arange(int(16000 * seconds)) / 16000
        out.writeframes((8000 * np.sin(2 * np.pi * 200 * t)).astype(np.int16).tobytes())


def test_sound_and_images_a_folder_and_csv(tmp_path: Path) -> None:
    import matplotlib as mpl

    media = tmp_path / "media"
    media.mkdir()
    portrait = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    (media / "hopper.jpg").write_bytes(portrait.read_bytes())
    _tone(media / "tone.wav", 2.0)
    out = tmp_path / "table.csv"
    done = command("score", media, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pl.read_csv(out, schema_overrides=dict.fromkeys(NUMBERS, pl.Float64))
    photo, tone = _of(table, "hopper.jpg"), _of(table, "tone.wav")
    assert photo.height == 1
    assert (photo["state"][0], photo["t_s"][0]) == ("ok", 0.0)
    assert photo["valence"][0] == pytest.approx(photo["face_valence"][0])
    assert tone["t_s"].to_list() == pytest.approx([i / 10 for i in range(tone.height)])
    assert 18 <= tone.height <= 21
    assert tone["f0_hz"].drop_nulls().median() == pytest.approx(200, rel=0.03)
    assert tone["valence"].drop_nulls().is_empty()
