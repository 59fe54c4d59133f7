"""What services serve and fall back to, and what monitors watch. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.names import check_reference
from mesocosm.config.checks.surge import check_surge
from mesocosm.config.model_tasks import find_model_task
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, fault, unknown_field
from mesocosm.core.messages import Message
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.settings import Service


def check_services(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in services and monitors that does not fit together."""
    for name, service in eco.services.items():
        yield from _check_service(eco, name, service)
    for name, monitor in eco.monitors.items():
        yield from _check_monitor(eco, name, monitor)


def _check_service(eco: Ecosystem, name: str, service: Service) -> Iterator[Fault]:
    at = ("services", name)
    if service.model:
        yield from check_reference(eco, (*at, "model"), service.model, "models")
    if service.fallback:
        yield from check_reference(eco, (*at, "fallback"), service.fallback, "models")
        yield from _check_fallback(eco, name, service.model, service.fallback)
    if service.answers:
        name_of_data = service.answers.dataset
        path = (*at, "answers", "from")
        yield from check_reference(eco, path, name_of_data, "datasets", "sources")
        data = eco.datasets.get(name_of_data)
        for key in ("question", "answer"):
            field = getattr(service.answers, key)
            if data and not data.auto and field not in data.fields:
                yield unknown_field((*at, "answers", key), name_of_data, data.fields, field)


def _check_fallback(
    eco: Ecosystem, name: str, serves: str | None, fallback: str
) -> Iterator[Fault]:
    """What a simpler model must share with the one that it replaces."""
    first, second = eco.models.get(serves or ""), eco.models.get(fallback)
    if first is None or second is None:
        return
    path = ("services", name, "fallback")
    same_task = (first.dataset, first.target, type(find_model_task(eco, first))) == (
        second.dataset,
        second.target,
        type(find_model_task(eco, second)),
    )
    if first.init_from != fallback and not same_task:
        yield fault(
            path,
            Message("config.fallback_of_other_target", fallback=fallback, model=serves),
            Message("config.model_on_dataset", dataset=first.dataset, target=first.target),
        )
    more = sorted(set(second.features) - set(first.features))
    if more:
        yield fault(
            path,
            Message(
                "config.fallback_reads_more", fallback=fallback, fields=tuple(more), model=serves
            ),
            Message("config.model_without_more_inputs"),
        )


def _check_monitor(eco: Ecosystem, name: str, monitor: Monitor) -> Iterator[Fault]:
    at = ("monitors", name)
    yield from check_reference(eco, (*at, "service"), monitor.service, "services")
    yield from check_surge(eco, name, monitor)
    watched = eco.services.get(monitor.service)
    if watched and "fallback" in monitor.on_anomaly and not watched.fallback:
        yield fault(
            (*at, "on_anomaly"),
            Message("config.no_fallback", service=monitor.service),
            Message("config.set_fallback", service=monitor.service),
        )
