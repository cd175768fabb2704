"""LSL listens on every interface, whatever its settings say: the fence keeps others out."""

import subprocess
import sys

import pytest
from paths import ROOT

from liveaffect.nodes.lsl.fence import Fence
from liveaffect.nodes.lsl.outlets import settings
from liveaffect.stream.errors import UsageError

pytest.importorskip("pylsl")
APART = str(ROOT / "tests/helpers/lsl_apart.py")


def can_unshare() -> bool:
    try:
        found = subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    except OSError:
        return False
    return found.returncode == 0


@pytest.mark.processes
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("interface", "there"),
    [("loopback", "no"), ("cable0", "yes"), ("all", "yes")],  # the last shows that the cable carries
)
def test_a_stream_is_read_from_another_machine_only_by_the_chosen_interface(interface: str, there: str) -> None:
    assert apart(interface) == ["here yes", f"there {there}", f"found {there}", f"heard {there}"]


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_on_loopback_streams_wait_for_ports_at_which_they_are_found() -> None:
    taken, three, free = apart("--ports")
    assert taken.startswith("taken: 0 open, waiting for a free UDP port from 16572 to 16603")
    assert taken.endswith("liveaffect-voice, liveaffect-markers")
    assert (three, free) == ("three: 3 open", "free: 8 open, well")


def apart(word: str) -> list[str]:
    """What `lsl_apart.py` says, on a network of its own."""
    if not can_unshare():
        pytest.skip("this system makes no network namespaces for its users")
    words = ["unshare", "-rn", sys.executable, APART, word]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("\n")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has the filter")
def test_an_interface_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="'wlan99' is no interface here: use loopback, all, or one of"):
        Fence("wlan99")


def test_where_no_fence_can_be_kept_loopback_is_refused_and_all_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match=r"set lsl\.interface=all"):
        Fence()
    assert Fence("all").close() == 0


def test_settings_name_no_address_but_this_machine_or_the_chosen_network() -> None:
    assert "AddressesOverride = {127.0.0.1}\n" in settings("loopback", "", ())
    chosen = settings("eth0", "192.0.2.7", ("lab-2", "192.0.2.9"))
    assert "Interfaces = {192.0.2.7}\n" in chosen
    assert "KnownPeers = {lab-2, 192.0.2.9}\n" in chosen
    assert "255.255.255.255" not in chosen
