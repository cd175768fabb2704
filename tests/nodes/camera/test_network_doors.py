"""What a network address may lead to, and what is said of one that gives a single picture."""

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from av.error import FFmpegError
from made.media import grey_ramp, write_video
from PIL import Image

from liveaffect.nodes.camera.devices import NETWORK, REACHED, open_network


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """An HTTP server on this machine: its address, and path -> what it gives."""
    given: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = given.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Type", "image/jpeg" if self.path.endswith("jpg") else "application/octet-stream")
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", given
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.processes
def test_m16_the_address_of_a_snapshot_is_named_for_what_it_is(served: tuple[str, dict[str, bytes]]) -> None:
    address, given = served
    picture = io.BytesIO()
    Image.fromarray(grey_ramp(48, 64, 1)[0]).save(picture, "jpeg")
    given["/snapshot.jpg"] = picture.getvalue()
    with pytest.raises(OSError, match="one picture and no stream"):
        open_network(f"{address}/snapshot.jpg", form="", options={}, stall_s=2.0)


@pytest.mark.processes
def test_a_playlist_from_the_network_opens_no_file_of_this_machine(
    served: tuple[str, dict[str, bytes]], tmp_path: Path
) -> None:
    address, given = served
    film = write_video(tmp_path / "film.ts", grey_ramp(48, 64, 100), codec="mpeg2video")
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n"
    given["/film.ts"] = film.read_bytes()
    given["/own.m3u8"] = f"{head}film.ts\n#EXT-X-ENDLIST\n".encode()
    given["/evil.m3u8"] = f"{head}file://{film}\n#EXT-X-ENDLIST\n".encode()
    with open_network(f"{address}/own.m3u8", form="", options={}, stall_s=2.0) as container:
        assert len(list(container.decode(video=0))) > 25
    with (
        pytest.raises(FFmpegError),
        open_network(f"{address}/evil.m3u8", form="", options={}, stall_s=2.0) as container,
    ):
        list(container.decode(video=0))


def test_no_protocol_of_the_network_leads_to_files() -> None:
    assert set(REACHED) == set(NETWORK)
    assert not any(
        set(reached.split(",")) & {"file", "concat", "subfile", "pipe", "data"} for reached in REACHED.values()
    )
