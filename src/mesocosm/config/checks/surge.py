"""What a surge counts: answers of a model of classes, by fields that its service takes. Knows the
grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import Wrong
from mesocosm.monitoring.settings import Monitor


def of_surge(
    eco: Ecosystem, name: str, monitor: Monitor
) -> Iterator[tuple[tuple[Any, ...], Wrong]]:
    """Faults of `surge`."""
    at, surge, service = (
        ("monitors", name, "surge"),
        monitor.surge,
        eco.services.get(monitor.service),
    )
    model = eco.models.get(str(service.model)) if service else None
    data = eco.datasets.get(model.dataset) if model else None
    if not service or not surge:
        return
    if model is None or model.rank:
        yield (
            at,
            Wrong(
                "",
                f"'{monitor.service}' serves no model of classes, so no answer of it can surge",
                "a service that serves one",
            ),
        )
        return
    taken = sorted({*model.features, *model.context_fields})
    for key in ("by", "once", "sender"):
        field = getattr(surge, key)
        if field and field not in taken:
            yield (
                (*at, key),
                Wrong(
                    "",
                    f"'{monitor.service}' takes no field '{field}'",
                    f"an input of '{service.model}', or one of its 'context_fields'",
                    taken,
                    field,
                ),
            )
    if surge.unsure and not service.abstain:
        yield (
            (*at, "unsure"),
            Wrong(
                "",
                f"'{monitor.service}' never says that it is not sure",
                "'abstain' in the service, as 'abstain: 0.1'",
            ),
        )
    values = getattr(data.fields.get(model.target), "values", ()) if data and not data.auto else ()
    if values and surge.label is not None and surge.label not in values:
        yield (
            (*at, "label"),
            Wrong(
                "",
                f"'{service.model}' never says '{surge.label}'",
                f"a value of '{model.target}'",
                list(values),
                surge.label,
            ),
        )
