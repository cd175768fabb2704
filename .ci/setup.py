"""Makes the checkout ready: system libraries, .venv, pinned packages, models, compiled kernels. Standard library only.

    python3 .ci/setup.py demo|test|train

Each step is left out where it is done already; a second run takes a second or two.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

EXTRAS = {"demo": ("cpu", "desktop"), "test": ("cpu", "desktop", "dev", "mcp", "web"), "train": ("cpu", "train")}
SENSOR_LIBRARIES = ("libegl1", "libgles2", "libportaudio2")
WINDOW_LIBRARIES = (
    "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-image0", "libxcb-render-util0", "libxcb-xkb1",
    "libxkbcommon-x11-0", "libxcb-shape0", "libgl1", "libdbus-1-3", "libfontconfig1",
)  # fmt: skip
KERNELS = """
from liveaffect.models.voice.descriptors import build_cache
shown = -1
def show(text, share):
    global shown
    if int(4 * share) > shown:
        shown = int(4 * share)
        print(f'    {share:4.0%}  {text}', flush=True)
build_cache(show)
"""
TEST_PACKAGES = (
    "pulseaudio",
    "pulseaudio-utils",
    "libasound2-plugins",
    "strace",
    "xvfb",
    "chromium",
    "mosquitto",
    "iproute2",
)
SYSTEM = {
    "demo": SENSOR_LIBRARIES + WINDOW_LIBRARIES,
    "test": SENSOR_LIBRARIES + WINDOW_LIBRARIES + TEST_PACKAGES,
    "train": SENSOR_LIBRARIES,
}


def main(purpose: str) -> None:
    """Runs every step that `purpose` needs and is not done yet."""
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        fail(f"liveaffect needs Python 3.11 or 3.12; this is {platform.python_version()} ({sys.executable})")
    began = time.monotonic()
    system_packages(SYSTEM[purpose])
    virtual_environment()
    python_packages(EXTRAS[purpose])
    models()
    kernels()
    took = time.monotonic() - began
    if took > 5.0:
        say(f"ready after {took:.0f} s")


def system_packages(wanted: tuple[str, ...]) -> None:
    """Installs what is missing where this is Debian or Ubuntu and root; else prints the line to type and goes on."""
    if sys.platform != "linux" or shutil.which("dpkg-query") is None:
        return
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    shown = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    present = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    missing = [name for name in wanted if name not in present]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(
            f"some system packages are missing; going on without them. To install them:\n    sudo {shlex.join(command)}"
        )
        return
    say(f"system packages: {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for attempt in (["apt-get", "update"], command):
        done = subprocess.run(attempt, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"`{shlex.join(attempt)}` failed ({last}); going on. What needs these packages will say so")


def virtual_environment() -> None:
    """Makes .venv with the Python that runs this file, or keeps one that works."""
    if _works(PYTHON):
        return
    say(f"virtual environment: {VENV.name} ({platform.python_version()})")
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    why = done.stdout.strip() or done.stderr.strip()
    fail(f"could not make {VENV}: {why}\non Debian: sudo apt-get install {package}")


def python_packages(extras: tuple[str, ...]) -> None:
    """Installs the project, editable, with its extras at the pinned versions. Extras once installed are kept."""
    stamp = VENV / ".installed"
    state, had = _read(stamp)
    # an environment copied from another checkout would point at that one: the key holds the place
    key = f"{_digest(ROOT / 'pyproject.toml', ROOT / 'constraints.txt')} {ROOT}"
    if state == key and set(extras) <= had:
        return
    wanted = ",".join(sorted(had.union(extras)))
    say(f"Python packages: liveaffect[{wanted}] at the versions of constraints.txt")
    install = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt")]
    _pip([*install, "setuptools"])
    _pip([*install, "--no-build-isolation", "-e", f"{ROOT}[{wanted}]"])
    stamp.write_text(f"{key}\n{wanted}\n", encoding="utf-8")


def models() -> None:
    """Fetches the third-party model files into the user's cache, where they are not there yet."""
    done = subprocess.run(
        [str(PYTHON), "-m", "liveaffect.cli.main", "models", "pull", "--quiet"], cwd=ROOT, check=False
    )
    if done.returncode != 0:
        fail("the models are not complete; the lines above say why")


def kernels() -> None:
    """Compiles the numba kernels into the user's cache, so that the first second of sound is not late."""
    stamp = VENV / ".kernels"
    places = [os.environ.get(name, "") for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")]
    key = _digest(*sorted((ROOT / "models").rglob("*.py")), ROOT / "constraints.txt") + "|".join(places)
    if _read(stamp)[0] == key:
        return
    say("compiling the voice kernels (once)")
    if subprocess.run([str(PYTHON), "-c", KERNELS], cwd=ROOT, check=False).returncode != 0:
        say("the voice kernels could not be compiled now; they will be at their first use")
        return
    stamp.write_text(key + "\n", encoding="utf-8")


def say(text: str) -> None:
    """One line of progress."""
    print(f"[set-up] {text}", flush=True)


def fail(text: str) -> None:
    """Ends the set-up with a message."""
    sys.exit(f"[set-up] {text}")


def _pip(command: list[str]) -> None:
    """Runs pip, showing the large packages it downloads; the end of what it said where it fails."""
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            words = line.split()
            if words and words[0] == "Downloading" and words[-1] in ("MB)", "GB)"):
                name = words[1].rsplit("/", 1)[-1].split("-")[0]
                print(f"    {name} {' '.join(words[2:4])}", flush=True)
            elif line.startswith("Installing collected"):
                print(f"    installing {line.count(',') + 1} packages", flush=True)
    if pip.returncode != 0:
        fail(f"`{shlex.join(command)}` failed:\n{''.join(said[-30:])}")


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    ask = [str(python), "-c", "import pip, sys; print(sys.version_info[:2] in ((3, 11), (3, 12)))"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    return done.stdout.strip() == "True"


def _read(stamp: Path) -> tuple[str, set[str]]:
    """The key a step was done with, and the extras that were installed."""
    try:
        lines = [*stamp.read_text(encoding="utf-8").splitlines(), "", ""]
    except OSError:
        return "", set()
    return lines[0], {name for name in lines[1].split(",") if name}


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in EXTRAS:
        sys.exit(__doc__)
    main(sys.argv[1])
