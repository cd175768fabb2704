"""LSL between processes: an independent program reads every stream and sets markers; both sides' files agree.

One story for all: a sensor; a program that records and marks, and ends; an experiment; a program on a clock of its own,
which goes on while the sensor's node dies and comes back.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab.story import (
    CLOSE_S,
    SELDOM,
    STREAMS,
    S,
    Streams,
    can_move_clocks,
    compared,
    expected,
    lab,
    other,
    recorded,
    surroundings,
)
from paths import ROOT
from runs.live import collect

from liveaffect.models.files.manifest import entries
from liveaffect.offline import compare, open_session
from liveaffect.stream.client.connection import Client
from liveaffect.stream.messages import Marker, Message

pytest.importorskip("pylsl")
pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
FRAMES = 150
AHEAD_S = 5000
EXPERIMENT = str(ROOT / "docs/examples/lsl_experiment.py")


@dataclass
class Story:
    """What was seen."""

    streams: Streams = field(default_factory=dict)
    far: Streams = field(default_factory=dict)
    marks: dict[str, Marker] = field(default_factory=dict)
    """Label -> as the sensor said it to programs."""
    set_s: dict[str, float] = field(default_factory=dict)
    """Label -> when the other program set it, on this machine's clock."""
    experiment: str = ""
    ahead_s: int = 0
    session: Path = Path()
    deaths: list[str] = field(default_factory=list)
    """Of processes, before one was killed."""


def marks(client: Client, *labels: str) -> dict[str, Marker]:
    """Markers, until these have come."""
    got: dict[str, Marker] = {}

    def all_here(seen: list[Message]) -> bool:
        got.update({mark.label: mark for mark in seen if isinstance(mark, Marker)})
        return set(labels) <= got.keys()

    collect(client, all_here)
    return got


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("lsl")
    told = Story(session=folder / "s", ahead_s=AHEAD_S if can_move_clocks() else 0)
    with lab(folder) as (run, program), run.client("marker") as client:
        assert client.mark("ours").ok
        for label in ("trial 1", "trial 2", "müde"):
            program.say(f"mark {label}")
            told.set_s[label] = float(program.hear("marked "))
        told.marks |= marks(client, "ours", "trial 1", "trial 2", "müde")
        program.say("odd")
        program.say("mark after all")
        told.set_s["after all"] = float(program.hear("marked "))
        told.marks |= marks(client, "after all")
        program.wait_for(FRAMES)
        program.stop()
        told.streams = recorded(program.xdf)

        name = run.supervisor.graph.table()["lsl"]["streams"]
        words = [sys.executable, EXPERIMENT, "--plain", "--sensor", name, "--trials", "10", "--seconds", "0.2"]
        env = surroundings(folder)
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as experiment:
            told.marks |= marks(client, "pleasant onset")
            assert client.mark("seen").ok
            told.experiment = experiment.communicate(timeout=100)[0]
            assert experiment.returncode == 0
        collect(client, lambda seen: sum(str(getattr(one, "label", "")).endswith(" offset") for one in seen) >= 10)

        with other(folder, name, str(STREAMS), f"{name}2", ahead_s=told.ahead_s) as far:
            far.hear("ready ")
            before = far.counts()
            told.deaths = list(run.supervisor.deaths)
            os.kill(run.supervisor.pids()["lsl"], signal.SIGKILL)
            far.wait_for(max(before.values()) + 30)
            far.say("mark far")
            told.set_s["far"] = float(far.hear("marked ")) - told.ahead_s
            told.marks |= marks(client, "far")
            far.stop()
            told.far = recorded(far.xdf, synchronized=True)
    return told


