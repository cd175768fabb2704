"""The ten tasks of docs/tasks.md and the README's five lines, as written, by the built wheel in an empty home."""

import re
import subprocess
import threading
from pathlib import Path

import pytest
from made.media import fewer_pictures
from paths import ROOT
from runs.live import wait_for
from runs.wheel_home import home, install, with_models

pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(2400)]
LIMIT_S = 900
MADE = {
    "liveaffect report p01": "p01", "liveaffect export p01 --to csv": "p01/p01.csv",
    "liveaffect score interview.mp4 -o interview.csv": "interview.csv",
}  # fmt: skip
"""Command -> what lies there afterwards."""


def commands() -> list[str]:
    """In the order of the page."""
    return re.findall(r"^ {8}(liveaffect .*)$", (ROOT / "docs" / "tasks.md").read_text("utf-8"), re.MULTILINE)


def five_lines() -> str:
    """The program of the README, which ends after its first message."""
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.search(r"    from liveaffect.stream import connect\n(?: {4}.*\n)+", text)
    assert lines is not None
    return lines.group().replace("\n    ", "\n").strip() + "\n        raise SystemExit"


def test_the_ten_tasks_are_done_as_they_are_written(
    demo_clip: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("wheel")
    bin_folder = install(folder)
    env = home(tmp_path, with_models(tmp_path_factory.mktemp("cache")), bin_folder)
    fewer_pictures(demo_clip, tmp_path / "interview.mp4", every=6, fps=5)
    told: list[str] = []

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, shell=True, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )

    todo = commands()
    assert len(todo) == 9, "the tenth is the README's program"
    beside = {one: run for one in todo if one.startswith("liveaffect mark")}
    for line in todo:
        if line in beside:
            continue
        if " run " in line:
            done: list[subprocess.CompletedProcess[str]] = []
            thread = threading.Thread(target=lambda line=line, done=done: done.append(run(line)))
            thread.start()
            for mark in beside:
                wait_for(lambda mark=mark: run(mark).returncode == 0, mark, LIMIT_S)
            program = [str(bin_folder / "python"), "-c", five_lines()]
            read = subprocess.run(program, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            told += [read.stdout + read.stderr]
            assert read.returncode == 0, read.stderr
            thread.join(LIMIT_S)
            (result,) = done
        else:
            result = run(line)
        said = result.stdout + result.stderr
        told += [f"$ {line}", said]
        assert "Traceback" not in said, said
        assert result.returncode == 0, f"{line}: {said}"
        assert (tmp_path / MADE.get(line, ".")).exists()
    (tmp_path / "told.txt").write_text("\n".join(told), "utf-8")
    assert "stimulus on" in (tmp_path / "p01" / "p01.markers.csv").read_text("utf-8")
