"""Two versions of one message: identical, or how far apart, and whether a decision has flipped."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np

from liveaffect.stream.messages import Message
from liveaffect.stream.wire import to_json

LISTED = 20
Status = Literal["identical", "within tolerance", "diverges", "not verified", "input"]


@dataclass(frozen=True)
class Difference:
    """The first value of a message that is not as recorded."""

    t_ns: int
    seq: int
    path: str
    recorded: Any
    recomputed: Any


@dataclass
class Tally:
    """How the messages of one topic compare."""

    compared: int = 0
    differing: int = 0
    max_error: float = 0.0
    """Largest |a - b| / max(1, |b|) over numbers of messages without a flipped decision."""
    flipped: int = 0
    flips: list[int] = field(default_factory=list[int])
    """Instants (t_ns) of the first flipped decisions."""
    first: Difference | None = None
    extra: str = ""
    """A recorded message that was not recomputed at all."""
    fields: frozenset[str] | None = None
    """What messages of the recording hold: a field that is younger than it has nothing to be compared with."""

    def __post_init__(self) -> None:
        self._recorded, self._recomputed = hashlib.sha256(), hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of everything recomputed; equal to that of the recording where all is identical."""
        return self._recomputed.hexdigest()

    def add(self, recorded: Message, recomputed: Message) -> None:
        """Compares one pair; publication time, clock and incarnation do not count."""
        arrays = _has_arrays(recorded)
        one = canonical(recorded, arrays=arrays, fields=self.fields)
        two = canonical(recomputed, arrays=arrays, fields=self.fields)
        self._recorded.update(one)
        self._recomputed.update(two)
        self.compared += 1
        if one == two:
            return
        self.differing += 1
        walk = _Walk()
        walk.compare(msgspec.json.decode(one), msgspec.json.decode(two), "")
        if self.first is None:
            self.first = Difference(recorded.t_ns, recorded.seq, *walk.first)
        if walk.flipped:
            self.flipped += 1
            if len(self.flips) < LISTED:
                self.flips.append(recorded.t_ns)
        else:
            self.max_error = max(self.max_error, walk.error)


def fields_of(*recorded: bytes) -> frozenset[str] | None:
    """Names of the fields that recorded messages of one topic hold, those of their parts with the path before them,
    such as "people[].id"; None where none of them is a message."""
    found: set[str] = set()
    for one in recorded:
        try:
            _names(msgspec.json.decode(one, type=dict[str, Any]), "", found)
        except msgspec.MsgspecError:
            continue
    return frozenset(found) or None


def canonical(message: Message, *, arrays: bool, fields: frozenset[str] | None = None) -> bytes:
    """The message as JSON without what a recomputation cannot know, and without what is not among `fields`."""
    said = to_json(msgspec.structs.replace(message, pub_ns=0, clock="", incarnation=0), arrays=arrays)
    parts = fields is not None and any("[]" in name for name in fields)
    if fields is None or (not parts and fields.issuperset(type(message).__struct_fields__)):
        return said
    return msgspec.json.encode(_held(msgspec.json.decode(said), "", fields))


def _names(value: dict[str, Any], path: str, found: set[str]) -> None:
    for name, inner in value.items():
        found.add(path + name)
        for part in inner if isinstance(inner, list) else ():
            if isinstance(part, dict):
                _names(part, f"{path}{name}[].", found)


def _held(value: dict[str, Any], path: str, fields: frozenset[str]) -> dict[str, Any]:
    """`value` without fields the recording lacks; parts of which it holds no example stay whole."""
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        inside = f"{path}{name}[]."
        if path + name not in fields:
            continue
        if isinstance(inner, list) and any(field.startswith(inside) for field in fields):
            inner = [_held(part, inside, fields) if isinstance(part, dict) else part for part in inner]
        kept[name] = inner
    return kept


def _has_arrays(message: Message) -> bool:
    return any(isinstance(getattr(message, name), np.ndarray) for name in message.__struct_fields__)


@dataclass
class Verdict:
    """What became of one topic."""

    topic: str
    node: str
    status: Status
    recorded: int
    compared: int = 0
    digest: str = ""
    max_error: float = 0.0
    flipped: int = 0
    flips: list[int] = field(default_factory=list[int])
    first: Difference | None = None
    why: str = ""

    @property
    def coverage(self) -> float:
        """Share of the recorded messages that were compared."""
        return self.compared / self.recorded if self.recorded else 1.0


@dataclass
class VerifyReport:
    """The outcome for one session."""

    session: str
    state: str
    start_ns: int
    strict: bool
    """True where everything had to be identical: the machine and the versions are those that recorded."""
    verdicts: list[Verdict]
    faults: list[str] = field(default_factory=list[str])
    """What of the session is not as it was recorded, in words: nothing of it is then "verified"."""

    @property
    def diverging(self) -> list[Verdict]:
        """Verdicts on topics whose messages came out otherwise."""
        return [verdict for verdict in self.verdicts if verdict.status == "diverges"]

    @property
    def ok(self) -> bool:
        """True when something was verified, nothing diverges, and the session is as it was recorded."""
        return (
            not self.faults
            and not self.diverging
            and any(v.status in ("identical", "within tolerance") for v in self.verdicts)
        )


class _Walk:
    """Walks two JSON values side by side."""

    def __init__(self) -> None:
        self.first: tuple[str, Any, Any] = ("", None, None)
        self.error = 0.0
        self.flipped = False
        self._seen = False

    def compare(self, a: Any, b: Any, path: str) -> None:
        if a == b and type(a) is type(b):
            return
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            if a.keys() == {"dtype", "shape", "base64"} and (a["dtype"], a["shape"]) == (b["dtype"], b["shape"]):
                self._arrays(a, b, path)
                return
            for key in a:
                self.compare(a[key], b[key], f"{path}.{key}" if path else key)
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            if path.rpartition(".")[2] == "emotions" and a and _largest(a) != _largest(b):
                self._note(path, a, b, flip=True)
                return
            for index, (x, y) in enumerate(zip(a, b, strict=True)):
                self.compare(x, y, f"{path}[{index}]")
        elif isinstance(a, float | int) and isinstance(b, float | int) and not _exact(a, b):
            self.error = max(self.error, abs(a - b) / max(1.0, abs(b)))
            self._note(path, a, b, flip=False)
        else:
            self._note(path, a, b, flip=True)

    def _arrays(self, a: dict[str, Any], b: dict[str, Any], path: str) -> None:
        x, y = (np.frombuffer(base64.b64decode(v["base64"]), v["dtype"]).astype(np.float64) for v in (a, b))
        apart = np.abs(x - y) / np.maximum(1.0, np.abs(y))
        if apart.size and apart.max() > 0:
            at = int(apart.argmax())
            self.error = max(self.error, float(apart[at]))
            self._note(f"{path}[{at}]", float(x[at]), float(y[at]), flip=False)

    def _note(self, path: str, a: Any, b: Any, *, flip: bool) -> None:
        if not self._seen:
            self.first, self._seen = (path, a, b), True
        self.flipped |= flip


def _exact(a: Any, b: Any) -> bool:
    """Truth values and whole numbers are decisions; 0 may stand for 0.0."""
    return isinstance(a, bool) or isinstance(b, bool) or (isinstance(a, int) and isinstance(b, int))


def _largest(values: list[Any]) -> int:
    return max(range(len(values)), key=lambda i: values[i] if isinstance(values[i], float | int) else -1.0)
