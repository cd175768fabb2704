"""A film that looks right in a player comes as it looks: orientation, crop, shape, colours, lines and times."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from made.media import grey_ramp, write_video
from made.pictures import add_clap, corners_of, four_corners, set_matrix
from PIL import Image, ImageOps

from liveaffect.nodes.camera import CameraNode
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import VideoFrame

MS = 1_000_000


def frames_of(path: Path, context: OfflineContext | None = None, **settings: Any) -> list[VideoFrame]:
    camera = CameraNode(source=str(path), **settings)
    camera.open()
    frames = [frame for frame in camera.frames(context or OfflineContext()) if isinstance(frame, VideoFrame)]
    info = probe(path)
    assert all(frame.image is not None and frame.image.shape == (info.height, info.width, 3) for frame in frames)
    assert all(frame.image is not None and frame.image.flags.c_contiguous for frame in frames)
    return frames


def picture_of(path: Path, context: OfflineContext | None = None) -> np.ndarray:
    image = frames_of(path, context)[0].image
    assert image is not None
    return image


MATRICES = {
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "upside down and mirrored": ((1, 0, 0, -1), lambda image: image[::-1]),
    "turned by half": ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
    "turned right": ((0, 1, -1, 0), lambda image: np.rot90(image, 3)),
    "turned left": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
    "transposed": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "transposed the other way": ((0, -1, -1, 0), lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_m01_a_display_matrix_turns_and_mirrors_a_film(tmp_path: Path, name: str) -> None:
    matrix, shown = MATRICES[name]
    image = four_corners()
    path = set_matrix(write_video(tmp_path / "a.mov", [image] * 2, codec="png", pix_fmt="rgb24"), *matrix)
    context = OfflineContext()
    assert np.array_equal(picture_of(path, context), shown(image))
    assert ("mirrored" in context.info.get("warning", "")) == (matrix[0] * matrix[3] < matrix[1] * matrix[2])


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff", "avif", "heif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_m01_every_exif_orientation_of_every_format_is_followed(tmp_path: Path, form: str, orientation: int) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    stored, exif = Image.fromarray(four_corners()), Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{form}"
    if form == "heif":  # written as what HEIF has for it, a rotation and a mirror of its own
        stored.info["exif"] = exif.tobytes()
        stored.save(path)
    else:
        more: dict[str, Any] = {"quality": 95} if form in ("jpeg", "avif") else {}
        stored.save(path, exif=exif, **more)
    (out,) = frames_of(path)
    stored.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(stored))
    assert out.still
    assert out.image is not None
    assert out.image.shape == expected.shape
    assert corners_of(out.image) == corners_of(expected)
    assert len(set(corners_of(out.image))) == 4


def with_aspect(path: Path, image: np.ndarray, ratio: Fraction) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = *image.shape[:2], "yuv420p"
        stream.bit_rate = 8_000_000
        stream.codec_context.sample_aspect_ratio = ratio
        for number in range(3):
            frame: Any = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("ratio", "size"), [("64/45", (91, 48)), ("1/2", (64, 96)), ("2/1", (128, 48)), ("1/1", (64, 48))]
)
def test_m02_pixels_that_are_not_square_are_made_so(tmp_path: Path, ratio: str, size: tuple[int, int]) -> None:
    context = OfflineContext()
    image = picture_of(with_aspect(tmp_path / "a.mkv", four_corners(), Fraction(ratio)), context)
    assert image.shape[1::-1] == size
    assert corners_of(image) == (0, 1, 2, 3)
    assert ("square pixels" in context.info.get("warning", "")) == (ratio != "1/1")


def test_m02_a_turned_film_is_stretched_along_its_own_axes(tmp_path: Path) -> None:
    path = set_matrix(with_aspect(tmp_path / "a.mp4", four_corners(), Fraction(2)), 0, 1, -1, 0)
    assert picture_of(path).shape == (128, 48, 3)


def test_the_clean_aperture_of_an_mp4_is_what_is_shown(tmp_path: Path) -> None:
    image = four_corners(64, 96)
    path = write_video(tmp_path / "a.mov", [image] * 2, codec="png", pix_fmt="rgb24")
    add_clap(path, (96, 64), 60, 40, right=-10, down=4)
    assert np.array_equal(picture_of(path), image[16:56, 8:68])


def test_pixel_crop_of_a_matroska_is_cut_away(tmp_path: Path) -> None:
    image = four_corners(64, 96)
    path = write_video(tmp_path / "a.mkv", [image] * 2, codec="ffv1", pix_fmt="bgr0")
    data = path.read_bytes()
    at = data.index(bytes([0xB0, 0x81, 96]))  # PixelWidth: four crops go before it
    crops = b"".join(bytes([0x54, code, 0x81, n]) for code, n in ((0xCC, 8), (0xBB, 4), (0xDD, 16), (0xAA, 2)))
    data = grown(data, at, crops)
    path.write_bytes(data)
    assert np.array_equal(picture_of(path), image[4:62, 8:80])


def grown(data: bytes, at: int, extra: bytes) -> bytes:
    """Matroska data with bytes put in at a place in its track's Video, the sizes of what holds them grown."""
    from liveaffect.stream.capture import atoms

    spots: list[tuple[int, int, int]] = []
    place = 0
    while place < at:
        name, place = atoms._number(data, place, keep=True)  # type: ignore[arg-type]
        begin = place
        size, place = atoms._number(data, place, keep=False)  # type: ignore[arg-type]
        if name in atoms._MASTERS:
            spots.append((begin, place - begin, size))
        else:
            place += size
    out = bytearray(data)
    for begin, length, size in spots:
        if begin + length + size < len(data) or size < len(data):
            out[begin : begin + length] = (size + len(extra) | 1 << (7 * length)).to_bytes(length, "big")
    return bytes(out[:at]) + extra + bytes(out[at:])


