"""`liveaffect run` and `demo`: what they put together, and what their exit codes say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from liveaffect.cli import demo as demo_module
from liveaffect.cli import run as run_module
from liveaffect.cli.run import assemble, start
from liveaffect.offline.scoring.default import DEFAULT_GRAPH
from liveaffect.stream.errors import LaunchError
from liveaffect.stream.graph import Graph, build_graph, load_graph


class FakeSupervisor:
    """A run that is over: what died on the way, and how it ended."""

    deaths: list[str] = []
    code = 0

    def __init__(self, graph: Graph, log: Any) -> None:
        pass

    def run(self, seconds: float | None, beside: Callable[[], None]) -> int:
        return self.code


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> type[FakeSupervisor]:
    class Supervisor(FakeSupervisor):
        """Of this test."""

    monkeypatch.setattr(run_module, "Supervisor", Supervisor)
    return Supervisor


@pytest.fixture
def graph() -> Graph:
    return build_graph({"counter": {"type": "toy_nodes:Counter"}})


@pytest.mark.parametrize(("deaths", "code", "expected"), [([], 0, 0), (["face died"], 0, 1), (["face died"], 1, 1)])
def test_u4_what_must_be_whole_fails_where_a_process_died(
    supervisor: type[FakeSupervisor], graph: Graph, deaths: list[str], code: int, expected: int
) -> None:
    supervisor.deaths, supervisor.code = deaths, code
    assert start(graph, None, whole=True) == expected
    assert start(graph, None) == code, "a run of a day is no failure for one restart"


def test_a_demo_without_a_session_is_a_failure(
    supervisor: type[FakeSupervisor], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, demo_clip: Path
) -> None:
    import typer

    monkeypatch.setattr(demo_module, "make_clip", lambda: demo_clip)
    monkeypatch.setattr(demo_module, "assemble", lambda *_, **__: build_graph({"c": {"type": "toy_nodes:Counter"}}))
    with pytest.raises(typer.Exit) as ended:
        demo_module.demo(out=tmp_path)
    assert ended.value.exit_code == 1


def test_a_file_laid_over_the_default_graph_keeps_its_view_and_recording(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text('[blink_rate]\ntype = "blink_rate:BlinkRate"\nprocess = "face"\n[camera]\nwidth = 320\n', "utf-8")
    graph = assemble(None, ["camera.source=1"], more=[more], record=tmp_path / "s", plain=True)
    assert {"blink_rate", "terminal", "recorder", "fusion"} <= set(graph.entries)
    camera = graph.entries["camera"].node
    assert (camera.width, camera.source) == (320, "1")  # type: ignore[attr-defined]
    assert graph.entries["recorder"].node.autostart  # type: ignore[attr-defined]


def test_a_mistake_in_it_is_named_with_its_file(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text("[camera]\nwitdh = 320\n", "utf-8")
    with pytest.raises(LaunchError, match=r"more\.toml: \[camera\] has no key 'witdh'; did you mean 'width'"):
        assemble(None, [], more=[more])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[camera]\nwitdh = 320\n", r"\[camera\] has no key 'witdh'"),
        ("[face]\nmax_faces = -1\n", r"\[face\] max_faces = -1: "),
        ("[mine]\nkey = 1\n", r"\[mine\] has no type"),
        ('[mine]\ntype = "no_such_module:Mine"\n', r'\[mine\] type = "no_such_module:Mine": no module named'),
        ("loose = 1\n", "'loose' stands outside a table"),
        ("[camera]\nenabled = 3\n", r"\[camera\] enabled = 3: use true or false"),
    ],
)
def test_a_mistake_in_a_file_laid_over_names_that_file_and_no_other(tmp_path: Path, text: str, words: str) -> None:
    """The default graph comes first and is whole: nobody looks for the mistake there."""
    more, fine = tmp_path / "more.toml", tmp_path / "fine.toml"
    more.write_text(text, "utf-8")
    fine.write_text("[camera]\nheight = 240\n", "utf-8")
    for read in (lambda: assemble(None, [], more=[fine, more]), lambda: load_graph(DEFAULT_GRAPH, more=[fine, more])):
        with pytest.raises(LaunchError, match=rf"^{tmp_path}/more\.toml: {words}"):
            read()
