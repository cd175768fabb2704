"""Plain data of unknown make, as TOML, JSON and msgpack give it: tests that also tell a type checker."""

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    """True for a dict."""
    return isinstance(value, dict)


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """True for a dict or anything like it."""
    return isinstance(value, Mapping)


def is_row(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """True for a list or a tuple."""
    return isinstance(value, list | tuple)
