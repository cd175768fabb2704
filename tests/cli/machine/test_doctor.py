"""`liveaffect doctor`: findings, their states, and the exit code they give."""

import json
import sys
from pathlib import Path

import pytest

from liveaffect.cli import main as cli
from liveaffect.cli.machine import checks
from liveaffect.cli.machine.checks import Finding
from liveaffect.cli.machine.doctor import SECTIONS
from liveaffect.models.files import fetch
from liveaffect.nodes.camera.devices import CameraInfo
from liveaffect.stream.live.runlog import RunLog

pytestmark = pytest.mark.processes


def report(capsys: pytest.CaptureFixture[str]) -> tuple[object, dict]:
    with pytest.raises(SystemExit) as caught:
        cli.main(["doctor", "--json"])
    return caught.value.code, json.loads(capsys.readouterr().out)


@pytest.fixture
def all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECTIONS:
        monkeypatch.setitem(SECTIONS, name, lambda: [Finding("ok", "part", "well")])


def test_the_report_covers_every_part_of_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = report(capsys)
    parts = "machine models licences providers cameras microphones kernels ports fonts extras privacy"
    assert list(found["sections"]) == parts.split()
    assert all(section for section in found["sections"].values())


def test_a_missing_model_is_a_problem_with_its_remedy_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_well: None
) -> None:
    monkeypatch.delenv("LIVEAFFECT_MODELS", raising=False)
    monkeypatch.setattr(fetch, "cache_folder", lambda: tmp_path)
    monkeypatch.setitem(SECTIONS, "models", checks.models)
    code, found = report(capsys)
    assert code == 1
    assert found["problems"] >= 2
    assert "liveaffect models pull" in json.dumps(found["sections"]["models"])


def test_where_all_is_well_it_ends_with_0(capsys: pytest.CaptureFixture[str], all_well: None) -> None:
    code, found = report(capsys)
    assert (code, found["problems"]) == (0, 0)
    assert found["sections"]["fonts"] == [{"state": "ok", "what": "part", "detail": "well", "remedy": ""}]


def test_a_check_that_fails_is_reported_and_the_others_are_heard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, all_well: None
) -> None:
    def fonts() -> list[Finding]:
        raise OSError("no disk")

    monkeypatch.setitem(SECTIONS, "fonts", fonts)
    code, found = report(capsys)
    assert code == 1
    assert "OSError: no disk" in found["sections"]["fonts"][0]["detail"]
    assert found["sections"]["privacy"][0]["state"] == "ok"


def test_the_page_for_people_has_a_mark_and_a_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, all_well: None
) -> None:
    monkeypatch.setitem(SECTIONS, "ports", lambda: [Finding("problem", "tcp", "[closed]", "open it")])
    with pytest.raises(SystemExit):
        cli.main(["doctor"])
    out = capsys.readouterr().out
    assert "✗ tcp  [closed]" in out
    assert "→ open it" in out


def test_without_onnxruntime_both_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (finding,) = checks.providers()
    assert finding.state == "problem"
    assert "liveaffect[cpu]" in finding.detail
    assert "liveaffect[gpu]" in finding.detail


def test_a_sound_system_that_hangs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LIST_INPUTS", "print('asking', flush=True); import time; time.sleep(600)")
    monkeypatch.setattr(checks, "_ASK_LIMIT_S", 0.1)
    (finding,) = checks.microphones()
    assert finding.state == "problem"
    assert "restart the sound server" in finding.remedy


def test_a_sound_library_that_cannot_be_loaded_is_named_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LIST_INPUTS", "raise OSError('PortAudio library not found')")
    (finding,) = checks.microphones()
    assert finding.state == "note"
    assert "PortAudio library not found" in finding.detail


def test_microphones_are_listed_with_the_number_that_selects_them(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"id": "3", "name": "desk", "channels": 2, "rate": 44100.0, "default": True, "note": ""}
    monkeypatch.setattr(checks, "_LIST_INPUTS", f"print('asking'); print({json.dumps([listed])!r})")
    assert checks.microphones() == [Finding("ok", "3: desk", "2 channels at 44100 Hz, the default")]


def test_a_camera_that_cannot_be_used_is_a_problem_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        CameraInfo("/dev/video0", "lens"),
        CameraInfo("/dev/video1", "other", "no permission: join the group video"),
    ]
    monkeypatch.setattr("liveaffect.nodes.camera.devices.list_cameras", lambda: found)
    assert [(f.state, f.detail) for f in checks.cameras()] == [
        ("ok", ""),
        ("problem", "no permission: join the group video"),
    ]


def test_kernels_that_are_not_compiled_are_worth_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("liveaffect.models.voice.descriptors.is_built", lambda: False)
    monkeypatch.setattr("liveaffect.models.voice.descriptors.jit.FOLDER", tmp_path / "numba" / "voice")
    (finding,) = checks.kernels()
    assert finding.state == "note"
    assert str(tmp_path / "numba" / "voice") in finding.detail


def test_the_last_run_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor", "--last"])
    assert ended.value.code == 1
    assert "start `liveaffect live` or `liveaffect demo` first" in capsys.readouterr().err
    for run, fault in (("a" * 32, ""), ("b" * 32, "face died")):
        RunLog(run, {"counter": {"type": "toy_nodes:Counter"}}).end(fault)
        for words in (["doctor", "--last"], ["doctor", "--last", "--json"]):
            with pytest.raises(SystemExit) as ended:
                cli.main(words)
            assert ended.value.code == 0
    first, shown, *_ = capsys.readouterr().out.split("nodes: counter (toy_nodes:Counter)")[1::2]
    assert "it ended without a fault" in first
    assert "ended with a fault: face died" in shown
    assert "it did not end well" in shown
