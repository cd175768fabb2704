"""What a process says of the error that ended it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from runs.live import live_run, wait_for

from liveaffect.stream.errors import StartError
from liveaffect.stream.live import child

CRASH = """
import json
from liveaffect.stream.messages import Message
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import Topic
import toy_nodes

class Breaks(Node):
    where: str = "open"

    def open(self):
        if self.where == "open":
            json.loads("nothing")

    @on(toy_nodes.COUNT)
    def step(self, count):
        return 5
"""


def test_the_line_told_is_the_authors_own_not_a_librarys(tmp_path: Path) -> None:
    made: dict[str, Any] = {"__name__": "mine", "np": np}
    exec(compile("def f():\n    np.zeros(-1)\n", str(tmp_path / "mine.py"), "exec"), made)
    with pytest.raises(ValueError, match="negative") as caught:
        made["f"]()
    pulse: Any = SimpleNamespace(doing="crash")
    assert child._where(caught.value, pulse).endswith("mine.py line 2)")
    with pytest.raises(ZeroDivisionError) as bare:
        exec("1 / 0", {"__name__": "liveaffect.x"})
    bare.value.__traceback__ = None
    assert child._where(bare.value, pulse) == " (crash)"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("open", "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (crash, crash_node.py line 13)"),
        ("step", "TypeError: a handler gave int: it returns a message, several of them, or None (crash)"),
    ],
)
def test_who_writes_a_node_is_told_where_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, words: str
) -> None:
    (tmp_path / "crash_node.py").write_text(CRASH, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    graph = {"count": {"type": "toy_nodes:Counter"}, "crash": {"type": "crash_node:Breaks", "where": where}}
    if where == "open":
        with pytest.raises(StartError) as caught, live_run(graph):
            pass
        assert str(caught.value) == words
    else:
        with live_run(graph) as run:
            wait_for(lambda: words in run.supervisor.deaths, "its end, in words")
