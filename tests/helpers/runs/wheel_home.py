"""The built wheel in an environment of its own, and the empty home of somebody who was here never before."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import platformdirs
import pytest
from paths import ROOT

PACKED = (
    "stream", "models", "nodes", "offline", "cli", "pyproject.toml", "launch.toml", "README.md", "LICENSE", "NOTICE",
)  # fmt: skip
NOT_TAKEN = ("PYTHON", "XDG_", "QT_", "PULSE", "LIVEAFFECT", "VIRTUAL_ENV")
"""Of this environment."""


def install(folder: Path) -> Path:
    """Builds the wheel from a copy and installs it, with the dependencies of the running environment; its commands."""
    source = folder / "source"
    source.mkdir()
    for one in PACKED:
        if (ROOT / one).is_dir():
            shutil.copytree(ROOT / one, source / one, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        else:
            shutil.copy(ROOT / one, source / one)
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--quiet", str(next(folder.glob("*.whl")))], check=True)
    purelib = next((venv / "lib").glob("python3*/site-packages"))
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin"


def with_models(cache: Path) -> Path:
    """A cache in which only the models lie, as after `liveaffect models pull`; STORY_CACHE names one to be kept."""
    if os.environ.get("STORY_CACHE"):
        return Path(os.environ["STORY_CACHE"])
    kept = Path(platformdirs.user_cache_dir("liveaffect")) / "models"
    if not kept.is_dir():
        pytest.skip("the models are not here: liveaffect models pull")
    shutil.copytree(kept, cache / "liveaffect" / "models")
    return cache


def home(tmp_path: Path, cache: Path, installed: Path) -> dict[str, str]:
    """The environment; what a desktop is asked to open is written to opened.txt."""
    folder, opener = tmp_path / "home", tmp_path / "bin"
    folder.mkdir()
    opener.mkdir()
    for name in ("xdg-open", "x-www-browser"):
        (opener / name).write_text(f'#!/bin/sh\necho "$1" >> {tmp_path / "opened.txt"}\n')
        (opener / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_TAKEN)}
    return {**kept, "HOME": str(folder), "XDG_CACHE_HOME": str(cache), "PATH": f"{installed}:{opener}:{kept['PATH']}"}