@pytest.mark.long
def test_m03_a_heic_photograph_of_many_tiles_comes_whole(cases: Path) -> None:
    heic, plain = picture_of(cases / "phone.heic"), picture_of(cases / "phone.jpg")
    assert heic.shape == plain.shape
    assert np.abs(heic.astype(int) - plain).mean() < 4


def test_m03_a_heic_photograph_comes_whole_and_upright(tmp_path: Path) -> None:
    import pillow_heif

    image = four_corners(600, 1400)
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(image)).save(path, quality=90)
    assert np.abs(picture_of(path).astype(int) - image).mean() < 3


def test_m10_a_bare_stream_is_timed_by_its_own_header(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.h264", grey_ramp(64, 64, 20), fps=50, codec="libx264")
    context = OfflineContext()
    assert [frame.t_ns for frame in frames_of(path, context)] == [n * 20 * MS for n in range(20)]
    assert "50 frames a second" in context.info["warning"]
    assert context.info["rate"] == 50


def test_m10_a_rate_that_nobody_states_is_said_and_can_be_stated(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mjpeg", grey_ramp(64, 64, 5), fps=50, codec="mjpeg", pix_fmt="yuvj420p")
    context = OfflineContext()
    assert [frame.t_ns for frame in frames_of(path, context)] == [n * 40 * MS for n in range(5)]
    assert "camera.rate" in context.info["warning"]
    context = OfflineContext()
    assert [frame.t_ns for frame in frames_of(path, context, rate=50)] == [n * 20 * MS for n in range(5)]
    assert "camera.rate" not in context.info["warning"]
    with pytest.raises(UsageError, match="rate"):
        CameraNode(source=str(path), rate=-1).open()


def test_film_whose_container_holds_the_order_of_decoding_alone_keeps_every_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", grey_ramp(64, 64, 25), codec="libx264")
    context = OfflineContext()
    assert [frame.t_ns for frame in frames_of(path, context)] == [n * 40 * MS for n in range(25)]
    assert "warning" not in context.info


def test_m16_an_animated_webp_is_a_film_with_its_own_times(tmp_path: Path) -> None:
    first, *rest = [Image.fromarray(image) for image in grey_ramp(48, 64, 5)]
    path = tmp_path / "a.webp"
    first.save(path, save_all=True, append_images=rest, duration=[40, 80, 40, 100, 40], lossless=True)
    frames = frames_of(path)
    assert [frame.t_ns for frame in frames] == [0, 40 * MS, 120 * MS, 160 * MS, 260 * MS]
    assert [round(float(f.image.mean())) for f in frames if f.image is not None] == [40, 42, 44, 46, 48]
    assert not frames[0].still
    assert probe(path).duration_s == pytest.approx(0.3)


def test_interlaced_film_is_made_whole_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.mts"
    with av.open(str(path), "w", format="mpegts") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"x264-params": "interlaced=1:tff=1"})
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        for number in range(12):
            image = np.full((96, 128, 3), 60, np.uint8)
            for field in (0, 1):
                left = 10 + 6 * number + 3 * field
                image[field::2, left : left + 30] = 220
            frame: Any = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    context = OfflineContext()
    frames = frames_of(path, context)
    assert [frame.t_ns for frame in frames] == [n * 40 * MS for n in range(12)]
    assert [frame.frame_index for frame in frames] == list(range(12))
    assert "deinterlaced" in context.info["warning"]
    rows = frames[6].image[:, :, 0].astype(int)  # type: ignore[index]
    assert np.abs(rows[20:60:2] - rows[21:61:2]).max() < 60


