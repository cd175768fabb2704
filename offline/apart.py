"""Processes of their own for work with a face model: nothing of the caller's program runs in them again."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

_lock = threading.Lock()


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Starts `target(connection, *arguments)` in a fresh interpreter; returns the process and our end of the way to it.

    multiprocessing would run the main program again in the new process, to find classes in it. That needs a guard in
    every script, so it is told of an empty one: `target` and its arguments must come from modules.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *arguments), daemon=True)
    with _lock, _safe_path():
        main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main
    there.close()  # or its end would never be noticed
    return process, here


@contextmanager
def _safe_path() -> Iterator[None]:
    """A process started in here does not search the working folder for modules: a random.py may lie there."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
