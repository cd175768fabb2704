"""Machine code is found again by what its sources say: another checkout compiles nothing anew, a changed one does."""

import importlib.util
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

    add = kernel(add)
    told: list[int] = []
    with warm._listening(told.append):
        add(1, 2)
        add(1.0, 2.0)
        add(1, 2)
    assert told == [1, 1]


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
