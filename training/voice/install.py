"""Puts an exported voice net in its place: the weights, and their hash and size in the manifest.

python -m training.voice.install NET.onnx VERSION
"""

import argparse
import hashlib
import re
import shutil
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "models"
LIMIT = 3_000_000


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("net", type=Path)
    options.add_argument("version")
    args = options.parse_args()
    content = args.net.read_bytes()
    if len(content) > LIMIT:
        raise SystemExit(f"{args.net} has {len(content)} bytes, more than {LIMIT}")
    manifest = MODELS / "manifest.toml"
    before, entry, after = _entry(manifest.read_text())
    for key, value in (
        ("version", f'"{args.version}"'),
        ("sha256", f'"{hashlib.sha256(content).hexdigest()}"'),
        ("bytes", str(len(content))),
    ):
        entry, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", entry)
        if found != 1:
            raise SystemExit(f"{manifest}: [model.voice-affect] has {found} lines of `{key}`")
    shutil.copyfile(args.net, MODELS / "weights" / "voice-affect.onnx")
    manifest.write_text(before + entry + after)


def _entry(text: str) -> tuple[str, str, str]:
    start = text.index("[model.voice-affect]\n")
    following = re.search(r"(?m)^\[model\.(?!voice-affect)", text[start + 1 :])
    stop = start + 1 + following.start() if following else len(text)
    return text[:start], text[start:stop], text[stop:]


if __name__ == "__main__":
    main()
