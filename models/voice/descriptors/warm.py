"""Compiles every voice kernel ahead of time, so that no stream waits for a compiler."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from typing import Any

import numba
import numpy as np
from numba.core import event as _event
from numba.core.dispatcher import Dispatcher

from liveaffect.models.voice.columns import NAMES
from liveaffect.models.voice.descriptors.finish import finish
from liveaffect.models.voice.descriptors.functional_kernels import functionals_of
from liveaffect.models.voice.descriptors.jit import DONE, FOLDER, is_built
from liveaffect.models.voice.descriptors.memory import flat_tables, new_memory, state_views, table_views
from liveaffect.models.voice.descriptors.stream import VoiceStream

_events: Any = _event
_numba: Any = numba
"""The library tells half of its types."""


def build_cache(progress: Callable[[str, float], None] | None = None) -> None:
    """Compile what is not in the cache yet (a quarter of a minute on two quiet cores), load what is (below a second).

    A second process compiles what finishes a hop, where there is a second core; what it has made is loaded here.

    progress: called with a line of text and the share done, 0 to 1, before, after, and whenever a kernel is compiled.
    """
    tell = progress or _untold
    tell("voice kernels", 0.0)
    ours = _kernels()

    def told(compiled: int) -> None:
        done = max(compiled, sum(1 for _ in FOLDER.glob("*.nbi")))  # those of the other process too
        tell(f"voice kernels: {done} of {len(ours)} compiled", min(done / len(ours), 0.99))

    with _beside(), _listening(ours, told):
        functionals_of(np.zeros((100, len(NAMES)), np.float32))
        stream = VoiceStream()
        noise = np.random.default_rng(0).normal(0.0, 0.1, 16000).astype(np.float32)
        stream.push(noise)
        stream.flush()
    with contextlib.suppress(OSError):  # a home that cannot be written: they are compiled again next time
        FOLDER.mkdir(parents=True, exist_ok=True)
        DONE.touch()
    tell(f"voice kernels: ready in {FOLDER}", 1.0)


@contextlib.contextmanager
def _beside() -> Generator[None]:
    """While it lasts, another process compiles `compile_finish`; it is not waited for."""
    if is_built() or (os.cpu_count() or 1) < 2:
        yield
        return
    words = [sys.executable, "-P", "-c", f"from {__name__} import compile_finish; compile_finish()"]
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        child.wait()


def compile_finish() -> None:
    """Compiles what `advance` calls for a hop whose pitch is decided, for the very types that it hands over."""
    state = state_views.py_func(*new_memory(0))
    tables = table_views.py_func(*flat_tables())
    out, out_state = np.empty((1, len(NAMES)), np.float32), np.empty(1, np.uint8)
    kinds = [_numba.typeof(value) for value in (state, tables, 0, out, out_state, 0)]
    finish.compile(tuple(kinds))


def _is_kernel(value: object) -> bool:
    return isinstance(value, Dispatcher)


def _kernels() -> set[int]:
    """Which there are."""
    package = __name__.rpartition(".")[0]
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    found: list[object] = [value for module in modules for value in vars(module).values()]
    return {id(value) for value in found if _is_kernel(value)}


@contextlib.contextmanager
def _listening(ours: set[int], told: Callable[[int], None]) -> Generator[None]:
    """Calls `told` with the number of `ours` compiled so far, whenever one has been."""
    done = set[int]()

    class Listener(_event.Listener):
        def on_start(self, event: Any) -> None:
            """A kernel that calls others waits for them."""

        def on_end(self, event: Any) -> None:
            kernel = id(event.data["dispatcher"])
            if kernel in ours:  # the library compiles parts of its own
                done.add(kernel)
                told(len(done))

    with _events.install_listener("numba:compile", Listener()):
        yield


def _untold(_text: str, _share: float) -> None:
    """Progress that nobody follows."""
