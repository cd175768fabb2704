"""`liveaffect service`: the sensor as a service of this user (systemd), from log-in on and without a terminal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liveaffect.cli.run import assemble
from liveaffect.stream.errors import LiveAffectError, UsageError

app = typer.Typer(no_args_is_help=True, help="Run the sensor from log-in on, without a terminal (Linux, systemd).")
console = Console(highlight=False, soft_wrap=True)
NAME = "liveaffect.service"
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-@")
LIMIT_S = 60.0


class ServiceError(LiveAffectError):
    """systemd refused, or is not there; the text says what it said."""


@app.command()
def install(
    launch: Annotated[Path | None, typer.Argument(help="A launch file; without one, the default graph.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="node.key=value; may be repeated.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record from the start, each run into its own folder.")
    ] = False,
    begin: Annotated[bool, typer.Option("--start/--no-start", help="Start it now as well.")] = True,
) -> None:
    """Write the unit and start it: it comes back by itself after a fault and at every log-in.

    It runs what `liveaffect run --headless` would. Watch it with `liveaffect view`, read what it says with
    `journalctl --user -u liveaffect`. To have it run without anyone logged in: `loginctl enable-linger`.
    """
    overrides = [*(settings or []), *(["recorder.autostart=true"] if record else [])]
    assemble(launch, overrides, view=False)  # wrong words are told here, not in a log
    words = ["run", *([str(launch.resolve())] if launch else []), "--headless"]
    words += [part for one in overrides for part in ("--set", one)]
    _require()
    path = unit_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(unit(words), "utf-8")
    _systemctl("daemon-reload")
    _systemctl("enable", *(["--now"] if begin else []), NAME)
    console.print(f"{path}", markup=False)
    console.print("It runs now and at every log-in." if begin else "It starts at the next log-in.")
    console.print("Watch it: liveaffect view. What it says: journalctl --user -u liveaffect", markup=False)


@app.command()
def status() -> None:
    """Say whether it is installed and runs, and the last lines it wrote. Exit code 1 where it does not run."""
    if not unit_file().is_file():
        console.print("Not installed: liveaffect service install")
        raise typer.Exit(1)
    _require()
    state = _systemctl("is-active", NAME, check=False)
    enabled = _systemctl("is-enabled", NAME, check=False)
    console.print(f"{NAME}: {state or 'unknown'}, {enabled or 'unknown'} at log-in ({unit_file()})", markup=False)
    if shutil.which("journalctl"):
        said = _run(["journalctl", "--user", "-u", NAME, "-n", "10", "--no-pager", "-o", "cat"], check=False)
        console.print(said, markup=False)
    raise typer.Exit(0 if state == "active" else 1)


@app.command()
def remove() -> None:
    """Stop it and take its unit away. Recordings stay."""
    path = unit_file()
    if not path.is_file():
        console.print("Not installed: there is nothing to remove.")
        return
    _require()
    _systemctl("disable", "--now", NAME, check=False)
    path.unlink(missing_ok=True)
    _systemctl("daemon-reload", check=False)
    console.print(f"Removed: {path}", markup=False)


def unit_file() -> Path:
    """Where systemd looks for units of this user."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / NAME


def unit(words: Sequence[str]) -> str:
    """The text of the unit that runs `liveaffect WORDS`."""
    command = " ".join(map(quoted, [sys.executable, "-P", "-m", "liveaffect.cli.main", *words]))
    return f"""[Unit]
Description=liveaffect, a real-time affect sensor
Documentation=man:systemd.service(5)
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2
TimeoutStopSec=15
NoNewPrivileges=yes
Environment=PYTHONUNBUFFERED=1

[Install]
WantedBy=default.target
"""


def quoted(word: str) -> str:
    """A word as a unit file takes it literally. Raises UsageError for what no unit can hold."""
    if any(letter in word for letter in "\n\r\0"):
        raise UsageError(f"{word!r:.80}: a service cannot be given a word of several lines")
    word = word.replace("%", "%%").replace("$", "$$")
    if word and set(word) <= PLAIN | set("%$"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _require() -> None:
    if shutil.which("systemctl") is None:
        raise ServiceError(
            "there is no systemd here: start `liveaffect run --headless` with whatever starts programs on this system"
        )


def _systemctl(*words: str, check: bool = True) -> str:
    return _run(["systemctl", "--user", *words], check=check)


def _run(command: list[str], *, check: bool) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"{' '.join(command)}: {error}") from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise ServiceError(f"{' '.join(command)}: {said or f'exit code {done.returncode}'}")
    return done.stdout.strip()
