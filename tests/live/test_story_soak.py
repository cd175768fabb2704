"""The way in and out of somebody who has read only the README, from an empty home: the built wheel, doctor, the first
window without devices, the demo, a recording, a name, markers, the card, a report, all sessions, a replay, three films
scored. Keyboard only, in each theme, on a small screen and on one of 3840x2160 at 200 %.

What the user does stands in `tests/helpers/keyboard_user.py`; pictures go to out/pictures/story.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from made.media import fewer_pictures
from paths import HELPERS
from runs.live import wait_for
from runs.wheel_home import home, install, with_models
from windows.gui import PICTURES
from windows.xvfb import Xvfb, xvfb_missing

from liveaffect.stream.session.reader import SessionReader

LIMIT_S = 2400.0
pytestmark = [
    pytest.mark.soak,
    pytest.mark.processes,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(xvfb_missing(), reason="Xvfb is not installed"),
]
FILMS = ("first.mp4", "second.mp4", "third.mp4")


class Screen(NamedTuple):
    """A display, and what the user chooses on it."""

    width: int
    height: int
    scale: float
    """Of the desktop."""
    size: int
    """Of type, % in the menu."""


SMALL, LARGE = Screen(1024, 700, 1.0, 100), Screen(3840, 2160, 2.0, 100)
LARGE_TYPE = Screen(3840, 2160, 1.0, 200)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of the wheel are."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the models, for all stories."""
    return with_models(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def films(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three short ones."""
    folder = tmp_path_factory.mktemp("films")
    made = fewer_pictures(demo_clip, folder / FILMS[0], every=10, fps=3)
    return [made, *(Path(shutil.copy(made, folder / name)) for name in FILMS[1:])]


def seen(folder: Path, story: str) -> dict[str, Any]:
    """What the user saw; it has not failed."""
    found = json.loads((folder / f"{story}.json").read_text("utf-8"))
    assert "failed" not in found, found["failed"]
    return found


@pytest.mark.parametrize(
    ("theme", "screen"),
    [("light", SMALL), ("dark", LARGE), ("dark", SMALL), ("light", LARGE), ("dark", LARGE_TYPE)],
    ids=["light-small", "dark-large", "dark-small", "light-large", "dark-large-type"],
)
def test_the_way_in_and_out_with_the_keyboard_alone(
    theme: str, screen: Screen, installed: Path, cache: Path, films: list[Path], tmp_path: Path
) -> None:
    env = home(tmp_path, cache, installed)
    doctor = subprocess.run([installed / "liveaffect", "doctor"], env=env, capture_output=True, text=True, check=False)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    (tmp_path / "doctor.txt").write_text(doctor.stdout, "utf-8")
    name = f"{theme}_{screen.width}_{screen.size * screen.scale:.0f}"
    log = tmp_path / "live.log"
    with Xvfb(screen.width, screen.height) as display, log.open("wb") as out:
        env |= {
            "DISPLAY": display.name, "QT_SCALE_FACTOR": str(screen.scale), "STORY_FOLDER": str(tmp_path),
            "STORY_PICTURES": str(PICTURES / "story" / name), "STORY_THEME": theme, "STORY_SIZE": str(screen.size),
            "STORY_SCREEN": "full" if screen.width > 2000 else "", "STORY_FILMS": os.pathsep.join(map(str, films)),
        }  # fmt: skip
        words = [str(installed / "python"), str(HELPERS / "keyboard_run.py"), str(tmp_path), "live"]
        live = subprocess.Popen(words, env=env, cwd=tmp_path, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_for(lambda: live.poll() is not None, "the end of the story", LIMIT_S)
        finally:
            live.terminate()
            live.wait(60)
    said = log.read_text("utf-8", "replace")
    for story in ("first", "replay", "main"):
        assert (tmp_path / f"{story}.json").exists(), said
    first, main, replay = (seen(tmp_path, story) for story in ("first", "main", "replay"))
    assert live.returncode == 0, said
    session = SessionReader(Path(main["card"]["path"]))
    assert session.state == "COMPLETE"
    assert "Anna" in main["card"]["people"]
    assert {"1", "stimulus on"} <= set(replay["markers"])
    assert len(main["tables"]) == len(FILMS)
    opened = (tmp_path / "opened.txt").read_text("utf-8").splitlines()
    assert len(opened) == 2, "the card's report and that of the tables"
    assert all(Path(one.removeprefix("file://")).stat().st_size > 10_000 for one in opened)
    told: dict[str, Any] = {key: {**first[key], **main[key], **replay[key]} for key in ("unreached", "cut")}
    told["doctor"] = doctor.stdout
    told["picture_s"] = main["picture_s"] - first["began_s"]
    (PICTURES / "story" / name / "told.json").write_text(json.dumps(told, indent=1), "utf-8")
    assert not any(told["unreached"].values()), told["unreached"]
    assert not any(told["cut"].values()), told["cut"]
