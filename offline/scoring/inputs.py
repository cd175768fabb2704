"""What is to be scored: files, folders and patterns as people name them, found and checked before any work begins."""

import glob
from collections.abc import Sequence
from pathlib import Path

from liveaffect.models.face.baseline import Baseline, differs
from liveaffect.offline.scoring.pipeline import require_models
from liveaffect.offline.scoring.settings import ScoreSettings, model_hashes
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.errors import InputError, LiveAffectError
from liveaffect.stream.graph import load_graph

MEDIA = {
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".3gp", ".gif",
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma",
    ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp",
}  # fmt: skip
LOOKED_AT = 20
"""So many files tell what the others will need."""


def find_inputs(words: Sequence[str]) -> list[Path]:
    """Files named by paths, folders and patterns, each once, sorted. Raises InputError for what is not there."""
    found: dict[Path, None] = {}
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in MEDIA and p.is_file())
            if not inside:
                raise InputError(f"the folder {path} holds no video, sound or image file")
            found.update(dict.fromkeys(inside))
        elif path.exists() or not glob.has_magic(word):
            if not path.exists():
                raise InputError(f"{path} does not exist: check the name")
            found[path] = None
        else:
            matches = sorted(Path(p) for p in glob.glob(word, recursive=True))  # noqa: PTH207 (patterns may be absolute)
            if not matches:
                raise InputError(f"nothing matches {word}")
            found.update(dict.fromkeys(matches))
    return list(found)


def prepare(files: Sequence[Path], settings: ScoreSettings) -> str:
    """Fails early where settings or models are wrong; returns what there is to say of the baseline, "" for nothing.

    Raises LaunchError, ModelMissing, and of a single file what is wrong with it.
    """
    nodes = load_graph(settings.launch, list(settings.overrides)).entries
    seen = heard = False
    for file in files[:LOOKED_AT]:
        try:
            info = probe(file)
        except LiveAffectError:
            if len(files) == 1:
                raise
            continue
        seen, heard = seen or info.has_video, heard or info.has_audio
    require_models(MediaInfo("", "", has_video=seen and "face" in nodes, has_audio=heard and "voice" in nodes))
    return _baseline_words(settings.baseline)


def _baseline_words(baseline: Baseline | None) -> str:
    other = [] if baseline is None else differs(baseline, model_hashes())
    return f"--baseline was made with another {', '.join(other)}: make it again" if other else ""
