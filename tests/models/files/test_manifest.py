"""The manifest: typed entries, refused by file and key where they are wrong."""

import hashlib
from pathlib import Path

import pytest
from paths import ROOT

from liveaffect.models.errors import ManifestError, UnknownModel
from liveaffect.models.files import fetch, manifest

HASH = "0" * 64


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_the_built_in_manifest_names_the_third_party_files_with_their_terms() -> None:
    found = manifest.read(manifest.BUILT_IN)
    assert found["face-landmarker"].licence == "Apache-2.0"
    assert found["silero-vad"].licence == "MIT"
    for name in ("face-landmarker", "silero-vad"):
        assert [source.url is None for source in found[name].sources] == [False, True]


def test_every_committed_weight_file_is_the_one_its_entry_names() -> None:
    for entry in manifest.read(manifest.BUILT_IN).values():
        if entry.sources or entry.kind == "rules":
            continue
        path = fetch.WEIGHTS / entry.file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256, entry.name
        assert path.stat().st_size == entry.bytes, entry.name
        assert path.stat().st_size <= 8_000_000, entry.name
        assert entry.card is not None, entry.name
        assert (fetch.WEIGHTS / entry.card).is_file(), entry.name


def test_an_unknown_key_is_refused_by_name_and_file(tmp_path: Path) -> None:
    path = write(tmp_path, f'[model.m]\nkind = "face-affect"\nfile = "m.onnx"\nsha256 = "{HASH}"\nlicense = "MIT"\n')
    with pytest.raises(ManifestError, match=r"mine\.toml.*license"):
        manifest.read(path)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('kind = "face-affekt"', "face-affekt"),
        ('sha256 = "ABC"', "sha256"),
        ("normalisation = { std = [0.0] }", "std"),
        ("normalisation = { mean = [0.1, 0.2] }", "mean"),
        ('sources = [{ package = "a" }]', "package"),
        ('sources = [{ url = "u", package = "a==1", member = "m" }]', "source"),
        ('bytes = "many"', "bytes"),
    ],
)
def test_a_wrong_value_is_refused_naming_what_is_wrong(tmp_path: Path, line: str, word: str) -> None:
    keys = {"kind": 'kind = "face-affect"', "file": 'file = "m.onnx"', "sha256": f'sha256 = "{HASH}"'}
    keys[line.split(" ")[0]] = line
    path = write(tmp_path, "[model.m]\n" + "\n".join(keys.values()))
    with pytest.raises(ManifestError, match=word):
        manifest.read(path)


def test_a_manifest_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"mine\.toml"):
        manifest.read(write(tmp_path, "model = ["))


def test_a_missing_user_manifest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ManifestError, match=r"nowhere\.toml"):
        manifest.entries()


def test_a_users_entry_may_not_take_a_built_in_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, f'[model.silero-vad]\nkind = "speech"\nfile = "m.onnx"\nsha256 = "{HASH}"\n')
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(path))
    with pytest.raises(ManifestError, match="silero-vad"):
        manifest.entries()


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="silero-vad"):
        manifest.entry("silero")


def test_the_example_of_the_documentation_is_a_valid_entry_and_its_table_names_every_key(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "models.md").read_text()
    path = write(tmp_path, page.split("```toml")[1].split("```")[0])
    example = manifest.read(path)["my-face-net"]
    assert example.normalisation is not None
    assert len(example.normalisation.mean) == 3
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert {key for key in manifest.Entry.__struct_fields__ if f"`{key}`" not in table} == {"name", "origin"}
