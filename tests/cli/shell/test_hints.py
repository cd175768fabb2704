"""Words that are nearly right are answered with those that are."""

import pytest

from liveaffect.cli.main import main
from liveaffect.cli.shell.hints import address_hint, hint


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("run --camera 0", "liveaffect live --camera 0`; here: --set camera.source=0"),
        ("run --headless --microphone=USB", "--set microphone.source=USB"),
        ("run launch.toml -c 1", "liveaffect live --camera 1"),
        ("live --input clip.mp4", "liveaffect live --camera clip.mp4; or: liveaffect run --input clip.mp4"),
        ("score a.mp4 --output b.csv", "it is --out"),
        ("view --address tcp://h:1", "liveaffect view tcp://h:1"),
    ],
)
def test_u11_a_known_slip_is_told_what_was_meant(words: str, meant: str) -> None:
    assert meant in hint(words.split())


@pytest.mark.parametrize("words", ["run --record s1", "live --camera 0", "score a.mp4 -o b.csv", "", "--version"])
def test_right_words_have_no_hint(words: str) -> None:
    assert hint(words.split()) == ""


def test_u11_the_hint_is_the_whole_answer_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in ((["run", "--camera", "0"], "--set camera.source=0"), (["view", "localhost:7890"], "tcp://")):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("what", ["localhost:7890", "192.168.1.4:7890", "[::1]:7890", "sensor.lab:1"])
def test_an_address_without_its_beginning_is_recognised(what: str) -> None:
    assert f"liveaffect view tcp://{what}" in address_hint(what)


@pytest.mark.parametrize("what", ["session1", "", "tcp://a:1", "data/p01", "C:\\data", "."])
def test_a_session_is_no_address(what: str) -> None:
    assert address_hint(what) == ""


def test_u11_the_shell_is_told_what_could_come_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_LIVEAFFECT_COMPLETE", "complete_bash")
    for typed, at, expected in (("liveaffect sc", "1", "score"), ("liveaffect mark --ad", "2", "--address")):
        monkeypatch.setenv("COMP_WORDS", typed)
        monkeypatch.setenv("COMP_CWORD", at)
        with pytest.raises(SystemExit):
            main([])
        assert expected in capsys.readouterr().out.split()
