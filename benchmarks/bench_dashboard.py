"""What the dashboard costs: against a bare window with the same image and curves in the same run, memory, delay.

python benchmarks/bench_dashboard.py [--seconds 12] [--rounds 3]. Needs no display: Qt draws offscreen where there is
none. One stream (VGA at 30 Hz, a face with landmarks, voice at 100 Hz) goes out on loopback sockets; two
windows of 1280x800 read it in turn, each a process of its own: the dashboard with everything visible, and the bare one
(pyqtgraph: the image at 30 Hz, valence and arousal with their bands at 15 Hz). Then an hour of stream goes through the
dashboard as fast as it can. Prints a table and writes out/bench_dashboard.json.

With --first-picture instead: five times the wait between Start in the first window and the camera's first picture in
the main one, with the default graph on the demo's film, against the least that shows a film's first frame.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import zmq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from windows import first_picture as first  # noqa: E402
from windows import stream as made  # noqa: E402

from liveaffect.stream.client.requests import Reply, Request  # noqa: E402
from liveaffect.stream.topics import topic_of  # noqa: E402
from liveaffect.stream.wire import encode  # noqa: E402

BUDGET = {"cpu_ratio": 1.4, "memory_mb": 260.0, "delay_p50_ms": 1000 / 60, "growth_mb": 8.0}
SIZE = (1280, 800)
WARM_S = 4.0
FIRST_S = 2.0
HOUR_FRAMES = 60 * 60 * 30


def serve(address: str) -> None:
    """Speaks as a gateway does, until its standard input ends."""
    import av

    from liveaffect.cli.demo_media.clip import clip

    with av.open(str(clip())) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame, _ in zip(film.decode(video=0), range(60), strict=False)]
    pictures = [np.ascontiguousarray(one) for one in pictures]
    context = zmq.Context()
    requests, events = context.socket(zmq.ROUTER), context.socket(zmq.PUB)
    requests.bind(address)
    events.bind(address + ".events")
    owner = psutil.Process().parent()
    start, i = time.monotonic_ns(), 0
    while owner is not None and owner.is_running():
        while requests.poll(0):
            *peer, body = requests.recv_multipart()
            asked = msgspec.msgpack.decode(body, type=Request)
            facts = {"events": address + ".events", "monotonic_ns": time.monotonic_ns(), "kind": "live"}
            requests.send_multipart([*peer, msgspec.msgpack.encode(Reply(ok=True, facts=facts, id=asked.id))])
        for message in made.stream(range(i, i + 1), image=pictures[i % len(pictures)]):
            message.t_ns += start - made.START_NS
            message.pub_ns = time.monotonic_ns()
            events.send_multipart(encode(topic_of(message), message))
        i += 1
        time.sleep(max(0.0, (start + i * made.FRAME_NS - time.monotonic_ns()) / 1e9))


def dashboard(address: str, seconds: float) -> dict[str, float]:
    """The real window on the stream; also from the arrival of a frame's faces to its last painted pixel."""
    from PySide6.QtCore import QTimer

    from liveaffect.cli.windows.desktop import application
    from liveaffect.nodes.dashboard.feed import GatewayFeed
    from liveaffect.nodes.dashboard.scene.node import DashboardNode
    from liveaffect.nodes.dashboard.window.main import MainWindow

    app = application()
    node = DashboardNode()
    node.open()
    window = MainWindow(GatewayFeed(node, lambda: address))
    arrived: dict[tuple[int, int], float] = {}
    delays: list[float] = []
    add, paint = node.scene.frames.add_mesh, window.video.paintEvent

    def add_mesh(mesh: Any) -> None:
        arrived[mesh.frame_seq, mesh.t_ns] = time.perf_counter()
        add(mesh)

    def paint_event(event: Any) -> None:
        paint(event)
        shot = window.video.picture
        came = arrived.pop(shot.key, None) if shot is not None else None
        if came is not None:
            delays.append((time.perf_counter() - came) * 1e3)

    node.scene.frames.add_mesh = add_mesh  # type: ignore[method-assign]
    window.video.paintEvent = paint_event  # type: ignore[method-assign]
    window.resize(*SIZE)
    window.start()
    window.show()
    found = _measure(seconds, window.close, QTimer)
    app.exec()
    kept = delays[len(delays) // 4 :]
    found |= {"delay_p50_ms": float(np.median(kept)), "delay_p95_ms": float(np.quantile(kept, 0.95))}
    return found | {"pictures_per_s": len(delays) / (seconds + WARM_S), "pace_level": float(window.pacer.level)}


def bare(address: str, seconds: float) -> dict[str, float]:
    """The least that shows the same image and curves: pyqtgraph's quickest image widget and two plots."""
    import pyqtgraph as pg
    from pyqtgraph.widgets.RawImageWidget import RawImageWidget
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

    from liveaffect.stream.client.connection import Client

    app = QApplication([])
    window = QWidget()
    window.resize(*SIZE)
    column = QVBoxLayout(window)
    image = RawImageWidget(scaled=True)
    column.addWidget(image, 62)
    curves = []
    for _ in range(2):
        plot = pg.PlotWidget()
        plot.setYRange(-1, 1)
        low, high = plot.plot(), plot.plot()
        plot.addItem(pg.FillBetweenItem(low, high, brush=(90, 120, 200, 60)))
        curves.append((low, high, plot.plot(pen=pg.mkPen("b", width=1))))
        column.addWidget(plot, 19)
    client = Client(address, ["video/frame", "affect"])
    rows: deque[tuple[float, ...]] = deque(maxlen=900)

    def show_image() -> None:
        newest = None
        while (received := client.receive(0)) is not None:
            if received[0].name == "affect":
                one = received[1].people[0]  # type: ignore[attr-defined]
                rows.append((received[1].t_ns / 1e9, one.valence, one.valence_sd, one.arousal, one.arousal_sd))
            else:
                newest = received[1]
        if newest is not None:
            image.setImage(newest.image.transpose(1, 0, 2))  # type: ignore[attr-defined]

    def show_plots() -> None:
        if len(rows) < 2:
            return
        table = np.array(rows)
        for (low, high, line), column_ in zip(curves, (1, 3), strict=True):
            mean, half = table[:, column_], 1.645 * table[:, column_ + 1]
            low.setData(table[:, 0], mean - half)
            high.setData(table[:, 0], mean + half)
            line.setData(table[:, 0], mean)

    timers = [QTimer(interval=33), QTimer(interval=66)]
    for timer, run in zip(timers, (show_image, show_plots), strict=True):
        timer.timeout.connect(run)
        timer.start()
    window.show()
    found = _measure(seconds, app.quit, QTimer)
    app.exec()
    return found


def _measure(seconds: float, end: Any, timer: Any) -> dict[str, float]:
    """CPU of this process over `seconds` after a warm-up, as a share of one core, and memory at the end."""
    process, found, begun = psutil.Process(), {}, []

    def begin() -> None:
        begun.extend((time.monotonic(), sum(process.cpu_times()[:2])))

    def finish() -> None:
        found["cpu"] = (sum(process.cpu_times()[:2]) - begun[1]) / (time.monotonic() - begun[0])
        found["memory_mb"] = process.memory_full_info().pss / 2**20
        end()

    timer.singleShot(int(WARM_S * 1000), begin)
    timer.singleShot(int((WARM_S + seconds) * 1000), finish)
    return found


def replay() -> dict[str, float]:
    """An hour of stream through the node as fast as it goes, painted all the while: memory by quarter hour."""
    from liveaffect.cli.windows.desktop import application
    from liveaffect.nodes.dashboard.feed import GatewayFeed
    from liveaffect.nodes.dashboard.scene.node import DashboardNode
    from liveaffect.nodes.dashboard.window.main import MainWindow

    app, node, picture = application(), DashboardNode(), np.zeros((made.HEIGHT, made.WIDTH, 3), np.uint8)
    node.open()
    window = MainWindow(GatewayFeed(node, str))
    node.scene.connected, node.scene.facts = True, {"kind": "live"}
    window.resize(*SIZE)
    window.show()
    sizes, start = [], time.perf_counter()
    for i in range(HOUR_FRAMES):
        for message in made.stream(range(i, i + 1), image=picture):
            node.take(message)
        if i % 30 == 0:
            window.presenter.picture()
            window.presenter.plots()
            window.refresh_status()
            app.processEvents()
        if (i + 1) % (HOUR_FRAMES // 4) == 0:
            sizes.append(psutil.Process().memory_info().rss / 2**20)
    return {f"replay_{15 * (n + 1)}min_mb": size for n, size in enumerate(sizes)} | {
        "growth_mb": sizes[-1] - sizes[0], "replay_speed": HOUR_FRAMES / 30 / (time.perf_counter() - start),
    }  # fmt: skip


def _part(name: str, address: str, seconds: float) -> dict[str, float]:
    words = [sys.executable, __file__, "--part", name, "--address", address, "--seconds", str(seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def first_picture(rounds: int = 5) -> int:
    """The wait after Start: a line each, and the medians against the two seconds that somebody waits gladly."""
    from liveaffect.cli.demo_media.clip import clip

    found = [first.measure(clip()) for _ in range(rounds)]
    for one in found:
        print("  ".join(f"{key} {value:.2f}" for key, value in one.items()), flush=True)
    middle = {key: float(np.median([one[key] for one in found])) for key in found[0]}
    print("median  " + "  ".join(f"{key} {value:.2f}" for key, value in middle.items()))
    return int(middle["s"] > FIRST_S)


def main() -> int:
    """Runs every part and compares with the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first-picture", action="store_true")
    parser.add_argument("--part", default="")
    parser.add_argument("--address", default="")
    asked = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if asked.part:
        parts = {"dashboard": dashboard, "bare": bare}
        if asked.part == "serve":
            serve(asked.address)
        else:
            print(json.dumps(replay() if asked.part == "replay" else parts[asked.part](asked.address, asked.seconds)))
        return 0
    if asked.first_picture:
        return first_picture()
    address = f"ipc:///tmp/liveaffect-bench-{os.getpid()}"
    server = subprocess.Popen([sys.executable, __file__, "--part", "serve", "--address", address])
    try:
        rounds = [
            {name: _part(name, address, asked.seconds) for name in ("bare", "dashboard")} for _ in range(asked.rounds)
        ]
    finally:
        server.terminate()
        server.wait()
        for name in (address, address + ".events"):
            with contextlib.suppress(OSError):
                Path(name.removeprefix("ipc://")).unlink()
    ratios = [one["dashboard"]["cpu"] / one["bare"]["cpu"] for one in rounds]
    last = {key: float(np.median([one["dashboard"][key] for one in rounds])) for key in rounds[0]["dashboard"]}
    summary = {
        "cpu_ratio": float(np.median(ratios)), "cpu_ratios": ratios, "cpu": last["cpu"],
        "cpu_bare": float(np.median([one["bare"]["cpu"] for one in rounds])), **last, **_part("replay", "", 0),
    }  # fmt: skip
    for key, value in summary.items():
        limit = f"   budget {BUDGET[key]:.1f}" if key in BUDGET else ""
        print(f"{key:20} {value if isinstance(value, list) else round(value, 2)}{limit}")
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench_dashboard.json").write_text(json.dumps(summary, indent=1), "utf-8")
    over = [key for key, limit in BUDGET.items() if summary[key] > limit]
    print("within the budget" if not over else f"over the budget: {', '.join(over)}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
