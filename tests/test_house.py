"""The house keeps its order: small files, small folders, names that say something new, no circles of imports."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp
from paths import ROOT

FLOORS = ("stream", "models", "nodes", "offline", "cli")
CODE = (*FLOORS, "training", "benchmarks")
MOST_LINES, MOST_FILES = 300, 20
IGNORED = re.compile(r"#\s*(?:type|pyright): *ignore")


def code() -> list[Path]:
    """Every Python file in the folders of code, relative to the root."""
    return sorted(path.relative_to(ROOT) for folder in CODE for path in (ROOT / folder).rglob("*.py"))


def circles(imports: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Groups of files that import each other, directly or by a detour: what is left when leaves are taken away."""
    left = {name: set(found) & imports.keys() for name, found in imports.items()}
    while True:
        leaves = {name for name, found in left.items() if not found}
        wanted = {found for name in left for found in left[name]}
        leaves |= left.keys() - wanted
        if not leaves:
            break
        left = {name: found - leaves for name, found in left.items() if name not in leaves}
    if left:
        yield sorted(left)


def test_no_file_is_long() -> None:
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in code()}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_folder_is_crowded() -> None:
    tests = (path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
    crowds = Counter(str(path.parent) for path in (*code(), *tests))
    assert {folder: files for folder, files in crowds.items() if files > MOST_FILES} == {}


def test_every_folder_of_code_is_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    there = {".".join(("liveaffect", *path.parent.parts)) for path in code() if path.parts[0] in FLOORS}
    assert sorted(listed) == sorted(there)


def test_no_file_repeats_the_name_of_its_folder() -> None:
    said_twice = [
        str(path)
        for path in code()
        if path.parent.name and (path.stem == path.parent.name or path.stem.startswith(f"{path.parent.name}_"))
    ]
    assert said_twice == []


def test_circles_are_found_where_there_are_any() -> None:
    assert list(circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}, "e": set()})) == [["b", "c"]]
    assert list(circles({"a": {"b", "c"}, "b": {"c"}, "c": set()})) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph(*(f"liveaffect.{floor}" for floor in FLOORS), cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    assert list(circles(imports)) == []


def test_the_type_checker_sees_every_floor_and_is_strict_below() -> None:
    """A folder behind a link, or one whose name begins with a dot, would be passed over in silence."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pyright"]
    assert set(FLOORS) <= set(told["include"])
    assert not any((ROOT / folder).is_symlink() for folder in told["include"])
    assert told["strict"] == ["stream", "models"]


def test_few_lines_are_kept_from_the_type_checker() -> None:
    kept = [
        str(path)
        for path in code()
        if path.parts[0] in FLOORS
        for _ in IGNORED.findall((ROOT / path).read_text("utf-8"))
    ]
    assert len(kept) < 10, kept


def test_only_compiled_kernels_are_checked_less_strictly() -> None:
    basic = [path for path in code() if "# pyright: basic" in (ROOT / path).read_text("utf-8")]
    assert basic
    assert [str(path) for path in basic if "@kernel" not in (ROOT / path).read_text("utf-8")] == []


def test_nodes_end_in_node_and_messages_do_not() -> None:
    nodes: set[str] = set()
    messages: set[str] = set()
    for path in code():
        for found in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
            if isinstance(found, ast.ClassDef) and path.parts[0] in FLOORS:
                bases = {ast.unparse(base).rpartition(".")[2] for base in found.bases}
                nodes |= {found.name} if any(base.endswith("Node") for base in bases) else set()
                messages |= {found.name} if "Message" in bases else set()
    assert len(nodes) > 10
    assert len(messages) > 10
    assert {name for name in nodes if not name.endswith("Node")} == set()
    assert {name for name in messages if name.endswith(("Node", "Model"))} == set()
