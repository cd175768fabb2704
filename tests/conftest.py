"""Fixtures every test may use."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from liveaffect.cli.demo_media.clip import clip

# a busy machine is not a failure, and two runs test the same
hypothesis.settings.register_profile("shared-machine", deadline=None, derandomize=True)
hypothesis.settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=10_000)
hypothesis.settings.load_profile("shared-machine")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The runs of tests are not among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


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
