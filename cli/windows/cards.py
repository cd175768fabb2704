"""Cards of sessions for the windows, in a process of its own: `python -m liveaffect.cli.windows.cards`.

A line of JSON in, a line out, until the input ends: {"list": FOLDER or ""} gives the sessions of a folder (without a
name, the one where recordings lie), {"card": FOLDER} the card of one, {"replay": FOLDER} the same with its place on the
time of a replay, {"past": FOLDER, "to_s": S} the estimates before an instant of it. A session that is damaged, huge or
a trap takes this process along, not a window. What was read once is kept in the user's cache until the session changes.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from liveaffect.cli.windows.past import past, shift_s
from liveaffect.offline.tables.card import session_card
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.session.facts import NOTES, SessionCard
from liveaffect.stream.session.files import replace_with
from liveaffect.stream.session.info import MANIFEST, RECORDING, is_session, load_info

MOST = 500
"""Sessions of one folder that are listed, the newest first."""
KEPT = 2000
"""Cards in the cache; more are a reason to begin anew."""


def main() -> int:
    """Answers until the input ends."""
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
    return 0


def answer(line: str) -> dict[str, Any]:
    """The answer to one line."""
    try:
        asked = json.loads(line)
        if "list" in asked:
            return listed(asked["list"])
        kind = next(kind for kind in ("card", "replay", "past") if kind in asked)
        path, to_s = str(asked[kind]), float(asked.get("to_s", 0.0))
    except (ValueError, KeyError, TypeError, StopIteration):
        return {"trouble": f"not understood: {line[:80]!r}"}
    try:
        if kind == "past":
            return {"past": msgspec.to_builtins(past(Path(path), to_s))}
        card = card_of(Path(path))
        more = {"shift_s": shift_s(Path(path), load_info(Path(path)).zero_t_ns)} if kind == "replay" else {}
        return {"facts": msgspec.to_builtins(card), **more}
    except (LiveAffectError, OSError, ValueError) as error:
        return {"trouble": str(error)}


def listed(folder: str) -> dict[str, Any]:
    """Sessions in a folder, newest first."""
    place = Path(folder) if folder else _default()
    try:
        found = [one for one in place.iterdir() if not one.name.startswith(".") and is_session(one)]
        found.sort(key=lambda one: -_newest(one))
    except OSError as error:
        trouble = "" if isinstance(error, FileNotFoundError) else f"{place} cannot be read: {error.strerror}"
        return {"list": folder, "folder": str(place), "sessions": [], "trouble": trouble}
    return {"list": folder, "folder": str(place), "sessions": [str(one.resolve()) for one in found[:MOST]]}


def card_of(folder: Path, cache: Path | None = None) -> SessionCard:
    """The card, from the cache where nothing has changed since. Raises LiveAffectError, OSError."""
    folder = folder.resolve()
    cache = cache or Path(platformdirs.user_cache_dir("liveaffect")) / "cards"
    state = [(name, *_stamp(folder / name)) for name in (MANIFEST, RECORDING, NOTES)]
    kept = cache / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}.json"
    try:
        found = msgspec.json.decode(kept.read_bytes(), type=_Kept)
        if found.state == [list(one) for one in state] and found.card.path == str(folder):
            return found.card
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        pass
    card = session_card(folder)
    if card.state != "RECORDING":
        _keep(kept, _Kept(state=[list(one) for one in state], card=card))
    return card


class _Kept(msgspec.Struct):
    state: list[list[Any]]
    card: SessionCard


def _keep(path: Path, kept: _Kept) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        others = list(path.parent.glob("*.json"))
        for other in others if len(others) > KEPT else ():
            other.unlink(missing_ok=True)
        replace_with(path, msgspec.json.encode(kept))
    except OSError:  # without a cache it takes longer
        return


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.lstat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _newest(folder: Path) -> int:
    return max(_stamp(folder / MANIFEST)[0], _stamp(folder / RECORDING)[0])


def _default() -> Path:
    from liveaffect.nodes.recorder import sessions_folder

    return sessions_folder()


if __name__ == "__main__":
    sys.exit(main())
