"""The verb keys: secrets go into a folder that was named."""

from pathlib import Path

import pytest

from liveaffect.cli.main import main


@pytest.mark.parametrize("word", ["", "."])
def test_keys_do_not_go_where_nobody_named_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["keys", word])
    assert ended.value.code == 2
    assert "name a folder for the keys" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
