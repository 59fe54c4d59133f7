"""What if: a service asked about a row that nobody is, with each input's share in the answer.
Nothing of it is logged, and no watch sees it.

Knows versions, recipes and explanations. Knows no HTTP.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.lifecycle.access.data_access import columns_of
from mesocosm.lifecycle.access.model_access import net_of
from mesocosm.lifecycle.project_store import where_of
from mesocosm.reports.explanations import BACKGROUND
from mesocosm.serving.preprocessing.preprocess import Preparation

MOST = 6  # versions kept open
CHOICES = 60  # values of a category offered at most
# training rows that have a value, from which it is offered where the file does not list it; as many
# as `anonymity` keeps together
COMMON = 5
LIKELY = 0.02, 0.98  # quantiles between which a slider runs


class Desk:
    """Versions opened for asking what if; a few are kept."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.lock = threading.Lock()
        self.kept: dict[str, tuple[Any, Preparation, list[dict[str, Any]]]] = {}
        self.recipes: dict[str, Preparation] = {}  # by version
        self.opening = threading.Lock()

    def _version(self, service: str) -> dict[str, Any]:
        row = self.catalog.deployment(service)
        version = self.catalog.version(row["version"]) if row and row["version"] else None
        if version is None:
            raise Failure(f"{service} has no model in service")
        if version["recipe"].get("task"):
            raise Failure(f"{service} answers with no class or number, so there is no what-if")
        if version["model"] not in self.spec.eco.models:
            raise Failure(f"the model '{version['model']}' left the file")
        return version

    def form(self, service: str) -> dict[str, Any]:
        """The inputs of a service, with what is likely of each in training: a range, choices, or a
        text.

        Private fields give no values. `ready` tells whether the row of what is usual can be asked
        as it stands: where a field that is needed has no example (a headline, say), a visitor has
        to write it first.

        Raises:
            Failure: the service has no model that a what-if can be asked of.
        """
        version = self._version(service)
        snapshot = self.catalog.snapshot(version["snapshot"])
        if snapshot is None:
            raise Failure("the snapshot behind this version is gone")
        fields, training = snapshot["recipe"]["fields"], snapshot["facts"]["training"]
        inputs = [
            _input(name, fields[name], training.get(name) or {})
            for name in self.spec.eco.models[version["model"]].inputs
            if name in fields
        ]
        beside = self.catalog.rollout(service)
        ready = (
            not self._preparation(version)
            .ready([{i["name"]: i.get("usual") for i in inputs}])[0]
            .get("_why")
        )
        return {
            "service": service,
            "version": version["id"],
            "predict": version["recipe"]["predict"],
            "inputs": inputs,
            "ready": ready,
            "beside": beside["version"] if beside else None,
        }

    def _preparation(self, version: Mapping[str, Any]) -> Preparation:
        """The recipe of a version, made ready once; its tables are in memory, so a few are kept."""
        key = str(version["id"])
        with self.opening:
            if key not in self.recipes:
                if len(self.recipes) >= MOST:
                    del self.recipes[next(iter(self.recipes))]
                self.recipes[key] = Preparation(
                    json.loads(
                        (where_of(self.spec).store / version["path"] / "prepare.json").read_text(
                            encoding="utf-8"
                        )
                    ),
                    prepare,
                    CALLS,
                )
            return self.recipes[key]

    def _opened(self, version: Mapping[str, Any]) -> tuple[Any, Preparation, list[dict[str, Any]]]:
        with self.lock:
            key = version["id"]
            if key not in self.kept:
                if len(self.kept) >= MOST:
                    del self.kept[next(iter(self.kept))]
                snapshot = self.catalog.snapshot(version["snapshot"])
                if snapshot is None:
                    raise Failure("the snapshot behind this version is gone")
                model = self.spec.eco.models[version["model"]]
                net = net_of(self.spec, version)
                preparation = self._preparation(version)
                columns, split = columns_of(
                    self.spec, snapshot, list(dict.fromkeys([*model.inputs, model.predict]))
                )
                taught = [i for i, s in enumerate(split) if s == "train"]
                background = [
                    {n: columns[n][i] for n in model.inputs}
                    for i in taught[:: max(1, len(taught) // BACKGROUND)][:BACKGROUND]
                ]
                self.kept[key] = (net, preparation, background)
            return self.kept[key]

    def ask(self, service: str, row: Any) -> dict[str, Any]:
        """What the service's version would say of a row, and each input's share in it (Shapley
        values, against rows it was taught with).

        `base` and the shares add up to the probability.

        Where a version is coming in, `beside` has what that one would say.

        Raises:
            Wrong: the row cannot be read.
            Failure: there is nothing to ask.
        """
        version = self._version(service)
        found = self._said(service, version, row)
        coming = self.catalog.rollout(service)
        beside = self.catalog.version(coming["version"]) if coming else None
        return found | ({"beside": self._said(service, beside, row)} if beside else {})

    def _said(self, service: str, version: Mapping[str, Any], row: Any) -> dict[str, Any]:
        from mesocosm.learning.evaluation.explanations import shapley_values

        net, preparation, background = self._opened(version)
        preparation.check(row)
        clean = preparation.ready([row])[0]
        if clean.get("_why"):
            raise Wrong(
                "", f"this row would be set aside: {clean['_why']}", "a row that the recipe keeps"
            )
        said = net.predict([clean])[0]
        label = str(said.get("label"))
        told = shapley_values(net, clean, background, label)
        return {
            "service": service,
            "version": version["id"],
            "label": label,
            "number": net.scale is not None,
            **{
                k: said[k]
                for k in ("probability", "probabilities", "value", "interval")
                if k in said
            },
            "base": told["base"],
            "inputs": {n: told["inputs"][n]["share"] for n in told["inputs"]},
        }


def _input(name: str, field: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """One input as a form has it."""
    found: dict[str, Any] = {
        "name": name,
        "type": field["type"],
        "unit": field.get("unit"),
        "private": bool(field.get("private")),
    }
    if found["private"]:
        return found
    if numbers := known.get("numbers"):
        low, high = (numbers[round(q * (len(numbers) - 1))] for q in LIKELY)
        middle = numbers[len(numbers) // 2]
        whole = field["type"] == "integer"
        found |= {
            "low": round(low) if whole else low,
            "high": round(high) if whole else high,
            "usual": round(middle) if whole else middle,
            "whole": whole,
        }
    elif counts := known.get("counts"):
        often = [
            k
            for k in sorted(counts, key=lambda k: -counts[k])
            if counts[k] >= COMMON or k in (field.get("values") or ())
        ]
        if not often:
            return found
        found |= (
            {"choices": often[:CHOICES], "usual": often[0]}
            if field["type"] != "text"
            else {"usual": often[0]}
        )
    return found
