"""`liveaffect` whose windows have a user without a mouse: `python keyboard_run.py FOLDER live --set ...`."""

import os
import sys
from pathlib import Path

from liveaffect.cli.main import main
from liveaffect.cli.windows import keeper

USER = Path(__file__).with_name("keyboard_user.py")

if __name__ == "__main__":
    story = os.environ.get("STORY", "main")
    keeper.PROGRAM = (sys.executable, str(USER), story, sys.argv[1])  # type: ignore[assignment]
    main(sys.argv[2:])
