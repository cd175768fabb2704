"""`liveaffect run --headless`: what runs, where it can be read, where it records, and at the end what was recorded."""

from pathlib import Path

import pytest
from runs.command import command

from liveaffect.stream.session.info import load_info

pytestmark = pytest.mark.processes


@pytest.fixture
def launch(tmp_path: Path) -> Path:
    path = tmp_path / "toys.toml"
    path.write_text(
        '[counter]\ntype = "toy_nodes:Counter"\nlimit = 30\n'
        '[recorder]\ntype = "liveaffect.nodes.recorder:RecorderNode"\nmin_free_mb = 0\n',
        "utf-8",
    )
    return path


def test_a_run_without_a_view_says_what_it_does_and_ends_with_a_card(launch: Path, tmp_path: Path) -> None:
    done = command("run", launch, "--headless", "--record", tmp_path / "s")
    said = done.stderr
    assert done.returncode == 0, said
    assert "running counter, recorder" in said
    assert "to be read at ipc://" in said
    assert f"recording to {tmp_path / 's'}" in said
    assert f"Recorded  {tmp_path / 's'}" in said
    assert "State     complete: everything published is in it" in said
    assert said.index("to be read at") < said.index("Recorded  ")


def test_a_session_that_is_there_already_is_kept_and_the_new_one_is_named(launch: Path, tmp_path: Path) -> None:
    assert command("run", launch, "--headless", "--record", tmp_path / "s").returncode == 0
    before = load_info(tmp_path / "s").run
    done = command("run", launch, "--headless", "--record", tmp_path / "s")
    assert done.returncode == 0
    said = done.stderr
    assert f"{tmp_path / 's'} holds a session, which stays as it is" in said
    assert f"Recorded  {tmp_path / 's-2'}" in done.stderr
    assert load_info(tmp_path / "s").run == before
    assert load_info(tmp_path / "s-2").state == "COMPLETE"


def test_a_run_that_records_nothing_says_so(launch: Path) -> None:
    done = command("run", launch, "--headless")
    assert done.returncode == 0
    assert "nothing was recorded" in done.stderr
    assert "Recorded" not in done.stderr
