"""One process as the supervisor holds it: real ones, but small."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from runs.live import wait_for

from liveaffect.stream.live import process
from liveaffect.stream.live.process import Child


def _child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Child:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-P", "-c", code))
    return Child("toy", tmp_path / "toy.log")


@pytest.mark.processes
def test_a_process_hears_no_signal_before_it_has_said_what_to_do_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), flush=True); input(); input()"
    child = _child(tmp_path, monkeypatch, code)
    mine = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    child.start(b"spec")
    line = wait_for(lambda: child.printed(1), "its line")[0]
    assert all(word in line for word in ("SIGINT", "SIGTERM", "SIGHUP"))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mine
    os.kill(child.pid, signal.SIGINT)
    child.tell(b"go")
    wait_for(lambda: not child.alive, "its end")
    assert child.printed(9) == [line], "no traceback"
    child.free()


@pytest.mark.processes
def test_it_has_one_thread_for_linear_algebra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    child = _child(tmp_path, monkeypatch, "import os; print(os.environ['OPENBLAS_NUM_THREADS'], flush=True)")
    child.start(b"spec")
    wait_for(lambda: not child.alive, "its end")
    assert child.printed(1) == ["1"]
    child.free()


@pytest.mark.processes
def test_one_that_does_not_end_in_time_is_waited_for_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = _child(tmp_path, monkeypatch, "while True: pass")
    child.start(b"spec")
    popen = child.popen
    assert popen is not None
    monkeypatch.setattr(popen, "kill", lambda: None)  # as one that waits inside the system
    assert not child.collect(0.05)
    psutil.Process(popen.pid).kill()
    wait_for(lambda: not psutil.pid_exists(popen.pid), "its end, as no zombie")  # nobody here has asked for its code
    assert popen.returncode == -signal.SIGKILL


@pytest.mark.processes
def test_its_last_words_are_of_its_last_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = _child(tmp_path, monkeypatch, "print('gone wrong', flush=True); raise SystemExit(7)")
    child.start(b"spec")
    wait_for(lambda: not child.alive, "its end")
    assert child.last_words() == "process 'toy' ended with exit code 7: gone wrong"
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    child.start(b"spec")
    wait_for(lambda: not child.alive, "its end")
    assert child.last_words() == "process 'toy' ended with exit code 3"
    child.free()


@pytest.mark.processes
def test_a_process_is_collected_whatever_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass"
    child = _child(tmp_path, monkeypatch, code)
    child.start(b"spec")
    assert child.collect(10.0)
    assert not psutil.pid_exists(child.pid)


@pytest.mark.processes
def test_e19_modules_in_the_working_folder_are_not_taken_for_the_systems(tmp_path: Path) -> None:
    for name in ("random", "queue", "numpy", "zmq"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')", "utf-8")
    done = subprocess.run(process.COMMAND, cwd=tmp_path, input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
