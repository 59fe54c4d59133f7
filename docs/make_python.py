"""Write docs/reference/python.md from docstrings: `python docs/make_python.py`; a test holds it
to the code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import mesocosm
from mesocosm.api.dataset import DatasetView
from mesocosm.api.ecosystem import Ecosystem
from mesocosm.api.file_verbs import FileVerbs
from mesocosm.api.listed_records import ListedRecords
from mesocosm.api.model import ModelView
from mesocosm.api.service import ServiceView
from mesocosm.api.verbs.data import DataVerbs
from mesocosm.api.verbs.model import ModelVerbs
from mesocosm.api.verbs.server import RunningServer
from mesocosm.api.verbs.service import ServiceVerbs
from mesocosm.api.verbs.test import TestVerbs
from mesocosm.api.verbs.world import WorldVerbs
from mesocosm.client import AsyncClient, Client

FUNCTIONS = ("open", "init", "draft", "check", "migrate", "restore", "schema")
CLASSES: dict[str, tuple[type, ...]] = {
    "eco": (Ecosystem, ListedRecords, FileVerbs),
    "eco.data": (DataVerbs,),
    "eco.model": (ModelVerbs,),
    "eco.service": (ServiceVerbs,),
    "eco.test": (TestVerbs,),
    "eco.world": (WorldVerbs,),
    "eco.datasets[NAME]": (DatasetView,),
    "eco.models[NAME]": (ModelView,),
    "eco.services[NAME]": (ServiceView,),
    "eco.up()": (RunningServer,),
    "mesocosm.Client": (Client,),
}
SETTINGS = ("DraftGoal", "FileLayout", "LanguageEndpoint", "PrivateQuery", "ServeSettings")
RESULTS = (
    "changed_cells",
    "checks",
    "data",
    "file",
    "model",
    "plan",
    "project",
    "report",
    "requests",
    "service",
    "trials",
)
RECORDS = ("mesocosm.catalog.records", "mesocosm.client.answers", "mesocosm.client.predictions")
SECTION = re.compile(r"^(Args|Raises|Returns):\n((?:    .*\n?|\n)*)", re.M)
INTRODUCTION = """# Python

`import mesocosm`; `eco = mesocosm.open("bank")` opens the ecosystem of a file or folder. Every
verb of the command line is a method with a typed result: `mesocosm plan` is
`eco.plan(details=True)`, `mesocosm data versions` is `eco.data.versions`. A result has
`to_json()`, the JSON that the command prints with `--json`. A notebook shows plans, reports, cards
and alerts as pages; `examples/notebook/bank.ipynb` is one.

Errors are `mesocosm.MesocosmError`; of it `ConfigError` has `findings`, each with its place in the
file, and `ConfigValueError` the nearest choice. A server's refusal is `mesocosm.Refused`.
"""


def python_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Functions\n"]
    parts += [_describe_callable(f"mesocosm.{name}", getattr(mesocosm, name)) for name in FUNCTIONS]
    for name, kinds in CLASSES.items():
        parts.append(f"## {name}\n\n{_describe_text(kinds[0])}")
        parts += [part for kind in kinds for part in _describe_members(name, kind)]
    parts.append(f"## mesocosm.AsyncClient\n\n{_describe_text(AsyncClient)}")
    parts.append("Its methods are those of `mesocosm.Client`, each awaited.\n")
    parts.append("## Settings\n")
    parts += [_describe_record(getattr(mesocosm, name)) for name in SETTINGS]
    parts.append("## Results\n")
    parts += [_describe_record(kind) for kind in _list_results()]
    return "\n".join(parts).rstrip() + "\n"


def _list_results() -> list[type]:
    """The records of the catalog, of a server and of the verbs, by name."""
    homes = [*RECORDS, *(f"mesocosm.api.results.{name}" for name in RESULTS)]
    found: dict[str, type] = {}
    for home in homes:
        for name, kind in vars(import_module(home)).items():
            own = inspect.isclass(kind) and kind.__module__ == home
            if own and is_dataclass(kind) and not name.startswith("_"):
                found[name] = kind
    return [found[name] for name in sorted(found)]


def _describe_members(owner: str, kind: type) -> Iterator[str]:
    """The public methods and properties that a class itself has."""
    for name, member in vars(kind).items():
        if name.startswith("_") and name != "__getitem__":
            continue
        if isinstance(member, property):
            yield f"### {owner}.{name}\n\n{_describe_text(member)}"
        elif isinstance(member, staticmethod) or inspect.isfunction(member):
            yield _describe_callable(f"{owner}.{name}", getattr(kind, name))


def _describe_callable(name: str, function: Callable[..., object]) -> str:
    """A function under its signature."""
    title = name.replace("eco.__getitem__", "eco[NAME]")
    signature = inspect.signature(function)
    shown = [_format_parameter(p) for p in signature.parameters.values() if p.name != "self"]
    call = title if title.endswith("]") else f"{title}({', '.join(shown)})"
    call += f" -> {signature.return_annotation}"
    return f"### {title}\n\n```python\n{call}\n```\n\n{_describe_text(function)}"


def _format_parameter(parameter: inspect.Parameter) -> str:
    """A parameter with its type and default; a callback's default is not shown."""
    text = f"{parameter.name}: {parameter.annotation}"
    if parameter.default is inspect.Parameter.empty:
        return text
    default = "..." if inspect.isfunction(parameter.default) else repr(parameter.default)
    return f"{text} = {default}"


def _describe_record(kind: type) -> str:
    """A record with its fields and their types."""
    lines = [f"`{one.name}: {str(one.type).strip(chr(39))}`" for one in fields(kind)]
    return f"### {kind.__name__}\n\n{_describe_text(kind)}\nFields: {', '.join(lines)}.\n"


def _describe_text(thing: object) -> str:
    """A docstring in Markdown: its text, then its sections as lists."""
    doc = inspect.cleandoc(getattr(thing, "__doc__", "") or "")
    doc = doc.split("\n>>>")[0] + "\n"
    sections = "".join(_describe_section(title, body) for title, body in SECTION.findall(doc))
    text = SECTION.sub("", doc).strip()
    return f"{text}\n{sections}"


def _describe_section(title: str, body: str) -> str:
    """A section of a docstring as a list; `Args` and `Raises` have a name a line."""
    lines = inspect.cleandoc(body).splitlines()
    if title == "Returns":
        return f"\nReturns: {' '.join(line.strip() for line in lines)}\n"
    items: list[str] = []
    for line in lines:
        name, colon, rest = line.partition(": ")
        if colon and not line.startswith(" "):
            items.append(f"- `{name}`: {rest.strip()}")
        elif items:
            items[-1] += f" {line.strip()}"
    head = "\nRaises:\n\n" if title == "Raises" else "\n"
    return head + "\n".join(items) + "\n"


if __name__ == "__main__":
    page = Path(__file__).parent / "reference" / "python.md"
    page.write_text(python_page(), encoding="utf-8")
