"""What a model must have in common with the dataset that it learns. Knows which check is for which
kind of model.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.models.adaptation import of_adapted, of_federated
from mesocosm.config.checks.models.base_models import of_auto, of_base, of_continual
from mesocosm.config.checks.models.features import of_inputs, of_texts
from mesocosm.config.checks.models.ranking import of_rank
from mesocosm.config.checks.models.targets import of_target
from mesocosm.config.checks.models.vision import of_sight
from mesocosm.config.checks.names import Fault, edge
from mesocosm.config.schema import Ecosystem


def check_models(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in models that does not fit together."""
    for name, model in eco.models.items():
        at = ("models", name)
        yield from edge(eco, (*at, "learns"), model.learns, "datasets")
        data = eco.datasets.get(model.learns)
        if not data or data.auto:
            continue
        kinds = {
            f: "number" if k.ibis_type.startswith("decimal") else str(k.model_dump()["type"])
            for f, k in data.fields.items()
        }
        if model.rank:
            yield from of_rank(eco, model, data, kinds, at)
            continue
        yield from of_target(model, data, kinds, at)
        yield from of_inputs(model, data, kinds, at)
        yield from of_texts(model, kinds, at)
        yield from of_sight(model, kinds, at)
        yield from of_auto(model, kinds, at)
        yield from of_adapted(eco, name, model, kinds, at) if model.adapts else ()
        yield from of_federated(data, model, kinds, at) if model.federated else ()
        yield from of_continual(model, kinds, at)
        yield from of_base(eco, model, kinds, at)
