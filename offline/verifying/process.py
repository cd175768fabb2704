"""Verification in a process of its own, whose way out of the machine is closed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from liveaffect.offline.apart import start
from liveaffect.offline.verifying.compare import VerifyReport
from liveaffect.offline.verifying.known import Trust
from liveaffect.stream.errors import LiveAffectError, RecordError


def verify_apart(
    session: Path,
    tolerance: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    trust: Trust | None = None,
) -> VerifyReport:
    """Verifies in a process of its own, whose way out of the machine is closed. Raises what went wrong there."""
    worker, here = start(_work, str(session), tolerance, trust)
    try:
        while True:
            kind, value = here.recv()
            if kind == "progress" and progress is not None:
                progress(*value)
            elif kind == "report":
                return msgspec.json.decode(value, type=VerifyReport)
            elif kind == "error":
                raise RecordError(value)
    except EOFError:
        worker.join()
        raise RecordError(f"the verification of {session} ended by itself (exit code {worker.exitcode})") from None
    finally:
        worker.join(5)
        if worker.is_alive():
            worker.kill()


def _work(pipe: Any, session: str, tolerance: float | None, trust: Trust | None) -> None:
    from liveaffect.nodes.face.privacy import close_door

    close_door()
    from liveaffect.models.errors import ModelError
    from liveaffect.offline.verifying.verify import verify

    try:
        said = lambda *done: pipe.send(("progress", done))  # noqa: E731
        report = verify(session, tolerance=tolerance, progress=said, trust=trust)
        pipe.send(("report", msgspec.json.encode(report)))
    except (LiveAffectError, ModelError) as error:
        pipe.send(("error", str(error)))
    pipe.close()
