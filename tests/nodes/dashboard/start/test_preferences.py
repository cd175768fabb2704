"""What the desktop program remembers, and what it does with a file that is broken."""

import stat
from pathlib import Path

import pytest

from liveaffect.nodes.dashboard.start.preferences import Preferences, config_file, load, save


def test_a_choice_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "desktop.json"
    chosen = Preferences(camera=None, microphone="Yeti", folder="/data", typed=["rtsp://u:p@cam/1"], chosen=True)
    assert save(chosen, path) == ""
    found, words = load(path)
    assert words == ""
    assert (found.camera, found.microphone, found.folder, found.typed) == (None, "Yeti", "/data", chosen.typed)
    assert found.chosen


def test_without_a_file_there_are_defaults_and_no_words(tmp_path: Path) -> None:
    found, words = load(tmp_path / "none.json")
    assert (found.camera, found.microphone, found.chosen, words) == ("0", "default", False, "")


@pytest.mark.parametrize("broken", [b"", b"{", b'{"camera": 3}', b"\xff\xfe\x00", b"[]", b'{"typed": [1]}'])
def test_a_broken_file_is_ignored_with_a_word_and_can_be_written_over(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "desktop.json"
    path.write_bytes(broken)
    found, words = load(path)
    assert found.camera == "0"
    assert str(path) in words
    assert save(found, path) == ""
    assert load(path)[1] == ""


def test_a_file_of_a_later_version_keeps_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "desktop.json"
    path.write_bytes(b'{"camera": "Brio", "theme": "night"}')
    assert load(path)[0].camera == "Brio"


def test_only_this_user_can_read_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "desktop.json"
    save(Preferences(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = save(Preferences(), tmp_path / "file" / "desktop.json")
    assert "cannot be written" in words


def test_it_lies_in_the_users_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_file() == tmp_path / "liveaffect" / "desktop.json"
