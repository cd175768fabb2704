"""`liveaffect` whose windows have a user in front of them: `python desktop_run.py STORY FOLDER live --set ...`."""

import sys
from pathlib import Path

from liveaffect.cli.main import main
from liveaffect.cli.windows import keeper as window

USER = Path(__file__).with_name("desktop_user.py")

if __name__ == "__main__":
    window.PROGRAM = (sys.executable, str(USER), *sys.argv[1:3])  # type: ignore[assignment]
    main(sys.argv[3:])
