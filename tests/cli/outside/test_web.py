"""`liveaffect web` and `run --web`: the page beside a sensor, its links, and what is missing in words."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from estimate_nodes import LAUNCH
from made.sensor import Sensor
from paths import ROOT
from runs.command import command, refused
from runs.live import free_port, wait_for

from liveaffect.cli.shell.hints import WEB_ADDRESS, with_address
from liveaffect.nodes.web.address import DEFAULT
from liveaffect.stream.client.announced import announce
from liveaffect.stream.extras import EXTRAS

GRAPH = """
[graph]
web = "127.0.0.1:{port}"
"""


def test_the_address_behind_web_may_be_left_out() -> None:
    assert WEB_ADDRESS == DEFAULT
    assert with_address(["run", "--web"]) == ["run", f"--web={DEFAULT}"]
    assert with_address(["run", "--web", "--headless"]) == ["run", f"--web={DEFAULT}", "--headless"]
    assert with_address(["run", "--web", "mine.toml"]) == ["run", f"--web={DEFAULT}", "mine.toml"]
    assert with_address(["run", "--web", "0.0.0.0:80", "x"]) == ["run", "--web", "0.0.0.0:80", "x"]
    assert with_address(["run", "--web", "0.0.0.0"]) == ["run", "--web", "0.0.0.0"], "which is refused as an address"
    assert with_address(["run", "--web=:80"]) == ["run", "--web=:80"]


def test_without_its_libraries_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "web", EXTRAS["web"]._replace(beside=("cryptography", "no_such_library")))
    refused(2, ["web"], "no_such_library", 'pip install "liveaffect[web]"')
    launch = tmp_path / "launch.toml"
    launch.write_text(LAUNCH)
    refused(2, ["run", launch, "--headless", "--web"], 'pip install "liveaffect[web]"')


@pytest.mark.processes
def test_nothing_of_it_is_imported_unasked() -> None:
    code = """
import sys
import liveaffect.cli.run, liveaffect.cli.live, liveaffect.cli.windows.keeper, liveaffect.stream.live.supervisor
found = {name.partition(".")[0] for name in sys.modules} & {"aiohttp", "cryptography", "segno", "mcp"}
sys.exit(str(found) if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_wrong_addresses_are_refused_in_words(tmp_path: Path) -> None:
    refused(2, ["web", "--listen", "everywhere"], "everywhere", "ADDRESS:PORT")
    launch = tmp_path / "launch.toml"
    launch.write_text(LAUNCH)
    refused(2, ["run", launch, "--headless", "--web", "0.0.0.0"], "web '0.0.0.0'", "ADDRESS:PORT")
    refused(2, ["web", "0.0.0.0:7895"], "--listen")


def test_the_link_holds_the_token_and_a_code() -> None:
    done = command("web", "--link", "--listen", "0.0.0.0:7895")
    assert done.returncode == 0, done.stderr
    assert re.search(r"https://\S+:7895/\?token=\S{32}", done.stdout)
    assert done.stdout.count("█") > 50
    assert "Nothing is running here now" in done.stderr
    assert re.search(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", done.stdout)
    again = command("web", "--link", "--new-token", "--listen", "0.0.0.0:7895")
    assert again.stdout.splitlines()[1] != done.stdout.splitlines()[1]


@pytest.mark.processes
def test_a_link_says_which_of_several_sensors_it_is_of() -> None:
    with Sensor() as sensor:
        announce("ipc:///old", "", 5.0)
        announce(sensor.address, "", 6.0)
        done = command("web", "--link")
    assert done.returncode == 0, done.stderr
    assert f"2 sensors run here, and the newest is taken: {sensor.address}" in done.stderr
    assert "UserWarning" not in done.stderr


@pytest.mark.processes
def test_a_taken_port_is_said_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused(1, ["web", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"], "cannot be served", "--web")


@pytest.mark.processes
def test_run_serves_the_page_of_its_own_sensor_restarts_it_and_ends_with_it(tmp_path: Path) -> None:
    port = free_port()
    launch = tmp_path / "launch.toml"
    launch.write_text(GRAPH.format(port=port) + LAUNCH)
    words = [sys.executable, "-m", "liveaffect.cli.main", "run", str(launch), "--headless"]
    words += ["--set", "camera.source=lavfi:testsrc=size=64x48:rate=10"]
    with (tmp_path / "said").open("wb") as said:
        run = subprocess.Popen(words, stderr=said, stdin=subprocess.DEVNULL, env=_environment())
    try:
        wait_for(lambda: _token(tmp_path) and _status(port, "") == 401, "the page")
        token = _token(tmp_path)
        wait_for(lambda: _status(port, token) == 200, "the answer")
        page = wait_for(lambda: _page_of(run.pid), "the page's process")
        page.kill()
        wait_for(lambda: (new := _page_of(run.pid)) and new.pid != page.pid and _status(port, token) == 200, "another")
    finally:
        run.terminate()
        run.wait(120)
    wait_for(lambda: _status(port, token) == 0, "its end")
    text = (tmp_path / "said").read_text()
    assert f"page at http://127.0.0.1:{port}" in text
    assert "started again; the sensor has gone on" in text
    assert token not in text, "a token stands in no log"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "helpers")}


def _token(folder: Path) -> str:
    path = folder / "cache" / "liveaffect" / "web" / "token"
    return path.read_text() if path.is_file() else ""


def _status(port: int, token: str) -> int:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/state")
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _page_of(pid: int) -> psutil.Process | None:
    for one in psutil.Process(pid).children():
        with contextlib.suppress(psutil.Error):  # one that has just ended
            if "--owned" in one.cmdline():
                return one
    return None