def test_another_program_reads_every_sample_at_our_times(story: Story) -> None:
    counts = compared(story.session, story.streams)
    assert {"attention-1", "attention-2"} < set(counts)
    for name, count in counts.items():
        assert count >= (FRAMES // 7 if name in SELDOM else FRAMES), name
    states = [tuple(row) for row in story.streams["states"][1]]
    assert set(states) == {("ok", "silence", "ok", "ok"), ("ok", "silence", "ok", "no_face")}


def test_markers_of_another_process_come_with_its_time_also_where_its_clock_is_another(story: Story) -> None:
    assert set(story.set_s) == {"trial 1", "trial 2", "müde", "after all", "far"}
    errors = {label: story.marks[label].t_ns / S - at for label, at in story.set_s.items()}
    assert max(map(abs, errors.values())) < CLOSE_S, errors
    assert {story.marks[label].source[:4] for label in errors} == {"lsl:"}


def test_markers_are_recorded_and_those_of_lsl_do_not_go_back_to_it(story: Story) -> None:
    kept = open_session(story.session).markers()
    assert set(story.marks) <= set(kept["label"])
    assert kept.filter(kept["label"] == "far")["t_ns"].to_list() == [story.marks["far"].t_ns]
    assert [row[0] for row in story.streams["markers"][1]] == ["ours"]
    assert abs(story.streams["markers"][0][0] - story.marks["ours"].t_ns / S) < CLOSE_S


def test_a_sensor_that_died_is_found_again_and_another_clock_is_corrected(story: Story) -> None:
    ours = expected(story.session)
    for name in ("affect-1", "voice"):
        theirs, known = story.far[name][0] - story.ahead_s, np.array([at for at, _ in ours[name]])
        assert theirs[-1] - theirs[0] > np.diff(theirs).max() > 0.5  # it was away, and came back
        nearest = known[np.searchsorted(known, theirs - 0.02).clip(max=len(known) - 1)]
        assert np.abs(theirs - nearest).max() < 0.1, name  # so well does the recorder know its clock, on a busy machine


def test_markers_at_no_time_and_labels_that_are_none_do_no_harm(story: Story) -> None:
    labels = open_session(story.session).markers()["label"].to_list()
    assert "at no time" not in labels
    assert "" not in labels
    assert {"x" * 500, "a b c"} <= set(labels)
    assert story.deaths == []


def test_the_experiment_of_the_docs_marks_and_hears_what_the_sensor_measures(story: Story) -> None:
    lines = story.experiment.splitlines()
    said = [line for line in lines if line.startswith("trial ")]
    assert len(said) == 10
    assert all("valence none" not in line for line in said), said
    assert any(line.startswith("the sensor marked 'seen'") for line in lines), lines
    labels = open_session(story.session).markers()["label"].to_list()
    shown = ("pleasant", "neutral", "unpleasant")
    wanted = [f"{shown[k % 3]} {what}" for k in range(10) for what in ("onset", "offset")]
    assert [label for label in labels if label.endswith((" onset", " offset"))] == wanted


def test_markers_of_the_experiment_are_conditions_to_compare(story: Story) -> None:
    shown = ("pleasant", "neutral", "unpleasant")
    found = compare([story.session], "marker", conditions=shown)
    assert [sum(one.slot.condition == word for one in found.segments) for word in shown] == [4, 3, 3]


def test_streams_say_units_labels_and_hashes(story: Story) -> None:
    desc = story.streams["affect-1"][2]["desc"][0]
    channels = desc["channels"][0]["channel"]
    assert [one["label"][0] for one in channels[:3]] == ["person", "valence", "valence_sd"]
    assert channels[1]["meaning"][0].startswith("-1 unpleasant to 1 pleasant")
    assert "1 no_face" in channels[-1]["meaning"][0]
    model = desc["acquisition"][0]["models"][0]["model"][0]
    assert model["name"] == ["face-affect"]
    assert model["sha256"] == [entries()["face-affect"].sha256]
    assert "NaN" in desc["missing"][0]
    voice: list[dict[str, Any]] = story.streams["voice"][2]["desc"][0]["channels"][0]["channel"]
    units = {one["label"][0]: one["unit"][0] for one in voice}
    assert (units["f0_hz"], units["hnr_db"], units["loudness_sone"]) == ("Hz", "dB", "sone")
    for name, (_, values, info) in story.streams.items():
        assert int(info["channel_count"][0]) == len(info["desc"][0]["channels"][0]["channel"]), name
        assert all(len(row) == int(info["channel_count"][0]) for row in values)
