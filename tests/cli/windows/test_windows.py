"""Whether there can be a window, what its choice means, and what becomes of the sensor when a window ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from runs.live import wait_for

from liveaffect.cli.live import choice_overrides
from liveaffect.cli.main import main
from liveaffect.cli.windows import keeper as window
from liveaffect.cli.windows.keeper import MainWindow, NoWindow, choose, environment, why_none
from liveaffect.nodes.recorder import RecorderNode
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.graph import load_graph
from liveaffect.stream.live.supervisor import INPUT_ENDED

pytestmark = pytest.mark.processes


def ends_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """In place of the windows runs this code."""
    monkeypatch.setattr(window, "PROGRAM", (sys.executable, "-c", code))


def test_without_a_display_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in why_none()
    monkeypatch.setenv("DISPLAY", ":1")
    assert why_none() == ""


def test_without_the_extra_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.importlib.util, "find_spec", lambda name: None)
    assert 'not installed: pip install "liveaffect[desktop]"' in why_none()


def test_opencvs_own_qt_plugins_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/venv/cv2/qt/plugins")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    kept = environment()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in kept
    assert kept["QT_QPA_PLATFORM"] == "offscreen"


@pytest.mark.parametrize(
    ("chosen", "nodes", "settings"),
    [
        ({"camera": "1", "microphone": 'a "b"'}, 10, {"camera": {"source": "1"}, "microphone": {"source": 'a "b"'}}),
        ({"camera": None, "microphone": "default", "record": None}, 7, {"recorder": {"autostart": False}}),
        ({"camera": "0", "microphone": None}, 7, {"camera": {"source": "0"}}),
        (
            {"folder": "/a", "record": {"folder": "/b", "video": "h264", "audio": True, "mesh": False, "crops": False}},
            10,
            {"recorder": {"sessions": "/b", "autostart": True, "video": "h264", "audio": True}},
        ),
        ({"folder": "/a", "record": None}, 10, {"recorder": {"sessions": "/a", "autostart": False}}),
    ],
)
def test_a_choice_becomes_a_graph(chosen: dict[str, Any], nodes: int, settings: dict[str, Any]) -> None:
    graph = load_graph(DEFAULT_GRAPH, choice_overrides(chosen))
    assert len(graph.entries) == nodes
    for name, values in settings.items():
        for key, value in values.items():
            assert getattr(graph.entries[name].node, key) == value


def test_the_choice_is_the_last_line_and_closing_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(monkeypatch, "print('noise'); print('{\"camera\": \"2\"}')")
    assert choose() == {"camera": "2"}
    ends_with(monkeypatch, "raise SystemExit(3)")
    assert choose() is None


def test_the_sensor_is_made_ready_while_somebody_chooses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ends_with(
        monkeypatch,
        f"import time, pathlib\nwhile not pathlib.Path({str(ready)!r}).exists(): time.sleep(0.01)\n"
        'print(\'{"camera": "2"}\')',
    )
    monkeypatch.setattr(window, "AFTER_S", 0.0)
    assert choose(then=ready.touch) == {"camera": "2"}
    ends_with(monkeypatch, "raise SystemExit(3)")
    monkeypatch.setattr(window, "AFTER_S", 3600.0)
    assert choose(then=lambda: pytest.fail("after the choice")) is None


@pytest.mark.parametrize("code", ["import os; os.abort()", "raise SystemExit(1)", "print('no json')"])
def test_a_first_window_that_breaks_is_no_choice(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    ends_with(monkeypatch, code)
    with pytest.raises(NoWindow, match="the window"):
        choose()


class Kept:
    """A window that is kept, what was said, and whether the sensor was stopped."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.stopped: list[str] = []
        self.window = MainWindow("ipc:///nowhere", "", self.stopped.append, self.lines.append)
        self.look = self.window.look


def test_closing_the_window_stops_the_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(monkeypatch, "")
    kept = Kept()
    wait_for(lambda: kept.look() or kept.stopped, "the stop")
    assert not kept.lines


