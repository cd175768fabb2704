"""The optional extras: which library each brings, and what to say where it is not there."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple

from liveaffect.stream.errors import UsageError


class Extra(NamedTuple):
    """One extra: the module that it brings, what it is for, and other modules that it brings and needs."""

    module: str
    what: str
    beside: tuple[str, ...] = ()


EXTRAS: dict[str, Extra] = {
    "lsl": Extra("pylsl", "the Lab Streaming Layer (`--lsl`)"),
    "osc": Extra("pythonosc", "Open Sound Control (`--osc`)"),
    "mqtt": Extra("paho.mqtt.client", "MQTT (`--mqtt`)"),
    "web": Extra("aiohttp", "the page (`--web`)", ("cryptography", "segno")),
    "mcp": Extra("mcp", "an assistant (`liveaffect mcp`)"),
    "formats": Extra("pympi", "ELAN, Praat, EDF (`export`, `import`)", ("praatio", "edfio")),
    "cluster": Extra("distributed", "scoring on several machines (`score --cluster`)"),
}
"""Name, as in `liveaffect[NAME]`."""


def there(name: str) -> bool:
    """Whether an extra is installed; nothing of it is imported."""
    return not _lacking(name)


def remedy(name: str) -> str:
    """What to type to have an extra."""
    return f'pip install "liveaffect[{name}]"'


def require(name: str) -> None:
    """Raises UsageError where an extra is not installed; nothing of it is imported."""
    if not there(name):
        lacking, extra = _lacking(name), EXTRAS[name]
        raise UsageError(f"{extra.what} needs the package {lacking}, which is not installed: {remedy(name)}")


def library(name: str) -> ModuleType:
    """The module of an extra, imported now. Raises UsageError where it is not there or cannot be loaded."""
    require(name)
    try:
        return import_module(EXTRAS[name].module)
    except (ImportError, OSError, RuntimeError) as error:
        raise UsageError(f"{EXTRAS[name].what}: {error}; install it anew: {remedy(name)}") from None


def _lacking(name: str) -> str:
    """The first of its modules that is not there; "" where all are."""
    extra = EXTRAS[name]
    return next((one for one in (extra.module, *extra.beside) if find_spec(one.partition(".")[0]) is None), "")
