"""The one tree of errors: each says what went wrong, where, and what to do next.

LiveAffectError         exit code 1
├── UsageError          exit code 2: the caller's words are off
│   └── LaunchError     launch.toml: a key, a value, the wiring
├── InputError          a file that is missing, is not media, or is broken
├── DeviceError         a camera or a microphone that is missing, busy or gone
├── TransportError      an address in use, a peer that does not answer, a message that does not fit its topic
├── RecordError         a session that cannot be written or read
└── StartError          a node that could not start: its own words and exit code
"""


class LiveAffectError(Exception):
    """Base of every error this package raises on purpose; `str(error)` is a full sentence for the user."""

    exit_code = 1


class UsageError(LiveAffectError):
    """The command line or a settings file asks for something that does not exist or does not fit."""

    exit_code = 2


class LaunchError(UsageError):
    """launch.toml is wrong: the message names the file and the key."""


class InputError(LiveAffectError):
    """An input file is missing, is not media, or cannot be decoded."""


class DeviceError(LiveAffectError):
    """A capture device is missing, busy or gone."""


class TransportError(LiveAffectError):
    """A socket could not be bound or a message could not be decoded."""


class RecordError(LiveAffectError):
    """A session could not be written or read."""


class StartError(LiveAffectError):
    """A node could not start; carries the exit code of its own error."""

    def __init__(self, exit_code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code
