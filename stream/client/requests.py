"""What programs ask of a sensor and what it answers: msgpack maps of one part each, validated at the door.

A request carries an `id` that its reply repeats, so that a late answer is never taken for that of the next question.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

import msgspec

from liveaffect.stream.errors import UsageError
from liveaffect.stream.plain import is_row

MAX_REQUEST_BYTES = 64 << 10
MAX_DEPTH = 8
MAX_VALUES = 2000
MAX_KEY = 100
MAX_WORDS = 4096
"""Characters of one string, a path included."""
INT64 = 1 << 63
MOST_TOPICS = 64
"""Of one connection, that of results or that of pictures."""
MOST_TOPIC_BYTES = 100
JOINED = b"joined"
"""Who subscribes to what begins so is sent it back: what was subscribed to before is then in effect."""

Id = Annotated[int, msgspec.Meta(ge=0, le=INT64 - 1)]


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a program asks. `verb`: hello, clock, mark, settings, stop, or one that a node declares (record, ...)."""

    verb: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY)]
    target: Annotated[str, msgspec.Meta(max_length=MAX_KEY)] = ""
    """Node name; "" is every node that knows the verb."""
    arguments: dict[str, Any] = {}
    id: Id = 0


class Reply(msgspec.Struct, kw_only=True):
    """The answer: `ok` and a sentence; `facts` depend on the verb; `id` is that of the request."""

    ok: bool
    text: str = ""
    facts: dict[str, Any] = {}
    id: int = 0


class MarkArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the verb `mark`."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    t_ns: int | None = None
    """On the sensor's monotonic clock; None is its now."""
    source: str = ""
    """Who says so; cut at 100 characters."""


@dataclass
class Proposal:
    """What the program itself would do if no node refuses: `carry_out` gives the answer."""

    carry_out: Callable[[], Reply]


Answer = Callable[[Request], Reply | Proposal]
"""Answers a verb for the program itself; a LiveAffectError it raises is the refusal."""


class _Numbered(msgspec.Struct):
    id: Id = 0


_requests = msgspec.msgpack.Decoder(Request)
_numbers = msgspec.msgpack.Decoder(_Numbered)
_replies = msgspec.msgpack.Decoder(Reply)
DECODE_ERRORS = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError, MemoryError)
"""What the decoder raises for bytes that are no message: not UTF-8, nested too deep, no such length."""


def read_request(body: bytes) -> Request:
    """The request in `body`; raises UsageError, in words, for anything that is not a plain map within the limits."""
    if len(body) > MAX_REQUEST_BYTES:
        raise UsageError(f"a request has at most {MAX_REQUEST_BYTES} bytes, not {len(body)}")
    try:
        request = _requests.decode(body)
    except DECODE_ERRORS as error:
        raise UsageError(f"malformed request: {_words(error)}") from None
    check_plain(request.arguments)
    return request


def number_of(body: bytes) -> int:
    """The `id` of a request that may be malformed otherwise; 0 where there is none to be found."""
    try:
        return _numbers.decode(body[:MAX_REQUEST_BYTES]).id
    except DECODE_ERRORS:
        return 0


def write_request(request: Request) -> bytes:
    """The bytes of a request; raises UsageError for what the sensor would refuse."""
    check_plain(request.arguments)
    try:
        body = msgspec.msgpack.encode(request)
    except (*DECODE_ERRORS, NotImplementedError) as error:
        raise UsageError(f"request '{request.verb}': {_words(error)}") from None
    if len(body) > MAX_REQUEST_BYTES:
        raise UsageError(f"request '{request.verb}': {len(body)} bytes are over the limit of {MAX_REQUEST_BYTES}")
    return body


def read_reply(body: bytes) -> Reply | None:
    """The reply in `body`; None where it is none."""
    try:
        return _replies.decode(body)
    except DECODE_ERRORS:
        return None


def check_plain(value: Any, where: str = "arguments") -> None:
    """Raises UsageError unless `value` is made of finite numbers, text, truth values, null, lists and maps of them,
    within the limits: what can be stored, shown, and sent on as JSON."""
    _check(value, where, 0, [0])


def _check(value: Any, where: str, depth: int, count: list[int]) -> None:
    count[0] += 1
    if depth > MAX_DEPTH:
        raise UsageError(f"{where}: nested deeper than {MAX_DEPTH}")
    if count[0] > MAX_VALUES:
        raise UsageError(f"{where}: more than {MAX_VALUES} values")
    if isinstance(value, str):
        _check_text(value, where, MAX_WORDS)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise UsageError(f"{where}: {value} is no number: leave it out, or give a finite one")
    elif isinstance(value, int):  # bool too
        if not -INT64 <= value < INT64:
            raise UsageError(f"{where}: {value} does not fit 64 bits with a sign")
    elif isinstance(value, dict):
        for key, inner in cast("dict[Any, Any]", value).items():
            if not isinstance(key, str):
                raise UsageError(f"{where}: keys are text, not {type(key).__name__}")
            _check_text(key, f"{where}: a key", MAX_KEY)
            _check(inner, f"{where}.{key}", depth + 1, count)
    elif is_row(value):
        for index, inner in enumerate(value):
            _check(inner, f"{where}[{index}]", depth + 1, count)
    elif value is not None:
        raise UsageError(f"{where}: {type(value).__name__} cannot travel: use numbers, text, true, false, null")


def _check_text(text: str, where: str, most: int) -> None:
    if len(text) > most:
        raise UsageError(f"{where}: {len(text)} characters are over the limit of {most}")
    if "\0" in text:
        raise UsageError(f"{where}: holds a NUL character")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(f"{where}: is not valid Unicode")


def _words(error: BaseException) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error) or type(error).__name__
