"""The sensor as a service of the user: its unit, and what is asked of systemd."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from liveaffect.cli.main import main
from liveaffect.cli.shell import service

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in *is-active*) echo active;; *is-enabled*) echo enabled;; esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that writes down what it is asked, and a home of its own."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/bin")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "asked"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["service", *words])
    return int(ended.value.code or 0)


@pytest.mark.processes
def test_it_is_installed_told_of_and_removed(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "assemble", lambda *_, **__: None)
    assert run("status") == 1
    assert "liveaffect service install" in capsys.readouterr().out
    assert run("install", "--set", "camera.source=my film.mp4", "--record") == 0
    text = service.unit_file().read_text("utf-8")
    assert f"ExecStart={sys.executable} -P -m liveaffect.cli.main run --headless" in text
    assert '--set "camera.source=my film.mp4" --set recorder.autostart=true' in text
    assert "Restart=on-failure" in text
    assert "journalctl --user -u liveaffect" in capsys.readouterr().out
    assert run("status") == 0
    assert "active, enabled at log-in" in capsys.readouterr().out
    assert run("remove") == 0
    assert not service.unit_file().exists()
    said = asked.read_text("utf-8").splitlines()
    assert said[:2] == ["--user daemon-reload", "--user enable --now liveaffect.service"]
    assert said[-2:] == ["--user disable --now liveaffect.service", "--user daemon-reload"]
    assert run("remove") == 0


def test_wrong_words_are_told_before_anything_is_written(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("install", "--set", "camera.sorce=1") == 2
    assert "did you mean 'source'" in capsys.readouterr().err
    assert not service.unit_file().exists()


def test_without_systemd_it_says_what_to_do(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "assemble", lambda *_, **__: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert run("install") == 1
    assert "there is no systemd here: start `liveaffect run --headless`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "written"),
    [("a", "a"), ("a b", '"a b"'), ("100%", "100%%"), ("$HOME/x", "$$HOME/x"), ('say "x" \\', '"say \\"x\\" \\\\"')],
)
def test_a_word_is_taken_literally(word: str, written: str) -> None:
    assert service.quoted(word) == written


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    path = tmp_path / service.NAME
    path.write_text(service.unit(["run", "--headless", "--set", 'camera.source="film 100%.mp4"']), "utf-8")
    env = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    words = ["systemd-analyze", "--user", "verify", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    about = [line for line in done.stderr.splitlines() if service.NAME in line or str(path) in line]
    assert about == []
    path.write_text(path.read_text("utf-8").replace("ExecStart=", "ExecStat="), "utf-8")
    broken = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert service.NAME in broken.stderr, "systemd-analyze looks at nothing here"
