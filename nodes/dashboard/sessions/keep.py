"""Renaming, deleting and noting sessions, and remembering those that lie elsewhere; the trash is the system's own."""

import json
import shutil
from pathlib import Path

import platformdirs
from PySide6.QtCore import QFile

from liveaffect.stream.session.facts import NOTES
from liveaffect.stream.session.files import replace_with
from liveaffect.stream.session.info import is_session

RECENT = 20
"""Sessions from elsewhere that are remembered."""
FORBIDDEN = '/\\:*?"<>|\0'
"""In the name of a folder, on one system or another."""


def rename(folder: Path, name: str) -> tuple[Path, str]:
    """Gives the folder another name; its path then, and why it could not be ("" where it could)."""
    name = name.strip()
    if not name or name.startswith(".") or any(letter in name for letter in FORBIDDEN):
        return folder, f"“{name}” is no name for a folder: letters, digits, spaces, - and _ do"
    target = folder.with_name(name)
    if target == folder:
        return folder, ""
    if target.exists():
        return folder, f"{target} is there already: choose another name"
    try:
        folder.rename(target)
    except OSError as error:
        return folder, f"{folder} cannot be renamed: {error.strerror}"
    return target, ""


def delete(folder: Path, *, for_good: bool = False) -> str:
    """Moves a session to the trash, or (`for_good`) removes it; "" or why it could not be."""
    if not is_session(folder) or folder.is_symlink():
        return f"{folder} is no session: it is left as it is"
    if not for_good:
        return "" if QFile.moveToTrash(str(folder)) else "there is no trash here"
    try:
        shutil.rmtree(folder)
    except OSError as error:
        return f"{folder} cannot be deleted: {error.strerror}"
    return ""


def write_note(folder: Path, text: str) -> str:
    """Keeps what somebody wrote beside the recording; "" or why it could not be."""
    path = folder / NOTES
    try:
        if text.strip():
            replace_with(path, text.strip().encode() + b"\n")
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return ""


def recent_file() -> Path:
    """Where sessions from elsewhere are remembered."""
    return Path(platformdirs.user_config_dir("liveaffect")) / "recent.json"


def recent() -> list[str]:
    """Sessions that were opened or dropped here and are still there, the newest first."""
    try:
        found = json.loads(recent_file().read_text("utf-8"))
        return [path for path in found if isinstance(path, str) and is_session(Path(path))][:RECENT]
    except (OSError, ValueError, TypeError):
        return []


def remember(folder: Path) -> None:
    """Puts a session first among those that are remembered."""
    path = recent_file()
    found = [str(folder.resolve()), *(one for one in recent() if one != str(folder.resolve()))][:RECENT]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_with(path, json.dumps(found, indent=1).encode())
    except OSError:
        return
