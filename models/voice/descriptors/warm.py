"""Compiles every voice kernel ahead of time, so that no stream waits for a compiler."""

import contextlib
import sys
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numba.core import event as _event
from numba.core.dispatcher import Dispatcher

from liveaffect.models.voice.descriptors.functionals import functionals_of
from liveaffect.models.voice.descriptors.jit import FOLDER
from liveaffect.models.voice.descriptors.stream import VoiceStream

_events: Any = _event
"""The library tells half of its types."""
_DONE = FOLDER / "complete"
"""Left when all are compiled: what was stopped half-way goes on where it was."""


def build_cache(progress: Callable[[str, float], None] | None = None) -> None:
    """Compile what is not in the cache yet (half a minute on a quiet machine), load what is (below a second).

    progress: called with a line of text and the share done, 0 to 1, before, after, and whenever a kernel is compiled.
    """
    tell = progress or _untold
    tell("voice kernels", 0.0)
    kernels = _kernels()
    with _listening(lambda done: tell(f"voice kernels: {done} compiled", min(done / kernels, 0.99))):
        stream = VoiceStream()
        noise = np.random.default_rng(0).normal(0.0, 0.1, 16000).astype(np.float32)
        hops = stream.push(noise)
        stream.flush()
        functionals_of(hops.values)
    with contextlib.suppress(OSError):  # a home that cannot be written: they are compiled again next time
        FOLDER.mkdir(parents=True, exist_ok=True)
        _DONE.touch()
    tell(f"voice kernels: ready in {FOLDER}", 1.0)


def is_built() -> bool:
    """Whether compiled kernels for these sources lie in the cache, all of them."""
    return _DONE.is_file()


def _is_kernel(value: object) -> bool:
    return isinstance(value, Dispatcher)


def _kernels() -> int:
    """How many there are."""
    package = __name__.rpartition(".")[0]
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    found: list[object] = [value for module in modules for value in vars(module).values()]
    return len({id(value) for value in found if _is_kernel(value)})


@contextlib.contextmanager
def _listening(told: Callable[[int], None]) -> Generator[None]:
    """Calls `told` with the number of kernels compiled so far, whenever it grows."""
    done = set[int]()

    class Listener(_event.Listener):
        def on_start(self, event: Any) -> None:
            """A kernel that calls others waits for them; some are compiled for more than one kind of argument."""

        def on_end(self, event: Any) -> None:
            done.add(id(event.data["dispatcher"]))
            told(len(done))

    with _events.install_listener("numba:compile", Listener()):
        yield


def _untold(_text: str, _share: float) -> None:
    """Progress that nobody follows."""
