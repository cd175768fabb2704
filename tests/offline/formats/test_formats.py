"""Copies that look or sound the same give the same numbers; `docs/formats.md` holds the table of all of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import SHARED

from liveaffect.models import registry
from liveaffect.models.errors import ModelMissing

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import judge  # noqa: E402
import ways_of_films  # noqa: E402
import ways_of_images  # noqa: E402
import ways_of_sounds  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
NARROW = "8 kHz (its upper half is missing)"
LOSSY = ("AAC in M4A, 192 kb/s", "Opus, 160 kb/s", "Vorbis", "AC-3, 256 kb/s")
KNOWN = {(subject, NARROW) for subject in ("the demo's voice", "grid_f", "grid_m")} | {("grid_m", way) for way in LOSSY}
"""Subject and way: what the page explains. Of grid_m the voice net is between two categories."""


def need_models() -> None:
    try:
        for name in ("face-landmarker", "silero-vad"):
            registry.path(name)
    except ModelMissing as error:
        pytest.skip(str(error))


def remade(out: Path, *words: str, limit_s: float) -> list[judge.Verdict]:
    environment = dict(os.environ)
    if "LIVEAFFECT_MODELS" not in environment and (SHARED / "models").is_dir():
        environment["LIVEAFFECT_MODELS"] = str(SHARED / "models")
    else:
        need_models()
    command = [sys.executable, str(HERE / "remake.py"), str(out), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, done.stderr
    return judge.verdicts(judge.read(out))


@pytest.mark.processes
@pytest.mark.usefixtures("warm_workers")
def test_some_copies_of_a_photograph_and_a_film_give_its_numbers(tmp_path: Path) -> None:
    import remake

    need_models()
    remake.main([str(tmp_path / "quick.jsonl"), "--quick"])
    found = judge.verdicts(judge.read(tmp_path / "quick.jsonl"))
    assert len(found) == 4
    assert all(verdict.ok for verdict in found), found


def test_there_are_twenty_ways_and_more_of_each_kind() -> None:
    modules: list[Any] = [ways_of_images, ways_of_films, ways_of_sounds]
    assert all(len(module.WAYS) >= 20 for module in modules)
    page = PAGE.read_text("utf-8")
    assert [way for module in modules for way in module.WAYS if f"| {way} |" not in page] == []


@pytest.mark.soak
def test_every_copy_of_every_subject_gives_its_numbers(tmp_path: Path) -> None:
    words = ["--shared", str(SHARED)] if SHARED.is_dir() else []
    found = remade(tmp_path / "all.jsonl", *words, limit_s=6000)
    text = judge.table(found)
    print(text)
    if words and os.environ.get("LIVEAFFECT_WRITE_FORMATS"):
        page = PAGE.read_text("utf-8")
        head, rest = page.split(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")
    apart = [v for v in found if not v.ok and (v.subject, v.way) not in KNOWN]
    assert not apart, apart
