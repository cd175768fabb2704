"""A network camera without a camera: motion JPEG over HTTP on 127.0.0.1, in a process of its own.

    with MjpegServer(clip) as camera:
        ... Camera(source=camera.url) ...
        camera.freeze(); camera.thaw()          # a camera that hangs
        camera.stop(); camera.start()           # a camera that was unplugged and plugged in again, same address

As a script it serves a clip, over and over, until it is ended:

    python tests/helpers/devices/mjpeg_server.py --port 8090 --fps 30 clip.mp4
"""

import argparse
import io
import os
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

BOUNDARY = "frame"
PATTERN_SIZE = (320, 240)


class MjpegServer:
    """The server as a child process; `url` stays the same over stops and starts.

    Parameters
    ----------
    clip: a video or image file to serve, or None for a moving pattern (320 x 240).
    """

    def __init__(self, clip: str | Path | None = None, *, fps: float = 30.0) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/video"
        self._command = [sys.executable, str(Path(__file__).resolve()), "--port", str(self.port), "--fps", str(fps)]
        if clip is not None:
            self._command.append(str(clip))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "MjpegServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, limit_s: float = 120.0) -> None:
        """Starts the server and waits until its port answers."""
        self._process = subprocess.Popen(self._command)
        end = time.monotonic() + limit_s
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"the MJPEG server does not listen on port {self.port}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Kills the server (kill -9)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """The connection stays open and nothing comes."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen server go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


def pictures(clip: str | None) -> list[bytes]:
    """The frames to serve as JPEG files."""
    if clip is None:
        width, height = PATTERN_SIZE
        ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
        frames = [VideoFrame.from_ndarray(np.dstack([np.roll(ramp, 8 * n, 1)] * 3), format="rgb24") for n in range(32)]
        return [jpeg(frame) for frame in frames]
    with av.open(clip) as container:
        return [jpeg(frame) for frame in container.decode(video=0)]


def jpeg(frame: VideoFrame) -> bytes:
    """One frame as a JPEG file."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mjpeg") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        stream.options = {"qmin": "2", "qmax": "4"}
        for packet in stream.encode(frame.reformat(format="yuvj420p", dst_color_range="JPEG")):
            output.mux(packet)
        output.mux(stream.encode(None))
    return sink.getvalue()


def serve(port: int, fps: float, frames: list[bytes]) -> None:
    """Serves the frames over and over at a steady rate to every client, until the process is ended."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            self.end_headers()
            start = time.monotonic()
            try:
                for number in count():
                    time.sleep(max(0.0, start + number / fps - time.monotonic()))
                    data = frames[number % len(frames)]
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:
                return

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves a clip as motion JPEG on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("clip", nargs="?")
    options = parser.parse_args()
    serve(options.port, options.fps, pictures(options.clip))


if __name__ == "__main__":
    main()
