"""How a sensor is found: only one whose process lives, the newest, with the keys of its own user."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from liveaffect.cli import mark as verb
from liveaffect.stream.client import connection
from liveaffect.stream.client.access import make_keys, own_folder, own_keys
from liveaffect.stream.client.announced import announce, announced, keys_for, running, several, started, withdraw
from liveaffect.stream.errors import TransportError


def test_e11_a_word_whose_process_is_gone_counts_for_nothing_at_once() -> None:
    path = announce("ipc:///here", "", 5.0)
    assert path is not None
    assert announced() == "ipc:///here"
    told = json.loads(path.read_text())
    for wrong in ({"pid": 2**22 + 1}, {"started": "another process of this number"}):
        path.write_text(json.dumps(told | wrong))
        assert announced() == ""
        assert not path.exists()


def test_e11_what_is_no_announcement_is_passed_over() -> None:
    for number, text in enumerate(("", "[]", "{}", '{"address": 1, "keys": "", "begun": "x"}', "\0")):
        (own_folder() / f"{number}.json").write_text(text)
    assert announced() == ""
    assert announce("ipc:///here", "", 5.0)
    assert announced() == "ipc:///here"


def test_the_newest_of_those_that_live_is_found_and_the_one_before_it_afterwards() -> None:
    announce("ipc:///old", "", 5.0)
    new = announce("tcp://127.0.0.1:5", "/keys", 6.0)
    assert [one.address for one in running()] == ["tcp://127.0.0.1:5", "ipc:///old"]
    withdraw(new)
    assert announced() == "ipc:///old"


def test_e11_a_program_of_the_same_user_needs_no_keys_in_its_own_words(tmp_path: Path) -> None:
    announce("tcp://0.0.0.0:7890", str(tmp_path), 5.0)
    assert keys_for("tcp://0.0.0.0:7890") == str(tmp_path)
    assert keys_for("ipc:///else") == ""
    assert keys_for("tcp://127.0.0.1:7890") == "", "none have been made"
    made = own_keys(make=True)
    assert keys_for("tcp://127.0.0.1:7890") == keys_for("tcp://localhost:1") == made
    assert keys_for("tcp://192.0.2.1:7890") == "", "elsewhere they open nothing"


def test_a_program_in_another_folder_finds_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    announce("tcp://0.0.0.0:7890", "keys", 5.0)
    assert keys_for("tcp://0.0.0.0:7890") == str(tmp_path / "keys")


def test_e12_the_users_own_keys_are_made_once_and_read_by_nobody_else() -> None:
    assert own_keys(make=False) == ""
    folder = Path(own_keys(make=True))
    first = (folder / "server.key_secret").read_text()
    assert own_keys(make=True) == own_keys(make=False) == str(folder)
    assert (folder / "server.key_secret").read_text() == first
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "client.key_secret").stat().st_mode) == 0o600


def test_keys_of_a_folder_are_private(tmp_path: Path) -> None:
    make_keys(tmp_path / "k")
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o700


def test_two_starts_of_one_number_are_told_apart() -> None:
    assert started(os.getpid()) == started(os.getpid()) != ""
    assert started(2**22 + 1) == ""


def test_which_of_several_sensors_is_taken_is_said_and_where_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(connection, "Client", lambda address, *_, **__: taken.append(address))
    first = announce("ipc:///old", "", 5.0)
    connection.connect()  # one is no question
    announce("tcp://127.0.0.1:5", "", 6.0)
    with pytest.warns(UserWarning, match=r"2 sensors run here, and the newest is taken: tcp://127\.0\.0\.1:5 \(since"):
        connection.connect()
    assert "to have another: ipc:///old (since" in several()
    connection.connect("ipc:///old")  # whoever names one is asked nothing
    assert taken == ["ipc:///old", "tcp://127.0.0.1:5", "ipc:///old"]
    withdraw(first)
    assert several() == ""


def test_a_marker_from_the_shell_says_which_of_several_sensors_gets_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def refused(address: str, **_: Any) -> Any:
        asked.append(address)
        raise TransportError("not in this test")

    monkeypatch.setattr(verb, "connect", refused)
    announce("ipc:///old", "", 5.0)
    announce("ipc:///new", "", 6.0)
    with pytest.raises(TransportError):
        verb.mark("stimulus on")
    assert asked == ["ipc:///new"]
    assert "2 sensors run here, and the newest is taken: ipc:///new" in capsys.readouterr().err
