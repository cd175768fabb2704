"""The command line: exit codes, one message per failure, and light imports."""

import os
import signal
import subprocess
import sys

import pytest

from liveaffect.cli import main as cli
from liveaffect.models.errors import ModelBroken
from liveaffect.stream.errors import InputError, UsageError


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "liveaffect.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def ended(*words: str) -> object:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    return caught.value.code


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Makes the verb `doctor` raise `error`."""

    def doctor() -> None:
        raise error

    monkeypatch.setattr("liveaffect.cli.machine.doctor.doctor", doctor)


@pytest.mark.processes
def test_help_names_every_verb_and_imports_none_of_their_libraries() -> None:
    code = (
        "import sys\nfrom liveaffect.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit as end: code = end.code\n"
        "heavy = {'numpy', 'msgspec', 'mediapipe', 'onnxruntime', 'av', 'zmq', 'matplotlib', 'numba', 'polars'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    for verb in cli.VERBS:
        assert f" {verb} " in done.stdout


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_has_a_help_page(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(verb, "--help") == 0
    assert f"Usage: liveaffect {verb}" in capsys.readouterr().out


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out.startswith("liveaffect 0.")


@pytest.mark.parametrize("words", [("nope",), ("--nope",), ("models", "info"), ("doctor", "--nope")])
def test_a_wrong_question_ends_with_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*words) == 2
    assert "Usage: liveaffect" in capsys.readouterr().err


@pytest.mark.processes
def test_a_known_failure_is_one_message_on_stderr_and_ends_with_1() -> None:
    done = run("models", "info", "nix")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "liveaffect: no model is called 'nix'; known: "
        + done.stderr.split("known: ")[1].split(" (")[0]
        + " (`liveaffect models list`)"
    ]


@pytest.mark.processes
def test_debug_shows_where_a_failure_came_from() -> None:
    done = run("models", "info", "nix", LIVEAFFECT_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "UnknownModel" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("asked wrongly"), 2), (InputError("no such film"), 1), (ModelBroken("torn"), 1)]
)
def test_the_errors_of_both_layers_end_with_their_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    failing(monkeypatch, error)
    assert ended("doctor") == code
    assert capsys.readouterr().err == f"liveaffect: {error}\n"


def test_an_unwritable_file_is_named_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, PermissionError(13, "Permission denied", "/out/table.csv"))
    assert ended("doctor") == 1
    assert capsys.readouterr().err == "liveaffect: /out/table.csv: Permission denied\n"


def test_an_unexpected_failure_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, ZeroDivisionError("by zero"))
    assert ended("doctor") == 1
    err = capsys.readouterr().err
    assert err.startswith("liveaffect: ZeroDivisionError: by zero")
    assert "LIVEAFFECT_DEBUG=1" in err


def test_control_c_ends_with_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert ended("doctor") == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.processes
def test_a_reader_that_leaves_early_causes_no_complaint() -> None:
    command = [sys.executable, "-m", "liveaffect.cli.main", "models", "list", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


EARLY = """
import os, signal, sys

class Early:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Early())
from liveaffect.cli.start import main
main()
"""


@pytest.mark.processes
def test_control_c_while_python_still_imports_leaves_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_command_itself_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def doctor() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("liveaffect.cli.machine.doctor.doctor", doctor)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert ended("doctor") == 130
    finally:
        signal.signal(signal.SIGINT, before)
