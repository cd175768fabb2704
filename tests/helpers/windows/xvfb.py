"""A display without a screen, on a number that is free: `with Xvfb() as display: env["DISPLAY"] = display.name`."""

import os
import shutil
import subprocess


def xvfb_missing() -> bool:
    """True where the program is not installed."""
    return shutil.which("Xvfb") is None


class Xvfb:
    """The server; `name` is what DISPLAY takes."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        self._screen = f"{width}x{height}x24"
        self.name = ""

    def __enter__(self) -> "Xvfb":
        here, there = os.pipe()
        command = ["Xvfb", "-displayfd", str(there), "-screen", "0", self._screen, "-nolisten", "tcp"]
        quiet = subprocess.DEVNULL
        self._server = subprocess.Popen(command, pass_fds=(there,), stdout=quiet, stderr=quiet)
        os.close(there)
        with os.fdopen(here) as told:
            number = told.readline().strip()  # it chooses a free one, and says so when it listens
        if not number:
            self._server.wait()
            raise RuntimeError(f"Xvfb ended with exit code {self._server.returncode}")
        self.name = f":{number}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait()
