"""Verbs of tests: injected faults, changed data and scenario tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.api.results.trials import DataDrill, FaultDrill, ScenarioResult
from mesocosm.api.verbs.group import VerbGroup
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.progress import SayOf, say_of_as_text

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.resilience.data_drill import Report


class TestVerbs(VerbGroup):
    """`eco.test`: drills and scenario tests."""

    __test__ = False  # a name that pytest would collect

    def drill(
        self,
        kind: str,
        service: str | None = None,
        rows: int = 300,
        wait: float = 60.0,
        report: Report = lambda what, sent, of: None,
    ) -> DataDrill | FaultDrill:
        """Send test rows to the running service, changed on purpose, and say what followed; or
        inject a fault into a copy, and say how long recovery took.

        Args:
            kind: `quiet`, `unit-change`, `drift` or `concept-change`; on a copy `kill`,
                `bad-model` or `full-disk`.
            service: the service; None takes the first that is watched, or has a model.
            rows: how many rows are sent.
            wait: seconds to wait for what follows.
            report: is called after each row with what is sent, how many rows were, of how many.

        Raises:
            ConfigValueError: there is no such drill or service.
            MesocosmError: no server runs, nothing is deployed, or a copy does not recover.
        """
        from mesocosm.resilience.data_drill import (
            DRILLS,
            FAULT_DRILLS,
            DrillSettings,
            run_data_drill,
        )

        eco = self._eco
        if kind not in DRILLS:
            raise ConfigValueError(
                "", Message("api.no_drill", kind=kind), Message("api.one_of_choices"), DRILLS, kind
            )
        if kind in FAULT_DRILLS:
            return self._inject_fault(kind, service)
        settings = DrillSettings(kind, service, rows, wait)
        return DataDrill.from_json(run_data_drill(eco.spec, eco.catalog, settings, report))

    def _inject_fault(self, kind: str, service: str | None) -> FaultDrill:
        from mesocosm.resilience.fault_injection import run_drill

        services = self._eco.spec.eco.services
        served = [name for name, settings in services.items() if settings.model]
        if not served or service not in (None, *served):
            raise ConfigValueError(
                "--service",
                Message("api.got", value=service),
                Message("api.service_with_model"),
                served,
                str(service),
            )
        return FaultDrill.from_json(run_drill(self._eco.spec, service or served[0], kind))

    def scenario(
        self,
        story: str | Path | None = None,
        say: Callable[[str, str], None] = lambda act, text: None,
    ) -> ScenarioResult:
        """Run a scenario test (a normal day, bad input, a change of the data, the recovery) on a
        copy of what is built.

        Args:
            story: the story's file; story.yaml beside the ecosystem's where not given.
            say: is called with the act, and a sentence.

        Raises:
            ConfigError: the story cannot be played.
            MesocosmError: there is no story, nothing is built, or the copy does not come up.
        """
        return run_scenario(self._eco, Path(story) if story else None, say_of_as_text(say))


def run_scenario(eco: Ecosystem, story: Path | None, say: SayOf) -> ScenarioResult:
    """Run a scenario test, with its progress as data."""
    from mesocosm.resilience.scenario import read_story
    from mesocosm.resilience.scenario_run import play_story

    scenario = read_story(eco.spec, story)
    say("", Message("api.scenario_starts", acts=len(scenario.acts)))
    acts = [act.as_json() for act in play_story(eco.spec, scenario, say)]
    missed = sum(bool(act["missed"]) for act in acts)
    return ScenarioResult.from_json({"about": scenario.about, "acts": acts, "missed": missed})
