"""Can another machine reach the streams? Two network namespaces, joined by a cable, stand for the two machines.

    unshare -rn python lsl_apart.py FENCE            FENCE: an interface, as in the node's setting

Says, of an outlet behind that fence: "here yes|no" (from this machine), "there yes|no" (from the other one).
"""

import os
import socket
import subprocess
import sys

from liveaffect.nodes.lsl.fence import Fence
from liveaffect.nodes.lsl.layout import Channel, Layout
from liveaffect.nodes.lsl.outlets import Outlet, opened

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
        fence = Fence(interface)
        lsl = opened(interface, fence.address, ())
        outlet = Outlet(lsl, Layout("fenced", "Test", (Channel("x", "1", "Test", ""),)), "fenced-1", {})
        fence.close()
        port = outlet.port("data")
        print(f"here {'yes' if asked('127.0.0.1', port) else 'no'}")
        ask = [*there, sys.executable, __file__, "--ask", str(port)]
        print(f"there {subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()}")
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


if __name__ == "__main__":
    if sys.argv[1] == "--ask":
        print("yes" if asked("10.9.0.1", int(sys.argv[2])) else "no")
    else:
        main(sys.argv[1])
    sys.stdout.flush()
    os._exit(0)
