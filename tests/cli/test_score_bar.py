"""The bar of `score`: how far each file has come, at what rate, and how many have ended."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from liveaffect.cli import score as verb


def test_every_file_has_a_bar_with_its_rate_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(verb, "console", Console(file=out, force_terminal=True, width=160))
    one, two = Path("a/[one].mp4"), Path("a/two.mp4")
    with verb.Shown() as shown:
        shown.begin(2, 3, "in tables/")
        shown.left_out(["left out, hidden: .x"])
        shown.progress({one: 0.25}, {one: 50}, 0)
        shown.progress({one: 0.5, two: 0.1}, {one: 100, two: 5}, 0)
        shown.progress({one: 1.0, two: 0.6}, {one: 200, two: 30}, 1)
        shown.warn("a/two.mp4: it is cut off")
    said = out.getvalue()
    assert "3 of 5 files are already done in tables/" in said
    assert "left out, hidden: .x" in said
    assert "[one].mp4" in said
    assert "frames/s" in said
    assert "1 of 2 files" in said
    assert "it is cut off" in said


def test_the_time_left_is_measured_from_the_first_progress_on_and_a_word_until_then() -> None:
    now = [0.0]
    bar, left = Progress(get_time=lambda: now[0], disable=True), verb.Left()
    number = bar.add_task("", total=1.0)
    (task,) = bar.tasks
    told: list[str] = []
    for at, done in ((0.0, 0.0), (60.0, 0.1), (61.0, 0.11), (70.0, 0.5)):
        now[0] = at
        bar.update(number, completed=done)
        told.append(left.render(task).plain)
    assert told == ["estimating", "estimating", "estimating", "0:00:13"], "half of it at 0.04 a second"
