"""Cameras of this machine and of the network: listing them, and opening them by PyAV."""

import contextlib
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import av
from av import error as averror
from av.container import InputContainer

from liveaffect.stream.capture.media import looks_like_file

Kind = Literal["device", "file", "lavfi", "network"]

NETWORK = ("http", "https", "rtsp", "rtsps", "rtp", "udp", "tcp", "srt", "rtmp")
CONTAINERS = (".m3u8", ".mpd", ".mp4", ".ts", ".mkv", ".webm", ".flv", ".mov", ".avi", ".mpg")
"""Endings of an http address that say what it is; without one it is taken for motion JPEG, as cameras send it."""
OPEN_S = 5.0
REACHED = {
    "http": "http,tcp", "https": "https,http,tls,tcp", "rtsp": "rtsp,rtp,srtp,udp,tcp", "rtp": "rtp,udp", "udp": "udp",
    "rtsps": "rtsps,rtsp,rtp,srtp,udp,tcp,tls", "tcp": "tcp", "srt": "srt", "rtmp": "rtmp,rtmpt,tcp",
}  # fmt: skip
"""Protocols that a stream of each may lead to: what comes from the network opens no file of this machine."""

VIDIOC_QUERYCAP = 0x80685600
V4L2_CAP_VIDEO_CAPTURE = 0x1


@dataclass(frozen=True)
class CameraInfo:
    """One camera: `id` is what the setting `source` takes, `name` what its maker calls it (also taken)."""

    id: str
    name: str
    note: str = ""
    """Why it cannot be used, "" where it can."""


def list_cameras() -> list[CameraInfo]:
    """Cameras of this machine; empty where there is none. Never fails."""
    try:
        if sys.platform.startswith("linux"):
            return _linux_cameras()
        return _other_cameras()
    except Exception:
        return []


def kind_of(source: str) -> Kind:
    """What a `source` setting names."""
    if source.startswith("lavfi:"):
        return "lavfi"
    if urlsplit(source).scheme.lower() in NETWORK:
        return "network"
    if source.isdigit() or source.startswith("/dev/"):
        return "device"
    return "file" if looks_like_file(source) else "device"


def shown(url: str) -> str:
    """An address as it may be said aloud: without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.username else url


def open_network(url: str, *, form: str, options: dict[str, str], stall_s: float) -> InputContainer:
    """A network stream as an open container; without `form`, http addresses are tried as motion JPEG first."""
    chosen = {"fflags": "nobuffer", "analyzeduration": "1000000", "rtsp_flags": "prefer_tcp"} | options
    parts = urlsplit(url)
    chosen["protocol_whitelist"] = REACHED[parts.scheme.lower()]
    forms: list[str | None] = [form or None]
    if not form and parts.scheme.lower().startswith("http") and Path(parts.path).suffix.lower() not in CONTAINERS:
        forms = ["mpjpeg", None]
    for last, name in zip([False] * (len(forms) - 1) + [True], forms, strict=True):
        try:
            container = av.open(url, format=name, options=dict(chosen), timeout=(OPEN_S, stall_s))
        except averror.InvalidDataError:
            if last:
                raise
        else:
            if container.format.name.endswith("_pipe"):
                container.close()
                raise OSError(
                    "it gives one picture and no stream: look in the camera's manual for its MJPEG or RTSP address"
                )
            return container
    raise AssertionError("unreachable")


def open_device(source: str, *, width: int, height: int, fps: float, options: dict[str, str]) -> InputContainer:
    """A camera of this machine as an open container, asked for a size and a rate; what it gives may differ.

    Raises OSError or FFmpegError. Linux is by Video4Linux; DirectShow and AVFoundation are untested.
    """
    form, name, asked = _address(source)
    wanted = {"framerate": f"{fps:g}", "video_size": f"{width}x{height}"} if width and height and fps else {}
    try:
        container = av.open(name, format=form, options=asked | wanted | options)
    except (averror.FFmpegError, OSError):
        if not wanted:
            raise
        container = av.open(name, format=form, options=asked | options)  # the driver's own size rather than none
    if form == "v4l2":
        unblock(name)
    return container


def unblock(path: str) -> None:
    """Lets reads of an open Video4Linux device return at once: a camera that stops sending would block them for ever.

    FFmpeg has no option for it, so the file that it opened is found among this process's own.
    """
    device = Path(path).resolve()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if link.readlink() == device:
                os.set_blocking(int(link.name), False)


def _address(source: str) -> tuple[str, str, dict[str, str]]:
    if sys.platform == "darwin":
        return "avfoundation", f"{source}:none", {"pixel_format": "nv12"}
    if sys.platform == "win32":
        names = [camera.name for camera in list_cameras()]
        name = names[int(source)] if source.isdigit() and int(source) < len(names) else source
        return "dshow", f"video={name}", {"rtbufsize": "64M"}
    if source.isdigit():
        source = f"/dev/video{source}"
    elif not source.startswith("/"):
        found = [c for c in list_cameras() if c.name == source] or [
            c for c in list_cameras() if source.lower() in c.name.lower()
        ]
        if not found:
            known = ", ".join(f"{c.id} ({c.name})" for c in list_cameras()) or "none at all"
            raise FileNotFoundError(f"no camera is called '{source}'; this machine has: {known}")
        source = f"/dev/video{found[0].id}"
    if not Path(source).exists():
        raise FileNotFoundError(f"there is no camera at {source}: plug one in, or see `liveaffect doctor`")
    return "v4l2", source, {}


def _linux_cameras() -> list[CameraInfo]:
    cameras: list[CameraInfo] = []
    for path in sorted(Path("/dev").glob("video*"), key=lambda p: (len(p.name), p.name)):
        number = path.name.removeprefix("video")
        if not number.isdigit():
            continue
        name, note = number, ""
        with contextlib.suppress(OSError):
            name = Path(f"/sys/class/video4linux/{path.name}/name").read_text().strip()
        try:
            if not _captures(path):
                continue
        except OSError as error:
            note = error.strerror or str(error)
        cameras.append(CameraInfo(number, name, note))
    return cameras


def _captures(path: Path) -> bool:
    """True for a node that gives pictures; USB cameras make a second one for metadata."""
    import fcntl

    answer = bytearray(104)  # struct v4l2_capability of linux/videodev2.h
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(handle, VIDIOC_QUERYCAP, answer)
    finally:
        os.close(handle)
    return bool(struct.unpack_from("=I", answer, 88)[0] & V4L2_CAP_VIDEO_CAPTURE)


def _other_cameras() -> list[CameraInfo]:
    import av.device

    form = "avfoundation" if sys.platform == "darwin" else "dshow"
    devices: list[Any] = [d for d in av.device.enumerate_input_devices(form) if "video" in d.media_types]
    return [CameraInfo(str(index), d.description or d.name) for index, d in enumerate(devices)]
