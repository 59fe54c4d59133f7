"""Texts and fields that a base learns from before its task. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesocosm.config.checks.names import Fault, edge
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError


def of_pretrain(eco: Ecosystem, model: Any, at: tuple[Any, ...]) -> Iterator[Fault]:
    """Texts that a base learns from: fields of a dataset that are texts and not private."""
    name = model.pretrain.of or model.learns
    if model.pretrain.of:
        yield from edge(eco, (*at, "pretrain", "of"), name, "datasets")
    data = eco.datasets.get(name)
    for i, field in enumerate(model.pretrain.on if data and not data.auto else ()):
        path = (*at, "pretrain", "on", i)
        kind = data.fields.get(field) if data else None
        if kind is None:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{name}' has no field '{field}'",
                    "a field of it",
                    sorted(data.fields) if data else [],
                    field,
                ),
            )
        elif str(kind.model_dump()["type"]) != "text":
            yield (
                path,
                ConfigValueError("", f"'{field}' is a {kind.model_dump()['type']}", "a text field"),
            )
        elif kind.private and field not in model.reveal:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is private",
                    f"another field, or 'reveal: [{field}]' in the model",
                ),
            )

    for i, field in enumerate(model.pretrain.objective.fields if data and not data.auto else ()):
        path = (*at, "pretrain", "objective", "fields", i)
        kind = data.fields.get(field) if data else None
        if kind is None:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{name}' has no field '{field}'",
                    "a field of it",
                    sorted(data.fields) if data else [],
                    field,
                ),
            )
        elif str(kind.model_dump()["type"]) not in (
            "category",
            "boolean",
            "number",
            "integer",
            "decimal",
        ):
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is a {kind.model_dump()['type']}",
                    "a category, boolean or number field",
                ),
            )
        elif kind.private and field not in model.reveal:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is private",
                    f"another field, or 'reveal: [{field}]' in the model",
                ),
            )
