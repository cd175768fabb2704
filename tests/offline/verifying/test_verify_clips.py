"""Verified replay of the whole sensor over real clips: a talking face with sound, two faces, no face."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.offline.verifying.known import Trust
from liveaffect.offline.verifying.process import verify_apart
from liveaffect.stream.capture.media import probe

pytestmark = pytest.mark.processes

OVER = ("reasons", "dynamics", "together", "attention")
"""Of nodes that need what the face's model sees, and the nets' evidence."""
RECORD = """
import json, sys
from liveaffect.nodes.face.privacy import close_door
close_door()
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import LockstepHost
for count, _ in enumerate(LockstepHost(build_graph(json.loads(sys.argv[1]))).run()):
    if count > int(sys.argv[2]):
        break
"""


def _record(clip: Path, folder: Path, models: Path, monkeypatch: pytest.MonkeyPatch, limit: int = 100_000) -> set[str]:
    """Records a clip with the default graph on the lockstep host, in a process of its own; gives the topics made."""
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(models))
    info = probe(clip)
    table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    left_out = [] if info.has_video else ["camera", "face", "face_affect"]
    left_out += [] if info.has_audio else ["microphone", "voice", "voice_affect"]
    table = {name: node for name, node in table.items() if name not in left_out}
    for name in ("camera", "microphone"):
        if name in table:
            table[name]["source"] = str(clip)
    for name in ("reasons", "dynamics"):
        table[name]["enabled"] = True
    table["recorder"] |= {"folder": str(folder), "autostart": True, "min_free_mb": 0}
    subprocess.run([sys.executable, "-c", RECORD, json.dumps(table), str(limit)], check=True, timeout=900)
    return set(table)


@pytest.mark.parametrize(
    ("name", "limit", "topics"),
    [
        ("grid_f_brbk7n.mpg", 100_000, {"face/observation", "face/mesh", "face/crop", "face/affect", "affect", *OVER}),
        pytest.param(
            "intel_head-pose-face-detection-female-and-male.gif",
            90,
            {"face/observation", "face/affect", "affect", *OVER},
            marks=pytest.mark.soak,
        ),
        pytest.param(
            "pyfeat_no_face_caminandes.mp4",
            130,
            {"face/observation", "face/affect", "affect"},
            marks=pytest.mark.soak,
        ),
    ],
)
def test_a_recorded_clip_is_recomputed_identically(
    clips: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int, topics: set[str]
) -> None:
    film = tmp_path / "films" / name
    film.parent.mkdir()
    whole = (clips / name).read_bytes()
    film.write_bytes(whole[: len(whole) // 2] if limit > 1000 else whole)  # she speaks by then
    nodes = _record(film, tmp_path / "s", shared / "models", monkeypatch, limit)
    report = verify_apart(tmp_path / "s", trust=Trust(sources=(str(film.parent),)))
    found = {verdict.topic: verdict for verdict in report.verdicts}
    if "voice" in nodes:
        topics = topics | {"voice/descriptors", "voice/affect"}
    assert topics <= set(found)
    assert {topic: found[topic].status for topic in topics} == dict.fromkeys(topics, "identical")
    assert all(found[topic].coverage == 1.0 for topic in topics if limit > 1000)
    assert report.strict
    assert report.ok
