"""Texts and fields that a base model is pretrained on. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.core.messages import Message, Text
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
        yield from _check_field(
            path, field, model, name, data, ("text",), Message("config.text_field")
        )
    expected = Message("config.class_or_number_field")
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
    expected: Text,
) -> Iterator[Fault]:
    kind = data.fields.get(field)
    if kind is None:
        yield unknown_field(path, name, data.fields, field)
        return
    type_name = kind.role
    if type_name not in types:
        yield fault(path, Message("config.field_of_type", field=field, kind=type_name), expected)
    elif kind.private and field not in model.allow_private:
        expected = Message("config.other_field_or_allow", field=field)
        yield fault(path, Message("config.field_private", field=field), expected)
