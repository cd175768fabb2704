"""Where things lie, for tests that may themselves move."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "tests" / "helpers"
GOLDEN = ROOT / "tests" / "golden" / "demo-5s"
GOLDEN_FAR = ROOT / "tests" / "golden" / "far-3s"
SHARED = ROOT.parent / "shared"
"""Material that is not part of the project; tests that need it skip where it is missing."""
