"""Looking into media files."""

import socket
import wave
from pathlib import Path

import numpy as np
import pytest
from made.media import grey_ramp, write_clip, write_sound, write_video

from liveaffect.stream.capture import containers
from liveaffect.stream.capture.containers import pts_ns
from liveaffect.stream.capture.media import looks_like_file, probe
from liveaffect.stream.errors import InputError

SECOND = np.sin(np.arange(48000) / 20).astype(np.float32) * 0.3


def test_a_video_with_sound_says_what_it_holds(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "a.mp4", grey_ramp(48, 64, 25), SECOND))
    assert (info.has_video, info.has_audio, info.is_image) == (True, True, False)
    assert (info.width, info.height, info.fps, info.audio_rate) == (64, 48, 25.0, 48000)
    assert info.duration_s == pytest.approx(1.0, abs=0.05)


def test_a_silent_video_has_no_audio(tmp_path: Path) -> None:
    info = probe(write_video(tmp_path / "a.avi", grey_ramp(48, 64, 5)))
    assert info.has_video
    assert not info.has_audio


def test_a_sound_file_has_no_video(tmp_path: Path) -> None:
    info = probe(write_sound(tmp_path / "a.wav", SECOND))
    assert info.has_audio
    assert not info.has_video


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "tiff", "webp", "gif"])
def test_a_photograph_is_an_image(tmp_path: Path, ending: str) -> None:
    from PIL import Image

    path = tmp_path / f"a.{ending}"
    Image.fromarray(grey_ramp(30, 20, 1)[0]).save(path)
    info = probe(path)
    assert (info.is_image, info.width, info.height, info.duration_s) == (True, 20, 30, None)


def test_a_moving_gif_is_not_an_image(tmp_path: Path) -> None:
    info = probe(write_video(tmp_path / "a.gif", grey_ramp(48, 64, 5), codec="gif", pix_fmt="rgb8"))
    assert not info.is_image


def test_the_size_of_a_rotated_video_is_the_size_as_shown(tmp_path: Path) -> None:
    info = probe(write_video(tmp_path / "a.mp4", grey_ramp(48, 64, 5), turn=90))
    assert (info.width, info.height) == (48, 64)


def test_a_missing_file_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*nothing.mp4: check the name"):
        probe(tmp_path / "nothing.mp4")


def test_a_folder_is_not_a_media_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        probe(tmp_path)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(InputError, match="is empty"):
        probe(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.mp3", "a.py", "a.bin"])
def test_text_is_not_media_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("import this\n" * 500)
    with pytest.raises(InputError, match="not a media file"):
        probe(tmp_path / name)


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.bin", "a.mpg", "a.ts"])
def test_noise_is_not_media_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(100_000))
    with pytest.raises(InputError, match=name):
        probe(tmp_path / name)


def test_subtitles_have_neither_picture_nor_sound(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    with pytest.raises(InputError, match="neither picture nor sound"):
        probe(tmp_path / "a.srt")


def test_a_video_cut_off_before_its_index_says_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey_ramp(48, 64, 25))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cut off before its index"):
        probe(path)


@pytest.mark.processes
def test_a_playlist_does_not_lead_to_the_network(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        playlist = tmp_path / "a.m3u8"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(InputError):
            probe(playlist)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_name_with_a_pattern_or_a_colon_is_just_a_name(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a%03d.png", "http:b.png", "c d#1.png"):
        Image.fromarray(grey_ramp(30, 20, 1)[0]).save(tmp_path / name)
        assert probe(tmp_path / name).is_image


def test_a_wav_without_samples_is_refused_or_silent(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
    info = probe(tmp_path / "a.wav")
    assert not info.has_video


def test_time_stamps_become_nanoseconds_without_rounding_errors_that_grow() -> None:
    from fractions import Fraction

    assert pts_ns(30_000 * 3600, Fraction(1001, 30_000)) == 3600 * 1001 * 10**9
    assert pts_ns(1, Fraction(1, 3)) == 333_333_333
    assert pts_ns(-1, Fraction(1, 2)) == -500_000_000


def test_a_device_name_with_dots_and_slashes_is_not_a_file() -> None:
    assert not looks_like_file("USB 2.0 Microphone / Line")
    assert not looks_like_file("hw:0,0")
    assert looks_like_file("missing/clip.mp4")
    assert looks_like_file("clip.3gp")


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n",
    "list.txt": "ffconcat version 1.0\nfile {name}\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1" mimeType="video/mp4" bandwidth="1"><BaseURL>{name}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_e42_a_list_of_other_files_is_refused_in_words_and_opens_none(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / "film.ts", grey_ramp(48, 64, 10), codec="mpeg2video")
    (tmp_path / name).write_text(PLAYLISTS[name].format(name="film.ts"), "utf-8")
    with pytest.raises(InputError, match="name the files in it themselves"):
        probe(tmp_path / name)


def test_a_file_is_opened_by_no_protocol_but_its_own() -> None:
    protocols = containers.FILE_OPTIONS["protocol_whitelist"].split(",")
    formats = containers.FILE_OPTIONS["format_whitelist"].split(",")
    assert set(protocols) == {"file", "pipe", "data"}
    assert not {"hls", "dash", "concat", "sdp", "rtsp", "rtp", "lavfi", "v4l2", "alsa"} & set(formats)
    assert {"mov", "matroska", "avi", "mpegts", "gif", "image2", "wav", "png_pipe"} <= set(formats)


def test_what_has_no_decoder_here_is_called_by_its_name(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp4", np.zeros(48000, np.float32), codec="ac3")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ac-3", b"ac-4").replace(b"dac3", b"dac4"))
    with pytest.raises(InputError, match=r"no decoder here for its audio \(ac-4\)"):
        probe(path)
