"""How is the code built: file and function lengths, types, docstrings, cycles, start-up time?

    python benchmarks/structure.py [SRC] [--before OTHER_SRC] [--timing] [--repeats 5]

SRC is a folder that holds packages (default: this checkout's `src`). Prints one table, with a
column for an older tree where `--before` names one. All but the timing is read from the files
(`ast`), so that any tree can be measured and nothing of it is installed or run; `--timing` starts
`python -m understudy VERB --help` for every verb, each time in a fresh process, and tells the
median of the repeats, on the clock and of the processor.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import subprocess
import sys
import time
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

_VERBS = """
import json, typer
from understudy.cli.app import app
def walk(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, [*words, name])
print(json.dumps(list(walk(typer.main.get_command(app), []))))
"""


@dataclass
class Tree:
    """What was counted in one source tree."""

    lines: dict[Path, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    typed: int = 0
    public: int = 0
    documented: int = 0
    comments: int = 0
    imports: dict[str, set[str]] = field(default_factory=dict)

    def folders(self) -> dict[Path, int]:
        """Lines of the files that lie directly in each folder."""
        found: dict[Path, int] = {}
        for path, count in self.lines.items():
            found[path.parent] = found.get(path.parent, 0) + count
        return found


def main() -> None:
    """Measure, print."""
    here = Path(__file__).resolve().parents[1] / "src"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("src", type=Path, nargs="?", default=here)
    parser.add_argument("--before", type=Path, help="an older tree, for a column beside")
    parser.add_argument("--timing", action="store_true", help="time every verb's --help, too")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    places = [options.src] if options.before is None else [options.before, options.src]
    columns = [rows(read_tree(place)) for place in places]
    if options.timing:
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
        for place, column in zip(places, columns, strict=True):
            column |= start_up(place, options.repeats)
    heads = ["now"] if options.before is None else ["before", "now"]
    print(f"| | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}")
    for name in dict.fromkeys(name for column in columns for name in column):
        print(f"| {name} | {' | '.join(column.get(name, '') for column in columns)} |")


def rows(tree: Tree) -> dict[str, str]:
    """The table of a tree, without the timing."""
    files, functions = list(tree.lines.values()), list(tree.functions.values())
    folders = tree.folders()
    longest = max(tree.lines, key=lambda path: tree.lines[path])
    folder = max(folders, key=lambda path: folders[path])
    slowest = max(tree.functions, key=lambda name: tree.functions[name])
    cycles = find_cycles(tree.imports)
    prefixed = find_prefixed(list(tree.lines))
    return {
        "files, lines": f"{len(files)}, {sum(files):,}",
        "file length: median, 90th percentile, longest": (
            f"{median(files):.0f}, {quantiles(files, n=10)[8]:.0f}, {max(files)} (`{longest}`)"
        ),
        "function length: median, 90th percentile, longest": (
            f"{median(functions):.0f}, {quantiles(functions, n=10)[8]:.0f}, "
            f"{max(functions)} (`{slowest}`)"
        ),
        "longest folder": f"{folders[folder]:,} lines (`{folder}`)",
        "functions with every argument and result typed": _share(tree.typed, len(functions)),
        "public names with a docstring": _share(tree.documented, tree.public),
        "comments in 100 lines": f"{100 * tree.comments / sum(files):.1f}",
        "import cycles": f"{len(cycles)}{_named([' - '.join(sorted(c)) for c in cycles])}",
        "files named `prefix_part.py` beside a namesake": f"{len(prefixed)}{_named(prefixed)}",
    }


def read_tree(src: Path) -> Tree:
    """Count everything below a folder of packages."""
    tree = Tree()
    modules = {_module(src, path): path for path in sorted(src.rglob("*.py"))}
    if not modules:
        sys.exit(f"{src}: no Python files; name the folder that holds the package")
    for name, path in modules.items():
        text = path.read_text("utf-8")
        parsed = ast.parse(text, str(path))
        tree.lines[path.relative_to(src)] = len(text.splitlines())
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        tree.comments += sum(token.type == tokenize.COMMENT for token in tokens)
        for function in ast.walk(parsed):
            if isinstance(function, Function):
                last = function.end_lineno or function.lineno
                where = f"{name}.{function.name}:{function.lineno}"
                tree.functions[where] = last - function.lineno + 1
                tree.typed += _is_typed(function)
        documented = [ast.get_docstring(node) is not None for node in _public(parsed)]
        tree.public += len(documented)
        tree.documented += sum(documented)
        tree.imports[name] = set(_imported(parsed.body, name, path, modules)) - {name}
    return tree


def start_up(src: Path, repeats: int) -> dict[str, str]:
    """Seconds until each verb's help is there: a row for the slowest, and the median of all."""
    environment = {**os.environ, "PYTHONPATH": str(src.resolve())}
    listed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _VERBS], env=environment, capture_output=True, check=True
    )
    verbs: list[list[str]] = json.loads(listed.stdout)
    times: dict[str, float] = {}
    computed: dict[str, float] = {}
    for verb in verbs:
        command, name = [sys.executable, "-m", "understudy", *verb, "--help"], " ".join(verb)
        found = [_seconds(command, environment) for _ in range(repeats)]
        times[name or "understudy"] = median(wall for wall, _ in found)
        computed[name or "understudy"] = median(cpu for _, cpu in found)
    over = [f"{name} {s:.2f} s" for name, s in times.items() if s >= 0.5]
    return {
        "`--help`: verbs, median, slowest": _slowest(times),
        "`--help`, the processor's time: verbs, median, slowest": _slowest(computed),
        "verbs whose `--help` takes 0.5 s or more": f"{len(over)}{_named(over)}",
    }


