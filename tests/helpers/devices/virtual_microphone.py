"""A microphone without a sound card: a private PulseAudio server whose null sink is heard as the default source.

    with VirtualMicrophone() as microphone:
        process = subprocess.Popen([...], env=microphone.env)     # its PortAudio sees the devices "pulse" and "default"
        microphone.play("speech.wav")
        microphone.freeze(); microphone.thaw()                     # a server that says nothing
        microphone.stop(); microphone.start()                      # a server that died and came back

As a script it runs a command beside it, playing a file over and over if one is given:

    python tests/helpers/devices/virtual_microphone.py --play speech.wav -- liveaffect run --headless
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

RATE = 16000
PROGRAMS = ("pulseaudio", "pacat", "paplay", "pactl")
SHORT = "--latency-msec=20"
"""Keeps the null sink's clock fine; what is played keeps its seconds of buffer, so that it never runs dry."""
CONFIG = f"""
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=vmic rate={RATE} channels=1 format=s16le
set-default-sink vmic
set-default-source vmic.monitor
"""


def missing_programs() -> list[str]:
    """Which of the programs it needs are not installed; tests skip where this is not empty."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class VirtualMicrophone:
    """A PulseAudio server in a folder of its own; what is played to it is what its microphone hears.

    Parameters
    ----------
    keep_awake: plays silence without end, so that the null sink's clock runs while nothing else is played.
    """

    def __init__(self, *, keep_awake: bool = True) -> None:
        self._keep_awake = keep_awake
        self._folder = Path(tempfile.mkdtemp(prefix="vmic-"))  # short: a socket's path has 107 characters at most
        self._children: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self.settings = {
            "XDG_RUNTIME_DIR": str(self._folder),
            "HOME": str(self._folder),
            "PULSE_SERVER": f"unix:{self._folder}/pulse/native",
        }
        """The environment variables that lead to this server."""
        self.env = os.environ | self.settings

    def __enter__(self) -> "VirtualMicrophone":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, limit_s: float = 120.0) -> None:
        """Starts the server and waits until it answers. Raises RuntimeError with its last words where it does not."""
        config, log = self._folder / "null.pa", self._folder / "server.log"
        config.write_text(CONFIG)
        command = ["pulseaudio", "-n", "-F", str(config), "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no"]
        with log.open("wb") as sink:
            self._server = subprocess.Popen([*command, "--disallow-exit"], env=self.env, stdout=sink, stderr=sink)
        if not wait_for(self._answers, limit_s):
            raise RuntimeError(f"the sound server does not answer: {log.read_text(errors='replace')[-2000:]}")
        if self._keep_awake:
            self._spawn(["pacat", SHORT, "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le", "/dev/zero"])

    def stop(self) -> None:
        """Kills the server at once (kill -9), as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
        self._end_children()

    def freeze(self) -> None:
        """Stops the server without ending it: it says nothing at all."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen server go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def play(self, wav: str | Path) -> subprocess.Popen[bytes]:
        """Plays a sound file to the microphone; the returned process ends when it has been played.

        PulseAudio swallows up to 5 ms at the start; the rest arrives bit for bit.
        """
        return self._spawn(["paplay", str(wav)])

    def close(self) -> None:
        """Ends everything and removes the folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        answer = subprocess.run(["pactl", "info"], env=self.env, capture_output=True, check=False, timeout=120)
        return answer.returncode == 0

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(command, env=self.env, stdin=quiet, stdout=quiet, stderr=quiet)
        self._children.append(child)
        return child

    def _end_children(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
        self._children.clear()


def wait_for(condition: Callable[[], bool], limit_s: float, step_s: float = 0.02) -> bool:
    """Polls until `condition` holds; False where it does not within the limit."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(step_s)
    return True


@contextlib.contextmanager
def environment(settings: dict[str, str]) -> Iterator[None]:
    """Puts variables into this process's environment (libpulse reads them at connect), and takes them out again."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a command beside a virtual microphone.")
    parser.add_argument("--play", help="a sound file, played over and over")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("give a command after --")
    if lacking := missing_programs():
        parser.error(f"not installed: {', '.join(lacking)} (Debian: apt install pulseaudio pulseaudio-utils)")
    with VirtualMicrophone() as microphone:
        child = subprocess.Popen(command, env=microphone.env)
        player: subprocess.Popen[bytes] | None = None
        while child.poll() is None:
            if options.play and (player is None or player.poll() is not None):
                player = microphone.play(options.play)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=0.05)
        return child.returncode


if __name__ == "__main__":
    sys.exit(main())
