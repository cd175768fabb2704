"""Fixtures every test may use."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from multiprocessing import util
from pathlib import Path

import hypothesis
import pytest

from liveaffect.cli.demo_media.clip import clip
from liveaffect.stream.threads import with_one_thread

# a busy machine is not a failure, and two runs test the same
slow = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, derandomize=True, suppress_health_check=slow, max_examples=30
)
hypothesis.settings.register_profile(
    "thorough", deadline=None, derandomize=True, suppress_health_check=slow, max_examples=2_000
)
hypothesis.settings.load_profile("shared-machine")

os.environ.update(with_one_thread(os.environ))  # the command does so too: for what tests start

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "socket.bind", "socket.connect")
"""What a quick test does not do: Python's audit events."""
BEGAN = time.monotonic()
_now: list[str] = []


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in OUTSIDE and _now and "ldconfig" not in str(arguments[:1]):  # ctypes asks it where libraries are
        raise RuntimeError(f"{_now[-1]} is no quick test: {event} {arguments[:1]}. Mark it with pytest.mark.processes")


if os.environ.get("LIVEAFFECT_QUICK"):
    sys.addaudithook(_refuse)
    util.spawnv_passfds = lambda *words: _refuse("os.fork", words)  # multiprocessing tells no audit hook


LONG = (
    "live/test_dashboard.py", "cli/test_privacy.py", "live/test_real_graph.py", "stream/live/test_live.py",
    "nodes/face/test_blinks.py", "offline/scoring/test_corrupt_inputs.py", "offline/verifying/test_verify_clips.py",
    "live/test_rerun.py", "nodes/camera/test_camera_live.py", "nodes/lsl/test_live.py", "test_wheel.py",
)  # fmt: skip
"""Files that take longest go first, so that no worker is left alone with one of them at the end."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: to look through it for garbage takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {str(ROOT / "tests" / name): number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(str(item.path), len(LONG)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the run cost, before the closing line: by the clock, and of the processors, whoever else used them."""
    if hasattr(config, "workerinput"):
        return
    used = sum(os.times()[:4])  # of this process and of all that it has waited for
    load = "" if not hasattr(os, "getloadavg") else f", load {os.getloadavg()[1]:.1f} over the last five minutes"
    terminalreporter.write_line(
        f"time: {time.monotonic() - BEGAN:.0f} s, of the processors {used:.0f} s; {os.cpu_count()} cores{load}"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _now.append(item.nodeid)
    try:
        return (yield)
    finally:
        _now.pop()


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The runs of tests are not among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Runs before the QApplication is made: without a display it would end the whole run."""
    from windows.gui import prepare

    prepare()
    return ["liveaffect"]


@pytest.fixture(scope="module")
def warm_workers() -> Iterator[None]:
    """Scoring in this process takes the worker that the test before has left."""
    from runs.warm_workers import worker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("liveaffect.offline.scoring.workers._Worker", worker)
        yield


@pytest.fixture
def score_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring starts no worker: for graphs of toy nodes."""
    from runs.here_workers import HereWorker

    monkeypatch.setattr("liveaffect.offline.scoring.workers._Worker", HereWorker)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development material beside the checkout; tests that need it skip where it is missing."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared is not here")
    return folder


@pytest.fixture(scope="session")
def clips(shared: Path) -> Path:
    """Short real clips."""
    return shared / "clips"


@pytest.fixture(scope="session")
def cases(shared: Path) -> Path:
    """Small inputs that once went wrong."""
    return shared / "cases"


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """The demo's own clip: 20 s, one face that leaves and comes back, a synthesised voice; made once, then cached."""
    return clip()


@pytest.fixture(scope="session")
def calm_clip(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with ten pictures a second: for runs in which it matters what happens, not how much there is to do."""
    from made.media import fewer_pictures

    return fewer_pictures(demo_clip, tmp_path_factory.mktemp("calm") / "calm.mp4", every=3, fps=10)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB, to be filled; skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
