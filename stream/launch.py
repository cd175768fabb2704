"""Launch files before they are a graph: read, laid over each other, and turned into settings and node classes.

Every mistake is named by file (or by what was typed after `--set`), node and key.
"""

import difflib
import functools
import importlib
import importlib.util
import logging
import math
import re
import sys
import sysconfig
import tomllib
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeGuard, TypeVar, get_args, get_origin

import msgspec

from liveaffect.stream.errors import LaunchError
from liveaffect.stream.node import Node
from liveaffect.stream.plain import is_row, is_table

S = TypeVar("S", bound=msgspec.Struct)
Tables = dict[str, Any]
EXTENDS = "extends"
BASES = {"default": ("liveaffect.offline", "launch.toml")}
"""Graphs that a launch file may extend by name: the package and the file in it."""
LIBRARIES = (str(Path(__file__).parent), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), "<frozen")
"""Code in these is nobody's own."""
OWN_NODES = "liveaffect.nodes."
SUFFIX = "Node"
"""Ends the names of liveaffect's node classes. They once had none: launch files of then are still read."""
LIMITS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}


class Typed:
    """What was typed after `--set`: its value, its words, and which key it stands for.

    A word that is meant as text may look like a number: `camera.source=1` is the camera "1".
    """

    def __init__(self, text: str) -> None:
        left, equals, right = text.partition("=")
        self.name, dot, self.key = (part.strip() for part in left.partition("."))
        if not (equals and dot and self.key):
            raise LaunchError(f"--set {text}: write node.key=value, for instance camera.source=clip.mp4")
        self.words = right.strip()
        self.where = f"--set {text}"
        try:
            self.value = tomllib.loads(f"v = {right}")["v"]
        except tomllib.TOMLDecodeError:
            self.value = self.words

    def value_for(self, kind: Any) -> Any:
        """The value, or the words where the setting takes text and no such value."""
        for value in (self.value, self.words):
            try:
                msgspec.convert(value, kind)
            except msgspec.ValidationError:
                continue
            return value
        return self.value


class Written:
    """A value of a launch file that was laid over another, and which file that is."""

    def __init__(self, file: str, name: str, value: Any) -> None:
        self.where, self.name, self._value = file, name, value

    def value_for(self, kind: Any) -> Any:  # noqa: ARG002
        """The value as it was written."""
        return self._value


Words = Mapping[str, "Typed | Written"]
"""Keys of one table that were not said by the launch file itself, but after `--set` or by a file laid over it."""


def written(path: Path, table: Tables) -> dict[str, dict[str, "Typed | Written"]]:
    """Node -> key -> who must mend it, of a launch file that is laid over another."""
    found: dict[str, dict[str, Typed | Written]] = {}
    for name, value in table.items():
        keys: Tables = value if is_table(value) else {"": value}
        found[name] = {key: Written(str(path), name, kept) for key, kept in keys.items()}
    return found


def home(origin: str, name: str, table: Mapping[str, Any], words: Words) -> str:
    """Who must mend a table as a whole: the file that names its class, or that alone has it."""
    if "type" in words:
        return place("", "type", words)
    if words and words.keys() >= table.keys():
        return place("", next(iter(words)), words)
    return f"{origin}: [{name}]"


def read_launch(path: Path) -> Tables:
    """A launch file as plain data, laid over what it `extends`. Node classes may lie beside it."""
    return _extended(_read(path), path, ())


def laid_over(base: Tables, other: Tables) -> Tables:
    """`other` on top of `base`: its nodes are added, its keys count where both have one."""
    merged: Tables = {name: dict(value) if is_table(value) else value for name, value in base.items()}
    for name, value in other.items():
        known = merged.get(name)
        merged[name] = {**known, **value} if is_table(known) and is_table(value) else value
    return merged


def convert(table: Mapping[str, Any], cls: type[S], where: str, typed: Words | None = None) -> S:
    """Settings from a table. Raises LaunchError for an unknown key, a wrong type, and a value out of its range."""
    fields = {field.name: field for field in msgspec.structs.fields(cls)}
    typed = typed or {}
    for key in table:
        if key not in fields:
            raise LaunchError(f"{place(where, key, typed)} has no key '{key}'{hint(key, fields)}")
    table = {key: typed[key].value_for(fields[key].type) if key in typed else table[key] for key in table}
    try:
        found = msgspec.convert(table, cls)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$.")
        key = re.split(r"[.\[]", at.rstrip("`"))[0]
        shown = f"{key} = {table.get(key)!r}: " if key else ""
        raise LaunchError(
            f"{place(where, key, typed)} {shown}{_said(message, fields[key].type if key in fields else None)}"
        ) from None
    for key in fields:
        if not _finite(getattr(found, key)):
            shown = f"{key} = {getattr(found, key)}"
            raise LaunchError(f"{place(where, key, typed)} {shown}: a number must be finite")
    return found


