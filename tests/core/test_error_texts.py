"""What an error says is a message with an id, so that its reader gets it in their language: no error
of `core/errors` is made of a text that is written out where it is raised.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from conftest import ROOT

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message

SOURCE = ROOT / "src" / "mesocosm"
MAKERS = ("Finding", "fault", "refusal")  # functions and records that take its texts
ERRORS = {"MesocosmError", "ConfigValueError", "RetryableError", "ConfigError"}
FIRST = {"ConfigValueError": 1, "Finding": 2, "fault": 1, "refusal": 0}  # where its texts begin


def error_classes(trees: dict[str, ast.Module]) -> set[str]:
    """The errors of `core/errors` and all that derive from them, by name."""
    found, size = set(ERRORS), 0
    classes = [
        node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    while size < len(found):
        size = len(found)
        for node in classes:
            bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
            if bases & found:
                found.add(node.name)
    return found


def text_arguments(call: ast.Call, name: str) -> list[ast.expr]:
    """The arguments of an error that are texts."""
    if name not in FIRST:
        return [*call.args, *(word.value for word in call.keywords)]
    first = FIRST[name]
    named = [word.value for word in call.keywords if word.arg in ("found", "expected")]
    return [*call.args[first : first + 2], *named]


def written_texts(node: ast.expr, texts: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The texts with a space that an expression may be, names looked up where they are set."""
    match node:
        case ast.Constant(value=str(text)) if " " in text:
            yield text
        case ast.JoinedStr(values=parts):
            words = [part.value for part in parts if isinstance(part, ast.Constant)]
            if any(" " in str(word) for word in words):
                yield ast.unparse(node)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from written_texts(one, texts)
            yield from written_texts(other, texts)
        case ast.BoolOp(values=values):
            for value in values:
                yield from written_texts(value, texts)
        case ast.Name(id=name):
            for value in texts.get(name, ()):
                yield from written_texts(value, {})


def set_texts(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name of a scope is set to."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node.value)
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for each, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(each, ast.Name):
                        found.setdefault(each.id, []).append(value)
    return found


def find_written(tree: ast.Module, errors: set[str]) -> Iterator[str]:
    """Each error of a module that is made of a written text: its line and the text."""
    outer = {
        name: values
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name, values in set_texts(node).items()
    }
    inner = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    seen: set[tuple[int, str]] = set()
    for scope in [*inner, tree]:
        texts = outer if scope is tree else outer | set_texts(scope)
        for call in ast.walk(scope):
            if not isinstance(call, ast.Call):
                continue
            name = str(getattr(call.func, "id", getattr(call.func, "attr", "")))
            if name not in errors:
                continue
            for argument in text_arguments(call, name):
                seen |= {(call.lineno, text) for text in written_texts(argument, texts)}
    yield from (f"{line}: {text}" for line, text in sorted(seen))


def read_trees() -> dict[str, ast.Module]:
    """The modules of the source by their path."""
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    }


def test_every_error_is_a_message() -> None:
    trees = read_trees()
    errors = error_classes(trees) | set(MAKERS)
    written = {
        f"{path}:{fault}" for path, tree in trees.items() for fault in find_written(tree, errors)
    }
    assert sorted(written) == []
    assert {"PluginError", "ModelNotHeld"} <= errors


@pytest.mark.parametrize(
    "code",
    [
        'raise MesocosmError("the file is empty")',
        'raise errors.RetryableError(f"{host} does not answer")',
        'raise PluginError("no such kind" if name else "")',
        'raise ConfigValueError("base", Message("a.b"), "a known base")',
        'raise ConfigValueError("base", found="no such base")',
        'raise ConfigValueError("base", why or f"no {base} here")',
        'found = "no such base"\nraise ConfigValueError("base", found)',
        'def f():\n    found, expected = "no base", "a base"\n    raise ConfigValueError("", found)',
        'def f():\n    found += f" of {name}"\n    raise MesocosmError(found)',
        'yield fault(("models", "risk"), "no base", word="a b")',
        'raise plugin.refusal(f"it is a {kind}", Message("a.b"))',
        'Finding(place, "base", Message("a.b"), "a known base")',
    ],
)
def test_a_written_text_is_found(code: str) -> None:
    assert list(find_written(ast.parse(code), {*ERRORS, *MAKERS, "PluginError"}))


@pytest.mark.parametrize(
    "code",
    [
        'raise ConfigValueError("--set name", Message("a.b"), "JSON", ["a b"], "a word")',
        'raise MesocosmError(Message("a.b", why=f"{n} of them"))',
        'found = "a text that no error has"\nraise MesocosmError(Message("a.b"))',
        'raise ValueError("not for a reader")',
    ],
)
def test_a_message_is_no_written_text(code: str) -> None:
    assert not list(find_written(ast.parse(code), {*ERRORS, *MAKERS}))


def test_where_there_is_no_choice_none_is_offered() -> None:
    none = ConfigValueError("", "no service is named 'desk'", Message("core.one_of_choices"), ())
    assert str(none) == "no service is named 'desk'; expected an existing one; there is none."
    one = ConfigValueError("", "no service", Message("core.one_of_choices"), ("mail",), "mial")
    assert str(one) == (
        "no service; expected one of the choices. Choices: mail. Did you mean 'mail'?"
    )
