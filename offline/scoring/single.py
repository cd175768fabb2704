"""One film, sound, photograph, or arrays of them, to a data frame."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from liveaffect.offline.scoring.arrays import Samples, write_media, write_photograph
from liveaffect.offline.scoring.inputs import prepare
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Task, score_files
from liveaffect.offline.tables.frame import Scores
from liveaffect.stream.errors import InputError

Source = str | Path | np.ndarray[Any, Any] | Iterable[np.ndarray[Any, Any]] | Samples


def score(
    source: Source,
    *,
    fps: float | None = None,
    sound: Samples | None = None,
    name: str = "",
    settings: ScoreSettings | Mapping[str, Any] | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> Scores:
    """Scores one input, every frame of it, and returns one row per face and frame.

    The work is done in a process of its own, as `liveaffect score` does it, so that a crash of a decoder is an error
    here, and no model library can report anything to anyone.

    Parameters
    ----------
    source: path of a video, sound or image file; or frames, uint8 RGB (n, height, width, 3), or any iterable of
        (height, width, 3); or one such picture, a photograph; or sound, `(samples, rate)`: float in [-1, 1], int16 or
        int32, (n,) or (n, channels), at `rate` samples a second.
    fps: frames a second of frames in memory, which have no times of their own: frame k is at k / fps seconds.
    sound: of frames in memory, `(samples, rate)`; it begins with the first frame.
    name: what the column `file` says; without it the name of the file, or "array".
    settings: `ScoreSettings`, or node settings as in a launch file, such as `{"face.max_faces": 4}`.
    progress: called with the seconds of media reached, and of all.

    Returns
    -------
    A polars data frame with the columns of the data dictionary (`liveaffect.offline.DICTIONARY`); `metadata` tells
    versions, models with hashes and settings, `notes` what there is to say of the run.

    Raises
    ------
    InputError for what cannot be measured, LaunchError for a setting that is wrong, ModelMissing.

    >>> table = score("interview.mp4")                                            # doctest: +SKIP
    >>> table = score(frames, fps=25, sound=(samples, 48000))                     # doctest: +SKIP
    """
    chosen = replace(ScoreSettings.of(settings), split_s=None)  # one process: nothing to divide
    with tempfile.TemporaryDirectory(prefix="liveaffect-") as folder:
        file = _file(source, fps, sound, Path(folder))
        prepare([file], chosen)
        label = name or (file.name if file.parent != Path(folder) else "array")
        task = Task(file, label, Path(folder) / "table.parquet")
        with closing(score_files([task], 1, chosen)) as events:
            for event in events:
                if isinstance(event, Outcome):
                    if event.written is None:
                        raise InputError(event.failure)
                    return Scores.read(task.target, event.warnings)
                if progress is not None:
                    progress(event.done_s, event.of_s)
    raise InputError(f"nothing came of {label}")


def _file(source: Source, fps: float | None, sound: Samples | None, folder: Path) -> Path:
    """The input as a file; arrays are written into `folder`."""
    if isinstance(source, str | Path):
        if fps is not None or sound is not None:
            raise InputError("score: fps and sound belong to frames in memory; a file has its own")
        return Path(source)
    if isinstance(source, tuple) and len(source) == 2 and np.ndim(source[1]) == 0:
        if fps is not None or sound is not None:
            raise InputError("score: give frames, fps and sound=(samples, rate), or (samples, rate) alone")
        write_media(folder / "array.nut", None, None, (source[0], float(source[1])))
    elif isinstance(source, np.ndarray) and source.ndim == 3 and fps is None and sound is None:
        write_photograph(folder / "array.png", source)
        return folder / "array.png"
    else:
        frames: Any = source
        write_media(folder / "array.nut", frames, fps, sound)
    return folder / "array.nut"
