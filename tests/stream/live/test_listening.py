"""Listening takes nothing from anybody, and destroys nothing."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.listening import listen


@pytest.fixture
def path() -> Iterator[Path]:
    """Short: the names of sockets are."""
    with tempfile.TemporaryDirectory(prefix="l") as folder:
        yield Path(folder) / "gate"


def test_e13_a_file_where_the_gateway_is_to_be_stays_as_it_is(path: Path) -> None:
    path.write_text("a thesis")
    with pytest.raises(TransportError, match="a file lies there and is left alone; choose another path"):
        listen(f"ipc://{path}", "the gateway")
    assert path.read_text() == "a thesis"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_e13_so_does_whatever_is_no_socket(path: Path, kind: str) -> None:
    make = {"folder": path.mkdir, "link": lambda: path.symlink_to("elsewhere"), "pipe": lambda: os.mkfifo(path)}
    make[kind]()
    before = path.lstat()
    with pytest.raises(TransportError, match=f"a {kind} lies there"):
        listen(f"ipc://{path}", "the gateway")
    assert path.lstat().st_ino == before.st_ino


@pytest.mark.processes
def test_e13_a_gateway_that_lives_is_not_taken_over_and_a_dead_one_makes_way(path: Path) -> None:
    first, _ = listen(f"ipc://{path}", "the gateway")
    with pytest.raises(TransportError, match="the address is in use"):
        listen(f"ipc://{path}", "the gateway")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(path))
    first.close()
    second, address = listen(f"ipc://{path}", "the gateway")
    assert address == f"ipc://{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second.close()


@pytest.mark.processes
def test_e17_a_free_port_is_bound_and_reported_not_probed() -> None:
    first, address = listen("tcp://127.0.0.1:*", "the gateway")
    assert address == f"tcp://127.0.0.1:{first.getsockname()[1]}"
    with pytest.raises(TransportError, match=f"{address}: the address is in use"):
        listen(address, "the gateway")
    first.close()
    again, _ = listen(address, "the gateway")
    again.close()


@pytest.mark.processes
def test_a_path_that_cannot_be_is_refused_in_words(path: Path) -> None:
    with pytest.raises(TransportError, match="cannot listen at"):
        listen(f"ipc://{path}/deeper", "the gateway")
    with pytest.raises(TransportError, match="cannot listen at"):
        listen(f"ipc://{path}{'x' * 200}", "the gateway")
