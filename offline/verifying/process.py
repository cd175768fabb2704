"""Verification in a process of its own, whose way out of the machine is closed."""

from pathlib import Path

from liveaffect.offline.apart import Progress, answered_apart
from liveaffect.offline.verifying.compare import VerifyReport
from liveaffect.offline.verifying.known import Trust
from liveaffect.stream.errors import RecordError


def verify_apart(
    session: Path, tolerance: float | None = None, progress: Progress | None = None, trust: Trust | None = None
) -> VerifyReport:
    """Verifies in a process of its own, whose way out of the machine is closed. Raises what went wrong there.

    `progress` is called with the node, how many of its messages are done, and of how many.
    """
    what = f"the verification of {session}"
    return answered_apart(
        _verified, str(session), tolerance, trust,
        answer=VerifyReport, refused=RecordError, what=what, progress=progress,
    )  # fmt: skip


def _verified(tell: Progress, session: str, tolerance: float | None, trust: Trust | None) -> VerifyReport:
    from liveaffect.offline.verifying.verify import verify

    return verify(session, tolerance=tolerance, progress=tell, trust=trust)
