"""Fields of the dataset that a model reads, carries along, or is judged by, and how they are put
together. Knows the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.names import Fault
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model


def of_inputs(
    model: Model, data: Dataset, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[Fault]:
    """Faults of `inputs`, `along`, `fair` and `trust`, which name fields of the dataset."""
    fields = sorted(data.fields)
    for i, field in enumerate(model.inputs):
        path = (*at, "inputs", i)
        if field not in data.fields:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{model.learns}' has no field '{field}'",
                    "a field of it",
                    fields,
                    field,
                ),
            )
        elif field == model.predict:
            yield (
                path,
                ConfigValueError(
                    "", f"'{field}' is what the model predicts", "an input other than it"
                ),
            )
        elif data.fields[field].sealed:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is encrypted, so nothing can be learnt from it",
                    "another input, or another 'private' for the field",
                ),
            )
        elif data.fields[field].private and field not in model.reveal:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is private",
                    f"another input, or 'reveal: [{field}]' in the model",
                ),
            )
    for i, field in enumerate(model.along):
        path = (*at, "along", i)
        if field not in data.fields:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{model.learns}' has no field '{field}'",
                    "a field of it",
                    fields,
                    field,
                ),
            )
        elif field in model.inputs or field == model.predict or data.fields[field].private:
            yield (
                path,
                ConfigValueError(
                    "",
                    f"'{field}' is"
                    f" {'private' if data.fields[field].private else 'an input' if field in model.inputs else 'what the model predicts'}",
                    "another field",
                ),
            )
    for key, said in (("fair", model.fair.by if model.fair else ()), ("trust", model.trust)):
        for i, field in enumerate(said):
            spot = (*at, key, "by", i) if key == "fair" else (*at, key, i)
            if field not in data.fields:
                yield (
                    spot,
                    ConfigValueError(
                        "",
                        f"'{model.learns}' has no field '{field}'",
                        "a field of it",
                        fields,
                        field,
                    ),
                )
            elif key == "fair" and data.fields[field].private:
                yield (
                    spot,
                    ConfigValueError(
                        "",
                        f"'{field}' is private, so its groups are not told apart",
                        "a field that is not, such as a coarser one",
                    ),
                )


def of_texts(model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]) -> Iterator[Fault]:
    """Faults of `pair` and `fusion`, which put inputs together."""
    texts = [f for f in model.inputs if kinds.get(f) == "text"]
    if model.pair and sorted(model.pair) != sorted(texts):
        yield (
            (*at, "pair"),
            ConfigValueError(
                "",
                f"the pair is {', '.join(model.pair)}, and the inputs that are texts are"
                f" {', '.join(texts) or 'none'}",
                "the two inputs that are texts, and no other",
            ),
        )
    if model.fusion == "late" and (
        not texts or len(texts) == len(model.inputs) or model.tune.method != "frozen"
    ):
        yield (
            (*at, "fusion"),
            ConfigValueError(
                "",
                "late fusion puts together what a head of texts and a head of a table say, over"
                " a base that stays as it is",
                "'early', or 'tune: frozen' with inputs that are texts and others",
            ),
        )
    if model.fusion == "attention" and model.tune.method != "frozen":
        yield (
            (*at, "fusion"),
            ConfigValueError(
                "",
                "attention fuses what a base that stays as it is has read",
                "'early', or 'tune: frozen'",
            ),
        )
