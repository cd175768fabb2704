"""Nothing leaves the machine: a system-call trace of a live run of more than a minute, of its close, and of `score`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made.media import fewer_pictures

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("strace") is None, reason="needs strace, which is not installed"
    ),
]
CALLS = "connect,sendto,sendmsg,sendmmsg"
TRACED_S = 64
"""MediaPipe's first report would come 60 s after the landmarker was made, and one more at its close."""
FPS = 2
"""Pictures a second of the traced film: what a library reports does not depend on how much it has to do."""
FILM_S = 6
"""So long it is: the live run shows it over and over."""


def _traced(arguments: list[str], log: Path) -> subprocess.CompletedProcess[str]:
    command = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(log)]
    program = [sys.executable, "-m", "liveaffect.cli.main", *arguments]
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "LIVEAFFECT_MODELS")  # a library may be silent under CI
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run([*command, *program], capture_output=True, text=True, timeout=900, env=env, check=False)


def _foreign(log: Path) -> list[str]:
    """Calls that address anything but a local socket or the closed port that stands in for the way out."""
    found = []
    for line in log.read_text("utf-8", "replace").splitlines():
        if "sa_family=" not in line and "AF_INET" not in line:
            continue  # no address: a socket that was connected before, seen then
        local = re.search(r"sa_family=AF_(UNIX|LOCAL|NETLINK|UNSPEC)", line)
        loopback = re.search(r'inet_addr\("127\.0\.0\.1"\)', line) or re.search(r'inet_pton\(AF_INET6, "::1"', line)
        domain_names = re.search(r"htons\(53\)", line)
        if domain_names or not (local or loopback):
            found.append(line)
    return found


def test_the_trace_would_see_a_connection(tmp_path: Path) -> None:
    log = tmp_path / "control"
    code = "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.connect(('192.0.2.1', 53))\n"
    subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(log), sys.executable, "-c", code],
        check=False,
        timeout=900,
    )
    assert len(_foreign(log)) == 1


@pytest.fixture(scope="module")
def film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's face and voice with few pictures."""
    return fewer_pictures(
        demo_clip, tmp_path_factory.mktemp("film") / "slow.mp4", every=30 // FPS, fps=FPS, seconds=FILM_S
    )


def test_a_live_run_and_its_close_address_nothing_outside(tmp_path: Path, film: Path) -> None:
    log = tmp_path / "live"
    words = ["run", "--headless", "--input", str(film), "--seconds", str(TRACED_S)]
    words += ["--set", "camera.loop=true", "--record", str(tmp_path / "session")]
    done = _traced(words, log)
    assert done.returncode == 0, done.stderr
    assert _foreign(log) == []
    assert "127.0.0.1" in log.read_text("utf-8", "replace"), "the closed door was never tried: is it still needed?"


def test_score_addresses_nothing_outside(tmp_path: Path, film: Path) -> None:
    log = tmp_path / "score"
    done = _traced(["score", str(film), "--out", str(tmp_path / "t.parquet")], log)
    assert done.returncode == 0, done.stderr
    assert _foreign(log) == []
