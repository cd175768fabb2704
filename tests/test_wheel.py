"""The built wheel works where there is no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import av
import polars as pl
import pytest

from liveaffect.cli.demo_media.clip import write
from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCE = ("out", "sessions", "build", "dist", "*.egg-info", "tests", "training", "benchmarks")
"""Folders of the checkout; those of these names inside the floors are source."""
NOWHERE = (".*", "__pycache__")


def _left_out(folder: str, names: list[str]) -> set[str]:
    patterns = (*NOWHERE, *NOT_SOURCE) if Path(folder) == ROOT else NOWHERE
    return shutil.ignore_patterns(*patterns)(folder, names)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves folders behind that must not appear in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=_left_out, symlinks=False)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), "source"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A virtual environment with the wheel; its dependencies are those of the running one, added to its path."""
    venv = wheel.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    bin_folder = venv / ("Scripts" if os.name == "nt" else "bin")
    python = str(bin_folder / "python")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-index",
        "--no-deps",
        "--quiet",
        str(wheel),
    ]
    subprocess.run(install, check=True)
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # a .pth adds the folder itself, not the .pth files in it: the editable install stays out of sight
    Path(purelib, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_folder


def run(installed: Path, *command: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    first, *rest = command
    words = [str(installed / first), *rest]
    return subprocess.run(words, cwd=installed.parent, env=clean, capture_output=True, text=True, check=False)


def test_every_source_file_is_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    source = wheel.parent / "source"
    for layer in ("stream", "nodes", "models", "cli"):
        for file in sorted((source / layer).rglob("*")):
            if file.is_file():
                assert f"liveaffect/{file.relative_to(source).as_posix()}" in packed


def test_licence_and_notice_are_in_the_wheel(wheel: Path) -> None:
    names = [Path(name).name for name in zipfile.ZipFile(wheel).namelist()]
    assert {"LICENSE", "NOTICE"} <= set(names)


def test_nothing_of_the_workshop_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"liveaffect"}


def test_the_wheel_is_imported_from_its_own_place(installed: Path) -> None:
    done = run(installed, "python", "-c", "import liveaffect.models as m; print(m.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed.parent), done.stderr


def test_the_command_of_the_wheel_describes_itself(installed: Path) -> None:
    done = run(installed, "liveaffect", "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: liveaffect" in done.stdout


def test_the_wheel_finds_its_own_manifest_and_weights(installed: Path) -> None:
    code = (
        "from liveaffect.models import registry\n"
        "from liveaffect.models.files import manifest\n"
        "for entry in manifest.read(manifest.BUILT_IN).values():\n"
        "    if entry.file and not entry.sources: print(registry.path(entry.name))\n"
        "print(manifest.BUILT_IN)"
    )
    done = run(installed, "python", "-c", code)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.split():
        assert Path(line).is_relative_to(installed.parent)


def test_the_wheel_scores_a_clip(installed: Path) -> None:
    """Of a clip without sound: that the kernels are found by their content is tested where they are."""
    try:
        registry.path("face-landmarker")
    except ModelMissing as error:
        pytest.skip(str(error))
    clip = silent(installed.parent, frames=30)
    table_file = installed.parent / "table.csv"
    done = run(installed, "liveaffect", "score", str(clip), "--out", str(table_file))
    assert done.returncode == 0, done.stderr
    table = pl.read_csv(table_file)
    assert table.height == 30
    scored = table.filter(pl.col("state") == "ok").select("valence", "arousal", "p_neutral", "au12")
    assert scored.height >= 25
    assert scored.null_count().sum_horizontal().item() == 0


def silent(folder: Path, frames: int) -> Path:
    """The beginning of the demo's clip without its sound."""
    write(folder / "clip.mp4", frames=frames)
    with av.open(str(folder / "clip.mp4")) as source, av.open(str(folder / "silent.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return folder / "silent.mp4"


def test_every_requirement_of_the_project_is_pinned() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name, lines in extras.items() if name != "gpu" for line in lines)]
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pinned = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}
    for line in wanted:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} has no line in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"constraints.txt pins {name} outside {requirement}"
