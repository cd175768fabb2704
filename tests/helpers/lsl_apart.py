"""Streams on a network of their own: `unshare -rn python lsl_apart.py ...`

FENCE       an interface, as in the node's setting. Can another machine reach the streams? Two network namespaces,
            joined by a cable, stand for the two machines. Says, of an outlet behind that fence, "here yes|no" (from
            this machine), "there yes|no" (from the other one), "found yes|no" (the other one looked for it by name),
                "heard yes|no" (a marker that the other one set came here)
--ports     every port at which programs look for streams is taken at first. Says how the node fares
"""

import os
import socket
import subprocess
import sys

from runs.live import wait_for

from liveaffect.nodes.lsl import LslNode
from liveaffect.nodes.lsl.clock import LslClock
from liveaffect.nodes.lsl.fence import Fence
from liveaffect.nodes.lsl.inlets import MarkerInlets
from liveaffect.nodes.lsl.layout import Channel, Layout
from liveaffect.nodes.lsl.outlets import PORTS, Outlet, opened
from liveaffect.stream.messages import Tick
from liveaffect.stream.node import HostInfo, bind, messages_of

ASK = b"LSL:shortinfo\r\n\r\n"
"""What every outlet answers with its description, whoever asks."""


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def asked(address: str, port: int) -> bool:
    """Whether the outlet answers at this address. A packet that was dropped is never answered: so little waiting."""
    with socket.socket() as sock:
        sock.settimeout(3.0)
        try:
            sock.connect((address, port))
            sock.sendall(ASK)
            return b"<info>" in sock.recv(4096)
        except OSError:
            return False


def main(interface: str) -> None:
    run("ip", "link", "set", "lo", "up")
    other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo up; exec sleep 600"], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    there = ["nsenter", "-t", str(other.pid), "-n"]
    try:
        run("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1", "netns", str(other.pid))
        run("ip", "addr", "add", "10.9.0.1/24", "dev", "cable0")
        run("ip", "link", "set", "cable0", "up")
        run(*there, "ip", "addr", "add", "10.9.0.2/24", "dev", "cable1")
        run(*there, "ip", "link", "set", "cable1", "up")
        run(*there, "ip", "link", "set", "lo", "up")
        fence = Fence(interface)
        lsl = opened(interface, fence.address, ())
        outlet = Outlet(lsl, Layout("fenced", "Test", (Channel("x", "1", "Test", ""),)), "fenced-1", {})
        fence.close()
        port = outlet.port("data")
        print(f"here {'yes' if asked('127.0.0.1', port) else 'no'}")
        ask = [*there, sys.executable, __file__, "--ask", str(port)]
        inlets = MarkerInlets(lsl, LslClock(lsl.local_clock), "name='there'", (), fence.close)
        heard: list[str] = []
        with subprocess.Popen(ask, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdin is not None
            assert asking.stdout is not None
            for line in asking.stdout:
                if line == "set\n":
                    heard = [one.label for one in wait_for(lambda: inlets.take(9), "the marker")]
                    asking.stdin.close()
                else:
                    print(line.strip())
        print(f"heard {'yes' if heard == ['from there'] else 'no'}")
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


def ports() -> None:
    run("ip", "link", "set", "lo", "up")
    taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in PORTS]
    for sock, port in zip(taken, PORTS, strict=True):
        sock.bind(("0.0.0.0", port))
    node = LslNode(markers="")
    wiring = {"people": {"reads": [], "writes": ["affect", "face/observation", "voice/descriptors"]}}
    bind(node, HostInfo(name="lsl", process="lsl", live=True, wiring=wiring))
    node.open()
    print(f"taken: {node.info()['streams']} open, {node.trouble()}")
    for sock in taken[:3]:
        sock.close()
    list(messages_of(node.tick(Tick(t_ns=1))))
    print(f"three: {node.info()['streams']} open")
    for sock in taken:
        sock.close()
    list(messages_of(node.tick(Tick(t_ns=2))))
    print(f"free: {node.info()['streams']} open, {node.trouble() or 'well'}")


def asked_from_there(port: int) -> None:
    print(f"there {'yes' if asked('10.9.0.1', port) else 'no'}", flush=True)
    import pylsl  # with its own settings: those of any program

    pylsl.util.set_config_content("[log]\nlevel = -3\n")
    print(f"found {'yes' if pylsl.resolve_byprop('name', 'fenced', timeout=3.0) else 'no'}", flush=True)
    markers = pylsl.StreamOutlet(pylsl.StreamInfo("there", "Markers", 1, 0, pylsl.cf_string, "there-1"))
    if markers.wait_for_consumers(5.0):
        markers.push_sample(["from there"])
        print("set", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "--ask":
        asked_from_there(int(sys.argv[2]))
    elif sys.argv[1] == "--ports":
        ports()
    else:
        main(sys.argv[1])
    sys.stdout.flush()
    os._exit(0)
