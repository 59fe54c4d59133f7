"""Fields of the dataset that a model reads, carries as context, or is evaluated by, and how they
are fused. Knows the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model


def check_features(model: Model, data: Dataset, at: Path) -> Iterator[Fault]:
    """Faults of `features`, `context_fields`, `fairness` and `allow_leakage`.

    Each names fields of the dataset.
    """
    for i, field in enumerate(model.features):
        yield from _check_input((*at, "features", i), field, model, data)
    for i, field in enumerate(model.context_fields):
        yield from _check_context_field((*at, "context_fields", i), field, model, data)
    if model.fairness:
        for i, field in enumerate(model.fairness.groups):
            yield from _check_group_field((*at, "fairness", "by", i), field, model, data)
    for i, field in enumerate(model.allow_leakage):
        if field not in data.fields:
            yield unknown_field((*at, "allow_leakage", i), model.dataset, data.fields, field)


def _check_input(path: Path, field: str, model: Model, data: Dataset) -> Iterator[Fault]:
    if field not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, field)
    elif field == model.target:
        yield fault(
            path, Message("config.field_is_target", field=field), Message("config.other_input")
        )
    elif data.fields[field].sealed:
        found = Message("config.field_encrypted", field=field)
        yield fault(path, found, Message("config.other_input_or_privacy"))
    elif data.fields[field].private and field not in model.allow_private:
        expected = Message("config.other_input_or_allow", field=field)
        yield fault(path, Message("config.field_private", field=field), expected)


def _check_group_field(path: Path, field: str, model: Model, data: Dataset) -> Iterator[Fault]:
    if field not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, field)
    elif data.fields[field].private:
        found = Message("config.private_groups", field=field)
        yield fault(path, found, Message("config.coarser_field"))


def _check_context_field(path: Path, field: str, model: Model, data: Dataset) -> Iterator[Fault]:
    if field not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, field)
    elif data.fields[field].private:
        yield fault(
            path, Message("config.field_private", field=field), Message("config.other_field")
        )
    elif field in model.features:
        yield fault(
            path, Message("config.field_is_input", field=field), Message("config.other_field")
        )
    elif field == model.target:
        yield fault(
            path, Message("config.field_is_target", field=field), Message("config.other_field")
        )


def check_fusion(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """Faults of `pair` and `fusion`, which combine inputs."""
    texts = [field for field in model.features if kinds.get(field) == "text"]
    yield from _check_pair(model, texts, at)
    yield from _check_fusion_method(model, texts, at)


def _check_pair(model: Model, texts: Sequence[str], at: Path) -> Iterator[Fault]:
    if model.pair and sorted(model.pair) != sorted(texts):
        yield fault(
            (*at, "pair"),
            Message(
                "config.pair_of_other_texts",
                pair=tuple(model.pair),
                texts=tuple(texts) or Message("config.none"),
            ),
            Message("config.two_text_inputs"),
        )


def _check_fusion_method(model: Model, texts: Sequence[str], at: Path) -> Iterator[Fault]:
    frozen = model.fine_tune.method == "frozen"
    texts_and_others = bool(texts) and len(texts) < len(model.features)
    if model.fusion == "late" and not (texts_and_others and frozen):
        yield fault(
            (*at, "fusion"),
            Message("config.late_fusion_needs"),
            Message("config.early_or_frozen_mixed"),
        )
    if model.fusion == "attention" and not frozen:
        found = Message("config.attention_needs_frozen")
        yield fault((*at, "fusion"), found, Message("config.early_or_frozen"))
