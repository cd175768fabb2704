"""The libraries of formats, which come with an extra and are imported only when a format needs them."""

from importlib import import_module
from types import ModuleType

from liveaffect.stream.errors import UsageError
from liveaffect.stream.extras import remedy


def extra(module: str, form: str) -> ModuleType:
    """The module of an optional library. Raises UsageError that says what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise UsageError(
            f"{form} needs a library that is not installed ({module.split('.')[0]}): {remedy('formats')}"
        ) from None
