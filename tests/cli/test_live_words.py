"""`live`: what is said of devices reaches their nodes as it was written."""

import pytest

from liveaffect.cli.live import device_overrides
from liveaffect.offline.scoring.settings import DEFAULT_GRAPH
from liveaffect.stream.graph import load_graph

HARD = [
    'Cam "HD"',
    "back\\slash",
    "two\nlines",
    '"\nfps = 1\n[graph]\nx = "',
    "'quoted'",
    "tab\there",
    "Kamera ä 📷",
    "\x7f",
]


@pytest.mark.parametrize("name", HARD)
def test_e35_a_camera_may_have_any_name(name: str) -> None:
    graph = load_graph(DEFAULT_GRAPH, device_overrides(name, name))
    assert graph.entries["camera"].node.source == name  # type: ignore[attr-defined]
    assert graph.entries["microphone"].node.source == name  # type: ignore[attr-defined]


def test_devices_that_are_not_named_are_left_as_they_are() -> None:
    assert device_overrides("", "") == []
