"""What was probably meant by words that a verb does not know: told in place of "no such option"."""

import re
from collections.abc import Sequence
from pathlib import Path

DEVICES = ("--camera", "-c", "--microphone", "-m")
_LIVE = "devices are named to `liveaffect live{option}`; here: --set {node}.source={value}"
_FILM = "a film stands in for a camera: liveaffect live --camera {value}; or: liveaffect run --input {value}"
_MEANT: dict[tuple[str, str], str] = {
    ("live", "--input"): _FILM,
    ("live", "-i"): _FILM,
    ("live", "--headless"): "without any view it is: liveaffect run --headless",
    ("demo", "--camera"): "the demo has a film of its own; a camera is watched by: liveaffect live --camera {value}",
    ("score", "--camera"): "score takes files; a camera is recorded by: liveaffect live --record FOLDER",
    ("score", "--output"): "it is --out (or -o)",
    ("export", "--output"): "it is --out (or -o)",
    ("report", "--output"): "it is --out (or -o)",
    ("export", "--format"): "it is --to csv, parquet or xdf",
    ("view", "--address"): "the address stands alone: liveaffect view {value}",
    ("view", "--camera"): "a camera is watched by: liveaffect live --camera {value}",
    ("run", "--terminal"): "run has a view in the terminal unless --headless is given",
    ("run", "--output"): "it is --record FOLDER (or -r)",
}  # fmt: skip
WEB_ADDRESS = "127.0.0.1:7895"
"""Where `--web` alone serves the page."""
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]|\*):\d{1,5}/?")


def hint(words: Sequence[str]) -> str:
    """What to write instead, where a known slip is among the words; else ""."""
    verb = next((word for word in words if not word.startswith("-")), "")
    for k, word in enumerate(words):
        option, equals, value = word.partition("=")
        value = value if equals else next(iter(words[k + 1 : k + 2]), "")
        if verb == "run" and option in DEVICES:
            node = "camera" if option in ("--camera", "-c") else "microphone"
            meant = _LIVE.format(option=f" --{node} {value}".rstrip(), node=node, value=value or "0")
        else:
            meant = _MEANT.get((verb, option), "").format(value=value or "…")
        if meant:
            return f"{verb} has no option {option}: {meant}"
    return ""


def address_hint(what: str) -> str:
    """What to write for an address without its beginning, such as localhost:7890; "" for anything else."""
    if _there(what) or not _HOST.fullmatch(what):
        return ""
    return f"{what} is no session here; if it is an address, it begins with tcp://: liveaffect view tcp://{what.strip('/')}"


def with_address(words: Sequence[str]) -> list[str]:
    """The words, with the usual address behind a `--web` that stands alone: what follows it is another's."""
    told: list[str] = []
    for k, word in enumerate(words):
        after = next(iter(words[k + 1 : k + 2]), "-")
        alone = after.startswith("-") or after.endswith(".toml") or _there(after)
        told.append(f"{word}={WEB_ADDRESS}" if word == "--web" and alone else word)
    return told


def _there(name: str) -> bool:
    """Whether a file or folder has this name; none has one that cannot be."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False
