"""What the code says is wrong with a field: found where it stands, whatever values are put into it.

A message is the last argument of `FieldError` and of the functions around it, as a text, an f-string, a name
that stands for one, or what a function of the same file returns.
"""

import ast
import re
from collections.abc import Collection, Iterator
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
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                assigned.setdefault(name, []).append(value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                assigned.setdefault(name, []).append(value)
    # what a function that says something is given, it was given by whoever calls it
    given = {
        argument.arg
        for name, function in functions.items()
        if name in SAYING or f"self.{name}" in SAYING
        for argument in function.args.args
    }

    def told(expression: ast.expr) -> Iterator[str]:
        match expression:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in parts)
            case ast.IfExp(body=body, orelse=orelse):
                yield from told(body)
                yield from told(orelse)
            case ast.Constant(value=None):
                pass
            case ast.Name(id=name) if name in assigned:
                for value in assigned[name]:
                    yield from told(value)
            case ast.Call(func=ast.Name(id="N_")):
                pass  # catalogues have it from here
            case ast.Call(func=ast.Name(id=name)) if name in functions:
                for node in ast.walk(functions[name]):
                    if isinstance(node, ast.Return) and node.value is not None:
                        yield from told(node.value)
            case ast.Name(id=name) if name in given:
                pass
            case _ if ast.unparse(expression) in FORWARDED:
                pass
            case _:
                raise AssertionError(f"nobody knows what this says: {ast.unparse(expression)}")

    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            # a reader of fields may be called by any name
            name = "refuse" if called.endswith(".refuse") else called
            place = SAYING.get(name)
            if place is not None and len(node.args) > place:
                kind = "is no " if name == "unknown_errors" else ""
                for text in told(node.args[place]):
                    yield node.lineno, kind + text


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
