"""What services serve and fall back to, and what monitors watch. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.names import Fault, edge
from mesocosm.config.checks.surge import of_surge
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError


def _fallback(eco: Ecosystem, name: str, serves: str | None, fallback: str) -> Iterator[Fault]:
    """What a simpler model must share with the one that it stands in for."""
    first, second = eco.models.get(serves or ""), eco.models.get(fallback)
    if first is None or second is None:
        return
    if first.adapts != fallback and (first.learns, first.predict, first.rank is None) != (
        second.learns,
        second.predict,
        second.rank is None,
    ):
        yield (
            ("services", name, "fallback"),
            ConfigValueError(
                "",
                f"'{fallback}' does not answer what '{serves}' answers",
                f"a model that learns '{first.learns}' and predicts '{first.predict}'",
            ),
        )
    more = sorted(set(second.inputs) - set(first.inputs))
    if more:
        yield (
            ("services", name, "fallback"),
            ConfigValueError(
                "",
                f"'{fallback}' reads {', '.join(more)}, and '{serves}' does not",
                "a model of no more inputs",
            ),
        )


def check_services(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in services and monitors that does not fit together."""
    for name, service in eco.services.items():
        if service.serves:
            yield from edge(eco, ("services", name, "serves"), service.serves, "models")
        if service.fallback:
            yield from edge(eco, ("services", name, "fallback"), service.fallback, "models")
            yield from _fallback(eco, name, service.serves, service.fallback)
        if service.answers:
            path = ("services", name, "answers", "from")
            yield from edge(eco, path, service.answers.dataset, "datasets", "sources")
            data = eco.datasets.get(service.answers.dataset)
            for key in ("question", "answer"):
                word = getattr(service.answers, key)
                if data and not data.auto and word not in data.fields:
                    wrong = ConfigValueError(
                        "",
                        f"'{service.answers.dataset}' has no field '{word}'",
                        "a field of it",
                        sorted(data.fields),
                        word,
                    )
                    yield ("services", name, "answers", key), wrong
    for name, monitor in eco.monitors.items():
        yield from edge(eco, ("monitors", name, "watches"), monitor.watches, "services")
        yield from of_surge(eco, name, monitor) if monitor.surge else ()
        if (
            "fallback" in monitor.on_anomaly
            and (watched := eco.services.get(monitor.watches))
            and not watched.fallback
        ):
            yield (
                ("monitors", name, "on_anomaly"),
                ConfigValueError(
                    "",
                    f"'{monitor.watches}' has no simpler model",
                    f"'fallback' with a model in the service '{monitor.watches}'",
                ),
            )
