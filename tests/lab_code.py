"""Which modules a lab's commands can reach, as syntax trees: what the tests of the lab's install look through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
TORCH_ROOMS = ("batches", "nn", "training", "explain", "export")
NO_LAB_COMMANDS = ("train", "simulate", "biomarkers")
DRAWN_WHERE_POSSIBLE = ("tumorcast.evaluation.audit_figures", "tumorcast.evaluation.omics_figures")
"""Imported only where `evaluation.drawing.can_draw` says so."""


@cache
def lab_modules() -> dict[str, ast.Module]:
    """Name -> tree of each module that a lab's command or room imports, at the top or within a function."""
    found: dict[str, ast.Module] = {}
    waiting = [*_commands(), *(name for room in ("clinic", "lab", "serve", "web") for name in _room(room))]
    while waiting:
        name = waiting.pop()
        is_torch = name.split(".")[1:2] in [[room] for room in TORCH_ROOMS]
        if name in found or name in DRAWN_WHERE_POSSIBLE or is_torch:
            continue
        found[name] = ast.parse(path_of(name).read_text(encoding="utf-8"))
        waiting += [own for told, _ in imports(found[name]) if (own := _module(told))]
    return dict(sorted(found.items()))


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether importing the module imports it) of every import that is not for type checkers."""
    yield from _imports(tree.body, True)


def path_of(module: str) -> Path:
    """The module's file."""
    folder = SOURCE.joinpath(*module.split("."))
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _imports(body: list[ast.stmt], at_top: bool) -> Iterator[tuple[str, bool]]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", at_top) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imports(node.orelse, at_top)
        else:
            inside = at_top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for name in ("body", "orelse", "finalbody"):
                yield from _imports(getattr(node, name, []), inside)
            for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
                yield from _imports(part.body, inside)


def _module(name: str) -> str | None:
    """The module of our own that a dotted name lies in."""
    while name.startswith("tumorcast"):
        if path_of(name).is_file():
            return name
        name = name.rpartition(".")[0]
    return None


def _commands() -> list[str]:
    return [name for name in _room("cli") if name.rpartition(".")[2] not in NO_LAB_COMMANDS]


def _room(room: str) -> list[str]:
    paths = (SOURCE / "tumorcast" / room).rglob("*.py")
    names = (".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in paths)
    return sorted(name.removesuffix(".__init__") for name in names)
