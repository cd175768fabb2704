"""An offline folder: the wheel, every wheel it needs, the models, and a page that says how to install from it.

python .ci/bundle.py [FOLDER] [--extras cpu,desktop]
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOW = """# liveaffect, without a network

Made on {platform} for Python {python}; it installs on machines like that one.

    python{python} -m venv liveaffect
    liveaffect/bin/pip install --no-index --find-links wheels "{wheel}[{extras}]"
    export LIVEAFFECT_MODELS="$PWD/models"
    liveaffect/bin/liveaffect doctor

With pipx: pipx install --pip-args="--no-index --find-links wheels" "wheels/{wheel}[{extras}]"
"""


def main() -> int:
    """Makes the folder; returns the exit status of what failed."""
    parser = argparse.ArgumentParser(description="Make a folder that installs without a network.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "out" / "bundle")
    parser.add_argument("--extras", default="cpu,desktop")
    asked = parser.parse_args()
    wheels, models = asked.folder / "wheels", asked.folder / "models"
    for folder in (wheels, models):
        folder.mkdir(parents=True, exist_ok=True)
    run("-m", "build", "--wheel", "--outdir", str(wheels), str(ROOT))
    wheel = max(wheels.glob("liveaffect-*.whl"), key=lambda path: path.stat().st_mtime)
    constraints = ("--constraint", str(ROOT / "constraints.txt"))
    run("-m", "pip", "download", "--dest", str(wheels), *constraints, f"{wheel}[{asked.extras}]")
    copy_models(models)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    how = HOW.format(platform=sys.platform, python=python, wheel=wheel.name, extras=asked.extras)
    (asked.folder / "README.md").write_text(how, "utf-8")
    size = sum(path.stat().st_size for path in asked.folder.rglob("*") if path.is_file())
    print(
        f"{asked.folder}: {len(list(wheels.iterdir()))} wheels, {size / 1e6:.0f} MB; its README.md says how to install"
    )
    return 0


def copy_models(folder: Path) -> None:
    """The models that do not come with the wheel."""
    from liveaffect.models import registry

    for path in registry.pull(None).values():
        shutil.copy2(path, folder / Path(path).name)


def run(*words: str) -> None:
    """One Python program, to its end; a failure ends this one with its status."""
    code = subprocess.run([sys.executable, *words], check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    sys.exit(main())
