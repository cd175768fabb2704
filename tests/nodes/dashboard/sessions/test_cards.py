"""The process that reads sessions for windows: it lists, it answers, it keeps what it has read."""

import json
from pathlib import Path

import pytest
from made.session import recorded

from liveaffect.cli.windows import cards


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cards.platformdirs, "user_cache_dir", lambda _: str(tmp_path / "cache"))
    return tmp_path / "cache" / "cards"


def test_sessions_of_a_folder_are_listed_and_other_folders_are_not(tmp_path: Path) -> None:
    recorded(tmp_path / "s" / "p01")
    (tmp_path / "s" / "pictures").mkdir()
    assert cards.answer(json.dumps({"list": str(tmp_path / "s")}))["sessions"] == [str(tmp_path / "s" / "p01")]
    nowhere = cards.answer(json.dumps({"list": str(tmp_path / "none")}))
    assert (nowhere["sessions"], nowhere["trouble"]) == ([], "")


def test_a_card_is_read_once_until_its_session_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "p01")
    first = cards.answer(json.dumps({"card": str(folder)}))
    assert first["facts"]["people"][0]["name"] == "P01"
    assert len(list(cache.glob("*.json"))) == 1
    with monkeypatch.context() as patched:
        patched.setattr(cards, "session_card", lambda _: pytest.fail("it was read again"))
        assert cards.answer(json.dumps({"card": str(folder)})) == first
    (folder / "notes.txt").write_text("second visit", "utf-8")
    assert cards.answer(json.dumps({"card": str(folder)}))["facts"]["note"] == "second visit"
    for kept in cache.glob("*.json"):
        kept.write_bytes(b"\x00 torn")
    assert cards.answer(json.dumps({"card": str(folder)}))["facts"]["note"] == "second visit"


@pytest.mark.parametrize("line", ["", "[]", "nonsense", '{"card": 3}', '{"card": "/none/\\u0000"}'])
def test_what_is_not_understood_has_an_answer_too(line: str) -> None:
    assert cards.answer(line)["trouble"]
