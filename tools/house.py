"""Measure how the code stands: `python tools/house.py [FOLDER]`, or `make house`.

One line a figure, `name  figure  target  met|missed`, and exit status 1 where one is missed.
Complexity is McCabe's as radon counts it: 1, and 1 more for each branch, loop, boolean operator,
conditional expression and comprehension. Figures a kLOC are over all physical lines.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "mesocosm"
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One file of Python.

    Args:
        name: as it is imported.
        lines: its physical lines.
        tree: its syntax tree.
    """

    name: str
    path: Path
    lines: Sequence[str]
    tree: ast.Module


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its target; `most` is the largest value that meets it."""

    name: str
    value: float
    most: float

    @property
    def line(self) -> str:
        """As it is printed."""
        met = "met" if self.value <= self.most else "missed"
        return f"{self.name}  {self.value:.4g}  <= {self.most:g}  {met}"


def read_modules(folder: Path) -> list[Module]:
    """Every module below a folder, the built web client left out."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        if "web" in path.relative_to(folder).parts:
            continue
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
        module = name.removesuffix(".__init__")
        found.append(Module(module, path, text.splitlines(), ast.parse(text)))
    return found


def read_complexities(modules: Iterable[Module]) -> list[int]:
    """The complexity of every function, method and closure."""
    from radon.visitors import ComplexityVisitor

    def each(functions: Iterable[ComplexityVisitor]) -> Iterator[int]:
        for function in functions:
            yield function.complexity
            yield from each(getattr(function, "closures", ()))

    found: list[int] = []
    for module in modules:
        visitor = ComplexityVisitor.from_ast(module.tree)
        found += each(visitor.functions)
        for kind in visitor.classes:
            found += each(kind.methods)
    return found


def count_nested_comprehensions(modules: Iterable[Module]) -> int:
    """Comprehensions of several loops, and those that hold another comprehension."""
    count = 0
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, COMPREHENSIONS):
                inner = (one for one in ast.walk(node) if one is not node)
                count += len(node.generators) > 1
                count += any(isinstance(one, COMPREHENSIONS) for one in inner)
    return count


def count_nodes(modules: Iterable[Module], kind: type[ast.AST]) -> int:
    """How many nodes of a kind there are."""
    return sum(isinstance(node, kind) for module in modules for node in ast.walk(module.tree))


def read_functions(modules: Iterable[Module]) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, whatever it is in."""
    nodes = (node for module in modules for node in ast.walk(module.tree))
    return [node for node in nodes if isinstance(node, FUNCTIONS)]


def count_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The parameters of a function, `self` and `cls` left out.

    A command's options are read by typer from its parameters, so they are what a person may type
    and no parameters that travel together.
    """
    if any("report_failures" in ast.unparse(one) for one in function.decorator_list):
        return 0
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def count_public_any(modules: Iterable[Module]) -> int:
    """Public functions and methods whose signature has `Any`."""
    count = 0
    for module in modules:
        for scope in ast.walk(module.tree):
            if not isinstance(scope, ast.Module | ast.ClassDef):
                continue
            if isinstance(scope, ast.ClassDef) and scope.name.startswith("_"):
                continue
            for node in scope.body:
                if isinstance(node, FUNCTIONS) and not node.name.startswith("_"):
                    parts = [
                        one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg)
                    ]
                    texts = [ast.unparse(one) for one in [*parts, node.returns] if one is not None]
                    count += any(re.search(r"\bAny\b", text) for text in texts)
    return count


def find_circles(modules: Sequence[Module]) -> list[list[str]]:
    """Groups of modules that import each other when they are loaded (Tarjan 1972)."""
    names = {module.name for module in modules}
    imports: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        package = (
            module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
        )
        for node in module.tree.body:  # an import within a function happens later
            imports[module.name] |= _imported(node, package, names) - {module.name}
    return [sorted(group) for group in _components(sorted(names), imports) if len(group) > 1]


def _imported(node: ast.stmt, package: str, names: set[str]) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & names
    if not isinstance(node, ast.ImportFrom):
        return set()
    base = node.module or ""
    if node.level:
        parts = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parts, base]) if base else ".".join(parts)
    modules = {f"{base}.{alias.name}" for alias in node.names} & names
    return modules or ({base} & names)


def _components(nodes: Sequence[str], edges: dict[str, set[str]]) -> list[list[str]]:
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = stack.index(node)
            found.append(stack[at:])
            del stack[at:]

    sys.setrecursionlimit(10_000)
    for node in nodes:
        if node not in order:
            visit(node)
    return found


def largest_folder(modules: Iterable[Module]) -> int:
    """The most modules that one folder holds, `__init__.py` left out."""
    counts: dict[Path, int] = defaultdict(int)
    for module in modules:
        counts[module.path.parent] += module.path.name != "__init__.py"
    return max(counts.values())


def measure_any(folder: Path) -> float:
    """The share of expressions whose type is `Any`, in per cent, as mypy reports it."""
    with tempfile.TemporaryDirectory() as report:
        words = [sys.executable, "-m", "mypy", "--any-exprs-report", report, str(folder)]
        subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
        for line in (Path(report) / "any-exprs.txt").read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("Total"):
                _, anys, every, _ = line.split()
                return 100 * int(anys) / int(every)
    raise SystemExit("mypy gave no report of Any")


def measure(
    folder: Path = SOURCE, any_share: Callable[[Path], float] = measure_any
) -> list[Figure]:
    """All figures of the house."""
    modules = read_modules(folder)
    kloc = sum(len(module.lines) for module in modules) / 1000
    complexities = read_complexities(modules)
    functions = read_functions(modules)
    lengths = [(one.end_lineno or one.lineno) - one.lineno + 1 for one in functions]
    over = sum(value > 12 for value in complexities)
    lines = [line for module in modules for line in module.lines]
    return [
        Figure("functions of complexity over 12, %", 100 * over / len(complexities), 2),
        Figure("largest complexity", max(complexities), 20),
        Figure("mean complexity", statistics.mean(complexities), 3.3),
        Figure("nested comprehensions a kLOC", count_nested_comprehensions(modules) / kloc, 0.7),
        Figure("conditional expressions a kLOC", count_nodes(modules, ast.IfExp) / kloc, 10),
        Figure("lines over 100 characters", sum(len(line) > 100 for line in lines), 0),
        Figure("expressions that are Any, %", any_share(folder), 4),
        Figure("public signatures with Any", count_public_any(modules), 0),
        Figure("import circles", len(find_circles(modules)), 0),
        Figure("modules in the largest folder", largest_folder(modules), 14),
        Figure("functions over 60 lines, %", 100 * sum(n > 60 for n in lengths) / len(lengths), 1),
        Figure("lines of the longest module", max(len(module.lines) for module in modules), 400),
        Figure(
            "functions of more than 7 parameters",
            sum(count_parameters(f) > 7 for f in functions),
            0,
        ),
    ]


if __name__ == "__main__":
    figures = measure(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE)
    print("\n".join(figure.line for figure in figures))
    sys.exit(any(figure.value > figure.most for figure in figures))
