"""`liveaffect score` for a window, in a process of its own.

`python -m liveaffect.cli.windows.scoring [--set NODE.KEY=VALUE]... OUT FILE...` says what happens as lines of JSON; it
ends, with its workers, when its input is closed. Finished tables stay, and are left alone when the same files are
scored into the same folder again.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from liveaffect.models.errors import ModelError
from liveaffect.offline.scoring.batch import Listener, score_batch
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.stream.errors import LiveAffectError

CANCELLED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Scores what the words name; returns the exit status."""
    rest, chosen = list(sys.argv[1:] if words is None else words), []
    while rest[:1] == ["--set"]:
        chosen.append(rest[1])
        del rest[:2]
    out, *files = rest
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_until_closed, daemon=True).start()
    try:
        batch = score_batch(files, f"{out}{os.sep}", settings=ScoreSettings(overrides=tuple(chosen)), listener=Told())
    except KeyboardInterrupt:
        return CANCELLED
    except (LiveAffectError, ModelError, OSError) as error:
        say(trouble=str(error))
        return 1
    tables = {str(file): str(batch.output.path_of(file)) for file in batch.finished}
    say(tables=tables, failures={str(file): text for file, text in batch.failures.items()})
    return 0


class Told(Listener):
    """Hands on what happens."""

    def begin(self, todo: int, done: int, where: str) -> None:  # noqa: ARG002
        """How much there is to do."""
        say(todo=todo, done=done)

    def progress(self, shares: dict[Path, float], frames: dict[Path, int], ended: int) -> None:
        """How far each file is."""
        say(files={str(file): [round(share, 4), frames[file]] for file, share in shares.items()}, ended=ended)

    def warn(self, text: str) -> None:
        """Something to say."""
        say(note=text)

    def left_out(self, lines: list[str]) -> None:
        """What is not scored."""
        for line in lines:
            say(note=line)


def say(**facts: Any) -> None:
    """One line."""
    print(json.dumps(facts), flush=True)


def _until_closed() -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):  # a buffered read that goes on at the end would abort the interpreter
            pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.exit(code)
