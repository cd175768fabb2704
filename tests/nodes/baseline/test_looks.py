"""The gaze is calibrated in a capture of its own: on frames of a made person who looks at dots before a real camera's
geometry, into the baseline in force, its file, the attention, the table, and all of it again."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from liveaffect.models.attention.directions import place_of, toward
from liveaffect.models.errors import BaselineBroken
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.face.baseline import load_baseline
from liveaffect.models.face.eyes.looks import Look, apply
from liveaffect.nodes.attention import AttentionNode
from liveaffect.nodes.baseline import BaselineNode
from liveaffect.offline.tables.relative import Relative
from liveaffect.offline.tables.score import CAL_COLUMNS, COLUMNS, SCHEMA
from liveaffect.offline.verifying.verify import verify
from liveaffect.stream import messages as m
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import LockstepHost, run_nodes
from liveaffect.stream.node import HostInfo, bind, messages_of

SECOND = 1_000_000_000
HZ = 30
DOTS = [(0.0, 10.0), (-16.0, 2.0), (16.0, 2.0), (16.0, 19.0), (-16.0, 19.0)]
BOX = (0.42, 0.35, 0.2, 0.35)
RANGE_M = 0.6
OFFSET, SHARES = (10.0, -3.0), (0.8, 0.3)


def told(known: tuple[float, float]) -> tuple[float, float]:
    return OFFSET[0] + SHARES[0] * known[0], OFFSET[1] + SHARES[1] * known[1]


def frame(number: int, known: tuple[float, float], ids: tuple[int, ...] = (1,)) -> list[m.Message]:
    rng = np.random.default_rng(number)
    yaw, pitch = told(known) + rng.normal(0, 0.5, 2)
    faces = tuple(
        m.Face(
            id=who, state="ok", box=BOX, au=(0.1,) * len(ACTION_UNITS), yaw_deg=0.0, pitch_deg=0.0, eye_open_left=0.9,
            eye_open_right=0.9, gaze_yaw_deg=float(yaw), gaze_pitch_deg=float(pitch), gaze_sd_deg=5.0,
            gaze_pitch_sd_deg=8.5, distance_m=RANGE_M, distance_sd_m=0.1,
        )
        for who in ids
    )  # fmt: skip
    t_ns = 10 * SECOND + number * SECOND // HZ
    seen = m.FaceObservation(t_ns=t_ns, seq=number, frame_seq=number, width=1280, height=720, state="ok", faces=faces)
    people = tuple(m.Person(id=who, state="ok", valence=0.0, arousal=0.0) for who in ids)
    return [seen, m.Affect(t_ns=t_ns, seq=number, frame_seq=number, state="ok", people=people)]


def command(at_s: float, number: int = 0, **arguments: Any) -> m.Command:
    return m.Command(t_ns=int(at_s * SECOND), seq=number, verb="baseline", arguments=arguments, request_id=str(number))


def look_at(number: int, begin_s: float, dot_s: float = 1.5) -> tuple[float, float]:
    """Where somebody looks who follows the dots from second `begin_s` on, else into the lens."""
    since = number / HZ - (begin_s - 10)
    at = int(since // dot_s) if since >= 0 else -1
    if not 0 <= at < len(DOTS):
        return 0.0, 0.0
    right, down = DOTS[at]
    return toward(place_of(BOX, (1280, 720), 65.0, RANGE_M, 0.0), (-right / 100, down / 100, 0.0))


def story(seconds: float = 16.0, dots: bool = True, **more: Any) -> list[m.Message]:
    """Two seconds at rest, then dots from second 13 on."""
    asked = [command(10.0, 0, action="capture", seconds=2.0)]
    asked += [command(13.0, 1, action="gaze", dots=DOTS, **more)] if dots else []
    shown = [one for number in range(int(seconds * HZ)) for one in frame(number, look_at(number, 13.0))]
    return sorted([*asked, *shown], key=lambda one: one.t_ns)


def baselines(said: list[m.Message]) -> list[m.Baseline]:
    return [one for one in said if isinstance(one, m.Baseline)]


def test_looks_at_dots_become_part_of_the_baseline_in_force() -> None:
    rest, found = baselines(run_nodes(BaselineNode(), inputs=story()))
    assert rest.gaze is None
    assert found.gaze is not None
    assert (found.state, found.face_id, found.au, found.valence) == ("done", 1, rest.au, rest.valence)
    assert found.gaze.yaw.gain == pytest.approx(1 / SHARES[0], abs=0.12)
    assert found.gaze.pitch.gain > 1.7
    assert found.gaze.after_deg < 0.5 * found.gaze.before_deg
    assert f"{found.gaze.before_deg:.1f} degrees beside them before" in found.text


def test_a_measured_distance_stands_for_that_of_the_irises() -> None:
    near, far = (baselines(run_nodes(BaselineNode(), inputs=story(distance_cm=cm)))[1].gaze for cm in (60, 90))
    assert near is not None
    assert far is not None
    assert far.yaw.gain < 0.8 * near.yaw.gain, "the same dots are less far apart from farther away"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([command(10.0, action="gaze", dots=DOTS)], "take the baseline first"),
        ([*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=DOTS, face=7)], "is of face 1, not 7"),
        ([*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=DOTS[:3])], "3 dots are too few"),
        ([*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=DOTS, settle_s=1.5)], "show them longer"),
        (
            [*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=[*DOTS, (float("inf"), 0.0)])],
            "in centimetres from the lens",
        ),
        ([*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=DOTS, distance_cm=0.6)], "10 and more"),
        ([*story(2.6, dots=False), command(12.5, 3, action="gaze", dots=DOTS, folder="/none")], "does not exist"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_words(inputs: list[m.Message], words: str) -> None:
    last = [one for one in run_nodes(BaselineNode(), inputs=inputs) if isinstance(one, m.Ack)][-1]
    assert not last.ok
    assert words in last.text


def test_who_did_not_look_keeps_the_baseline_as_it_was() -> None:
    asleep = [one for number in range(16 * HZ) for one in frame(number, (0.0, 0.0))]
    asked = [command(10.0, 0, action="capture", seconds=2.0), command(13.0, 1, action="gaze", dots=DOTS)]
    node = BaselineNode()
    rest, failed = baselines(run_nodes(node, inputs=[*asked, *asleep]))
    assert failed.state == "failed"
    assert "the eyes did not follow the dots" in failed.text
    assert node.status().in_force is rest
    assert not node.status().capturing


def test_looks_are_given_up_and_the_baseline_stays() -> None:
    node = BaselineNode()
    said = run_nodes(node, inputs=[*story(), command(15.0, 2, action="cancel")])
    assert len(baselines(said)) == 1
    assert node.status().in_force is not None


def test_the_next_baseline_of_the_same_face_keeps_the_calibration() -> None:
    said = run_nodes(BaselineNode(), inputs=[*story(), command(22.0, 2, action="capture", seconds=2.0)])
    assert [one.gaze is not None for one in baselines(said)] == [False, True, True]


def test_the_file_holds_it_and_old_files_load(tmp_path: Path) -> None:
    node = BaselineNode()
    bind(node, HostInfo(name="baseline", live=True))
    node.open()
    asked = story()
    for one in asked:
        if isinstance(one, m.Command):
            one.arguments["folder"] = str(tmp_path)
    said = [out for one in asked for out in messages_of(_handled(node, one))]
    (file,) = tmp_path.glob("*.json")
    found = load_baseline(file)
    told_of = baselines(said)[-1].gaze
    assert found.gaze is not None
    assert told_of is not None
    assert (found.gaze.yaw.gain, found.gaze.after_deg) == (told_of.yaw.gain, told_of.after_deg)
    old = file.with_name("old.json")
    old.write_text(file.read_text("utf-8").replace('"gaze"', '"gaze_of_another_time"'), "utf-8")
    assert load_baseline(old).gaze is None
    broken = file.with_name("broken.json")
    broken.write_text(file.read_text("utf-8").replace(f'"gain": {found.gaze.yaw.gain}', '"gain": -1.0'), "utf-8")
    with pytest.raises(BaselineBroken, match=r"broken\.json: its gaze has a number that no calibration has"):
        load_baseline(broken)


def _handled(node: BaselineNode, message: m.Message) -> Any:
    handlers: dict[type, Any] = {
        m.Command: node.obey, m.FaceObservation: node.face, m.Affect: node.affect,
    }  # fmt: skip
    return handlers[type(message)](message)


def test_eye_contact_is_told_by_the_corrected_gaze_and_verified_from_the_recording(tmp_path: Path) -> None:
    table = {
        "baseline": {"type": "liveaffect.nodes.baseline:BaselineNode"},
        "attention": {"type": "liveaffect.nodes.attention:AttentionNode"},
        "recorder": {
            "type": "liveaffect.nodes.recorder:RecorderNode", "folder": str(tmp_path / "s"), "autostart": True,
            "min_free_mb": 0,
        },
    }  # fmt: skip
    host = LockstepHost(build_graph(table, partial=True), inputs=story())
    said = [message for _, message in host.run()]
    plain = [one for one in run_nodes(AttentionNode(), inputs=story()) if isinstance(one, m.Attention)]
    with_it = [one for one in said if isinstance(one, m.Attention)]
    at = baselines(said)[-1].t_ns
    for one, other in zip(plain, with_it, strict=True):
        if one.t_ns < at:
            assert repr(one.people) == repr(other.people)
    lens, raw = with_it[-1].people[0].eye_contact, plain[-1].people[0].eye_contact
    assert lens is not None
    assert raw is not None
    assert lens > 0.75 > 0.6 > raw, "a look into the lens, told 10 degrees beside it"
    verdicts = {one.topic: one for one in verify(tmp_path / "s").verdicts}
    for topic in ("baseline", "attention"):
        assert verdicts[topic].status == "identical", verdicts[topic]
        assert verdicts[topic].compared > 1


def test_the_table_has_the_corrected_gaze_beside_the_raw_one(tmp_path: Path) -> None:
    node = BaselineNode()
    run_nodes(node, inputs=story())
    kept = node._kept
    assert kept is not None
    assert kept.gaze is not None
    rest = {"face_id": 1, "state": "ok", "yaw_deg": 6.0, "pitch_deg": -3.0, "gaze_pitch_deg": 2.0, "gaze_sd_deg": 5.0}
    rows = [
        {"t_s": k / 10, **rest, "gaze_yaw_deg": yaw, "gaze_pitch_sd_deg": 8.0}
        for k, yaw in enumerate((-12.0, 0.0, 9.0, None))
    ]
    table = pl.DataFrame(rows, schema_overrides={name: SCHEMA[name] for name in COLUMNS}).select(
        pl.col(name) if name in rows[0] else pl.lit(None, SCHEMA[name]).alias(name) for name in COLUMNS
    )
    relative = Relative(kept)
    relative.add(table)
    found = relative.subtract(table.lazy()).collect()
    assert found.columns[-4:] == CAL_COLUMNS
    assert found.select(COLUMNS).equals(table)
    for k, yaw in enumerate((-12.0, 0.0, 9.0)):
        assert found.select(CAL_COLUMNS[0], CAL_COLUMNS[1], CAL_COLUMNS[2], CAL_COLUMNS[3]).row(k) == pytest.approx(
            apply(kept.gaze, Look((yaw, 2.0), (5.0, 8.0), (6.0, -3.0))), rel=1e-5
        )
    assert found[CAL_COLUMNS[0]][3] is None
