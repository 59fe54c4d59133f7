"""What a surge counts: answers of a model of classes, by fields that its service takes. Knows the
grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.monitoring.settings import Monitor


def of_surge(
    eco: Ecosystem, name: str, monitor: Monitor
) -> Iterator[tuple[tuple[Any, ...], ConfigValueError]]:
    """Faults of `surge`."""
    at, surge, service = (
        ("monitors", name, "surge"),
        monitor.surge,
        eco.services.get(monitor.watches),
    )
    model = eco.models.get(str(service.serves)) if service else None
    data = eco.datasets.get(model.learns) if model else None
    if not service or not surge:
        return
    if model is None or model.rank:
        yield (
            at,
            ConfigValueError(
                "",
                f"'{monitor.watches}' serves no model of classes, so no answer of it can surge",
                "a service that serves one",
            ),
        )
        return
    taken = sorted({*model.inputs, *model.along})
    for key in ("by", "once", "sender"):
        field = getattr(surge, key)
        if field and field not in taken:
            yield (
                (*at, key),
                ConfigValueError(
                    "",
                    f"'{monitor.watches}' takes no field '{field}'",
                    f"an input of '{service.serves}', or one of its 'along'",
                    taken,
                    field,
                ),
            )
    if surge.unsure and not service.abstain:
        yield (
            (*at, "unsure"),
            ConfigValueError(
                "",
                f"'{monitor.watches}' never says that it is not sure",
                "'abstain' in the service, as 'abstain: 0.1'",
            ),
        )
    values = getattr(data.fields.get(model.predict), "values", ()) if data and not data.auto else ()
    if values and surge.label is not None and surge.label not in values:
        yield (
            (*at, "label"),
            ConfigValueError(
                "",
                f"'{service.serves}' never says '{surge.label}'",
                f"a value of '{model.predict}'",
                list(values),
                surge.label,
            ),
        )
