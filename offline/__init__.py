"""Scoring, verifying, tables and reports: the library behind the verbs, and for notebooks.

    from liveaffect.offline import open_session, report, score

    table = score("interview.mp4")                  # or frames, or (samples, rate): one row per face and frame
    session = open_session("data/p01")              # .table(), .markers(), .messages("affect"), .info
    report(table, "interview.html")

Whatever goes wrong is a `LiveAffectError` of `liveaffect.stream.errors`, or a `ModelError`, and says what to do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveaffect.offline.comparing.differences import Comparison
    from liveaffect.offline.comparing.write import compare
    from liveaffect.offline.formats.write import export
    from liveaffect.offline.reporting.write import report
    from liveaffect.offline.scoring.batch import Batch, Listener, score_batch
    from liveaffect.offline.scoring.settings import ScoreSettings
    from liveaffect.offline.scoring.single import score
    from liveaffect.offline.tables.card import session_card
    from liveaffect.offline.tables.frame import Scores
    from liveaffect.offline.tables.judge import evaluate
    from liveaffect.offline.tables.score import DICTIONARY
    from liveaffect.offline.tables.session import Session, open_session
    from liveaffect.stream.session.facts import SessionCard

__all__ = [
    "DICTIONARY", "Batch", "Comparison", "Listener", "ScoreSettings", "Scores", "Session", "SessionCard", "compare",
    "evaluate", "export",
    "open_session", "report", "score", "score_batch", "session_card",
]  # fmt: skip

_PLACES = {
    "Batch": "liveaffect.offline.scoring.batch",
    "Comparison": "liveaffect.offline.comparing.differences",
    "DICTIONARY": "liveaffect.offline.tables.score",
    "Listener": "liveaffect.offline.scoring.batch",
    "ScoreSettings": "liveaffect.offline.scoring.settings",
    "Scores": "liveaffect.offline.tables.frame",
    "Session": "liveaffect.offline.tables.session",
    "SessionCard": "liveaffect.stream.session.facts",
    "compare": "liveaffect.offline.comparing.write",
    "evaluate": "liveaffect.offline.tables.judge",
    "export": "liveaffect.offline.formats.write",
    "open_session": "liveaffect.offline.tables.session",
    "report": "liveaffect.offline.reporting.write",
    "score": "liveaffect.offline.scoring.single",
    "score_batch": "liveaffect.offline.scoring.batch",
    "session_card": "liveaffect.offline.tables.card",
}


def __getattr__(name: str) -> Any:
    """Each is fetched at its first use: a live run, and every worker, would else import what draws reports."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
