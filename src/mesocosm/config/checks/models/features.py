"""Fields of the dataset that a model reads, carries as context, or is evaluated by, and how they
are fused. Knows the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault, unknown_field
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
        yield fault(path, f"'{field}' is what the model predicts", "an input other than it")
    elif data.fields[field].sealed:
        found = f"'{field}' is encrypted, so no model can train on it"
        yield fault(path, found, "another input, or another 'private' for the field")
    elif data.fields[field].private and field not in model.allow_private:
        expected = f"another input, or 'allow_private: [{field}]' in the model"
        yield fault(path, f"'{field}' is private", expected)


def _check_group_field(path: Path, field: str, model: Model, data: Dataset) -> Iterator[Fault]:
    if field not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, field)
    elif data.fields[field].private:
        found = f"'{field}' is private, so its groups cannot be compared"
        yield fault(path, found, "a field that is not, such as a coarser one")


def _check_context_field(path: Path, field: str, model: Model, data: Dataset) -> Iterator[Fault]:
    if field not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, field)
    elif data.fields[field].private:
        yield fault(path, f"'{field}' is private", "another field")
    elif field in model.features:
        yield fault(path, f"'{field}' is an input", "another field")
    elif field == model.target:
        yield fault(path, f"'{field}' is what the model predicts", "another field")


def check_fusion(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """Faults of `pair` and `fusion`, which combine inputs."""
    texts = [field for field in model.features if kinds.get(field) == "text"]
    frozen = model.fine_tune.method == "frozen"
    if model.pair and sorted(model.pair) != sorted(texts):
        yield fault(
            (*at, "pair"),
            f"the pair is {', '.join(model.pair)}, and the inputs that are texts are"
            f" {', '.join(texts) or 'none'}",
            "the two inputs that are texts, and no other",
        )
    texts_and_others = texts and len(texts) < len(model.features)
    if model.fusion == "late" and not (texts_and_others and frozen):
        yield fault(
            (*at, "fusion"),
            "late fusion combines a head of texts and a head of a table over a frozen base",
            "'early', or 'fine_tune: frozen' with inputs that are texts and others",
        )
    if model.fusion == "attention" and not frozen:
        found = "attention fuses the embeddings of a frozen base"
        yield fault((*at, "fusion"), found, "'early', or 'fine_tune: frozen'")
