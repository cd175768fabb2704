"""What is to be scored: files, folders and patterns as people name them; what is left out is said, with the reason."""

import glob
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from liveaffect.models.face.baseline import FaceBaseline, differs
from liveaffect.offline.scoring.default import require_models
from liveaffect.offline.scoring.endings import MEDIA, OTHER, STILLS, images_of
from liveaffect.offline.scoring.settings import ScoreSettings, check_overrides, model_hashes
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.errors import InputError, LiveAffectError, UsageError
from liveaffect.stream.graph import load_graph

STDIN = "-"
LOOKED_AT = 20
"""So many files tell what the others will need."""
BLOCK = 1 << 20


@dataclass
class Found:
    """Inputs, and what is none."""

    files: list[Path] = field(default_factory=list[Path])
    """Each once, in the order of the words, sorted within a folder; a folder among them is a sequence of images."""
    left_out: dict[Path, str] = field(default_factory=dict[Path, str])
    """What lies in the folders and is not scored, and why."""
    failures: dict[Path, str] = field(default_factory=dict[Path, str])
    """Words that name nothing, and why."""

    def summary(self, most: int = 4) -> list[str]:
        """What was left out, a line for each reason."""
        lines: list[str] = []
        for why, count in Counter(self.left_out.values()).most_common():
            paths = [str(path) for path, reason in self.left_out.items() if reason == why]
            named = ", ".join(paths[:most]) + (f" and {count - most} more" if count > most else "")
            lines.append(f"left out, {why}: {named}")
        return lines


def find_inputs(words: Sequence[str], *, sequences: bool = False) -> Found:
    """Files named by paths, folders and patterns; with `sequences`, a folder of images is one input.

    A word that names nothing is a failure of its own. Raises InputError where no word names anything.
    """
    found, files = Found(), dict[Path, None]()
    for word in dict.fromkeys(words):
        path = Path(word)
        try:
            if path.is_dir():
                inside = list(_inside(path, found, sequences))
                if not inside:
                    found.failures[path] = f"the folder {path} holds no video, sound or image file"
            elif path.exists() or word == STDIN:
                inside = [path]
            elif glob.has_magic(word):
                matches = sorted(Path(p) for p in glob.glob(word, recursive=True))  # noqa: PTH207 (may be absolute)
                inside = [p for m in matches for p in (_inside(m, found, sequences) if m.is_dir() else [m])]
                if not inside:
                    found.failures[path] = f"nothing matches {word}"
            else:
                inside, found.failures[path] = [], f"{path} does not exist: check the name"
        except (OSError, ValueError) as error:
            inside, found.failures[path] = [], f"{word[:80]!r} cannot be a file: {getattr(error, 'strerror', error)}"
        if word != STDIN:  # ./- is a file that is called so
            inside = [path.absolute() if path == Path(STDIN) else path for path in inside]
        files.update(dict.fromkeys(inside))
    found.files = list(files)
    if found.failures and not files:
        raise InputError(next(iter(found.failures.values())))
    return found


def read_stdin(folder: Path, source: BinaryIO | None = None) -> Path:
    """What comes from standard input as a file in `folder`. Raises UsageError where nothing comes."""
    stream = source or sys.stdin.buffer
    if stream.isatty():
        raise UsageError(
            "score -: nothing is piped in; write for instance `cat clip.mp4 | liveaffect score - -o t.csv`"
        )
    target = folder / "stdin"
    with target.open("wb") as file:
        while block := stream.read(BLOCK):
            file.write(block)
    if not target.stat().st_size:
        raise InputError("score -: standard input is empty")
    return target


def prepare(files: Sequence[Path], settings: ScoreSettings) -> str:
    """Fails early where settings or models are wrong; returns what there is to say of the baseline, "" for nothing.

    Raises LaunchError, UsageError, ModelMissing, and of a single file what is wrong with it.
    """
    check_overrides(settings)
    nodes = load_graph(settings.launch, list(settings.overrides)).entries
    seen = heard = False
    for file in files[:LOOKED_AT]:
        if file.is_dir():
            seen = True
            continue
        try:
            info = probe(file)
        except LiveAffectError:
            if len(files) == 1:
                raise
            continue
        seen, heard = seen or info.has_video, heard or info.has_audio
    require_models(MediaInfo("", "", has_video=seen and "face" in nodes, has_audio=heard and "voice" in nodes))
    return _baseline_words(settings.baseline)


def _inside(folder: Path, found: Found, sequences: bool) -> Iterator[Path]:
    """What can be measured in a folder and below it."""
    refused: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=refused.append):
        for hidden in sorted(name for name in folders if name.startswith(".")):
            found.left_out[Path(place, hidden)] = "hidden"
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        as_film = bool(sequences and images_of(Path(place)))
        if as_film:
            yield Path(place)
        for name in sorted(names):
            path = Path(place, name)
            if as_film and path.suffix.lower() in STILLS and not name.startswith("."):
                continue
            why = _why_not(path)
            if why:
                found.left_out[path] = why
            else:
                yield path
    for error in refused:
        found.left_out[Path(error.filename)] = f"a folder that cannot be read ({error.strerror})"


def _why_not(path: Path) -> str:
    """Why a file in a folder is not scored; "" where it is."""
    if path.name.startswith("._"):
        return "notes that a Mac keeps beside another file"
    if path.name.startswith("."):
        return "hidden"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link to nothing" if path.is_symlink() else f"it cannot be read ({error.strerror})"
    if not stat.S_ISREG(mode):
        return "no file (a pipe, a socket or a device)"
    ending = path.suffix.lower()
    if ending in MEDIA:
        return ""
    if ending in OTHER:
        return f"no media ({ending})"
    try:
        probe(path)
    except LiveAffectError:
        return f"nothing in it can be measured ({ending or 'no ending'})"
    return ""


def _baseline_words(baseline: FaceBaseline | None) -> str:
    other = [] if baseline is None else differs(baseline, model_hashes())
    return f"--baseline was made with another {', '.join(other)}: make it again" if other else ""
