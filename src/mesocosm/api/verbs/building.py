"""The plan of a build, and the build. Knows the doors of lifecycle."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.api.results.plan import Plan
from mesocosm.api.results.project import BuildResult, BuiltResource
from mesocosm.core.confidential.owner_files import owner_only
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.progress import SayOf

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem


def make_plan(eco: Ecosystem, details: bool) -> Plan:
    """What a build would do; what it writes into the store is its owner's alone."""
    from mesocosm.lifecycle.plan import plan

    with owner_only():
        changes = plan(eco.spec, eco.catalog)
    if not details:
        return Plan(tuple(changes))
    return _add_details(eco, Plan(tuple(changes)))


def _add_details(eco: Ecosystem, plan: Plan) -> Plan:
    """The plan with costs, warnings and questions; new rows of small files are compared."""
    from mesocosm.lifecycle.jobs.cost_estimate import estimate_costs
    from mesocosm.lifecycle.review.before_build.questions import ask_readings
    from mesocosm.lifecycle.review.before_build.text_coverage import check_reading
    from mesocosm.lifecycle.review.preview import preview_data

    left = preview_data(eco.spec, eco.catalog, plan)
    is_changed = [c.sign == "±" and c.address.startswith("datasets.") for c in plan]
    if any(is_changed):  # the comparison may stop the build, which the plan shows
        plan = make_plan(eco, details=False)
    fingerprints = {c.address: c.fingerprints.build for c in plan if c.fingerprints}
    return Plan(
        plan.changes,
        estimate_costs(eco.spec, eco.catalog, plan),
        check_reading(eco.spec, eco.catalog, plan),
        tuple(left),
        tuple(ask_readings(eco.spec, fingerprints)),
    )


def run_build(eco: Ecosystem, prune: bool, accept: Sequence[str], say: SayOf) -> BuildResult:
    """Delete expired rows, then apply the plan."""
    from mesocosm.lifecycle.apply import apply
    from mesocosm.lifecycle.jobs.retention import expire

    check_accepted(eco, accept)
    began = time.perf_counter()
    for expired in expire(eco.spec, eco.catalog):
        rows = sum(expired["rows"].values())
        say(f"datasets.{expired['dataset']}", Message("api.rows_expired", rows=rows))
    outcome = apply(eco.spec, eco.catalog, make_plan(eco, details=False), say, prune, accept)
    seconds = round(time.perf_counter() - began, 1)
    done = [_describe_built(eco, resource) for resource in outcome.done]
    return BuildResult(done, outcome.failed, seconds)


def check_accepted(eco: Ecosystem, accept: Sequence[str]) -> None:
    """Refuse a name that is not a dataset or field of the file.

    Raises:
        ConfigValueError: with the nearest name.
    """
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    if not accept:
        return
    datasets = resolve_datasets(eco.spec)
    choices = list(datasets)
    for name, data in datasets.items():
        choices += [f"{name}.{field}" for field in data.fields]
    for name in accept:
        if name not in choices:
            raise ConfigValueError(
                "--accept",
                Message("api.unknown_name", name=name[:80]),
                Message("api.dataset_or_field"),
                choices[:20],
                name,
            )


def _describe_built(eco: Ecosystem, done: Mapping[str, object]) -> BuiltResource:
    """A resource that was built, with the row counts of a dataset and of each of its sources."""
    section, _, name = str(done["address"]).partition(".")
    if section != "datasets" or done["sign"] == "-":
        return BuiltResource.from_json(done)
    snapshot = eco.catalog.snapshot(dataset=name)
    if not snapshot:
        return BuiltResource.from_json(done)
    counts = {"account": snapshot["account"], "sources": snapshot["report"].get("sources", {})}
    return BuiltResource.from_json({**done, **counts})
