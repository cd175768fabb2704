"""Makes the helpers of this folder importable by the tests in it (tests are no package)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
