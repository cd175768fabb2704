"""Every mistake has its own message: what, where, what to do; no traceback; exit code 2 for usage, 1 for failure."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from runs.command import apart, refused
from runs.command import command as run

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("warm_workers")]


def film(path: Path, width: int, height: int, frames: int = 5) -> None:
    """A short grey film."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg" if width > 4000 else "ffv1", rate=25)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if width > 4000 else "bgr0"
        for index in range(frames):
            image = np.full((height, width, 3), 40 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_missing_file(tmp_path: Path) -> None:
    refused(1, ["score", "none.mp4", "--out", str(tmp_path / "t.csv")], "none.mp4", "does not exist")


def test_a_file_that_is_not_media(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film", "utf-8")
    refused(1, ["score", str(text), "--out", str(tmp_path / "t.csv")], "notes.mp4")


def test_an_empty_file_and_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    refused(1, ["score", str(tmp_path / "empty.wav"), "--out", str(tmp_path / "t.csv")], "empty.wav")
    (tmp_path / "folder").mkdir()
    refused(1, ["score", str(tmp_path / "folder"), "--out", str(tmp_path / "t.csv")], "folder", "holds no video")


def test_an_output_that_cannot_be(tmp_path: Path, demo_clip: Path) -> None:
    refused(2, ["score", str(demo_clip), "--out", str(tmp_path / "t.xlsx")], "t.xlsx", ".parquet or .csv")
    (tmp_path / "file").touch()
    refused(2, ["score", str(demo_clip), "--out", str(tmp_path / "file" / "t.csv")], "is a file: name a folder")


def test_a_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    film(tmp_path / "good.mkv", 64, 64)
    (tmp_path / "bad.mkv").write_bytes(b"\x00" * 1000)
    refused(1, ["score", str(tmp_path), "--out", str(tmp_path / "t.csv")], "bad.mkv", "5 rows from 1 of 2 files")
    assert (tmp_path / "t.csv").is_file()


def test_a_truncated_film_is_scored_as_far_as_it_goes(tmp_path: Path, clips: Path) -> None:
    whole = (clips / "grid_f_brbk7n.mpg").read_bytes()
    (tmp_path / "cut.mpg").write_bytes(whole[: len(whole) // 2])
    done = run("score", str(tmp_path / "cut.mpg"), "--out", str(tmp_path / "t.csv"))
    assert done.returncode == 0, done.stderr
    assert 25 <= len((tmp_path / "t.csv").read_text("utf-8").splitlines()) - 1 <= 45


@pytest.mark.parametrize(("width", "height"), [(1, 1), (361, 241), (240, 640), (7680, 4320)])
def test_odd_sizes_are_films_without_a_face(tmp_path: Path, width: int, height: int) -> None:
    film(tmp_path / "odd.mkv", width, height, 2)
    done = run("score", str(tmp_path / "odd.mkv"), "--out", str(tmp_path / "t.csv"))
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "t.csv").read_text("utf-8").splitlines()[1:]
    assert len(rows) == 2
    assert all(",no_face," in row for row in rows)


def test_words_that_do_not_exist(tmp_path: Path, demo_clip: Path) -> None:
    out = str(tmp_path / "t.csv")
    refused(2, ["score", str(demo_clip), "--out", out, "--set", "fusion.coast=1"], "no key 'coast'", "coast_s")
    refused(2, ["score", str(demo_clip), "--out", out, "--set", "fuson.coast_s=1"], "no node 'fuson'", "'fusion'")
    refused(2, ["run", "none.toml"], "none.toml does not exist")
    refused(2, ["run", "--input", str(demo_clip), "--set", "camera.loop=3"], "loop")
    refused(2, ["nonsense"], "nonsense")


def test_a_launch_file_with_a_mistake_names_file_and_key(tmp_path: Path) -> None:
    launch = tmp_path / "mine.toml"
    launch.write_text('[camera]\ntype = "liveaffect.nodes.camera:CameraNode"\nsauce = "0"\n', "utf-8")
    refused(2, ["run", str(launch)], "mine.toml", "[camera]", "'sauce'", "'source'")


def test_a_missing_input_of_a_live_run(tmp_path: Path) -> None:
    refused(1, ["run", "--headless", "--input", str(tmp_path / "none.mp4")], "none.mp4")
    refused(1, ["run", "--headless", "--set", f"camera.source={tmp_path / 'none.mp4'}"], "none.mp4")


def test_a_model_file_with_a_wrong_hash_is_refused_by_name(tmp_path: Path, demo_clip: Path) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(b"not the model")
    env = {"LIVEAFFECT_MODELS": str(tmp_path)}
    out = str(tmp_path / "t.csv")
    refused(1, ["score", str(demo_clip), "--out", out], "face_landmarker.task", "sha256", env=env)


def test_missing_models_name_the_command_that_fetches_them(tmp_path: Path, demo_clip: Path) -> None:
    env = {"LIVEAFFECT_MODELS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    refused(1, ["score", str(demo_clip), "--out", str(tmp_path / "t.csv")], "liveaffect models pull", env=env)


def test_without_onnxruntime_both_extras_are_named(tmp_path: Path, demo_clip: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ModuleNotFoundError('onnxruntime', name='onnxruntime')\n", "utf-8")
    env = {"PYTHONPATH": str(tmp_path)}
    words = ["score", str(demo_clip), "--out", str(tmp_path / "t.csv")]
    refused(1, words, "liveaffect[cpu]", "liveaffect[gpu]", env=env, of=apart)


def test_an_unknown_camera_is_named_while_the_run_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--plain", "--seconds", "2", "--set", "camera.source=/dev/video97"]
    words += [part for name in ("microphone", "voice", "voice_affect") for part in ("--set", f"{name}.enabled=false")]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "no device" in capfd.readouterr().out
    assert "/dev/video97" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that nobody may write")
def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    film(tmp_path / "f.mkv", 32, 32, 2)
    refused(2, ["score", str(tmp_path / "f.mkv"), "--out", "/proc/liveaffect/t.csv"], "/proc/liveaffect cannot be made")
    refused(1, ["run", "--headless", "--input", str(tmp_path / "f.mkv"), "--record", "/proc/session"], "/proc/session")
