"""What the verbs touch: a system-call trace of score, report, export, view and live among files that nobody named.

Every one runs in a home with letters and photographs in it, beside neighbours of what it is given; nothing of that is
opened, and no address off the machine.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from paths import GOLDEN, ROOT
from runs.live import collect, live_run

from liveaffect.models.voice.descriptors import build_cache
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH

pytestmark = [
    pytest.mark.soak,
    pytest.mark.processes,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("strace") is None, reason="needs strace, which is not installed"
    ),
]
CALLS = "connect,sendto,sendmsg,sendmmsg,open,openat,openat2,creat"
PRIVATE = ("Documents/letter.txt", "Pictures/me.jpg", ".ssh/id_ed25519", ".netrc", ".config/other/secret.json")
"""Of a home."""
NEIGHBOURS = ("other.mp4", "random.py", "numpy.py", "notes.txt", "session2/session.json", ".env", "demo-5s.txt")
"""Beside what is named, and in the folder one stands in."""
SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/bin", "/run", "/var", "/opt")
FOREIGN = re.compile(r"sa_family=AF_(?!UNIX|LOCAL|NETLINK|UNSPEC)")
LOOPBACK = re.compile(r'inet_addr\("127\.0\.0\.1"\)|inet_pton\(AF_INET6, "::1"')
OPENED = re.compile(r"= \d+<(/[^>]*)>")


@dataclass
class Place:
    """A home, a folder to stand in, and the program that is traced there."""

    folder: Path

    def __post_init__(self) -> None:
        self.home, self.work = self.folder / "home", self.folder / "work"
        self.own = self.folder / "tmp"
        for root, names in ((self.home, PRIVATE), (self.work, NEIGHBOURS)):
            for name in names:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("raise SystemExit('nobody named this')\n", "utf-8")
        for needed in (self.own, self.folder / "run"):
            needed.mkdir(mode=0o700)
        shutil.copytree(GOLDEN, self.work / "demo-5s")

    def run(self, words: list[str], *, stop_at: str = "", limit_s: float = 1500) -> tuple[int, str, list[str]]:
        """Exit code, what was said, and every call that should not have been; Ctrl-C once `stop_at` was opened."""
        log = self.folder / "trace"
        log.unlink(missing_ok=True)
        given = {word for word in words if (self.work / word).exists()}
        command = ["strace", "-f", "-y", "--seccomp-bpf", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(log)]
        program = [sys.executable, "-P", "-m", "liveaffect.cli.main", *words]
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.own), "LANG": "C.UTF-8",
            "XDG_CACHE_HOME": cache, "XDG_RUNTIME_DIR": str(self.folder / "run"), "QT_QPA_PLATFORM": "offscreen",
        }  # fmt: skip
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*command, *program], cwd=self.work, env=env, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )
        over = threading.Event()
        if stop_at:
            threading.Thread(target=_stop, args=(process, log, stop_at, over), daemon=True).start()
        try:
            said, _ = process.communicate(timeout=limit_s)
        finally:
            over.set()
            process.kill()
        return process.returncode, said, list(self.wrong(log, given, set(words) - given, Path(cache)))

    def wrong(self, log: Path, given: set[str], made: set[str], cache: Path) -> Iterator[str]:
        """Calls that address another machine, or open neither what was given nor what is made, or beside it for it."""
        inside = [self.work / name for name in (*given, *made)]
        beside = tuple(name for word in made for name in (Path(word).stem, f".{Path(word).stem}"))
        places = [
            ROOT, sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"], self.own, self.folder / "run",
            self.home / ".config/liveaffect", self.home / ".local/state/liveaffect",
            *(cache / name for name in ("liveaffect", "fontconfig", "matplotlib", "mesa_shader_cache")),
            *cache.glob("qt*"),
        ]  # fmt: skip
        allowed = [Path(place) for place in (*SYSTEM, *places)]
        for line in log.read_text("utf-8", "replace").splitlines():
            if FOREIGN.search(line) and not LOOPBACK.search(line):
                yield line
            found = OPENED.search(line)
            if found is None:
                continue
            path = Path(found[1].removesuffix(" (deleted)"))
            if path.is_dir() or any(path == place or place in path.parents for place in allowed):
                continue
            top = path.relative_to(self.work).parts[0] if self.work in path.parents else ""
            new = top.startswith(beside) and top not in NEIGHBOURS
            if not new and not any(path == name or name in path.parents for name in inside):
                yield line


def _stop(process: "subprocess.Popen[str]", log: Path, stop_at: str, over: threading.Event) -> None:
    """Ctrl-C to the program (strace hands none on) as soon as its trace tells that something was opened."""
    while not over.wait(0.5):
        if log.is_file() and stop_at in log.read_text("utf-8", "replace"):
            over.wait(20)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGINT)
            return


@pytest.fixture
def place(tmp_path: Path) -> Place:
    build_cache()
    return Place(tmp_path)


def test_the_trace_would_see_a_file_and_a_connection(place: Place) -> None:
    secret = place.home / PRIVATE[0]
    log = place.folder / "trace"
    code = (
        f"open({str(secret)!r}).read()\nimport socket\nsocket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    )
    command = [
        "strace",
        "-f",
        "-y",
        "--seccomp-bpf",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(log),
        sys.executable,
        "-c",
        code,
    ]
    subprocess.run(command, check=False, timeout=900)
    wrong = list(place.wrong(log, set(), set(), Path("/nowhere")))
    assert [str(secret) in line for line in wrong] == [True, False]
    assert "192.0.2.1" in wrong[1]


def test_score_opens_what_it_is_given_and_nothing_else(place: Place, demo_clip: Path) -> None:
    shutil.copy(demo_clip, place.work / "film.mp4")
    code, said, wrong = place.run(["score", "film.mp4", "--out", "table.parquet", "--rate", "2"])
    assert (code, wrong) == (0, []), said
    assert (place.work / "table.parquet").is_file()


@pytest.mark.parametrize("out", ["page.html", "rows.csv", "rows.parquet", "rows.xdf"])
def test_report_and_export_open_what_they_are_given_and_nothing_else(place: Place, out: str) -> None:
    verb = ["report"] if out.endswith("html") else ["export", "--to", out.rpartition(".")[2]]
    code, said, wrong = place.run([*verb, "demo-5s", "--out", out])
    assert (code, wrong) == (0, []), said
    assert (place.work / out).is_file()


def test_a_session_in_the_window_opens_what_it_is_given_and_nothing_else(place: Place) -> None:
    _, said, wrong = place.run(["view", "./demo-5s"], stop_at="demo-5s/session.mcap")
    assert wrong == [], said
    assert "Traceback" not in said


def test_a_window_on_a_running_sensor_opens_what_it_is_given_and_nothing_else(place: Place, calm_clip: Path) -> None:
    table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"].update(source=str(calm_clip), loop=True)
    table["microphone"].update(source=str(calm_clip), loop=True)
    with live_run(table) as run, run.client("affect") as client:
        collect(client, lambda got: len(got) >= 3)
        address = run.supervisor.gateway_address
        _, said, wrong = place.run(["view", address], stop_at=f"{address.removeprefix('ipc://')}.events")
        assert wrong == [], said
        assert "Traceback" not in said
        assert collect(client, lambda got: len(got) >= 3), "it goes on without the window"
    assert run.supervisor.deaths == []


def test_live_opens_what_it_is_given_and_nothing_else(place: Place, demo_clip: Path) -> None:
    shutil.copy(demo_clip, place.work / "film.mp4")
    words = ["live", "--camera", "./film.mp4", "--microphone", "./film.mp4", "--seconds", "8", "--record", "./kept"]
    code, said, wrong = place.run(words)
    assert (code, wrong) == (0, []), said
