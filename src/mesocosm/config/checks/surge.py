"""What a surge monitor counts: predictions of a classifier, by fields that its service takes. Knows
the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.model_tasks import sends_rows
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.monitoring.settings import Monitor
from mesocosm.monitoring.surge.settings import Surge


def check_surge(eco: Ecosystem, name: str, monitor: Monitor) -> Iterator[Fault]:
    """Faults of `surge`."""
    at: Path = ("monitors", name, "surge")
    surge = monitor.surge
    service = eco.services.get(monitor.service)
    if not service or not surge:
        return
    model = eco.models.get(str(service.model))
    if model is None or not sends_rows(eco, model):
        yield fault(
            at,
            Message("config.surge_without_classes", service=monitor.service),
            Message("config.service_of_classes"),
        )
        return
    yield from _check_fields(surge, model, monitor.service, str(service.model), at)
    if surge.unsure and not service.abstain:
        yield fault(
            (*at, "unsure"),
            Message("config.never_abstains", service=monitor.service),
            Message("config.set_abstain"),
        )
    values = _class_values(eco, model)
    if values and surge.label is not None and surge.label not in values:
        yield fault(
            (*at, "label"),
            Message("config.never_predicts", model=service.model, label=surge.label),
            Message("config.value_of_target", target=model.target),
            values,
            surge.label,
        )


def _check_fields(surge: Surge, model: Model, service: str, name: str, at: Path) -> Iterator[Fault]:
    taken = sorted({*model.features, *model.context_fields})
    for key in ("by", "once", "sender"):
        field = getattr(surge, key)
        if field and field not in taken:
            yield fault(
                (*at, key),
                Message("config.service_without_field", service=service, field=field),
                Message("config.input_or_context", name=name),
                taken,
                field,
            )


def _class_values(eco: Ecosystem, model: Model) -> list[str]:
    """The values of the target that the file declares."""
    data = eco.datasets.get(model.dataset)
    if data is None or data.auto:
        return []
    return list(getattr(data.fields.get(model.target), "values", ()))
