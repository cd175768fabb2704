"""Settings: what a form needs to know of them, and how they are changed while the graph runs."""

import os
import signal
from pathlib import Path
from typing import Any, Literal

import pytest
from runs.live import collect, live_run, wait_for

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.errors import LaunchError
from liveaffect.stream.graph import build_graph, load_graph
from liveaffect.stream.live.settings import settings_of, with_settings
from liveaffect.stream.messages import Affect, Command, Health, Message, RecordStatus, VideoFrame
from liveaffect.stream.node import Node
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, VIDEO

TABLE: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter", "rate_hz": 20.0},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Base(Node):
    """A parent."""

    width: int = 640
    """Pixels
    across."""


class Child(Base, kw_only=True):
    """All the kinds there are."""

    mode: Literal["slow", "fast"] = "slow"
    name: str
    """Must be given."""
    share: float | None = None
    """None is a value too."""
    on: bool = True
    names: tuple[str, ...] = ("a",)
    options: dict[str, str] = {}


def test_a_setting_has_its_kind_value_default_and_docstring() -> None:
    found = {setting.key: setting for setting in settings_of(Child(name="x", width=320))}
    kinds = {key: setting.type for key, setting in found.items()}
    assert kinds == {
        "width": "int", "mode": "choice", "name": "str", "share": "float", "on": "bool", "names": "list",
        "options": "other",
    }  # fmt: skip
    assert (found["width"].value, found["width"].default, found["width"].doc) == (320, 640, "Pixels across.")
    assert found["mode"].choices == ("slow", "fast")
    assert (found["name"].default, found["name"].doc) == (None, "Must be given.")
    assert [key for key, setting in found.items() if setting.optional] == ["share"]


def test_every_setting_of_the_default_graph_says_what_it_is() -> None:
    graph = load_graph(DEFAULT_GRAPH)
    silent = [f"{n}.{s.key}" for n, e in graph.entries.items() for s in settings_of(e.node) if not s.doc]
    assert not silent


