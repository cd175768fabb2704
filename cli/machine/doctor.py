"""`liveaffect doctor`: what works on this machine, and what to do about what does not."""

import json
from collections.abc import Callable
from typing import Annotated

import typer

from liveaffect.cli.machine import checks
from liveaffect.cli.machine.checks import Finding, State
from liveaffect.stream.errors import InputError
from liveaffect.stream.live.runlog import ended_whole, last_lines, runs, runs_folder

SECTIONS: dict[str, Callable[[], list[Finding]]] = {
    "machine": checks.machine,
    "models": checks.models,
    "licences": checks.licences,
    "providers": checks.providers,
    "cameras": checks.cameras,
    "microphones": checks.microphones,
    "kernels": checks.kernels,
    "ports": checks.ports,
    "fonts": checks.fonts,
    "extras": checks.extras,
    "privacy": checks.privacy,
}
LINES = 80
"""Of a run's file so many are shown."""
_MARK: dict[State, str] = {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "problem": "[red]✗[/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list of findings by section.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Show instead what the last run said of itself.")] = False,
) -> None:
    """Say what works here: cameras, microphones, models, licences, providers, kernels, ports, fonts, privacy.

    A dot marks what is worth knowing (no camera, say), a cross what stops the sensor. Ends with 1 where there is a
    cross. Nothing is fetched, opened for capture, or sent.

    --last shows what the last run of the sensor said of itself. Such files hold no pixels, sound or names; they are
    kept for the last ten runs and, of those before, where something failed.
    """
    if last:
        show_last(as_json)
        return
    found = {name: _ask(section) for name, section in SECTIONS.items()}
    problems = sum(finding.state == "problem" for section in found.values() for finding in section)
    if as_json:
        report = {name: [finding._asdict() for finding in section] for name, section in found.items()}
        print(json.dumps({"problems": problems, "sections": report}, indent=2))
    else:
        _show(found, problems)
    if problems:
        raise typer.Exit(1)


def show_last(as_json: bool) -> None:
    """How the last run of `live`, `run`, `replay` or `demo` went: its file, how it ended, its last lines. Raises
    InputError where there was none."""
    found = runs()
    if not found:
        raise InputError(
            f"no run has left anything in {runs_folder()}: start `liveaffect live` or `liveaffect demo` first"
        )
    path = found[-1]
    lines, whole = last_lines(path, LINES), ended_whole(path)
    if as_json:
        print(json.dumps({"path": str(path), "whole": whole, "lines": lines}, indent=2))
        return
    for line in lines:
        print(line)
    print(f"\n{path}: {'it ended without a fault' if whole else 'it did not end well, or still runs'}")


def _ask(section: Callable[[], list[Finding]]) -> list[Finding]:
    """A check that itself fails is a finding: the others must still be heard."""
    try:
        return section()
    except Exception as error:
        return [Finding("problem", section.__name__, f"the check failed: {type(error).__name__}: {error}")]


def _show(found: dict[str, list[Finding]], problems: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for name, section in found.items():
        lines = Table.grid(padding=(0, 1))
        for finding in section:
            text = Text.assemble((finding.what, "bold"), "  ", finding.detail)
            if finding.remedy:
                text.append(f"\n→ {finding.remedy}", style="italic")
            lines.add_row("", _MARK[finding.state], text)
        console.print(Text(name, style="cyan"))
        console.print(lines)
    if problems:
        console.print(f"\n[red]{problems} problem{'s' * (problems > 1)}[/]: the crosses above say what to do")
    else:
        console.print("\n[green]The sensor can run here.[/]")
