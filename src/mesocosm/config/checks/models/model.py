"""What a model's settings require of the dataset that it trains on. Knows which check is for which
kind of model.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.models.adaptation import check_adaptation, check_federated
from mesocosm.config.checks.models.base_models import check_automl, check_base, check_continual
from mesocosm.config.checks.models.features import check_features, check_fusion
from mesocosm.config.checks.models.ranking import check_ranking
from mesocosm.config.checks.models.targets import check_target
from mesocosm.config.checks.models.vision import check_vision
from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault
from mesocosm.data.types.field import FieldKind


def check_models(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in models that does not fit together."""
    for name, model in eco.models.items():
        at = ("models", name)
        yield from check_reference(eco, (*at, "dataset"), model.dataset, "datasets")
        data = eco.datasets.get(model.dataset)
        if not data or data.auto:
            continue
        kinds = {field: _type_name(kind) for field, kind in data.fields.items()}
        if model.rank:
            yield from check_ranking(eco, model, data, kinds, at)
            continue
        yield from check_target(model, data, kinds, at)
        yield from check_features(model, data, at)
        yield from check_fusion(model, kinds, at)
        yield from check_vision(model, kinds, at)
        yield from check_automl(model, kinds, at)
        if model.init_from:
            yield from check_adaptation(eco, name, model, kinds, at)
        if model.federated:
            yield from check_federated(data, model, kinds, at)
        yield from check_continual(model, kinds, at)
        yield from check_base(eco, model, kinds, at)


def _type_name(kind: FieldKind) -> str:
    """The field's type as the file calls it; a decimal is a number to a model."""
    if kind.ibis_type.startswith("decimal"):
        return "number"
    return str(kind.model_dump()["type"])
