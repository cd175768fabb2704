"""Windows without a display."""

from collections.abc import Iterator
from typing import Any

import pytest
from gui import prepare


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Runs before the QApplication is made."""
    prepare()
    return ["liveaffect"]


@pytest.fixture
def app(qapp: Any) -> Iterator[Any]:
    """The dressed program, light."""
    from liveaffect.nodes.dashboard import palette

    palette.follow(qapp)
    palette.force("light")
    yield qapp
    palette.force(None)
