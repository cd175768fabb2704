"""Machine code is found again by what its sources say: another checkout compiles nothing anew, a changed one does."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from liveaffect.models.kernels import cache_folder, kernel_in
from liveaffect.models.voice.descriptors import warm

SOURCE = """
from pathlib import Path
from liveaffect.models.kernels import cache_folder, kernel_in

@kernel_in(cache_folder("test", [Path(__file__)]))
def twice(x):
    return 2 * x
"""


def _checkout(folder: Path, source: str = SOURCE) -> Any:
    folder.mkdir()
    (folder / "twice.py").write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location("twice", folder / "twice.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.twice


def test_a_second_checkout_finds_the_kernels_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    first, second = _checkout(tmp_path / "a"), _checkout(tmp_path / "b")
    changed = _checkout(tmp_path / "c", SOURCE.replace("2 *", "3 *"))
    assert [kernel(4) for kernel in (first, second, changed)] == [8, 8, 12]
    found = [sum(kernel.stats.cache_hits.values()) for kernel in (first, second, changed)]
    assert found == [0, 1, 0]


def test_every_compiled_kernel_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    kernel = kernel_in(cache_folder("test", [Path(__file__)]))

    def add(x: float, y: float) -> float:
        return x + y

    add, other = kernel(add), kernel(lambda x: x)
    told: list[int] = []
    with warm._listening({id(add)}, told.append):
        add(1, 2)
        other(1)
        add(1.0, 2.0)
        add(1, 2)
    assert told == [1, 1]


@pytest.mark.soak
def test_two_processes_compile_and_progress_goes_on_to_the_end(tmp_path: Path) -> None:
    code = (
        "from liveaffect.models.voice.descriptors import build_cache, warm\n"
        "build_cache(lambda text, share: print(share, flush=True))\n"
        "hits = warm.finish.stats.cache_hits\n"
        "print(sum(hits.values()), len(warm.finish.signatures))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    *shares, last = done.stdout.splitlines()
    told = [float(share) for share in shares]
    assert told == sorted(told)
    assert sum(share == 0.99 for share in told) <= 2
    assert last == "1 1", "what the second process compiled for `finish` is not what the first one calls"


def test_what_is_compiled_already_is_ready_at_once() -> None:
    told: list[float] = []
    warm.build_cache(lambda _, share: told.append(share))
    again: list[tuple[str, float]] = []
    warm.build_cache(lambda *words: again.append(words))
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert [share for _, share in again] == [0.0, 1.0]
    assert warm.is_built()
