"""Modules that others import and hardly ever use are imported when something of them is asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module until an attribute is wanted, which then is the module's own."""

    def __getattr__(self, name: str) -> Any:
        _take_out(self)
        return getattr(import_module(self.__name__), name)


@contextmanager
def later(*names: str) -> Iterator[None]:
    """Who imports one of these modules while it lasts, and none had before, gets one that is imported at its first use.

    names: a package stands before its parts. Afterwards an import gives the modules themselves.
    """
    put = [_Later(name) for name in names if name not in sys.modules]
    for module in put:
        package, _, part = module.__name__.rpartition(".")
        if isinstance(parent := sys.modules.get(package), _Later):
            setattr(parent, part, module)
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        for module in put:
            _take_out(module)


def _take_out(module: ModuleType) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]
