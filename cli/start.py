"""The first lines of the `liveaffect` command: while Python still imports, Ctrl-C ends it without a word."""

import os
import signal


def main() -> None:
    """Imports the command and runs it."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing is there yet that would have to be put in order
    from liveaffect.stream.threads import with_one_thread

    os.environ.update(with_one_thread(os.environ))
    from liveaffect.cli.main import main as run

    run()
