"""The golden sessions: five seconds of the demo, three of a face far away, recomputed on whatever machine this is."""

from pathlib import Path

import pytest
from paths import GOLDEN, GOLDEN_FAR

from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing
from liveaffect.offline.verifying.process import verify_apart
from liveaffect.stream.messages import FaceObservation
from liveaffect.stream.session.reader import SessionReader

SEEN = ("face/observation", "face/mesh", "face/crop", "face/affect", "affect")
HEARD = ("voice/descriptors", "voice/affect")


def holds(folder: Path, topics: tuple[str, ...]) -> None:
    if not (folder / "session.mcap").is_file():
        pytest.skip("there is no golden session: python tests/golden/make.py")
    report = verify_apart(folder, tolerance=1e-4)
    found = {verdict.topic: verdict for verdict in report.verdicts}
    assert set(topics) <= set(found)
    for topic in topics:
        verdict = found[topic]
        assert verdict.status in ("identical", "within tolerance"), (topic, verdict.why, verdict.first)
        assert verdict.coverage == 1.0, (topic, verdict.why)
    assert report.ok


@pytest.mark.processes
def test_the_golden_session_is_recomputed_within_the_tolerance_of_other_machines() -> None:
    holds(GOLDEN, (*SEEN, *HEARD))


@pytest.mark.processes
def test_a_face_of_50_pixels_is_found_at_the_same_frame_and_measured_alike_on_other_machines() -> None:
    try:
        registry.path("face-far")
    except ModelMissing as error:
        pytest.skip(str(error))
    said = [message for _, message in SessionReader(GOLDEN_FAR).messages(["face/observation"])]
    rows = [one.faces[0] for one in said if isinstance(one, FaceObservation) and one.faces]
    assert len(rows) >= 25
    assert {row.id for row in rows} == {0}
    assert sum(row.state == "ok" for row in rows) >= 20
    assert all(row.box is not None and 40 < 960 * row.box[2] < 60 for row in rows)
    holds(GOLDEN_FAR, SEEN)