@pytest.mark.parametrize(
    ("node", "values", "words"),
    [
        ("camera", {"sorce": 1}, r"\[camera\] has no key 'sorce'; did you mean 'source'"),
        ("camera", {"source": 3}, r"\[camera\] source = 3: expected `str`, got `int`"),
        ("camera", {"process": "x"}, "only in the launch file"),
        ("camera", {}, "no key is given"),
        ("kamera", {"source": "1"}, "there is no node 'kamera'"),
    ],
)
def test_a_wrong_change_is_refused_in_the_words_of_the_launch_file(
    node: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(LaunchError, match=words):
        with_settings(load_graph(DEFAULT_GRAPH), node, values)


def test_a_change_of_what_is_published_is_refused(tmp_path: Path) -> None:
    for name, topic, message in (("one", AFFECT, Affect(t_ns=1, seq=0)), ("two", VIDEO, VideoFrame(t_ns=1, seq=0))):
        writer = SessionWriter(tmp_path / name, min_free=0)
        writer.write(topic, message)
        writer.close()
    node = {"type": "liveaffect.nodes.replayer:ReplayerNode", "session": str(tmp_path / "one")}
    with pytest.raises(LaunchError, match="publish other topics"):
        with_settings(build_graph({"replay": node}), "replay", {"session": str(tmp_path / "two")})


def _counts(messages: list[Message]) -> list[Any]:
    return [message for message in messages if type(message).__name__ == "Count"]


@pytest.mark.processes
def test_a_changed_setting_starts_its_process_again_and_no_other() -> None:
    with live_run(TABLE) as run, run.client("toy/count", "command", "health") as client:
        collect(client, lambda m: len(_counts(m)) >= 3)
        before = run.supervisor.pids()
        listed = client.request("settings", action="list").facts["nodes"]["counter"]
        assert {s["key"]: s["value"] for s in listed}["rate_hz"] == 20.0
        answer = client.request("settings", action="set", node="counter", values={"rate_hz": 50.0})
        assert answer.ok, answer.text
        got = collect(client, lambda m: any(c.incarnation == 1 for c in _counts(m)))
        after = wait_for(lambda: len(run.supervisor.pids()) == 3 and run.supervisor.pids(), "all processes")
        assert {name for name in before if before[name] != after[name]} == {"counter"}
        said = [m.arguments["action"] for m in got if isinstance(m, Command) and m.verb == "settings"]
        assert said == ["applied"], "no node here declares settings, so none is asked"
        assert not [m for m in got if isinstance(m, Health) and m.state == "node_down"], "it was no fault"
        listed = client.request("settings", action="list").facts["nodes"]["counter"]
        assert {s["key"]: s["value"] for s in listed}["rate_hz"] == 50.0
        wrong = client.request("settings", action="set", node="counter", values={"rate_hz": "much"})
        assert not wrong.ok
        assert "[counter] rate_hz = 'much': expected `float`, got `str`" in wrong.text
        assert "write action = list" in client.request("settings", action="sell").text


@pytest.mark.processes
def test_settings_are_refused_while_recording_and_the_next_session_names_the_new_ones(tmp_path: Path) -> None:
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "min_free_mb": 0, "folder": str(tmp_path / "s")}
    with live_run({**TABLE, "recorder": recorder}) as run, run.client("toy/count") as client:
        assert client.request("record", action="start").ok
        refused = client.request("settings", action="set", node="counter", values={"rate_hz": 50.0})
        assert not refused.ok
        assert "stop the recording first: its digest names the settings" in refused.text
        assert client.request("record", action="stop").ok
        assert client.request("settings", action="set", node="counter", values={"rate_hz": 50.0}).ok
        assert client.request("record", action="start").ok
        assert client.request("record", action="stop").ok
    assert load_info(tmp_path / "s").graph["counter"]["rate_hz"] == 20.0
    assert load_info(tmp_path / "s-2").graph["counter"]["rate_hz"] == 50.0


@pytest.mark.processes
def test_privacy_stands_when_the_recorder_is_started_again(tmp_path: Path) -> None:
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "min_free_mb": 0, "folder": str(tmp_path / "s")}

    def again(message: Message) -> bool:
        return (
            isinstance(message, Health)
            and message.node == "recorder"
            and message.restarts == 1
            and bool(message.status)
        )

    with live_run({**TABLE, "recorder": recorder}) as run, run.client("health") as client:
        assert client.request("privacy", on=True).ok
        assert client.request("settings", action="set", node="recorder", values={"video": "h264"}).ok
        said = collect(client, lambda m: any(map(again, m)))[-1]
        assert isinstance(said, Health)
        assert isinstance(said.status, RecordStatus)
        assert said.status.privacy


@pytest.mark.processes
def test_e38_privacy_is_kept_for_a_recorder_that_was_given_up(tmp_path: Path) -> None:
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "min_free_mb": 0, "folder": str(tmp_path / "s")}
    table = {**TABLE, "recorder": recorder, "graph": {"restarts": 0}}

    def said(message: Message, state: str) -> bool:
        return isinstance(message, Health) and (message.node, message.state) == ("recorder", state)

    with live_run(table) as run, run.client("health") as client:
        collect(client, lambda m: any(said(h, "ok") for h in m))
        os.kill(run.supervisor.pids()["recorder"], signal.SIGKILL)
        collect(client, lambda m: any(said(h, "failed") for h in m))
        assert "recorder does not run any more" in client.request("record", action="start").text
        answer = client.request("privacy", on=True)
        assert answer.ok
        assert "recorder does not run now and will be told when it comes back" in answer.text
        assert client.request("settings", action="set", node="recorder", values={"min_free_mb": 1}).ok
        back = collect(client, lambda m: bool(m) and said(m[-1], "ok"))[-1]
        assert isinstance(back, Health)
        assert isinstance(back.status, RecordStatus)
        assert back.status.privacy
