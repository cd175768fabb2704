"""The errors of the model layer, one tree: each message says what is wrong, where, and what to do next.

ModelError
    ManifestError       a manifest cannot be read, or an entry in it is wrong
    UnknownModel        no entry of that name in any manifest
    ModelMissing        the entry is known, its file is nowhere on this machine
    FetchFailed         no source gave the file
    WrongHash           a file is there, but its content is not the one the manifest names
    LicenceRefused      the profile in force forbids these weights
    ModelBroken         the file cannot be opened as a model, or its shapes are not those declared
    RuntimeMissing      onnxruntime is not installed
    BaselineBroken      a baseline file is missing, is none, or lacks a number
    BadInput            an array does not have the shape or type the model takes
"""


class ModelError(Exception):
    """Base of every error the model layer raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class ManifestError(ModelError):
    """A manifest cannot be read, or an entry in it is wrong."""


class UnknownModel(ModelError):
    """No entry of that name in any manifest."""


class ModelMissing(ModelError):
    """The entry is known, its file is nowhere on this machine."""


class FetchFailed(ModelError):
    """No source gave the file."""


class WrongHash(ModelError):
    """A file is there, but its content is not the one the manifest names."""


class LicenceRefused(ModelError):
    """The profile in force forbids these weights."""


class ModelBroken(ModelError):
    """The file cannot be opened as a model, or its shapes are not those declared."""


class RuntimeMissing(ModelError):
    """onnxruntime is not installed."""


class BaselineBroken(ModelError):
    """A baseline file is missing, is none, or lacks a number."""


class BadInput(ModelError, ValueError):
    """An array does not have the shape or type the model takes."""
