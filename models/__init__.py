"""Affect models: ONNX sessions, alignment, calibration, filters, fusion and metrics. Arrays in, arrays out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveaffect.models.registry import load as load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """`load` is fetched at first use: importing the package opens nothing and costs nothing."""
    if name == "load":
        from liveaffect.models.registry import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
