"""`liveaffect mcp`: what is missing in words, and the switch of the sensor that runs."""

from pathlib import Path

import pytest
from made.sensor import Sensor
from runs.command import command, refused

from liveaffect.stream.client.announced import announce
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.extras import EXTRAS


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "mcp", EXTRAS["mcp"]._replace(module="no_such_library"))
    refused(2, ["mcp"], 'pip install "liveaffect[mcp]"')


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    refused(2, ["mcp", "--consent", "yes"], "--consent yes", "on or off")
    refused(2, ["mcp", "--sessions", tmp_path / "nowhere"], "nowhere", "no such folder")


@pytest.mark.processes
def test_the_switch_is_turned_from_a_shell() -> None:
    with Sensor(answer=lambda request: [Reply(ok=True, text="allowed", id=request.id)]) as sensor:
        done = command("mcp", "--address", sensor.address, "--consent", "on")
        assert (done.returncode, "allowed" in done.stderr) == (0, True), done.stderr
        assert [one.arguments for one in sensor.asked if one.verb == "assistant"] == [{"on": True}]


def test_consent_is_for_a_sensor_that_is_named_where_several_run() -> None:
    announce("ipc:///old", "", 5.0)
    announce("ipc:///new", "", 6.0)
    refused(2, ["mcp", "--consent", "on"], "2 sensors run here", "--address", "ipc:///new, ipc:///old")
