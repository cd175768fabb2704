"""The tools, and what stands before each: a limit on how often, the sensor, and its user's consent."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from liveaffect.nodes.assistant import looks, telling
from liveaffect.nodes.assistant.feed import Feed
from liveaffect.nodes.assistant.memory import Memory
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.session.facts import SessionCard

A_MINUTE = 30
"""So many answers."""
MINUTE_S = 60.0
LEAST_S, MOST_S = 5.0, 600.0
MOST_LABEL = 200
FIRST_S = 1.0
CARDS = 8
NOBODY = "No sensor: {why}. `liveaffect live` or `liveaffect run` starts one."
FORBIDDEN = (
    "The sensor's user has not allowed that an assistant is told anything. They can: in the window's View menu, or by "
    "`liveaffect mcp --consent on`; `--consent off` takes it back."
)


class Refused(LiveAffectError):
    """A tool does not answer; the text says why."""


class Tools:
    """What an assistant may ask.

    Parameters
    ----------
    memory, feed: what was heard, and whom to ask.
    card: reads the card of a session's folder.
    sessions: a folder whose sessions may be told too; None: only what this sensor records.
    names: people are told by the names that somebody gave them.
    now: a clock in s.
    """

    def __init__(
        self,
        memory: Memory,
        feed: Feed,
        card: Callable[[Path], SessionCard],
        *,
        sessions: Path | None = None,
        names: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory, self._feed, self._card = memory, feed, card
        self._sessions, self._names, self._now = sessions, names, now
        self._asked: deque[float] = deque(maxlen=A_MINUTE)
        self._lock = threading.Lock()
        self._cards: dict[tuple[str, int], SessionCard] = {}

    def state(self) -> str:
        """How everyone in view is now."""
        self._enter()
        self._memory.wait(FIRST_S)  # asked right after the switch was set: the first estimate is on its way
        with self._memory.lock:
            return self._named(telling.state(self._memory))

    def summary(self, seconds: float) -> str:
        """The last seconds, 5 to 600."""
        self._enter()
        with self._memory.lock:
            return self._named(telling.summary(self._memory, _within(seconds)))

    def changes(self, seconds: float) -> str:
        """Shifts of level and stretches of discord in the last seconds, 5 to 600."""
        self._enter()
        with self._memory.lock:
            return self._named(telling.changes(self._memory, _within(seconds)))

    def looks(self, seconds: float) -> str:
        """Who looked where in the last seconds, 5 to 600."""
        self._enter()
        with self._memory.lock:
            return self._named(looks.told(self._memory, _within(seconds)))

    def reasons(self, seconds_ago: float) -> str:
        """Which measured cues carried the estimates, 0 to 600 s ago."""
        self._enter()
        with self._memory.lock:
            return self._named(telling.reasons(self._memory, min(MOST_S, max(0.0, seconds_ago))))

    def session(self, name: str) -> str:
        """A session's summary; "" is the one that was recorded last by this sensor."""
        self._enter()
        path = self._path(name)
        key = (str(path), sum(one.stat().st_size for one in path.iterdir() if one.is_file()))
        found = self._cards.get(key)
        if found is None:
            found = self._cards[key] = self._card(path)
            while len(self._cards) > CARDS:
                del self._cards[next(iter(self._cards))]
        return telling.session(found, names=self._names)

    def mark(self, label: str) -> str:
        """Sets a marker now."""
        self._enter()
        words = " ".join(label.split())
        if not 0 < len(words) <= MOST_LABEL:
            raise Refused(f"A label has 1 to {MOST_LABEL} characters.")
        reply = self._feed.ask("mark", label=words, source="assistant")
        if reply is None:
            raise Refused(NOBODY.format(why=self._memory.trouble or "it does not answer"))
        if not reply.ok:
            raise Refused(reply.text)
        return f"Marked '{words}'."

    def _enter(self) -> None:
        with self._lock:
            now = self._now()
            if len(self._asked) == A_MINUTE and now - self._asked[0] < MINUTE_S:
                left = MINUTE_S - (now - self._asked[0])
                raise Refused(f"{A_MINUTE} answers a minute: ask again in {left:.0f} s.")
            self._asked.append(now)
        on = self._feed.allowed()
        if on is None:
            raise Refused(NOBODY.format(why=(self._memory.trouble or "it does not answer").rstrip(".")))
        if not on:
            raise Refused(FORBIDDEN)

    def _path(self, name: str) -> Path:
        if not name:
            if not self._memory.session:
                raise Refused("This sensor has recorded nothing yet.")
            return self._there(Path(self._memory.session))
        if self._memory.session and Path(self._memory.session).name == name:
            return self._there(Path(self._memory.session))
        if self._sessions is None:
            raise Refused("Only what this sensor records is told: `liveaffect mcp --sessions FOLDER` allows others.")
        if name in (".", "..") or any(letter in name for letter in "/\\\0:"):
            raise Refused("A session is named by its folder's name, without a path.")
        return self._there(self._sessions / name)

    def _there(self, path: Path) -> Path:
        if not path.is_dir():
            raise Refused(f"There is no session '{path.name}' on this machine.")
        return path

    def _named(self, text: str) -> str:
        """People by the names that were given to them, where that is wanted."""
        affect = self._memory.now
        for person in affect.people if self._names and affect is not None else ():
            if person.name and person.id >= 0:
                text = re.sub(rf"\bPerson {person.id}\b", lambda _, name=person.name: name, text)
        return text


def _within(seconds: float) -> float:
    return min(MOST_S, max(LEAST_S, seconds))
