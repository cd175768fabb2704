"""The page: what three open readers and one asleep cost the sensor, and how soon they are live.

    python benchmarks/bench_page.py [--seconds 10] [--rounds 3] [--light]

The whole graph runs on the demo's film, without a page and with one, in turn, in one run: the ratio is what counts.
Readers take the page's WebSocket as a browser does, in a process of their own; the one asleep opens it and reads
nothing. `--light` runs a camera of 30 frames a second with a net that only looks at brightness, for machines that are
busy: what the page costs the sockets is the same. Prints a table and writes out/bench_page.json.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "helpers"))

READERS = """
import asyncio, json, sys, time, aiohttp
url, token = sys.argv[1:3]
async def read(number, http):
    async with http.ws_connect(f"{url}/ws") as ws:
        async for message in ws:
            if json.loads(message.data).get("people") and not live[number]:
                live[number] = time.monotonic() - began
                if all(live):
                    print(json.dumps(live), flush=True)
async def main():
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        await asyncio.gather(*(read(k, http) for k in range(3)))
live, began = [0.0] * 3, time.monotonic()
asyncio.run(main())
"""
LEAST = 30
"""A window on a busy machine lasts until so many frames were answered."""
HEAD = "GET /ws?token={token} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
HEAD += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aaaaaaaaaaaaaaaaaaaaaa==\r\n\r\n"


def measure(run: Any, client: Any, seconds: float) -> dict[str, Any]:
    """Capture to publication of every answered frame in ms, and what the sensor's processes (this one, which has the
    gateway, too) used of a core for each."""
    while client.receive(0) is not None:
        pass
    meters = [psutil.Process(pid) for pid in (*run.supervisor.pids().values(), os.getpid())]
    before, end, took = sum(map(_cpu, meters)), time.monotonic() + seconds, []
    while (left := end - time.monotonic()) > 0 or len(took) < LEAST:
        received = client.receive(max(0.5, left))
        if received is not None and received[1].frame_seq >= 0:
            took.append((received[1].pub_ns - received[1].t_ns) / 1e6)
    used = sum(map(_cpu, meters)) - before
    took.sort()
    p50, p99 = took[len(took) // 2], took[int(0.99 * len(took))]
    return {"frames": len(took), "p50_ms": p50, "p99_ms": p99, "cpu_ms_per_frame": 1000 * used / len(took)}


def _cpu(meter: psutil.Process) -> float:
    times = meter.cpu_times()
    return times.user + times.system


def round_with_page(run: Any, client: Any, port: int, seconds: float) -> dict[str, Any]:
    """The same with a page, three readers and one asleep."""
    with tempfile.TemporaryDirectory() as cache:
        folder = Path(cache, "liveaffect", "web")
        folder.mkdir(parents=True)
        token = "t" * 32
        (folder / "token").write_text(token)
        words = [
            sys.executable,
            "-m",
            "liveaffect.cli.main",
            "web",
            run.supervisor.gateway_address,
            "--listen",
            str(port),
        ]
        page = subprocess.Popen(words, env={**os.environ, "XDG_CACHE_HOME": cache}, stderr=subprocess.DEVNULL)
        readers = None
        try:
            while True:
                try:
                    asleep = socket.create_connection(("127.0.0.1", port), timeout=5)
                    break
                except OSError:
                    time.sleep(0.1)
            asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            asleep.sendall(HEAD.format(token=token, host=f"127.0.0.1:{port}").encode())
            program = [sys.executable, "-c", READERS, f"http://127.0.0.1:{port}", token]
            readers = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
            assert readers.stdout is not None
            live = json.loads(readers.stdout.readline())
            began, before = time.monotonic(), _cpu(psutil.Process(page.pid))
            found = measure(run, client, seconds)
            used = _cpu(psutil.Process(page.pid)) - before
            found["page_cpu_percent"] = 100 * used / (time.monotonic() - began)
            found["page_rss_mb"] = psutil.Process(page.pid).memory_info().rss / 2**20
            found["live_s"] = max(live)
            asleep.close()
            return found
        finally:
            for one in (readers, page):
                if one is not None:
                    one.terminate()
                    one.wait(30)


def main() -> None:
    """Prints the table."""
    from estimate_nodes import LAUNCH
    from runs.live import LiveRun, free_port

    from liveaffect.cli.demo_media.clip import clip
    from liveaffect.cli.run import assemble
    from liveaffect.stream.graph import build_graph

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--light", action="store_true")
    asked = parser.parse_args()
    if asked.light:
        table = {"graph": {"announce": False}, **tomllib.loads(LAUNCH)}
        table["camera"]["source"] = "lavfi:testsrc=size=640x480:rate=30"
        graph = build_graph(table)
    else:
        settings = ["camera.loop=true", "microphone.loop=true", "graph.announce=false"]
        graph = assemble(None, settings, source=clip(), view=False)
    run = LiveRun(graph, None)
    run.start()
    rows: list[dict[str, Any]] = []
    try:
        with run.client("affect") as client:
            measure(run, client, asked.seconds / 2)
            for _ in range(asked.rounds):
                without = measure(run, client, asked.seconds)
                with_page = round_with_page(run, client, free_port(), asked.seconds)
                rows.append({"without": without, "with": with_page})
                for name, row in rows[-1].items():
                    print(f"{name:8}", "  ".join(f"{key} {value:.1f}" for key, value in row.items()), flush=True)
    finally:
        run.supervisor.stop()
        run.join()
    ratios = {
        key: statistics.median(row["with"][key] / row["without"][key] for row in rows)
        for key in ("p50_ms", "p99_ms", "cpu_ms_per_frame")
    }
    print("with a page, three readers and one asleep, against without (median of rounds):", ratios)
    out = ROOT / "out" / "bench_page.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"rounds": rows, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
