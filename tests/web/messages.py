"""What the code says is wrong with a field: found where it stands, whatever values are put into it.

A message is the last argument of `FieldError` and of the functions around it, as a text, an f-string, a name
that stands for one, or what a function of the same file returns.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ATTENDANCE = Path(__file__).parents[2] / "src/attendance"
SAYING = {"FieldError": 1, "error_if": 2, "entry_error": 2, "refuse": 1, "self._read": 1, "unknown_errors": 3}
"""Functions that are told what is wrong, and which of their arguments says it."""
ROOMS = [
    "domain", "application", "adapters/web", "adapters/mail", "adapters/security", "adapters/memory",
    "adapters/sql", "adapters/clock.py",
]  # fmt: skip
OF_PROGRAMS = ("application/checking.py",)
"""What only callers from Python are told: pages give no values of other types."""
FORWARDED = {
    "field_error.message", "error.message", "fault.message",
    "refusal.text",  # of a pass that cannot pay
    "what",  # in `unknown_errors`, whose callers are looked at
}  # fmt: skip
Scope = ast.Module | ast.FunctionDef
ANY = "\0"
"""Stands for a value in a message."""


def messages() -> dict[str, str]:
    """Every message, with where it stands."""
    found: dict[str, str] = {}
    for path in sorted(path for room in ROOMS for path in _files(ATTENDANCE / room)):
        name = path.relative_to(ATTENDANCE).as_posix()
        if name not in OF_PROGRAMS and "migrations" not in name:
            for line, message in messages_in(path.read_text()):
                found.setdefault(message, f"{name}:{line}")
    return found


def _files(path: Path) -> Iterator[Path]:
    yield from [path] if path.is_file() else path.rglob("*.py")


def messages_in(source: str) -> Iterator[tuple[int, str]]:
    """The messages in a file, with their lines. Raises AssertionError for one that cannot be told."""
    tree = ast.parse(source)
    every_function = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    functions = {function.name: function for function in every_function}
    scopes: list[Scope] = [tree, *every_function]
    for scope in scopes:
        for call in _calls_in(scope):
            called = ast.unparse(call.func)
            # a reader of fields may be called by any name
            name = "refuse" if called.endswith(".refuse") else called
            place = SAYING.get(name)
            if place is not None and len(call.args) > place:
                kind = "is no " if name == "unknown_errors" else ""
                for text in _told(call.args[place], scope, tree, functions):
                    yield call.lineno, kind + text


def _told(
    expression: ast.expr, scope: Scope, tree: ast.Module, functions: Mapping[str, ast.FunctionDef]
) -> Iterator[str]:
    """The texts that an expression may be."""

    def told(expression: ast.expr, scope: Scope) -> Iterator[str]:
        match expression:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=None):
                pass
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in parts)
            case ast.IfExp(body=body, orelse=orelse):
                yield from told(body, scope)
                yield from told(orelse, scope)
            case ast.Name(id=name) if values := _assigned(name, scope) or _assigned(name, tree):
                for value in values:
                    yield from told(value, scope)
            case ast.Name(id=name) if _is_said_by_callers(name, scope):
                pass
            case ast.Call(func=ast.Name(id="N_")):
                pass  # catalogues have it from here
            case ast.Call(func=ast.Name(id=name)) if name in functions:
                for node in ast.walk(functions[name]):
                    if isinstance(node, ast.Return) and node.value is not None:
                        yield from told(node.value, functions[name])
            case _ if ast.unparse(expression) in FORWARDED:
                pass
            case _:
                raise AssertionError(f"nobody knows what this says: {ast.unparse(expression)}")

    return told(expression, scope)


def _within(scope: Scope) -> Iterator[ast.AST]:
    """What stands in a function or a file, but not in the functions in it."""
    waiting: list[ast.AST] = [*ast.iter_child_nodes(scope)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef):
            yield node
            waiting += ast.iter_child_nodes(node)


def _calls_in(scope: Scope) -> list[ast.Call]:
    return [node for node in _within(scope) if isinstance(node, ast.Call)]


def _assigned(name: str, scope: Scope) -> list[ast.expr]:
    """What a name stands for there."""
    values = []
    for node in _within(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                values.append(value)
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                values.append(value)
    return values


def _is_said_by_callers(name: str, scope: Scope) -> bool:
    """Whether it is what a function that says something is given: its callers are looked at."""
    return (
        isinstance(scope, ast.FunctionDef)
        and any(known.removeprefix("self.") == scope.name for known in SAYING)
        and any(argument.arg == name for argument in scope.args.args)
    )


def raised_with_a_text(source: str, kinds: Collection[str]) -> Iterator[str]:
    """The texts that refusals of these kinds are raised with, instead of their own."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[first, *_])) if name in kinds:
                if isinstance(first, ast.JoinedStr) or (
                    isinstance(first, ast.Constant) and isinstance(first.value, str)
                ):
                    yield ast.unparse(first)


def fits(message: str, known: str) -> bool:
    """Whether a known text, with its `%(values)s`, is that of a message in the code."""
    return message == ANY.join(re.split(r"%\(\w+\)s", known))
