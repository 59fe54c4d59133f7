"""Labels that people give: spelt as the model's own, or rejected.

Knows what a model predicts; stores nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.fields import MOST_TEXT


def normalise_label(label: str, name: str, model: ModelInstance | None) -> str:
    """Spell a label given by a person as the model's own; an alias of the file is the value it
    stands for.

    Args:
        name: of the service, whose deployed model is `model`.

    Raises:
        ConfigValueError: the model cannot predict it.
    """
    if model is None or not model.fields:
        return _normalise_class(label, name, [], {})
    labels, spellings = list(model.labels), model.fields.spellings
    match model.form.label:
        case "free":
            _check_text(label)
            return label
        case "number":
            _check_number(label)
            return label
        case "many":
            return _normalise_labels(label, name, labels, spellings)
        case "one":
            return _normalise_class(label, name, labels, spellings)


def _check_text(label: str) -> None:
    if not label.strip() or len(label) > MOST_TEXT:
        raise ConfigValueError(
            "label",
            Message("serving.label_too_long", length=len(label)),
            Message("serving.right_text", most=MOST_TEXT),
        )


def _check_number(label: str) -> None:
    try:
        if not math.isfinite(float(label)):
            raise ValueError
    except ValueError as error:
        raise ConfigValueError(
            "label",
            Message("serving.label_not_a_number", label=label[:40]),
            Message("serving.true_number"),
        ) from error


def _normalise_class(
    label: str, name: str, labels: Sequence[str], spellings: Mapping[str, str]
) -> str:
    return _match(label, name, labels, spellings, Message("serving.one_of_its_labels"))


def _normalise_labels(
    label: str, name: str, labels: Sequence[str], spellings: Mapping[str, str]
) -> str:
    given = sorted({v.strip() for v in label.split(";") if v.strip()}) or [""]
    expected = Message("serving.labels_with_semicolons")
    return "; ".join(sorted({_match(v, name, labels, spellings, expected) for v in given}))


def _match(
    label: str, name: str, labels: Sequence[str], spellings: Mapping[str, str], expected: Message
) -> str:
    """The model's own label that is meant."""
    meant = label
    if label not in labels:
        folded = label.strip().casefold()
        meant = spellings.get(label.strip(), spellings.get(folded, label))
    if meant not in labels:
        found = Message("serving.not_a_label_of", label=meant[:40], name=name)
        raise ConfigValueError("label", found, expected, labels, meant)
    return meant
