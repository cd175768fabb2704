"""Makes the pictures of the window in this folder from the demo's own clip: python docs/img/make_dashboard.py

A public-domain portrait that the project moves, and a voice that it synthesises, go through the real graph; the window
is drawn offscreen, light on the live run and dark on the replay of its recording, which holds no pixels.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
from PIL import Image

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tests" / "helpers"))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from runs.live import live_run  # noqa: E402

from liveaffect.cli.demo_media.clip import clip  # noqa: E402
from liveaffect.cli.replay import replay_table  # noqa: E402
from liveaffect.cli.windows.desktop import application  # noqa: E402
from liveaffect.cli.windows.helpers import tools  # noqa: E402
from liveaffect.nodes.dashboard.feed import GatewayFeed  # noqa: E402
from liveaffect.nodes.dashboard.look import palette  # noqa: E402
from liveaffect.nodes.dashboard.scene.node import DashboardNode  # noqa: E402
from liveaffect.nodes.dashboard.window.main import MainWindow  # noqa: E402
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH  # noqa: E402

SIZE = (1280, 800)
PHOTO_COLOURS = 128
COUNTS = (256 - PHOTO_COLOURS, PHOTO_COLOURS)
LIVE_S, MARK_S, REPLAY_S = 26.6, 22.5, 25.3
"""Stream time of the pictures (the clip is 20 s long and plays twice), and of a marker."""


def twice(source: Path, target: Path) -> None:
    """The clip two times in a row, without coding it again."""
    with av.open(str(source)) as shape, av.open(str(target), "w") as out:
        made = [out.add_stream_from_template(stream) for stream in shape.streams]
        length_s = (shape.duration or 0) / av.time_base
        for turn in range(2):
            with av.open(str(source)) as film:
                for packet in film.demux():
                    if packet.dts is None or packet.pts is None or packet.time_base is None:
                        continue
                    shift = round(turn * length_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = made[packet.stream_index]
                    out.mux(packet)


def shoot(
    app: QApplication,
    address: str,
    name: str,
    at_s: float,
    scheme: palette.Scheme,
    script: Callable[[MainWindow, float], None],
) -> None:
    """One picture of the window on what runs at `address`, `at_s` seconds into its stream."""
    palette.force(scheme)
    node = DashboardNode()
    node.open()
    window = MainWindow(GatewayFeed(node, lambda: address), tools=tools())
    window.resize(*SIZE)

    def look() -> None:
        now_s = node.scene.seconds(node.scene.now_ns)
        script(window, now_s)
        if now_s >= at_s:
            watch.stop()
            window.grab().save(str(FOLDER / name))
            window.close()

    watch = QTimer(interval=50)
    watch.timeout.connect(look)
    watch.start()
    window.start()
    window.show()
    app.exec()
    area = window.video.geometry()
    _shrink(FOLDER / name, (area.left(), area.top(), area.right(), area.bottom()))
    print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size // 1024} kB")


def _shrink(path: Path, photo: tuple[int, int, int, int]) -> None:
    """To 256 colours, most of them for the photo; the rest of the window keeps its own."""
    whole = Image.open(path).convert("RGB")
    plain = whole.copy()
    plain.paste(whole.getpixel((0, 0)) or 0, photo)
    kept = (plain.quantize(256 - PHOTO_COLOURS), whole.crop(photo).quantize(PHOTO_COLOURS))
    lists = [(one.getpalette() or [])[: 3 * count] for one, count in zip(kept, COUNTS, strict=True)]
    palette_image = Image.new("P", (1, 1))
    palette_image.putpalette(lists[0] + [0] * (3 * COUNTS[0] - len(lists[0])) + lists[1])
    whole.quantize(palette=palette_image, dither=Image.Dither.NONE).save(path, optimize=True)


def live_table(film: Path, session: Path) -> dict[str, object]:
    """The default graph on a film, recorded with landmarks and without pixels."""
    import tomllib

    table = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"]["source"] = table["microphone"]["source"] = str(film)
    table["recorder"] |= {"folder": str(session), "autostart": True, "mesh": True}
    return table


def main() -> None:
    """Both pictures."""
    app = application()
    marked: list[float] = []

    def mark(window: MainWindow, now_s: float) -> None:
        if now_s > MARK_S and not marked:
            marked.append(now_s)
            window.actions_.mark("stimulus on")
            window.status.words.clear()

    with tempfile.TemporaryDirectory() as folder:
        film, session = Path(folder) / "twice.mp4", Path(folder) / "session"
        twice(clip(), film)
        with live_run(live_table(film, session)) as run:
            shoot(app, run.supervisor.gateway_address, "dashboard.png", LIVE_S, "light", mark)
        with live_run(replay_table(session)) as run:
            shoot(app, run.supervisor.gateway_address, "dashboard-replay.png", REPLAY_S, "dark", lambda *_: None)


if __name__ == "__main__":
    main()
