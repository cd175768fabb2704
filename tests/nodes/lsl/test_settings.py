"""What the node is told that it cannot do, and what is imported when nobody asks for it."""

import subprocess
import sys
from typing import Any

import pytest
from runs.command import refused

from liveaffect.cli.outside.bridges import bridges
from liveaffect.nodes.lsl import LslNode
from liveaffect.stream import extras
from liveaffect.stream.errors import UsageError
from liveaffect.stream.extras import Extra
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Affect, Noted
from liveaffect.stream.node import HostInfo, bind


def opened(graph: dict[str, Any] | None = None, **settings: Any) -> None:
    node = LslNode(**settings)
    bind(node, HostInfo(name="lsl", process="lsl", live=True, graph=graph or {"lsl": {"process": "lsl"}}))
    node.open()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"interface": "moon0"}, "'moon0' is no interface here"),
        ({"peers": ("lab-2",)}, "set lsl.interface to the interface of their network"),
        ({"peers": ("lab 2; x",), "interface": "moon0"}, "'lab 2; x' is no name or address of a machine"),
    ],
)
def test_settings_that_cannot_be_kept_are_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        opened(**settings)


def test_its_process_is_its_own_because_its_sockets_are_fenced() -> None:
    with pytest.raises(UsageError, match="\\[camera\\] process = 'lsl': lsl needs a process of its own"):
        opened({"camera": {"process": "lsl"}, "lsl": {"process": "lsl"}})


@pytest.mark.parametrize(("key", "value"), [("streams", "two words"), ("streams", ""), ("people", 0), ("people", 9)])
def test_settings_out_of_their_range_are_refused_before_anything_starts(key: str, value: object) -> None:
    table = {
        "people": {"type": "made_people:MadePeopleNode"},
        "lsl": {"type": "liveaffect.nodes.lsl:LslNode", key: value},
    }
    with pytest.raises(UsageError, match=key):
        build_graph(table)


def test_a_recording_plays_to_nobody() -> None:
    assert run_nodes(LslNode(), inputs=[Affect(t_ns=1), Affect(t_ns=2)], of=Noted) == []


def test_without_the_extra_the_verb_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "lsl", Extra("pylsl_of_nobody", "the Lab Streaming Layer (`--lsl`)"))
    for verb in ("run", "live"):
        refused(2, [verb, "--lsl"], "needs the package pylsl_of_nobody", 'pip install "liveaffect[lsl]"')
    assert bridges() == []


@pytest.mark.processes
def test_nothing_of_the_extras_is_imported_unasked_and_no_compiler_with_the_node() -> None:
    words = "import sys, liveaffect.nodes.lsl.node, liveaffect.nodes.mqtt.node, liveaffect.nodes.osc; "
    words += "print('numba' in sys.modules); import liveaffect.cli.run, liveaffect.cli.live, liveaffect.offline; "
    words += "from liveaffect.stream.graph import load_graph; load_graph(liveaffect.cli.run.DEFAULT_GRAPH); "
    words += "print({'pylsl', 'pythonosc', 'paho'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["False", "set()"]
