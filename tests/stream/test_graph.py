"""launch.toml: every mistake is named by file and key."""

from pathlib import Path
from typing import Any

import pytest

from liveaffect.stream.errors import LaunchError, UsageError
from liveaffect.stream.graph import Graph, build_graph, load_graph
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import FaceObservation, Message
from liveaffect.stream.node import Node, on, spec_of
from liveaffect.stream.topics import FACE, Topic

COUNTER = {"type": "toy_nodes:Counter"}
DELAY = {"type": "toy_nodes:Delay"}
ADDER = {"type": "toy_nodes:Adder"}


class Loop(Message):
    """Goes round."""


class Back(Message):
    """Comes round."""


LOOP = Topic("toy/loop", Loop, rate_hz=1)
BACK = Topic("toy/back", Back, rate_hz=1)


class Taker(Node):
    """Counts what it gets."""

    def open(self) -> None:
        self.taken = 0

    @on(FACE)
    def take(self, face: FaceObservation) -> None:
        self.taken += 1


class Forth(Node):
    """One half of a cycle."""

    @on(BACK, emits=LOOP)
    def step(self, back: Back) -> Loop:
        return Loop(t_ns=back.t_ns)


class AndBack(Node):
    """The other half."""

    @on(LOOP, emits=BACK)
    def step(self, loop: Loop) -> Back:
        return Back(t_ns=loop.t_ns)


def _refused(table: dict[str, object], match: str, *overrides: str) -> None:
    with pytest.raises(LaunchError, match=match) as caught:
        build_graph(table, overrides, origin="x.toml")
    assert caught.value.exit_code == 2


def test_a_good_graph_knows_depths_writers_and_processes() -> None:
    graph = build_graph({"adder": ADDER, "delay": {**DELAY, "process": "counter"}, "counter": COUNTER})
    assert graph.depth == {"toy/count": 0, "toy/slow": 1, "toy/sum": 2}
    assert graph.writers["toy/slow"] == "delay"
    assert [[e.name for e in entries] for entries in graph.processes.values()] == [["counter", "delay"], ["adder"]]
    assert graph.topic_modules() == ["toy_nodes"]


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"counter": {**COUNTER, "rate": 3}}, r"x\.toml: \[counter\] has no key 'rate'; did you mean 'rate_hz'"),
        ({"counter": {**COUNTER, "rate_hz": "fast"}}, r"\[counter\] rate_hz = 'fast': expected `float`, got `str`"),
        ({"counter": {"rate_hz": 3}}, r"\[counter\] has no type"),
        ({"counter": {"type": "nowhere.at.all:Counter"}}, r"no module named 'nowhere'"),
        ({"counter": {"type": "toy_nodes:Conter"}}, r"'Conter' is not in toy_nodes"),
        ({"counter": {"type": "toy_nodes:Count"}}, r"is not a Node"),
        ({"counter": {**COUNTER, "process": "a/b"}}, r"process = 'a/b'"),
        ({"counter": {**COUNTER, "enabled": "no"}}, r"enabled = 'no': use true or false"),
        ({"counter": COUNTER, "again": COUNTER}, r"topic 'toy/count' has two writers, \[counter\] and \[again\]"),
        ({"delay": DELAY}, r"nothing writes 'toy/count', which \[delay\] reads"),
        ({"graph": {"transprot": "ipc"}, "counter": COUNTER}, r"\[graph\] has no key 'transprot'; did you mean"),
        ({"graph": {}}, r"names no node"),
        ({"rate_hz": 3}, r"'rate_hz' stands outside a table"),
        (
            {"forth": {"type": f"{__name__}:Forth"}, "back": {"type": f"{__name__}:AndBack"}},
            r"the nodes form a cycle: forth -> back -> forth",
        ),
    ],
)
def test_a_mistake_is_named(table: dict[str, object], match: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())
    _refused(table, match)


def _this_module():  # type: ignore[no-untyped-def]
    import types

    module = types.ModuleType(__name__)
    module.__dict__.update(Forth=Forth, AndBack=AndBack)
    return module


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("counter", r"--set counter: write node\.key=value"),
        ("conter.limit=3", r"there is no node 'conter'; did you mean 'counter'"),
        ("counter.limit=many", r"limit = 'many': expected `int`"),
        ("counter.limt=3", r"has no key 'limt'; did you mean 'limit'"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(word: str, match: str) -> None:
    _refused({"counter": COUNTER}, match, word)


def test_an_override_takes_toml_values_and_plain_words() -> None:
    graph = build_graph({"counter": COUNTER}, ["counter.limit=7", "graph.gateway=tcp://127.0.0.1:7000"])
    assert graph.entries["counter"].node.limit == 7  # type: ignore[attr-defined]
    assert graph.settings.gateway == "tcp://127.0.0.1:7000"


def test_e22_nodes_of_one_class_are_told_apart() -> None:
    takers = [Taker(), Taker(), Taker()]
    graph = Graph.of(*takers)
    assert list(graph.entries) == ["taker", "taker2", "taker3"]
    assert [entry.node for entry in graph.entries.values()] == takers
    assert run_nodes(*takers, inputs=[FaceObservation(t_ns=1, seq=0, frame_seq=0)]) == []
    assert [taker.taken for taker in takers] == [1, 1, 1]  # none was left out in silence


def test_a_disabled_node_is_not_there() -> None:
    graph = build_graph({"counter": COUNTER, "again": {**COUNTER, "enabled": False}})
    assert list(graph.entries) == ["counter"]


def test_a_missing_file_and_broken_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="does not exist"):
        load_graph(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[camera\n", "utf-8")
    with pytest.raises(LaunchError, match=r"broken\.toml is not valid TOML.*line 1"):
        load_graph(broken)


def test_nodes_beside_the_launch_file_are_found(tmp_path: Path) -> None:
    (tmp_path / "beside_launch.py").write_text(
        "from toy_nodes import Counter\nclass Mine(Counter):\n    'Mine.'\n", "utf-8"
    )
    launch = tmp_path / "launch.toml"
    launch.write_text('[mine]\ntype = "beside_launch:Mine"\nlimit = 3\n', "utf-8")
    assert load_graph(launch).entries["mine"].node.limit == 3  # type: ignore[attr-defined]


def test_two_rows_of_one_topic_name_are_refused() -> None:
    with pytest.raises(UsageError, match="'affect' is declared twice"):
        Topic("affect", Loop, rate_hz=1)


@pytest.mark.parametrize(("name", "queue"), [("affect/picture", "latest"), ("video", "all")])
def test_a_name_that_continues_one_of_another_queue_is_refused(name: str, queue: Any) -> None:
    class Other(Message):
        """Belongs to no topic."""

    with pytest.raises(UsageError, match="continues the name of"):
        Topic(name, Other, rate_hz=1, queue=queue)


def test_what_comes_out_may_be_a_list() -> None:
    class Listed(Node):
        """Right."""

        @on(FACE, emits=[LOOP, BACK])
        def step(self, face: object) -> None: ...

    assert set(spec_of(Listed()).outputs) == {LOOP, BACK}


def test_a_node_that_handles_a_topic_twice_is_refused() -> None:
    class Twice(Node):
        """Wrong."""

        @on(FACE)
        def one(self, face: object) -> None: ...

        @on(FACE)
        def two(self, face: object) -> None: ...

    with pytest.raises(UsageError, match="handles topic 'face/observation' twice: one and two"):
        spec_of(Twice)
