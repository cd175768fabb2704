"""The checks of `liveaffect doctor`: each looks at one part of the machine and returns findings."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, NamedTuple

State = Literal["ok", "note", "problem"]
_ASK_LIMIT_S = 10.0

# run in a process of its own: PortAudio writes to stderr from C, and hangs where the sound server does
_LIST_INPUTS = """
import dataclasses, json
from liveaffect.nodes.microphone.devices import list_microphones, portaudio
print("asking", flush=True)
portaudio()
print(json.dumps([dataclasses.asdict(microphone) for microphone in list_microphones()]))
"""


class Finding(NamedTuple):
    """One thing found: whether it is well, what it is, what was seen, and what to do."""

    state: State
    what: str
    detail: str
    remedy: str = ""


def machine() -> list[Finding]:
    """Python, operating system, cores and memory."""
    import psutil

    memory = psutil.virtual_memory()
    supported = sys.version_info[:2] in ((3, 11), (3, 12))
    tested = sys.platform == "linux"
    cores = len(os.sched_getaffinity(0)) if tested else os.cpu_count() or 1
    return [
        Finding(
            "ok" if supported else "problem",
            f"Python {platform.python_version()}",
            sys.executable,
            "" if supported else "liveaffect is made for Python 3.11 and 3.12",
        ),
        Finding("ok" if tested else "note", platform.platform(terse=True), "tested" if tested else "untested here"),
        Finding(
            "ok" if cores >= 2 else "note",
            f"{cores} cores",
            f"{memory.total / 2**30:.1f} GiB of memory, {memory.available / 2**30:.1f} free",
        ),
    ]


def models() -> list[Finding]:
    """Every model file, verified by its hash."""
    from liveaffect.models import registry

    found: list[Finding] = []
    for status in registry.status():
        if status.state == "ready":
            found.append(
                Finding("ok", status.entry.name, f"{status.entry.version}, {status.path or status.entry.title}")
            )
        elif status.state == "refused":
            found.append(Finding("note", status.entry.name, status.detail))
        else:
            found.append(Finding("problem", status.entry.name, status.detail))
    return found


def licences() -> list[Finding]:
    """What the models may be used for, under the profile in force."""
    from liveaffect.models import registry
    from liveaffect.models.files import manifest

    known = manifest.entries().values()
    research = [entry.name for entry in known if "commercial" not in entry.uses]
    profile = registry.profile()
    found = [Finding("ok", f"profile {profile}", "LIVEAFFECT_PROFILE=commercial refuses what research alone may use")]
    if research and profile == "research":
        found.append(Finding("note", "research only", ", ".join(research), "`liveaffect models info NAME` says why"))
    return found


def providers() -> list[Finding]:
    """Where ONNX models can run."""
    from liveaffect.models.errors import RuntimeMissing
    from liveaffect.models.files.net import runtime

    try:
        ort = runtime()
    except RuntimeMissing as error:
        return [Finding("problem", "onnxruntime", str(error))]
    return [Finding("ok", f"onnxruntime {ort.__version__}", ", ".join(ort.get_available_providers()))]


def cameras() -> list[Finding]:
    """Cameras the system lists; none is opened for capture."""
    from liveaffect.nodes.camera.devices import list_cameras

    found = [
        Finding("problem" if camera.note else "ok", f"{camera.id}: {camera.name}", camera.note)
        for camera in list_cameras()
    ]
    return found or [Finding("note", "no camera", "files, network cameras and `liveaffect demo` work without one")]


def microphones() -> list[Finding]:
    """Sound inputs as PortAudio lists them; none is opened."""
    listed, trouble = sound_inputs()
    if trouble is not None:
        return [trouble]
    inputs = [
        Finding(
            "ok",
            f"{device['id']}: {device['name']}",
            f"{device['channels']} channels at {device['rate']:.0f} Hz"
            + (", the default" if device["default"] else ""),
            device["note"],
        )
        for device in listed
    ]
    return inputs or [Finding("note", "no microphone", "files and `liveaffect demo` work without one")]


def sound_inputs() -> tuple[list[dict[str, Any]], Finding | None]:
    """The fields of `MicrophoneInfo` of every sound input as of now, or why PortAudio cannot say."""
    command = [sys.executable, "-P", "-c", _LIST_INPUTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        asked.stdout.readline()  # it has begun to ask: on a busy machine that alone takes long, and nothing hangs
        try:
            asked.wait(_ASK_LIMIT_S)
        except subprocess.TimeoutExpired:
            asked.kill()
            limit = f"did not answer in {_ASK_LIMIT_S:.0f} s"
            return [], Finding("problem", "sound system", limit, "restart the sound server")
        said, wrong = asked.stdout.read(), asked.stderr.read()
    if asked.returncode != 0:
        last = (wrong.strip().splitlines() or ["no reason given"])[-1]
        return [], Finding("note", "PortAudio", last)
    return json.loads(said.strip().splitlines()[-1]), None


def kernels() -> list[Finding]:
    """Whether the compiled voice kernels are cached: without them the first second of sound is late."""
    from liveaffect.models.voice.descriptors import is_built
    from liveaffect.models.voice.descriptors.jit import FOLDER as folder

    if is_built():
        return [Finding("ok", "voice kernels", f"compiled, in {folder}")]
    parent = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(parent, os.W_OK):
        remedy = "set NUMBA_CACHE_DIR to a folder that can"
        return [Finding("problem", "voice kernels", f"{parent} cannot be written", remedy)]
    return [Finding("note", "voice kernels", f"not compiled yet; they will be at first use, into {folder}")]


def ports() -> list[Finding]:
    """Whether nodes can talk: a socket in a private folder, and a port on loopback."""
    found: list[Finding] = []
    try:
        with tempfile.TemporaryDirectory(prefix="liveaffect-") as folder, socket.socket(socket.AF_UNIX) as local:
            local.bind(f"{folder}/probe")
        found.append(Finding("ok", "ipc", "nodes on this machine talk through a private folder"))
    except (OSError, AttributeError) as error:
        state: State = "problem" if sys.platform == "linux" else "note"
        found.append(Finding(state, "ipc", str(error), "set TMPDIR to a folder with a short path that can be written"))
    try:
        with socket.socket() as loopback:
            loopback.bind(("127.0.0.1", 0))
        found.append(Finding("ok", "tcp", "loopback can be used; nothing listens beyond it without keys"))
    except OSError as error:
        found.append(Finding("problem", "tcp", f"127.0.0.1: {error}", "bring the loopback interface up"))
    return found


def fonts() -> list[Finding]:
    """Fonts for the dashboard; the terminal view needs none."""
    try:
        version("PySide6_Essentials")
    except PackageNotFoundError:
        return [Finding("note", "dashboard", "not installed; the terminal view works", "install `liveaffect[desktop]`")]
    from matplotlib import font_manager

    files = font_manager.findSystemFonts()
    if not files:
        return [
            Finding("note", "fonts", "none on this system: the dashboard shows no text", "install fonts-dejavu-core")
        ]
    encoding = sys.stdout.encoding or "unknown"
    return [Finding("ok", f"{len(files)} fonts", f"{shutil.get_terminal_size().columns} columns, {encoding} here")]


def extras() -> list[Finding]:
    """Bridges to other programs that are installed, and how to have the others."""
    from liveaffect.stream.extras import EXTRAS, remedy, there

    return [
        Finding("ok", name, extra.what)
        if there(name)
        else Finding("note", name, f"{extra.what}: not installed", remedy(name))
        for name, extra in EXTRAS.items()
    ]


def privacy() -> list[Finding]:
    """What keeps faces and voices on this machine."""
    from liveaffect.nodes.face.privacy import NOWHERE

    try:
        maker = f"mediapipe {version('mediapipe')}"
    except PackageNotFoundError:
        return [Finding("problem", "mediapipe", "not installed", "install liveaffect again")]
    return [
        Finding(
            "ok", maker, f"reports its use to its maker by default; it runs in processes whose way out is {NOWHERE}"
        ),
        Finding(
            "ok", "onnxruntime", "reports its use to its maker by default; that is switched off before it is loaded"
        ),
        Finding("ok", "recording", "off unless asked for; a session holds results, no pixels and no sound by default"),
    ]
