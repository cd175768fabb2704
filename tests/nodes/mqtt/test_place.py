"""Which broker is meant, and where its password may stand."""

from pathlib import Path

import pytest
from runs.command import refused

from liveaffect.nodes.mqtt import MqttNode
from liveaffect.nodes.mqtt.broker import PASSWORD, Place, password_of, place_of
from liveaffect.stream import extras
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.extras import Extra


def test_places_are_read() -> None:
    assert place_of("mqtt://127.0.0.1") == Place("127.0.0.1", 1883, False, "")
    assert place_of("mqtts://me@home.local") == Place("home.local", 8883, True, "me")
    assert place_of("mqtt://[::1]:1884/") == Place("::1", 1884, False, "")


@pytest.mark.parametrize(
    "url",
    ["", "home", "http://home", "mqtt://", "mqtt://home:x", "mqtt://home:99999", "mqtt://home/topic", "mqtt://h?x=1"],
)
def test_what_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"mqtt\.url"):
        place_of(url)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match=PASSWORD) as told:
        place_of("mqtt://me:hunter2@home")
    assert "hunter2" not in str(told.value)
    done = refused(2, ["run", "--mqtt", "mqtt://me:hunter2@home"], PASSWORD)
    assert "hunter2" not in done.stderr + done.stdout


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="nothing"):
        password_of(str(tmp_path / "nothing"))
    monkeypatch.setenv(PASSWORD, "from outside")
    assert password_of("") == "from outside"


def test_a_network_without_encryption_is_told() -> None:
    assert MqttNode().notice() == MqttNode(url="mqtts://home").notice() == ""
    assert "unencrypted" in MqttNode(url="mqtt://home").notice()


def test_without_the_extra_the_verb_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "mqtt", Extra("paho_of_nobody.mqtt", "MQTT (`--mqtt`)"))
    refused(2, ["live", "--mqtt", "mqtt://127.0.0.1"], 'pip install "liveaffect[mqtt]"')
