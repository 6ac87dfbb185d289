"""Scripts with the modules that they import, in one file: each further one would be another way over the net.

A line begins with `import` or `export` where a module does either; it imports by `./name.js`, and exports
functions, classes and constants by their names. Each module becomes a function that is run once, before
whatever imports it.
"""

import re
from collections.abc import Callable, Iterator

_IMPORT = re.compile(
    r"""^(import|export)\s+(?:(\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s*from\s*)?"""
    r"""["']\./([a-z0-9_]+)\.js["'];?[ \t]*\n""",
    re.MULTILINE,
)
_EXPORTED = re.compile(r"^export ((?:async )?(?:function|class|const)\b\W*(\w+))", re.MULTILINE)
_OTHERWISE = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def imported_by(script: str) -> Iterator[str]:
    """The names of the modules that a script imports itself."""
    return (found[3] for found in _IMPORT.finditer(script))


def joined(name: str, script_of: Callable[[str], str]) -> str:
    """The script of a name, such as `roll_call`, after the modules that it needs, by their texts.

    Raises ValueError for an import or an export in another form, and for modules that import each other.
    """
    modules: dict[str, str] = {}
    own, _ = _resolved(name, script_of, modules, ())
    return "".join([*modules.values(), own])


def _resolved(
    name: str, script_of: Callable[[str], str], modules: dict[str, str], importing: tuple[str, ...]
) -> tuple[str, list[str]]:
    """A script that takes what it imports from `modules`, to which they are added, and what it exports."""
    if name in importing:
        raise ValueError(f"modules import each other: {', '.join((*importing, name))}")
    exported: list[str] = []

    def taken(found: re.Match[str]) -> str:
        does, names, other = found.groups()
        if other not in modules:
            script, of_other = _resolved(other, script_of, modules, (*importing, name))
            returned = f"return {{ {', '.join(of_other)} }};"
            modules[other] = f"const ${other} = (() => {{\n{script}{returned}\n}})();\n"
        if does == "export" and names == "*":
            exported.append(f"...${other}")
            return ""
        if does == "export" or names == "*":
            return found[0]
        if names is None:
            return ""
        constants = names.split()[-1] if names.startswith("*") else names.replace(" as ", ": ")
        return f"const {constants} = ${other};\n"

    def told(found: re.Match[str]) -> str:
        exported.append(found[2])
        return found[1]

    script = _EXPORTED.sub(told, _IMPORT.sub(taken, script_of(name)))
    if otherwise := _OTHERWISE.search(script):
        raise ValueError(f"{name}.js: {otherwise[0]}")
    return script, exported