def _slowest(times: dict[str, float]) -> str:
    slowest = max(times, key=lambda name: times[name])
    return f"{len(times)}, {median(times.values()):.2f} s, {times[slowest]:.2f} s (`{slowest}`)"


def find_cycles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that reach each other through imports at module level (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(imports.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = set(stack[stack.index(name) :])
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(group)

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * len(imports) + 1000))
    for name in sorted(imports):
        if name not in index:
            visit(name)
    return found


def find_prefixed(paths: list[Path]) -> list[str]:
    """Files `prefix_part.py` that share their prefix with another file or folder beside them."""
    found = []
    for path in paths:
        prefix, _, rest = path.stem.partition("_")
        if not prefix or not rest:
            continue
        beside = [p.stem for p in paths if p.parent == path.parent and p != path]
        beside += [p.parent.name for p in paths if p.parent.parent == path.parent]
        if any(name == prefix or name.startswith(f"{prefix}_") for name in beside):
            found.append(str(path))
    return found


def _module(src: Path, path: Path) -> str:
    return ".".join(path.relative_to(src).with_suffix("").parts).removesuffix(".__init__")


def _is_typed(function: Function) -> bool:
    a = function.args
    arguments = [*a.posonlyargs, *a.args, *a.kwonlyargs]
    arguments += [x for x in (a.vararg, a.kwarg) if x is not None]
    own = [x for x in arguments if x.arg not in ("self", "cls")]
    return all(x.annotation is not None for x in own) and function.returns is not None


def _public(parsed: ast.Module) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """The module, its public functions and classes, and their public methods.

    A constructor is told of by its class; overloads and setters by what they belong to.
    """
    yield parsed
    bodies: list[list[ast.stmt]] = [parsed.body]
    while bodies:
        for node in bodies.pop():
            if not isinstance(node, _DEFINITIONS):
                continue
            marks = {getattr(d, "id", getattr(d, "attr", "")) for d in node.decorator_list}
            if node.name.startswith("_") or marks & {"overload", "setter"}:
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                bodies.append(node.body)


def _imported(
    body: list[ast.stmt], name: str, path: Path, modules: dict[str, Path]
) -> Iterator[str]:
    """Modules of the tree that importing this one imports, but not for type checking."""
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _known(alias.name, modules)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                kept = package[: len(package) - node.level + 1]
                base = ".".join([*kept, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield from _known(whole if whole in modules else base, modules)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imported(node.orelse, name, path, modules)
        elif isinstance(node, (ast.If, ast.Try, ast.With, ast.ClassDef)):
            for part in ("body", "orelse", "finalbody"):
                yield from _imported(getattr(node, part, []), name, path, modules)
            for handler in getattr(node, "handlers", []):
                yield from _imported(handler.body, name, path, modules)


def _known(name: str, modules: dict[str, Path]) -> Iterator[str]:
    while name and name not in modules:
        name = name.rpartition(".")[0]
    if name:
        yield name


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % of {whole:,}"


def _named(names: list[str]) -> str:
    if not names:
        return ""
    return f": {', '.join(f'`{name}`' for name in names[:4])}{', …' * (len(names) > 4)}"


def _seconds(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """On the clock, and of the processor: where other work runs, the clock says little."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)  # noqa: S603
    took, after = time.perf_counter() - start, os.times()
    children = after.children_user - before.children_user
    return took, children + after.children_system - before.children_system


if __name__ == "__main__":
    main()
