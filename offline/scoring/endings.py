"""What the ending of a file's name says of what is in it, and the images of a folder in their order."""

import re
from pathlib import Path

STILLS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".heic",
    ".heif", ".avif", ".jp2", ".j2k", ".tga", ".ppm", ".pgm", ".pnm", ".qoi", ".gif",
}  # fmt: skip
FILMS = {
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m1v", ".m2v", ".vob", ".ts",
    ".mts", ".m2t", ".m2ts", ".wmv", ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".ogv", ".dv", ".mxf", ".nut",
    ".y4m", ".mjpg", ".mjpeg", ".h264", ".264", ".h265", ".265", ".hevc", ".rm", ".rmvb", ".divx",
}  # fmt: skip
SOUNDS = {
    ".wav", ".wave", ".w64", ".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus", ".spx", ".m4a", ".m4b", ".aac",
    ".ac3", ".eac3", ".wma", ".aif", ".aiff", ".aifc", ".caf", ".amr", ".au", ".mka", ".ape", ".wv", ".tta",
    ".dts",
}  # fmt: skip
MEDIA = STILLS | FILMS | SOUNDS
"""Endings that are taken for what they say. Files with others are looked into, but for those of `OTHER`."""
OTHER = {
    ".txt", ".md", ".rst", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".csv", ".tsv", ".xls", ".xlsx", ".ods",
    ".json", ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".html", ".htm", ".parquet", ".arrow",
    ".feather", ".rds", ".rdata", ".mat", ".npy", ".npz", ".h5", ".hdf5", ".mcap", ".xdf", ".sav", ".db",
    ".sqlite", ".py", ".r", ".m", ".ipynb", ".sh", ".srt", ".vtt", ".ass", ".sub", ".idx", ".eaf", ".textgrid",
    ".zip", ".gz", ".tar", ".7z", ".rar", ".exe", ".dll", ".so", ".onnx", ".task", ".tflite", ".pt", ".pptx",
    ".svg", ".m3u", ".m3u8", ".pls", ".tmp", ".part", ".bak", ".lnk", ".url",
}  # fmt: skip


def images_of(folder: Path) -> list[Path]:
    """The images of a sequence, in the order in which people count: 2 before 10."""
    names = (p for p in folder.iterdir() if p.suffix.lower() in STILLS and not p.name.startswith(".") and p.is_file())
    return sorted(names, key=lambda p: [(int(n), "") if n.isdigit() else (-1, n) for n in re.split(r"(\d+)", p.name)])
