"""Small faults put into Python source, one at a time: the fault model of the mutation test. Runs nothing.

A condition negated, a comparison or an ``and`` swapped, an operand, an entry of a literal, a ``case``, a statement or a comprehension's
``if`` left out, a value returned replaced, a number one more, and a name or line left out of a table kept as text. What only words an
error, annotations, and what names or documents things are left alone.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType
from typing import Any

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
DROPPED = (ast.Expr, ast.Raise, ast.AugAssign, ast.Continue, ast.Break, ast.Delete)
NOT_CHANGED = ("annotation", "returns", "decorator_list", "type_params", "bases", "msg", "exc", "cause")
"""Fields whose nodes change no decision: types, and the words of an error."""

Edit = tuple[ast.AST, str, Any]
"""A node's field and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is and what it does. ``function`` is the qualified name of the function, empty outside of one."""

    module: str
    line: int
    function: str
    what: str
    edits: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """What reports and lists of equivalents call it; the same while other lines move."""
        return f"{self.module}:{self.function or '-'}: {self.what}"


class Source:
    """One module's source and its mutants."""

    def __init__(self, module: str, path: Path) -> None:
        self.module, self.path = module, path
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self.mutants: list[Mutant] = []
        seen: dict[str, int] = {}
        for mutant in _walk(self._tree, module, "", ()):
            count = seen[mutant.name] = seen.get(mutant.name, 0) + 1
            self.mutants.append(mutant if count == 1 else replace(mutant, what=f"{mutant.what} #{count}"))

    def code(self, edits: Sequence[Edit]) -> CodeType:
        """The module compiled with the edits. Raises `SyntaxError`, `TypeError` or `ValueError` where that is no program."""
        before = [(node, field, getattr(node, field)) for node, field, _ in edits]
        try:
            for node, field, new in edits:
                setattr(node, field, new)
            return compile(ast.fix_missing_locations(self._tree), str(self.path), "exec", dont_inherit=True)
        finally:
            for node, field, old in before:
                setattr(node, field, old)


    def marked(self, mark: str) -> CodeType:
        """The module compiled so that each function, when it is called, first calls ``mark`` with its qualified name."""
        edits: list[Edit] = []
        for outer in self._tree.body:
            for node in outer.body if isinstance(outer, ast.ClassDef) else [outer]:
                if isinstance(node, ast.FunctionDef):
                    name = f"{outer.name}.{node.name}" if isinstance(outer, ast.ClassDef) else node.name
                    first = ast.copy_location(ast.parse(f"{mark}({name!r})").body[0], node.body[0])
                    edits.append((node, "body", [first, *node.body]))
        return self.code(edits)


def _walk(node: ast.AST, module: str, function: str, owner: tuple[str, ...]) -> Iterator[Mutant]:
    """Mutants of a node and below; ``owner`` are the classes and functions around it."""
    if _left_alone(node):
        return
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        owner = (*owner, node.name)
        if isinstance(node, ast.FunctionDef) and not function:
            function = ".".join(owner)
    for what, *edits in _faults(node, bool(function)):
        yield Mutant(module, getattr(node, "lineno", 0), function, " ".join(what.split()), tuple(edits))
    for name, value in ast.iter_fields(node):
        if name not in NOT_CHANGED:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _walk(child, module, function, owner)


def _left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.ClassDef():
            return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    return False


def _faults(node: ast.AST, in_function: bool) -> Iterator[Any]:
    """Faults of one node itself: what they do, then their edits."""
    text = _text(node)
    match node:
        case ast.Compare():
            for at, op in enumerate(node.ops):
                swapped = SWAPS[type(op)]()
                yield f"{text} → {type(swapped).__name__}", (node, "ops", [*node.ops[:at], swapped, *node.ops[at + 1 :]])
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"{text} → {type(other).__name__}", (node, "op", other)
            for at, value in enumerate(node.values):
                kept = _less(node.values, at)
                yield f"{text} less {_text(value)}", (node, "values", kept if len(kept) > 1 else kept * 2)
        case ast.UnaryOp(op=ast.Not()):
            yield f"{text} less not", (node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.Return(value=value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            truth = isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp)
            for constant in (True, False) if truth else (None,):
                yield f"{text} → {constant}", (node, "value", ast.Constant(constant))
        case ast.comprehension():
            for at, test in enumerate(node.ifs):
                yield f"for {_text(node.target)} less if {_text(test)}", (node, "ifs", _less(node.ifs, at))
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            yield f"{number} → {number + 1}", (node, "value", number + 1)
        case ast.Constant(value=str() as table) if not in_function and "\n" in table:
            yield from ((what, (node, "value", left)) for what, left in _table(table))
        case ast.Match() if len(node.cases) > 1:
            for at, case in enumerate(node.cases):
                yield f"less case {_text(case.pattern)} #{at}", (node, "cases", _less(node.cases, at))
        case ast.match_case(guard=ast.AST() as guard):
            yield f"case {_text(node.pattern)} less if {_text(guard)}", (node, "guard", None)
            yield f"case {_text(node.pattern)} if not {_text(guard)}", (node, "guard", ast.UnaryOp(ast.Not(), guard))
        case ast.Set() | ast.List() | ast.Tuple() if len(node.elts) > 1 and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            if all(isinstance(entry, ast.Constant | ast.Starred) for entry in node.elts):
                for at, entry in enumerate(node.elts):
                    yield f"{text[:40]} less {_text(entry)}", (node, "elts", _less(node.elts, at))
        case ast.Dict() if not in_function and len(node.keys) > 1:
            for at, key in enumerate(node.keys):
                what = f"entries less {_text(key) if key else _text(node.values[at])}"
                yield what, (node, "keys", _less(node.keys, at)), (node, "values", _less(node.values, at))
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        yield f"if not {_text(node.test)}", (node, "test", ast.UnaryOp(ast.Not(), node.test))
    for block in ("body", "orelse", "finalbody") if in_function else ():
        found = getattr(node, block, None)
        statements: list[ast.AST] = found if isinstance(found, list) else []
        for at, statement in enumerate(statements):
            if isinstance(statement, DROPPED) and not _left_alone(statement):
                kept = [*statements[:at], ast.copy_location(ast.Pass(), statement), *statements[at + 1 :]]
                yield f"less {_text(statement)}", (node, block, kept)


def _less(entries: Sequence[Any], at: int) -> list[Any]:
    return [*entries[:at], *entries[at + 1 :]]


def _table(table: str) -> Iterator[tuple[str, str]]:
    """A table kept as text without each of its lines, and without each of several names before a colon."""
    lines = table.splitlines(keepends=True)
    for at, line in enumerate(lines):
        names, colon, rest = line.partition(" : ")
        said = f"table less {' '.join(line.split())[:70]}"
        if line.strip():
            yield said, "".join(_less(lines, at))
        for name in names.split() if colon and " " in names.strip() else ():
            left = " ".join(other for other in names.split() if other != name)
            yield f"{said}: {name}", "".join([*lines[:at], f"{left} : {rest}", *lines[at + 1 :]])


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.match_case | ast.comprehension):
        return ""
    return " ".join(ast.unparse(node).split())[:70]
