"""The golden session: five seconds of the demo, recorded once, recomputed in every run on whatever machine this is."""

import pytest
from paths import GOLDEN

from liveaffect.offline.verifying.process import verify_apart

TOPICS = (
    "face/observation",
    "face/mesh",
    "face/crop",
    "face/affect",
    "voice/descriptors",
    "voice/affect",
    "affect",
)


@pytest.mark.processes
def test_the_golden_session_is_recomputed_within_the_tolerance_of_other_machines() -> None:
    if not (GOLDEN / "session.mcap").is_file():
        pytest.skip("there is no golden session: python tests/golden/make.py")
    report = verify_apart(GOLDEN, tolerance=1e-4)
    found = {verdict.topic: verdict for verdict in report.verdicts}
    assert set(TOPICS) <= set(found)
    for topic in TOPICS:
        verdict = found[topic]
        assert verdict.status in ("identical", "within tolerance"), (topic, verdict.why, verdict.first)
        assert verdict.coverage == 1.0, (topic, verdict.why)
    assert report.ok
