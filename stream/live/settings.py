"""The settings of the nodes of a graph: what there is, told from the classes themselves, and a checked change."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args

import msgspec
from msgspec import inspect as types

from liveaffect.stream.client.requests import Answer, Proposal, Reply, Request
from liveaffect.stream.errors import LaunchError, UsageError
from liveaffect.stream.graph import HOST_KEYS, Entry, Graph, build_graph
from liveaffect.stream.node import Node

VERB = "settings"
Kind = Literal["bool", "int", "float", "str", "choice", "list", "other"]
KINDS: dict[type, Kind] = {
    types.BoolType: "bool",
    types.IntType: "int",
    types.FloatType: "float",
    types.StrType: "str",
    types.LiteralType: "choice",
    types.VarTupleType: "list",
    types.TupleType: "list",
    types.ListType: "list",
}


class Setting(msgspec.Struct, kw_only=True):
    """One key of one node, as a form needs it."""

    key: str
    type: Kind
    """"choice" is one of `choices`; "list" holds plain values; "other" can only be set in launch.toml."""
    value: Any
    default: Any = None
    """None also where the key has none and must be given."""
    doc: str = ""
    """The docstring under the field."""
    choices: tuple[Any, ...] = ()
    optional: bool = False
    """True where null is a value too."""
    above: float | None = None
    """A number must be above this; likewise the next three."""
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None


class SettingsArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the verb `settings`. Nodes see it as a command, with "applied" once the change is made."""

    action: Literal["list", "set", "applied"]
    node: str = ""
    values: dict[str, Any] = {}


def settings_verb(graph: Callable[[], Graph], change: Callable[[Graph, str, dict[str, Any]], None]) -> Answer:
    """Answers the verb `settings` for a running `graph`; `change` is called with the new graph, the node's name and
    what was changed, once no node has refused."""

    def answer(request: Request) -> Reply | Proposal:
        try:
            asked = msgspec.convert(request.arguments, SettingsArguments)
        except msgspec.ValidationError as error:
            raise UsageError(f"settings: {error}; write action = list, or action = set with node and values") from None
        if asked.action == "list":
            nodes = {name: settings_of(entry.node) for name, entry in graph().entries.items()}
            return Reply(ok=True, facts={"nodes": msgspec.to_builtins(nodes)})
        if asked.action != "set":
            raise UsageError("settings: action is list or set")
        with_settings(graph(), asked.node, asked.values)  # refused before any node is asked

        def carry_out() -> Reply:
            change(with_settings(graph(), asked.node, asked.values), asked.node, asked.values)
            text = f"process '{graph().entries[asked.node].process}' is started again with them"
            return Reply(ok=True, text=f"{asked.node}: {', '.join(asked.values)} set; {text}")

        return Proposal(carry_out)

    return answer


def settings_of(node: Node) -> list[Setting]:
    """Every setting of a node, with its value now."""
    docs = docs_of(type(node))
    values = msgspec.to_builtins(node)
    found: list[Setting] = []
    for field in msgspec.structs.fields(node):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        told = types.type_info(field.type)
        kind, choices, optional = _kind(told)
        written = get_args(field.type)  # in the order of the source; msgspec sorts them
        choices = written if set(written) == set(choices) else choices
        found.append(
            Setting(
                key=field.name,
                type=kind,
                value=values[field.name],
                default=None if default is msgspec.NODEFAULT else msgspec.to_builtins(default),
                doc=docs.get(field.name, ""),
                choices=choices,
                optional=optional,
                **_limits(told),
            )
        )
    return found


@cache
def docs_of(cls: type[Node]) -> dict[str, str]:
    """Setting -> the string under it in the source, inherited ones included; empty where there is no source."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not (issubclass(base, Node) and base is not Node):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        except (OSError, TypeError, SyntaxError):
            continue
        lines = body.body if isinstance(body, ast.ClassDef) else []
        for field, after in pairwise(lines):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if (
                isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                docs[field.target.id] = " ".join(after.value.value.split())
    return docs


def with_settings(graph: Graph, name: str, values: Mapping[str, Any]) -> Graph:
    """The graph with other settings of one node. Raises LaunchError in the words used for launch.toml."""
    entry = graph.entries.get(name)
    if entry is None:
        raise LaunchError(f"{graph.origin}: there is no node '{name}'; it has {', '.join(sorted(graph.entries))}")
    if not values:
        raise LaunchError(f"{graph.origin}: [{name}] no key is given; it has {', '.join(_keys(entry))}")
    for key in values:
        if key in HOST_KEYS:
            raise LaunchError(f"{graph.origin}: [{name}] {key} can be changed only in the launch file")
    table = graph.table()
    table[name] = {**table[name], **values}
    changed = build_graph(table, origin=graph.origin, partial=graph.partial)
    if changed.wiring() != graph.wiring():
        raise LaunchError(f"{graph.origin}: [{name}] would then publish other topics: change it in the launch file")
    return changed


def _keys(entry: Entry) -> list[str]:
    return [field.name for field in msgspec.structs.fields(entry.node)]


def _kind(found: types.Type) -> tuple[Kind, tuple[Any, ...], bool]:
    if isinstance(found, types.Metadata):
        return _kind(found.type)
    if isinstance(found, types.UnionType):
        others = [kind for kind in found.types if not isinstance(kind, types.NoneType)]
        if len(others) != 1:
            return "other", (), len(others) < len(found.types)
        kind, choices, _ = _kind(others[0])
        return kind, choices, len(others) < len(found.types)
    return KINDS.get(type(found), "other"), _values(found), False


def _values(found: types.Type) -> tuple[Any, ...]:
    return tuple(found.values) if isinstance(found, types.LiteralType) else ()


def _limits(found: types.Type) -> dict[str, float | None]:
    if isinstance(found, types.Metadata):
        return _limits(found.type)
    if isinstance(found, types.UnionType):
        return next((limits for kind in found.types if (limits := _limits(kind))), dict[str, float | None]())
    if not isinstance(found, types.FloatType | types.IntType):
        return {}
    return {"above": found.gt, "at_least": found.ge, "below": found.lt, "at_most": found.le}
