"""What the package offers is fetched when it is used: a live run, and every worker, import no more than they need."""

import subprocess
import sys

import pytest

from liveaffect import offline


@pytest.mark.parametrize("name", offline.__all__)
def test_every_name_of_the_package_is_there(name: str) -> None:
    assert getattr(offline, name) is not None


def test_no_other_name_is() -> None:
    assert set(offline._PLACES) == set(offline.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        offline.nothing  # noqa: B018


@pytest.mark.processes
def test_a_live_run_imports_no_tables_no_reports_and_no_compiler() -> None:
    code = (
        "import sys, liveaffect.cli.run as run, liveaffect.cli.live; from liveaffect.stream.graph import load_graph; "
        "load_graph(run.DEFAULT_GRAPH, [*run.MOVING, *run.WITH_REASONS]); "
        "print({'polars', 'matplotlib', 'numba'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
