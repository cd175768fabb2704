"""The command line, called in the process of the test: what it does, without a new interpreter and all its imports."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from liveaffect.cli.main import main


class Done(NamedTuple):
    """How it ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def command(*words: str | Path, env: dict[str, str] | None = None) -> Done:
    """`liveaffect WORDS...`, to its end. Only what a process is needed for (signals, imports, a kill) needs one."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), patch.dict("os.environ", env or {}):
        try:
            main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code
    return Done(code if isinstance(code, int) else 0 if code is None else 1, out.getvalue(), err.getvalue())


def apart(*words: str | Path, env: dict[str, str] | None = None, before: Sequence[str] = ()) -> Done:
    """`BEFORE... liveaffect WORDS...` in a process of its own, as a user types it."""
    line = [*before, sys.executable, "-m", "liveaffect.cli.main", *map(str, words)]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=900, check=False, env={**os.environ, **(env or {})}
    )
    return Done(done.returncode, done.stdout, done.stderr)


def refused(
    code: int,
    words: Sequence[str | Path],
    *parts: str,
    env: dict[str, str] | None = None,
    of: Callable[..., Done] = command,
) -> Done:
    """Asserts the exit code and that the message has all the parts, without a traceback."""
    done = of(*words, env=env)
    said = " ".join((done.stderr + done.stdout).split())
    assert done.returncode == code, said
    assert "Traceback" not in said
    for part in parts:
        assert part in said, f"'{part}' is not in: {said}"
    return done
