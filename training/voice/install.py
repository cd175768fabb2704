"""Puts an exported net in its place: the weights, and their hash and size in the manifest.

python -m training.voice.install NAME NET.onnx VERSION        (voice-encoder, voice-together or voice-affect)
"""

import argparse
import hashlib
import re
import shutil
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "models"
LIMIT = 12_000_000
"""Of all weights of the voice together."""
NAMES = ("voice-encoder", "voice-together", "voice-affect")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("name", choices=NAMES)
    options.add_argument("net", type=Path)
    options.add_argument("version")
    args = options.parse_args()
    content = args.net.read_bytes()
    others = [MODELS / "weights" / f"{name}.onnx" for name in NAMES if name != args.name]
    together = len(content) + sum(path.stat().st_size for path in others if path.exists())
    if together > LIMIT:
        raise SystemExit(f"{args.net}: the weights of the voice would have {together} bytes, more than {LIMIT}")
    manifest = MODELS / "manifest.toml"
    before, entry, after = _entry(manifest.read_text(), args.name)
    for key, value in (
        ("version", f'"{args.version}"'),
        ("sha256", f'"{hashlib.sha256(content).hexdigest()}"'),
        ("bytes", str(len(content))),
    ):
        entry, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", entry)
        if found != 1:
            raise SystemExit(f"{manifest}: [model.{args.name}] has {found} lines of `{key}`")
    shutil.copyfile(args.net, MODELS / "weights" / f"{args.name}.onnx")
    manifest.write_text(before + entry + after)


def _entry(text: str, name: str) -> tuple[str, str, str]:
    start = text.index(f"[model.{name}]\n")
    following = re.search(rf"(?m)^\[model\.(?!{name}\])", text[start + 1 :])
    stop = start + 1 + following.start() if following else len(text)
    return text[:start], text[start:stop], text[stop:]


if __name__ == "__main__":
    main()