def node_class(kind: Any, where: str) -> type[Node]:
    """The class that `type = "package.module:Class"` names. Raises LaunchError; what the module itself raises while it
    is imported is shown with its type and its line."""
    if not isinstance(kind, str):
        raise LaunchError(f'{where} has no type: add type = "package.module:Class"')
    module_name, _, class_name = kind.partition(":")
    where = f'{where} type = "{kind}"'
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise LaunchError(f"{where}: no module named '{error.name}' can be imported") from None
        raise LaunchError(f"{where} cannot be imported: {_own_words(error)}") from error
    except (ValueError, TypeError) as error:
        if not module_name or module_name.startswith("."):
            raise LaunchError(f"{where}: write package.module:Class") from None
        raise LaunchError(f"{where} cannot be imported: {_own_words(error)}") from error
    except (Exception, SystemExit) as error:  # whatever a module of the user's does
        raise LaunchError(f"{where} cannot be imported: {_own_words(error)}") from error
    cls = getattr(module, class_name, None) if class_name else None
    if module_name.startswith(OWN_NODES) and not _is_node(cls):
        renamed = getattr(module, class_name + SUFFIX, None)
        if _is_node(renamed):
            _deprecated(where, kind + SUFFIX)
            return renamed
    if cls is None:
        raise LaunchError(f"{where}: write package.module:Class; '{class_name}' is not in {module_name}")
    if not _is_node(cls):
        raise LaunchError(f"{where} is not a Node: derive the class from liveaffect.stream.node.Node")
    return cls


def _is_node(found: Any) -> TypeGuard[type[Node]]:
    return isinstance(found, type) and issubclass(found, Node)


@functools.cache
def _deprecated(where: str, today: str) -> None:
    """Says so once in a process: a graph is made more often."""
    logging.getLogger(__name__).warning("%s is deprecated: write %s", where, today)


def as_named_today(kind: str, cls: type[Node]) -> str:
    """The `type` of a class that `node_class` found, without deprecated names."""
    renamed = kind.startswith(OWN_NODES) and cls.__name__ == kind.partition(":")[2] + SUFFIX
    return kind + SUFFIX if renamed else kind


def hint(word: str, known: Iterable[str]) -> str:
    """What may have been meant by a word that is not known."""
    known = list(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; it has {', '.join(sorted(known))}"


def _read(path: Path) -> Tables:
    try:
        if path.exists() and not path.is_file():
            raise LaunchError(f"{path} is {'a folder' if path.is_dir() else 'a pipe or a device'}: give a file")
        text = path.read_text("utf-8")
        target = path.parent / text.strip()
        if text.endswith(path.name) and "\n" not in text and target.is_file() and not target.samefile(path):
            return _read(target)  # a link that git wrote as a file, where the system has no links
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise LaunchError(
            f"{path} does not exist: give the path of a launch file, or none for the default graph"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise LaunchError(f"{path} is not valid TOML: {error}") from None
    folder = str(path.resolve().parent)
    if folder not in sys.path:  # node classes may lie beside their launch file
        sys.path.append(folder)
    return table


def _extended(table: Tables, path: Path, seen: tuple[Path, ...]) -> Tables:
    base = table.pop(EXTENDS, None)
    if base is None:
        return table
    if not isinstance(base, str) or not base:
        raise LaunchError(f'{path}: {EXTENDS} = {base!r}: use "default" or the path of a launch file')
    seen = (*seen, path.resolve())
    below = _base(base) if base in BASES else path.parent / base
    if below.resolve() in seen:
        raise LaunchError(f"{path}: {EXTENDS} = {base!r} comes back to a file that extends it")
    if not below.is_file():
        raise LaunchError(f"{path}: {EXTENDS} = {base!r}: {below} does not exist")
    return laid_over(_extended(_read(below), below, seen), table)


def _base(name: str) -> Path:
    package, file = BASES[name]
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(folders[0] if folders else ".") / file


def place(where: str, key: str, typed: Words) -> str:
    """Who must mend it: the file and the node, or the hand that typed."""
    if key not in typed:
        return where
    return f"{typed[key].where}: [{typed[key].name}]"


def _said(message: str, kind: Any) -> str:
    """What msgspec says of a value of a field of this type, in a sentence of ours."""
    allowed = _choices(kind) if message.startswith("Invalid enum value") else []
    if allowed:
        return f"it can be {' or '.join(map(repr, allowed))}"
    for sign, words in LIMITS.items():
        found = re.fullmatch(rf"Expected `(?:int|float)` {sign} (\S+)", message)
        if found:
            return f"must be {words} {float(found[1]):g}"
    return f"{message[:1].lower()}{message[1:]}"


def _choices(kind: Any) -> list[Any]:
    """The values that a type lists, in it or in its parts."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice for part in get_args(kind) for choice in _choices(part)]


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if is_table(value):
        return all(map(_finite, value.values()))
    return all(map(_finite, value)) if is_row(value) else True


def _own_words(error: BaseException) -> str:
    """Type and words of an error, and the innermost line of the user's own code that led to it."""
    if isinstance(error, SyntaxError):
        line = f"\n    {error.text.strip()}" if error.text else ""
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno}){line}"
    said = "".join(traceback.format_exception_only(error)).strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    if not frames:
        return said
    return f"{said} ({frames[-1].filename}, line {frames[-1].lineno})\n    {frames[-1].line}"
