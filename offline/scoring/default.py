"""The default graph, and what must be there before any part of it runs: no more is imported for a live run."""

from collections.abc import Callable
from pathlib import Path

from liveaffect.models.registry import path as model_path
from liveaffect.stream.capture.media import MediaInfo

DEFAULT_GRAPH = Path(__file__).parents[1] / "launch.toml"


def require_models(info: MediaInfo, told: Callable[[str], None] | None = None) -> None:
    """What a run needs before any work is done: models (ModelMissing names the remedy) and compiled kernels.

    `told` gets a line whenever a kernel was compiled, for who does not see the terminal.
    """
    for name in (["face-landmarker"] if info.has_video else []) + (["silero-vad"] if info.has_audio else []):
        model_path(name)
    if info.has_audio:
        _compile_kernels(told)


def _compile_kernels(told: Callable[[str], None] | None) -> None:
    """Compiles the voice kernels where that was not done at set-up: with a word, and never in the audio path."""
    from liveaffect.models.voice.descriptors import is_built

    if is_built():
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from liveaffect.models.voice.descriptors import build_cache

    console = Console(stderr=True, highlight=False)
    console.print(
        "compiling the voice kernels for this processor: once, half a minute on a quiet machine", soft_wrap=True
    )
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console)
    with bar:
        task = bar.add_task("voice kernels", total=1.0)

        def compiled(text: str, share: float) -> None:
            bar.update(task, description=text, completed=share)
            if told is not None and share < 1:
                told(f"Once, for this processor: {text}. Half a minute on a quiet machine")

        build_cache(compiled)
