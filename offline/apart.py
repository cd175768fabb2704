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
from typing import Any, TypeVar

import msgspec

from liveaffect.stream.errors import LiveAffectError, RecordError
from liveaffect.stream.threads import with_one_thread

T = TypeVar("T")
Progress = Callable[..., None]

_lock = threading.Lock()


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Starts `target(connection, *arguments)` in a fresh interpreter; returns the process and our end of the way to it.

    multiprocessing would run the main program again in the new process, to find classes in it. That needs a guard in
    every script, so it is told of an empty one: `target` and its arguments must come from modules.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *arguments), daemon=True)
    with _lock, _environment():
        main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main
    there.close()  # or its end would never be noticed
    return process, here


def answered_apart(
    work: Callable[..., Any],
    *arguments: Any,
    answer: type[T],
    refused: type[LiveAffectError],
    what: str,
    progress: Progress | None = None,
) -> T:
    """What `work(tell, *arguments)` gives, computed in a process whose way out of the machine is closed before it.

    `work` must import what it needs by itself, so that nothing of it is there before the door is closed; what it tells
    reaches `progress`. Raises `refused` with the words of an error of liveaffect there, and RecordError, in which
    `what` names the work, where the process ends by itself.
    """
    worker, here = start(_work, work, arguments)
    try:
        while True:
            kind, value = here.recv()
            if kind == "told" and progress is not None:
                progress(*value)
            elif kind == "answer":
                return msgspec.json.decode(value, type=answer)
            elif kind == "error":
                raise refused(value)
    except EOFError:
        worker.join()
        raise RecordError(f"{what} ended by itself (exit code {worker.exitcode})") from None
    finally:
        worker.join(5)
        if worker.is_alive():
            worker.kill()


def _work(pipe: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    from liveaffect.nodes.face.privacy import close_door

    close_door()
    from liveaffect.models.errors import ModelError

    try:
        found = work(lambda *done: pipe.send(("told", done)), *arguments)
        pipe.send(("answer", msgspec.json.encode(found)))
    except (LiveAffectError, ModelError) as error:
        pipe.send(("error", str(error)))
    pipe.close()


@contextmanager
def _environment() -> Iterator[None]:
    """A process started in here does not search the working folder for modules, as a random.py may lie there, and has
    one thread for linear algebra."""
    before = dict(os.environ)
    wanted = {**with_one_thread(before), "PYTHONSAFEPATH": "1"}
    changed = {name: value for name, value in wanted.items() if before.get(name) != value}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name in changed:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
