"""Texts and fields that a base model is pretrained on. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model

TARGETS = ("category", "boolean", "number", "integer", "decimal")


def check_pretraining(eco: Ecosystem, model: Model, at: Path) -> Iterator[Fault]:
    """Faults of `pretrain`: it reads texts that are not private, of one dataset."""
    assert model.pretrain is not None
    name = model.pretrain.dataset or model.dataset
    if model.pretrain.dataset:
        yield from check_reference(eco, (*at, "pretrain", "dataset"), name, "datasets")
    data = eco.datasets.get(name)
    if data is None or data.auto:
        return
    for i, field in enumerate(model.pretrain.fields):
        path = (*at, "pretrain", "fields", i)
        yield from _check_field(path, field, model, name, data, ("text",), "a text field")
    expected = "a category, boolean or number field"
    for i, field in enumerate(model.pretrain.method.fields):
        path = (*at, "pretrain", "method", "fields", i)
        yield from _check_field(path, field, model, name, data, TARGETS, expected)


def _check_field(
    path: Path,
    field: str,
    model: Model,
    name: str,
    data: Dataset,
    types: Sequence[str],
    expected: str,
) -> Iterator[Fault]:
    kind = data.fields.get(field)
    if kind is None:
        yield unknown_field(path, name, data.fields, field)
        return
    type_name = kind.role
    if type_name not in types:
        yield fault(path, f"'{field}' is a {type_name}", expected)
    elif kind.private and field not in model.allow_private:
        expected = f"another field, or 'allow_private: [{field}]' in the model"
        yield fault(path, f"'{field}' is private", expected)