def test_a_recording_goes_on_without_the_window_and_it_is_said_how_to_look_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends_with(monkeypatch, "raise SystemExit(4)")
    kept = Kept()
    wait_for(lambda: kept.look() or kept.lines, "the word")
    assert "the recording goes on" in kept.lines[0]
    assert "liveaffect view" in kept.lines[0]
    assert not kept.stopped


def test_a_crashed_window_is_opened_again_twice_and_the_sensor_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(monkeypatch, "import os; os.abort()")
    kept = Kept()
    wait_for(lambda: kept.look() or len(kept.lines) == 3, "three crashes")
    assert "has crashed (signal 6) and is opened again" in kept.lines[0]
    assert "fails again and again" in kept.lines[2]
    assert not kept.stopped
    kept.look()
    assert kept.window.pid is None


def test_the_window_ends_with_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(monkeypatch, "import time; time.sleep(60)")
    kept = Kept()
    wait_for(lambda: kept.look() or kept.window.pid, "the window")
    pid = kept.window.pid
    kept.window.close()
    assert pid is not None
    assert not psutil.pid_exists(pid)


TOLD = """
import json, pathlib, sys
said = []
while not any("address" in one for one in said):
    said.append(json.loads(sys.stdin.readline()))
    pathlib.Path({path!r}).write_text(json.dumps(said))
"""


def test_u9_the_main_window_is_made_ready_while_devices_are_chosen_and_told_where_the_sensor_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ends_with(monkeypatch, TOLD.format(path=str(tmp_path / "said")))
    kept = MainWindow()
    kept.prepare()
    pid = kept.pid
    kept.show("The sensor is being started")
    assert kept.pid == pid, "the window that was made ready is the one that is shown"
    stopped: list[str] = []
    kept.belong("ipc:///here", "", stopped.append, print)
    wait_for(lambda: kept.look() or stopped, "the end of the window")
    said = json.loads((tmp_path / "said").read_text("utf-8"))
    assert said == [{"show": "The sensor is being started"}, {"address": "ipc:///here", "keys": ""}]


def test_a_window_that_was_made_ready_ends_with_a_choice_of_none() -> None:
    kept = MainWindow()
    kept.close()
    kept.prepare()
    assert kept.pid is None


class Ended:
    """A run of a film that is over at once."""

    gateway_address, reason = "ipc:///nowhere", INPUT_ENDED

    def __init__(self) -> None:
        self.graph = load_graph(DEFAULT_GRAPH, [])

    def run(self, _seconds: float | None, beside: Callable[[], None]) -> int:
        beside()
        return 0

    def stop(self, _reason: str) -> None: ...


def test_u3_the_window_of_a_film_that_has_ended_stays_until_it_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    ends_with(monkeypatch, f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(closed)!r}).touch()")
    said: list[str] = []
    assert window.run_with_window(cast(Any, Ended()), said.append) == 0
    assert closed.exists(), "the window was ended before somebody closed it"
    assert said == ["The input has ended; the window stays until it is closed."]


def test_view_says_where_no_window_can_be(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["view"])
    assert ended.value.code == 2
    assert "no window can be opened: there is no display" in capsys.readouterr().err


def test_sessions_get_folders_of_their_own_where_they_are_wanted(tmp_path: Path) -> None:
    recorder = RecorderNode(sessions=str(tmp_path / "study"), min_free_mb=0, autostart=True)
    recorder.open()
    recorder.close()
    (session,) = (tmp_path / "study").iterdir()
    assert (session / "session.json").is_file()


ENDED = """
import sys
from liveaffect.cli.windows import keeper
keeper.PROGRAM = (sys.executable, "-c", "import os, sys, time; print(os.getpid(), file=sys.stderr); time.sleep(600)")
{call}
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("call", ["keeper.watch('')", "keeper.choose()"])
def test_e36_a_signal_to_the_program_ends_its_window_too(number: int, call: str) -> None:
    words = [sys.executable, "-c", ENDED.format(call=call)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        window = int(program.stderr.readline())
        program.send_signal(number)
        assert program.wait() == 128 + number
        wait_for(lambda: not psutil.pid_exists(window), "the end of the window")
        assert program.stderr.read() == ""


def test_the_program_of_the_windows_can_be_started() -> None:
    done = subprocess.run([*window.PROGRAM, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the main window" in done.stdout
