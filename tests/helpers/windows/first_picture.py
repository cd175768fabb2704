"""How long somebody waits between Start in the first window and the camera's picture in the main one.

    python first_picture.py live FOLDER        the program, with one who clicks after LOOK_S
    python first_picture.py bare FILM          the least: the libraries, and the film's first frame

Both instants go to FOLDER/{clicked,shown} (s, monotonic); the environment names the film (FIRST_FILM).
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOOK_S = 20.0
"""So long somebody looks at the first window; what is made ready meanwhile is then there, on a quiet machine."""


def measure(film: Path) -> dict[str, float]:
    """One wait, and right after it the least (both in s), with the load of the machine over the last minute."""
    with tempfile.TemporaryDirectory() as name:
        env = {**os.environ, "FIRST_FILM": str(film), "XDG_CONFIG_HOME": name}
        subprocess.run([sys.executable, __file__, "live", name], env=env, check=True, timeout=240, capture_output=True)
        clicked, shown = (float((Path(name) / one).read_text("utf-8")) for one in ("clicked", "shown"))
        begun = time.monotonic()
        subprocess.run([sys.executable, __file__, "bare", str(film)], env=env, check=True, timeout=240)
        least = time.monotonic() - begun
    return {"s": shown - clicked, "least_s": least, "ratio": (shown - clicked) / least, "load": os.getloadavg()[0]}


def live(folder: Path) -> None:
    """`liveaffect live`, with the film of the environment as what was chosen last."""
    from liveaffect.cli.main import main
    from liveaffect.cli.windows import keeper
    from liveaffect.nodes.dashboard.start.preferences import Preferences, save

    film = os.environ["FIRST_FILM"]
    save(Preferences(camera=film, microphone=film, folder=str(folder), typed=[film], chosen=True))
    keeper.PROGRAM = (sys.executable, __file__, "window", str(folder))  # type: ignore[assignment]
    main(["live"])


def window(folder: Path, words: list[str]) -> int:
    """A window as the program has it, and who looks at it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from liveaffect.cli.windows import desktop
    from liveaffect.nodes.dashboard.start.window import FirstWindow
    from liveaffect.nodes.dashboard.window.main import MainWindow

    app = desktop.application()
    begun = time.monotonic()

    def look() -> None:
        for one in QApplication.topLevelWidgets():
            if isinstance(one, FirstWindow) and time.monotonic() - begun > LOOK_S and one.start.isEnabled():
                timer.stop()
                (folder / "clicked").write_text(repr(time.monotonic()), "utf-8")
                one.start.click()
                return
            if isinstance(one, MainWindow) and one.isVisible():
                picture = one.video.picture
                if picture is not None and picture.image is not None:
                    timer.stop()
                    one.video.repaint()
                    (folder / "shown").write_text(repr(time.monotonic()), "utf-8")
                    one.close()
                    return

    timer = QTimer(app, interval=5)
    timer.timeout.connect(look)
    timer.start()
    return desktop.main(words)


def bare(film: str) -> None:
    """Imports what any such window needs, opens the film, decodes one frame and shows it."""
    import av
    import numpy as np
    import zmq
    from PySide6.QtGui import QImage, QPixmap
    from PySide6.QtWidgets import QApplication, QLabel

    app, context = QApplication([]), zmq.Context()
    with av.open(film) as opened:
        image = np.ascontiguousarray(next(opened.decode(video=0)).to_ndarray(format="rgb24"))
    label = QLabel()
    height, width = image.shape[:2]
    label.setPixmap(QPixmap.fromImage(QImage(image.data, width, height, 3 * width, QImage.Format.Format_RGB888)))
    label.show()
    app.processEvents()
    label.repaint()
    context.term()


if __name__ == "__main__":
    if sys.argv[1] == "live":
        live(Path(sys.argv[2]))
    elif sys.argv[1] == "bare":
        bare(sys.argv[2])
    else:
        sys.exit(window(Path(sys.argv[2]), sys.argv[3:]))