DEPTHS = {
    "yuv420p10le": "ffv1 mkv", "yuv422p10le": "ffv1 mkv", "yuv444p": "ffv1 mkv", "gbrp10le": "ffv1 mkv",
    "gray16le": "ffv1 mkv", "rgb48be": "png mov", "yuvj420p": "mjpeg avi", "rgb24": "qtrle mov",
}  # fmt: skip


@pytest.mark.parametrize("form", DEPTHS)
def test_every_depth_and_range_of_colour_gives_the_same_picture(tmp_path: Path, form: str) -> None:
    image = four_corners()
    if form == "gray16le":
        image = np.repeat(image.mean(2).astype(np.uint8)[:, :, None], 3, axis=2)
    codec, ending = DEPTHS[form].split()
    path = write_video(tmp_path / f"a.{ending}", [image] * 2, codec=codec, pix_fmt=form)
    inside = np.abs(picture_of(path).astype(int) - image)[4:20, 4:28]
    assert inside.max() <= 6


@pytest.mark.long
def test_film_of_high_dynamic_range_is_brought_to_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    grey = np.array([40, 120, 235]) / 255
    light = (grey**2.4 * 203 / 10000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375  # SMPTE ST 2084
    image = np.repeat(np.repeat((code * 65535).astype(np.uint16), 32)[None, :, None], 3, axis=2).repeat(48, axis=0)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 96, "yuv420p10le"
        stream.codec_context.color_trc, stream.codec_context.color_primaries = 16, 9
        stream.codec_context.colorspace = 9
        for number in range(2):
            frame: Any = av.VideoFrame.from_ndarray(image, format="rgb48le").reformat(
                format="yuv420p10le", dst_colorspace=9
            )
            frame.color_trc, frame.color_primaries = 16, 9
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    context = OfflineContext()
    out = picture_of(path, context)[24, [16, 48, 80]].astype(int)
    assert np.abs(out - np.array([40, 120, 235])[:, None]).max() <= 20
    assert "high dynamic range" in context.info["warning"]


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_what_is_transparent_lies_on_paper(tmp_path: Path, form: str) -> None:
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:, :20] = (200, 100, 50, 255)
    rgba[:, 20:40] = (0, 0, 0, 0)
    rgba[:, 40:] = (0, 0, 0, 128)
    path = tmp_path / f"a.{form}"
    more: dict[str, Any] = {"lossless": True, "exact": True} if form == "webp" else {}
    Image.fromarray(rgba).save(path, **more)
    out = picture_of(path)
    assert out[20, 10].tolist() == [200, 100, 50]
    assert out[20, 30].tolist() == [255, 255, 255]
    assert abs(int(out[20, 50, 0]) - 127) <= 1


def test_a_palette_and_sixteen_bits_come_right(tmp_path: Path) -> None:
    image = four_corners()
    Image.fromarray(image).quantize(4).save(tmp_path / "palette.png")
    assert corners_of(picture_of(tmp_path / "palette.png")) == (0, 1, 2, 3)
    deep = (np.arange(64, dtype=np.uint16) * 1000)[None].repeat(48, axis=0)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    out = picture_of(tmp_path / "deep.png")
    assert np.abs(out[..., 0].astype(int) - (deep >> 8)).max() <= 1


def test_a_small_file_that_claims_a_huge_picture_is_refused_in_words(tmp_path: Path) -> None:
    for name in ("bomb.png", "bomb.webp"):
        data = io.BytesIO()
        if name.endswith("png"):
            Image.new("L", (4, 4)).save(data, "png")
            raw = bytearray(data.getvalue())
            raw[16:24] = (30000).to_bytes(4, "big") * 2
            import zlib

            raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
        else:
            Image.new("RGB", (16, 16)).save(data, "webp", save_all=True, append_images=[Image.new("RGB", (16, 16), 9)])
            raw = bytearray(data.getvalue())
            raw[24:30] = (16383).to_bytes(3, "little") + (16384 * 2).to_bytes(3, "little")
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(InputError, match=r"million|damaged|decoded|cut off"):
            frames_of(tmp_path / name)
