"""The bar of `score`: how far each file has come, at what rate, and how many have ended."""

import io
from pathlib import Path

import pytest
from rich.console import Console

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
