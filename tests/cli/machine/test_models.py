"""`liveaffect models`."""

import json
from pathlib import Path

import pytest

from liveaffect.cli import main as cli
from liveaffect.models.files import fetch


@pytest.fixture(autouse=True)
def wide_and_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("LIVEAFFECT_MODELS", raising=False)
    monkeypatch.setattr(fetch, "cache_folder", lambda: tmp_path / "cache")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 0
    return capsys.readouterr().out


def test_list_shows_state_and_licence_and_the_command_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "models", "list")
    row = next(line for line in out.splitlines() if line.startswith("silero-vad"))
    assert "missing" in row
    assert "MIT" in row
    assert "run `liveaffect models pull silero-vad`" in out


def test_list_as_json_can_be_read_by_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    models = {model["name"]: model for model in json.loads(printed(capsys, "models", "list", "--json"))}
    assert models["face-landmarker"]["state"] == "missing"
    assert models["face-landmarker"]["path"] is None
    assert models["silero-vad"]["bytes"] == 1289603


def test_info_prints_sources_terms_and_shapes(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "models", "info", "silero-vad")
    for part in ("MIT", "silero-vad==6.2.3", "stateN", "7ed98ddbad84"):
        assert part in out


def test_pull_says_where_files_that_are_here_lie_and_quiet_says_nothing(
    capsys: pytest.CaptureFixture[str], shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    named = ("silero-vad", "face-landmarker")  # those of the folder: a third would be fetched
    out = printed(capsys, "models", "pull", *named)
    assert f"silero-vad: {shared / 'models' / 'silero_vad_16k_op15.onnx'}" in out
    assert printed(capsys, "models", "pull", "--quiet", *named) == ""
