"""Who gets to see the page: the pairing token, and the headers that tell a browser's own request from a stranger's.

Pure but for the token's file. A token is compared in constant time and stands in no log and no message.
"""

import contextlib
import hmac
import ipaddress
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from liveaffect.stream.client.access import own_folder
from liveaffect.stream.errors import TransportError
from liveaffect.stream.session.files import replace_with

COOKIE = "liveaffect"
WRONG_A_MINUTE, WRONG_OF_ALL = 10, 200
"""So many wrong tokens from one address, and from all, are compared in a minute; then none is."""
MINUTE_S = 60.0
MOST_PEERS = 1000


class Asked(NamedTuple):
    """What counts of a request."""

    method: str
    path: str
    peer: str
    headers: Mapping[str, str]
    query: str | None
    """The token in the address, if any."""
    cookie: str | None


@dataclass(frozen=True)
class Verdict:
    """200 lets it through; `words` say why not."""

    status: int
    words: str = ""


IN = Verdict(200)
PAIR = "This page has not been paired: open the link, or scan the code, that `liveaffect web --link` shows."


def own_token(*, new: bool = False) -> str:
    """The user's token, kept in a folder that only the user can open; made at first need, and again where `new`."""
    path = token_file()
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.parent.chmod(0o700)
        if not new:
            with contextlib.suppress(FileNotFoundError):
                kept = path.read_text("ascii").strip()
                if len(kept) >= 32:
                    return kept
        made = secrets.token_urlsafe(24)
        replace_with(path, made.encode(), mode=0o600)
    except (OSError, ValueError) as error:
        raise TransportError(f"no pairing token can be kept at {path}: {error}") from None
    return made


class Access:
    """Judges requests.

    Parameters
    ----------
    token: what lets in.
    scheme, port: of the page's own address.
    names: the hosts that a request may name, asked each time.
    now: a clock in s.
    """

    def __init__(
        self, token: str, scheme: str, port: int, names: Callable[[], list[str]], now: Callable[[], float]
    ) -> None:
        self._token, self._scheme, self._port, self._names, self._now = token.encode(), scheme, port, names, now
        self._wrong: dict[str, deque[float]] = {}
        self._all: deque[float] = deque(maxlen=WRONG_OF_ALL)
        self.refused: dict[str, int] = {}
        """Why, and how often, somebody was not let in."""

    def judge(self, asked: Asked) -> Verdict:
        """Host and origin first: what another site's page asks for never counts as a wrong token."""
        verdict = self._judge(asked)
        if verdict is not IN:
            self.refused[str(verdict.status)] = self.refused.get(str(verdict.status), 0) + 1
        return verdict

    def _judge(self, asked: Asked) -> Verdict:
        hosts = {f"{name}:{self._port}" for name in self._names()}
        if asked.headers.get("Host", "").lower() not in hosts:
            return Verdict(421, "This is not the name of this page.")
        origin = asked.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"{self._scheme}://{host}" for host in hosts}:
            return Verdict(403, "Another site asks for this page.")
        if asked.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not _is_visit(asked):
            return Verdict(403, "Another site asks for this page.")
        given = _given(asked)
        if given is None:
            return Verdict(401, PAIR)
        if self._tired(asked.peer):
            return Verdict(429, "Too many wrong tokens: try again in a minute.")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token):
            self._note(asked.peer)
            return Verdict(401, PAIR)
        return IN

    def _tired(self, peer: str) -> bool:
        since = self._now() - MINUTE_S
        wrong = self._wrong.get(_place(peer), ())
        often = sum(at > since for at in wrong) >= WRONG_A_MINUTE
        return often or (len(self._all) == WRONG_OF_ALL and self._all[0] > since)

    def _note(self, peer: str) -> None:
        place = _place(peer)
        self._wrong[place] = kept = self._wrong.pop(place, None) or deque(maxlen=WRONG_A_MINUTE)
        kept.append(self._now())
        self._all.append(self._now())
        while len(self._wrong) > MOST_PEERS:
            del self._wrong[next(iter(self._wrong))]


def _is_visit(asked: Asked) -> bool:
    """Somebody followed a link to the page."""
    return asked.method == "GET" and asked.path == "/" and asked.headers.get("Sec-Fetch-Mode") == "navigate"


def _given(asked: Asked) -> str | None:
    kind, _, bearer = asked.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return bearer.strip()
    return asked.query if asked.query is not None else asked.cookie


def _place(peer: str) -> str:
    """Of IPv6 a whole network is one place: who has one address there has them all."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else peer


def token_file() -> Path:
    """Where the user's token lies."""
    return own_folder().parent / "web" / "token"
