"""Style, types and layers, each tool in turn; all of them run, and the exit code is 1 where any complains."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "pyright": ["-m", "pyright"],
    "lint-imports": ["-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
}
# pyright runs on the node that is on the path, else on the one its extra `nodejs` brings; it fetches nothing
ENVIRONMENT = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}

failed: list[str] = []
for name, arguments in TOOLS.items():
    print(f"== {name}", flush=True)
    if subprocess.run([sys.executable, *arguments], cwd=ROOT, env=ENVIRONMENT, check=False).returncode != 0:
        failed.append(name)
if failed:
    sys.exit(f"complaints from: {', '.join(failed)}")
