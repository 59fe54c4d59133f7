"""A challenger: grown from the snapshot and recent labels, compared with the champion, swapped or
not.

Knows the catalog and the training job. The champion stays unless the numbers say otherwise.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.core.hashing import digest
from mesocosm.lifecycle.access.data_access import columns_of, kinds_of
from mesocosm.lifecycle.graph import what_makes_model
from mesocosm.lifecycle.jobs.challenger_comparison import compare, verdict
from mesocosm.lifecycle.jobs.deploy import put
from mesocosm.lifecycle.jobs.feedback_split import TAUGHT_AT, part_rows, test_only
from mesocosm.lifecycle.jobs.train import TAUGHT_ID, grow_version
from mesocosm.lifecycle.progress_store import Live
from mesocosm.lifecycle.review.class_proposals import said_in_data
from mesocosm.monitoring.source_faults import faulty_spans, refuse_at_fault, refuse_faulty_rows


def retrain(
    spec: Spec, catalog: Catalog, service: str, reason: str, say: Callable[[str], None]
) -> dict[str, Any]:
    """Grow a challenger for a service, judge it beside the champion, deploy it or say why not;
    `begun` tells what was deployed.

    Rows that have taught and judged a challenger of this champion already give that one's
    judgement, without training.

    Raises:
        Failure: the service runs no model.
    """
    name = spec.eco.services[service].serves
    now = catalog.deployment(service)
    if not name or not now or not now["version"]:
        raise Failure(f"the service '{service}' runs no model that could be trained again")
    model = spec.eco.models[name]
    refuse_at_fault(catalog, service)
    if model.rank:
        raise Failure(
            f"'{name}' ranks, and is solved anew from all that was done: bring the new rows into"
            " its dataset and run 'mesocosm build'"
        )
    champion = catalog.version(now["version"])
    snapshot = catalog.snapshot(dataset=model.learns)
    if champion is None or snapshot is None:
        raise Failure(f"what {service} runs is not listed; run 'mesocosm build'")
    labelled = [
        r["input"]["clean"] | {model.predict: r["label"], TAUGHT_ID: r["id"], TAUGHT_AT: r["at"]}
        for r in catalog.labelled(service)
    ]
    if kinds_of(snapshot)[model.predict] in ("number", "integer"):
        labelled = [r | {model.predict: float(r[model.predict])} for r in labelled]
    ours = set(champion["recipe"].get("labels") or ()) - (
        said_in_data(spec, snapshot, model.predict) if labelled else set()
    )
    parts = part_rows(
        labelled,
        model.inputs,
        model.predict,
        test_only(*columns_of(spec, snapshot, list(model.inputs)), model.inputs),
        ours,
        faulty_spans(catalog, service),
    )
    teach, judge = parts.teach, parts.judge
    fields = snapshot["recipe"]["fields"]
    refuse_faulty_rows(
        catalog,
        service,
        {n: k for n, k in snapshot["facts"]["training"].items() if n in model.inputs},
        teach,
        {n: fields[n].get("unit") for n in model.inputs},
        [float(r[TAUGHT_AT]) for r in teach],
    )
    say(
        f"{len(teach)} labelled requests teach, {len(judge)} judge"
        + "".join(f"; {n} do neither ({why})" for why, n in parts.left_out.items())
    )
    rows = [[[r[TAUGHT_ID], str(r[model.predict])] for r in part] for part in (teach, judge)]
    made = digest(
        champion["made"],
        snapshot["id"],
        what_makes_model(spec, name),
        model.model_dump(mode="json", include={"require"}),
        rows,
    )
    if before := next(
        (v for v in catalog.versions(name) if v["made"] in (made, digest(made, "whole"))), None
    ):
        why = (
            f"not trained: {before['id']} was trained and evaluated on the same rows, labels and"
            f" settings; it is {before['state']} ({before['why']})"
        )
        with catalog.transaction() as con:
            catalog.write_audit(con, "retrain", "keep", champion["id"], why)
        return {
            "promoted": False,
            "champion": champion["id"],
            "challenger": before["id"],
            "why": why,
            "begun": "",
            "comparison": before["metrics"].get("comparison", {}),
        }
    with Live(spec.root / ".mesocosm", f"models.{name}") as live:
        values = grow_version(
            spec,
            catalog,
            name,
            model,
            snapshot,
            made,
            live.heard(say),
            f"challenger: {reason}",
            teach,
        )
        missed = values.pop("missed")
        both = compare(spec, catalog, model, champion, values, snapshot, judge)
        good, why = verdict(both, missed)
        new = (
            [r for r in judge if r[model.predict] in both.get("new", {}).get("labels", ())]
            if good
            else []
        )
        if new:  # it is proven that they are told; now all of them teach
            say(f"{len(new)} requests that judged what is new teach too now")
            whole = grow_version(
                spec,
                catalog,
                name,
                model,
                snapshot,
                digest(made, "whole"),
                live.heard(say),
                f"challenger: {reason}",
                [*teach, *new],
            )
            values, other = (values, whole) if whole.pop("missed") else (whole, values)
            shutil.rmtree(spec.root / ".mesocosm" / other["path"])
    values |= {"state": "champion" if good else "challenger", "why": why}
    values["metrics"] = {**values["metrics"], "comparison": both}
    begun = ""
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**values))
        if good:
            settings = spec.eco.services[service]
            if settings.rollout.strategy == "direct":
                catalog.set_version_state(
                    con, champion["id"], "retired", f"replaced by {values['id']}: {why}"
                )
            begun = put(
                catalog, con, service, settings, values["id"], now["answers"], "retrain", why
            )
        else:
            catalog.write_audit(con, "retrain", "keep", champion["id"], why)
    return {
        "promoted": good,
        "champion": champion["id"],
        "challenger": values["id"],
        "why": why,
        "begun": begun,
        "comparison": both,
    }
