"""The set-up of a bare machine: what it refuses, what it leaves to the user, and that a second run does nothing."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up, pointed at an empty environment."""
    spec = importlib.util.spec_from_file_location("liveaffect_setup", ROOT / ".ci" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    return module


class Commands:
    """Records the commands that would have been run, and answers for them."""

    def __init__(self, stdout: str = "", returncode: int = 0) -> None:
        self.ran: list[list[str]] = []
        self._answer = {"stdout": stdout, "stderr": "", "returncode": returncode}

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        return subprocess.CompletedProcess(command, **self._answer)


def debian(module: ModuleType, monkeypatch: pytest.MonkeyPatch, commands: Commands, user: int) -> None:
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module.subprocess, "run", commands)
    monkeypatch.setattr(module.os, "geteuid", lambda: user)


def test_another_python_is_refused_by_its_version(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 13, 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or 3\.12"):
        setup.main("demo")


def test_without_root_the_line_to_type_is_printed_and_nothing_is_installed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands("libegl1 installed\nlibgles2 not-installed\n")
    debian(setup, monkeypatch, commands, user=1000)
    setup.system_packages(("libegl1", "libgles2", "libportaudio2"))
    printed = capsys.readouterr().out
    assert "sudo apt-get install --yes --no-install-recommends libgles2 libportaudio2\n" in printed
    assert [command[0] for command in commands.ran] == ["dpkg-query"]


def test_as_root_exactly_what_is_missing_is_installed(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands("libegl1 installed\n")
    debian(setup, monkeypatch, commands, user=0)
    setup.system_packages(("libegl1", "strace"))
    assert commands.ran[-1] == ["apt-get", "install", "--yes", "--no-install-recommends", "strace"]


def test_where_all_system_packages_are_here_nothing_is_said(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    debian(setup, monkeypatch, Commands("libegl1 installed\n"), user=0)
    setup.system_packages(("libegl1",))
    assert capsys.readouterr().out == ""


def test_packages_are_installed_once_and_again_when_more_is_asked_for(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(setup, "_pip", lambda command: installed.append(command[-1]))
    setup.python_packages(("cpu",))
    setup.python_packages(("cpu",))
    assert installed == ["setuptools", f"{ROOT}[cpu]"]
    setup.python_packages(("dev",))
    setup.python_packages(("cpu",))
    assert installed[2:] == ["setuptools", f"{ROOT}[cpu,dev]"]


def test_a_changed_pin_is_noticed(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("a==1\n")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(setup, "_pip", lambda command: calls.append(command[-1]))
    setup.python_packages(("cpu",))
    (tmp_path / "constraints.txt").write_text("a==2\n")
    setup.python_packages(("cpu",))
    assert len(calls) == 4


@pytest.mark.processes
def test_a_failed_installation_ends_with_what_pip_said(setup: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no such distribution"):
        setup._pip([sys.executable, "-c", "print('no such distribution'); raise SystemExit(1)"])


@pytest.mark.processes
@pytest.mark.skipif(os.name == "nt", reason="make and a POSIX shell")
def test_the_closing_line_of_pytest_comes_last_even_after_a_failure(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    run = tmp_path / ".ci" / "run"
    run.write_bytes((ROOT / ".ci" / "run").read_bytes())
    run.chmod(0o755)
    closing = "==== 1 failed, 2 passed in 0.10s ===="
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo '{closing}'; echo trailing; exit 1\n")
    done = subprocess.run([str(run)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == closing
