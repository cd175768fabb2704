"""Requests at the door: what is no plain, finite, bounded map is refused in words."""

import contextlib
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.stream.client.requests import (
    MAX_REQUEST_BYTES,
    Request,
    number_of,
    read_reply,
    read_request,
    write_request,
)
from liveaffect.stream.errors import UsageError


def body(**keys: Any) -> bytes:
    return msgspec.msgpack.encode({"verb": "mark", **keys})


def test_e01_text_that_is_not_utf8_and_nesting_without_end_are_refused() -> None:
    deep = b"\x81\xa9arguments" + b"\x81\xa1a" * 2000 + b"\xc0"
    for wrong in (b"\x81\xa4verb\xa1\xff", deep, b"\x81\xa1a" * 20000, b"\x91" * 60000, b"", b"\xc1"):
        with pytest.raises(UsageError, match="malformed request"):
            read_request(wrong)


@given(st.binary(max_size=400))
def test_e01_no_bytes_whatever_do_more_than_be_refused(wrong: bytes) -> None:
    with contextlib.suppress(UsageError):
        read_request(wrong)
    number_of(wrong)
    read_reply(wrong)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"folder": "a\0b"}, "arguments.folder: holds a NUL"),
        ({"folder": "x" * 5000}, "5000 characters are over the limit"),
        ({"x" * 101: 1}, "a key: 101 characters"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}, "nested deeper than 8"),
        ({"a": [0] * 3000}, "more than 2000 values"),
        ({"a": msgspec.Raw(b"\xc7\x01\x05\x00")}, "Ext cannot travel"),
        ({"a": b"bytes"}, "bytes cannot travel"),
        ({"a": {3: 1}}, "keys are text, not int"),
        ({"a": {None: 1}}, "keys are text, not NoneType"),
        ({"t_ns": 1 << 63}, "does not fit 64 bits"),
    ],
)
def test_e03_arguments_that_could_not_be_stored_are_refused_by_their_name(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        read_request(body(arguments=arguments))


def test_e03_a_time_stamp_of_msgpack_and_an_array_as_key_are_refused() -> None:
    stamp = b"\x82\xa4verb\xa1x\xa9arguments\x81\xa1a\xd6\xff\x00\x00\x00\x01"
    array_key = b"\x82\xa4verb\xa1x\xa9arguments\x81\xa1a\x81\x91\x01\x01"
    for wrong in (stamp, array_key):
        with pytest.raises(UsageError):
            read_request(wrong)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_e04_numbers_that_are_none_are_refused_where_they_leave_and_where_they_arrive(value: float) -> None:
    with pytest.raises(UsageError, match=r"arguments\.values\.fps: .* is no number"):
        read_request(body(arguments={"values": {"fps": value}}))
    with pytest.raises(UsageError, match="is no number"):
        write_request(Request(verb="settings", arguments={"values": {"fps": value}}))


def test_a_request_travels_and_keeps_its_number() -> None:
    asked = Request(verb="record", target="recorder", arguments={"folder": "ü", "n": [1, 2.5, None, True]}, id=7)
    assert msgspec.structs.asdict(read_request(write_request(asked))) == msgspec.structs.asdict(asked)


def test_the_number_of_a_malformed_request_is_found_where_there_is_one() -> None:
    assert number_of(msgspec.msgpack.encode({"verb": 3, "id": 9, "more": 1})) == 9
    assert number_of(msgspec.msgpack.encode({"id": -1})) == 0
    assert number_of(b"\xc1") == 0


def test_what_is_too_long_is_refused_on_both_sides() -> None:
    with pytest.raises(UsageError, match="at most"):
        read_request(b"x" * (MAX_REQUEST_BYTES + 1))
    with pytest.raises(UsageError, match="over the limit"):
        write_request(Request(verb="x", arguments={"a": ["y" * 4000] * 20}))


@pytest.mark.parametrize("value", [object(), "\ud800", 1 << 64, {1, 2}])
def test_a_program_hears_of_its_own_mistake_before_anything_is_sent(value: Any) -> None:
    with pytest.raises(UsageError, match=r"arguments\.a"):
        write_request(Request(verb="x", arguments={"a": value}))
