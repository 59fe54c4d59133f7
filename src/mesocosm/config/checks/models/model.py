"""What a model's settings require of the dataset that it trains on. Knows the checks of a
model's task, and those of settings that tasks share.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.models.adaptation import check_adaptation, check_federated
from mesocosm.config.checks.models.base_models import check_automl, check_base, check_continual
from mesocosm.config.checks.models.features import check_features, check_fusion
from mesocosm.config.checks.models.targets import check_target
from mesocosm.config.checks.names import check_reference
from mesocosm.config.model_tasks import describe_model, find_model_task
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault
from mesocosm.learning.tasks.task import CheckedModel, Task
from mesocosm.learning.tasks.vision.checks import check_vision


def check_models(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in models that does not fit together."""
    for name, model in eco.models.items():
        at = ("models", name)
        yield from check_reference(eco, (*at, "dataset"), model.dataset, "datasets")
        data = eco.datasets.get(model.dataset)
        if not data or data.auto:
            continue
        checked, task = describe_model(eco, model, at), find_model_task(eco, model)
        yield from check_target(checked, task)
        if task is None or not task.checks_alone:
            yield from _check_settings(eco, name, checked, task)


def _check_settings(
    eco: Ecosystem, name: str, checked: CheckedModel, task: Task | None
) -> Iterator[Fault]:
    """Settings that tasks share: features, bases, and ways to train."""
    model, kinds, at = checked.model, checked.types, checked.at
    data = eco.datasets[model.dataset]
    yield from check_features(model, data, at)
    yield from check_fusion(model, kinds, at)
    yield from check_vision(model, kinds, task is None or task.takes_images, at)
    yield from check_automl(model, task, at)
    if model.init_from:
        yield from check_adaptation(eco, name, checked, task)
    if model.federated:
        yield from check_federated(data, checked, task)
    yield from check_continual(model, task, at)
    yield from check_base(eco, model, kinds, at)
