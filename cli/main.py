"""The `liveaffect` command: a table of verbs, each in a file of its own that is imported only when it is called."""

import keyword
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, NamedTuple

import typer

from liveaffect.cli.shell.hints import hint, with_address
from liveaffect.stream.errors import UsageError

HELP = """
Face and voice to valence, arousal and emotions: live, on recordings, or on a device.

No pixel and no sound leaves this machine unasked, and a missing estimate is null, never a number.
What these numbers do not mean, and where measuring them is unlawful, stands in the README.
"""
EPILOG = "`liveaffect VERB --help` describes one verb. Exit codes: 0 done, 1 could not be done, 2 asked wrongly."


class Verb(NamedTuple):
    """Where a verb is written and how the overview puts it. The module has a function of the verb's name (with _
    where Python has that word), or `app`."""

    module: str
    panel: str
    summary: str


VERBS: dict[str, Verb] = {
    "demo": Verb("liveaffect.cli.demo", "Measure", "Show the sensor on a face and a voice that it makes itself."),
    "live": Verb("liveaffect.cli.live", "Measure", "Watch this computer's camera and microphone."),
    "view": Verb("liveaffect.cli.view", "Measure", "Open the window on what runs, here or elsewhere, or on a session."),
    "run": Verb("liveaffect.cli.run", "Measure", "Run a launch graph, with or without a view."),
    "score": Verb("liveaffect.cli.score", "Measure", "Score video, sound and image files into a table."),
    "web": Verb("liveaffect.cli.outside.web", "Measure", "Show what runs on a page: for phones and any browser."),
    "mcp": Verb(
        "liveaffect.cli.outside.mcp", "Measure", "Tell an assistant what runs, in words, where that is allowed."
    ),
    "mark": Verb("liveaffect.cli.mark", "Measure", "Set a marker in what runs, and in its recording."),
    "replay": Verb("liveaffect.cli.replay", "Look at results", "Replay a session, or recompute and compare it."),
    "recover": Verb("liveaffect.cli.recover", "Look at results", "Make the session of a killed recorder whole."),
    "export": Verb("liveaffect.cli.export", "Look at results", "A session or a table as CSV, Parquet or XDF."),
    "import": Verb("liveaffect.cli.bring", "Look at results", "Labels and series of other programs, beside a session."),
    "report": Verb("liveaffect.cli.report", "Look at results", "A session or a table as one HTML page."),
    "why": Verb("liveaffect.cli.why", "Look at results", "Say which measured cues carried an estimate."),
    "compare": Verb("liveaffect.cli.compare", "Look at results", "Hold conditions against each other, with intervals."),
    "evaluate": Verb("liveaffect.cli.evaluate", "Look at results", "Hold a table of scores against labels."),
    "baseline": Verb("liveaffect.cli.baseline", "Look at results", "Make a person's baseline from a neutral face."),
    "graph": Verb("liveaffect.cli.graph", "This machine", "Draw the launch graph: nodes, topics, processes."),
    "keys": Verb("liveaffect.cli.machine.keys", "This machine", "Make the keys that a remote viewer needs."),
    "service": Verb(
        "liveaffect.cli.shell.service", "This machine", "Run the sensor from log-in on, without a terminal."
    ),
    "models": Verb("liveaffect.cli.machine.models", "This machine", "List, fetch and describe the model files."),
    "doctor": Verb(
        "liveaffect.cli.machine.doctor", "This machine", "Say what works here and what to do about what does not."
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    words = with_address(sys.argv[1:] if arguments is None else arguments)
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on it is answered below
        if "_LIVEAFFECT_COMPLETE" in os.environ:  # the shell asks what could come next
            words = os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
            typer.main.get_command(build(words))(args=[], prog_name="liveaffect")
        if meant := hint(words):
            raise UsageError(meant)
        try:
            typer.main.get_command(build(words))(args=words, prog_name="liveaffect")
        finally:
            sys.stdout.flush()  # a reader that has gone is noticed here, not when the interpreter ends
    except BrokenPipeError:
        # the reader has gone (`| head`); the interpreter would complain again when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # every failure ends as one message; here is the one place
        if os.environ.get("LIVEAFFECT_DEBUG") == "1":
            raise
        complain(error)
        sys.exit(getattr(error, "exit_code", 1) if _is_ours(error) else 1)


def build(words: Sequence[str]) -> typer.Typer:
    """The command with all its verbs, of which only the one that `words` call is imported."""
    app = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    called = next((word for word in words if not word.startswith("-")), None)
    for name, verb in VERBS.items():
        if name != called:
            app.command(name, help=verb.summary, rich_help_panel=verb.panel)(_elsewhere)
            continue
        module = import_module(verb.module)
        group: typer.Typer | None = getattr(module, "app", None)
        if group is not None:
            app.add_typer(group, name=name, rich_help_panel=verb.panel)
        else:
            function: Callable[..., None] = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
            app.command(name, rich_help_panel=verb.panel)(function)
    return app


def complain(error: BaseException) -> None:
    """One red message on stderr."""
    from rich.console import Console

    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif not _is_ours(error):
        text = f"{type(error).__name__}: {text} (unexpected: LIVEAFFECT_DEBUG=1 shows where)"
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"liveaffect: {text}", style="red")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"liveaffect {version('liveaffect')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version)
    ] = False,
) -> None:
    pass


def _elsewhere() -> None:
    """Stands in the overview for a verb that was not called."""


def _is_ours(error: BaseException) -> bool:
    from liveaffect.models.errors import ModelError
    from liveaffect.stream.errors import LiveAffectError

    return isinstance(error, LiveAffectError | ModelError)


if __name__ == "__main__":
    main()
