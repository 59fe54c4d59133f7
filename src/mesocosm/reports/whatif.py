"""What-if: the prediction for a hypothetical row, with each input's share in it. Nothing of it is
logged, and no monitor sees it.

Knows versions, recipes and explanations. Knows no HTTP.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import TrainingColumn
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject
from mesocosm.core.values.json_shapes import list_texts, read_text
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.data.types import role_of
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_row_version
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.reports.explanations import pick_background
from mesocosm.serving.preprocessing.preprocess import Preprocessor

if TYPE_CHECKING:
    from mesocosm.learning.export.predictor import Version

MOST = 6  # versions that are kept
PREDICTED = ("probability", "probabilities", "value", "interval")  # of a prediction
CHOICES = 60  # values of a category offered at most
# training rows that have a value, from which it is offered where the file does not list it; as many
# as `anonymity` keeps together
COMMON = 5
LIKELY = 0.02, 0.98  # quantiles between which a slider runs


class InputForm(TypedDict):
    """An input of a form: a range (`low`, `high`, `whole`), `choices` or a text, and what is
    `usual`; private ones have no values.
    """

    name: str
    type: str
    unit: str | None
    private: bool
    usual: NotRequired[float | str]
    choices: NotRequired[list[str]]
    low: NotRequired[float]
    high: NotRequired[float]
    whole: NotRequired[bool]


class WhatIfForm(TypedDict):
    """The inputs of a service; `beside` is the version that a rollout tries."""

    service: str
    version: str
    predict: str
    inputs: list[InputForm]
    ready: bool
    beside: str | None


class WhatIfAnswer(TypedDict):
    """What a version would predict for a row, and each input's share in it."""

    service: str
    version: str
    label: str
    number: bool
    probability: NotRequired[float]
    probabilities: NotRequired[dict[str, float]]
    value: NotRequired[float]
    interval: NotRequired[list[float]]
    base: float
    inputs: dict[str, float]
    beside: NotRequired[WhatIfAnswer]


class _Opened(NamedTuple):
    """A version loaded, its recipe, and the training rows that shares are measured against."""

    net: Version
    preparation: Preprocessor
    background: list[Mapping[str, object]]


class Desk:
    """Versions loaded for what-if requests; a few are kept."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.lock = threading.Lock()
        self.kept: dict[str, _Opened] = {}
        self.recipes: dict[str, Preprocessor] = {}  # by version
        self.opening = threading.Lock()

    def _version(self, service: str) -> VersionRow:
        """The version that a service runs, where it can be asked.

        Raises:
            MesocosmError: it runs none, or one that is not explained.
        """
        version = self._deployed_version(service)
        if not version:
            raise MesocosmError(Message("reports.none_deployed", service=service))
        if not recorded_task(version["recipe"]).explains:
            raise MesocosmError(Message("reports.no_what_if", service=service))
        if version["model"] not in self.spec.eco.models:
            raise MesocosmError(Message("reports.model_left", name=version["model"]))
        return version

    def _deployed_version(self, service: str) -> VersionRow | None:
        """The version that a service runs; None where it runs none."""
        row = self.catalog.deployment(service)
        if not row or not row["version"]:
            return None
        return self.catalog.version(row["version"])

    def _snapshot(self, version: VersionRow) -> SnapshotRow:
        """The snapshot that a version was trained on.

        Raises:
            MesocosmError: it is gone.
        """
        snapshot = self.catalog.snapshot(version["snapshot"])
        if snapshot is None:
            raise MesocosmError(Message("reports.no_snapshot_behind"))
        return snapshot

    def form(self, service: str) -> WhatIfForm:
        """The inputs of a service, with what is likely of each in training: a range, choices, or a
        text.

        Private fields give no values. `ready` tells whether the row of what is usual can be sent
        as it is: where a field that is needed has no example (a headline, say), a visitor has
        to write it first.

        Raises:
            MesocosmError: the service has no model that a what-if can be asked of.
        """
        version = self._version(service)
        snapshot = self._snapshot(version)
        fields, training = snapshot["recipe"]["fields"], snapshot["facts"]["training"]
        inputs = [
            _describe_input(name, fields[name], training.get(name, {}))
            for name in self.spec.eco.models[version["model"]].features
            if name in fields
        ]
        rollout = self.catalog.rollout(service)
        usual = {known["name"]: known.get("usual") for known in inputs}
        ready = not self._preparation(version).prepare([usual])[0].get("_why")
        return {
            "service": service,
            "version": version["id"],
            "predict": version["recipe"]["predict"],
            "inputs": inputs,
            "ready": ready,
            "beside": rollout and rollout["version"],
        }

    def _preparation(self, version: VersionRow) -> Preprocessor:
        """The recipe of a version, made ready once; its tables are in memory, so a few are kept."""
        key = str(version["id"])
        with self.opening:
            if key not in self.recipes:
                if len(self.recipes) >= MOST:
                    del self.recipes[next(iter(self.recipes))]
                file = locate_project(self.spec).store / version["path"] / "prepare.json"
                recipe = json.loads(file.read_text(encoding="utf-8"))
                self.recipes[key] = Preprocessor(recipe, prepare, CALLS)
            return self.recipes[key]

    def _open(self, version: VersionRow) -> _Opened:
        """A version, loaded once."""
        with self.lock:
            key = version["id"]
            if key not in self.kept:
                if len(self.kept) >= MOST:
                    del self.kept[next(iter(self.kept))]
                self.kept[key] = self._load(version)
            return self.kept[key]

    def _load(self, version: VersionRow) -> _Opened:
        snapshot = self._snapshot(version)
        model = self.spec.eco.models[version["model"]]
        net, preparation = load_row_version(self.spec, version), self._preparation(version)
        fields = list(dict.fromkeys([*model.features, model.target]))
        columns, split = read_columns(self.spec, snapshot, fields)
        trained = [i for i, part in enumerate(split) if part == "train"]
        return _Opened(net, preparation, pick_background(columns, trained, model.features))

    def ask(self, service: str, row: object) -> WhatIfAnswer:
        """What the service's version would predict for a row, and each input's share in it (Shapley
        values, against training rows).

        `base` and the shares add up to the probability.

        Where a rollout tries another version, `beside` has what that one would predict.

        Raises:
            ConfigValueError: the row cannot be read.
            MesocosmError: there is nothing to ask.
        """
        prediction = self._predict(service, self._version(service), row)
        rollout = self.catalog.rollout(service)
        candidate = None
        if rollout:
            candidate = self.catalog.version(rollout["version"])
        if candidate:
            prediction["beside"] = self._predict(service, candidate, row)
        return prediction

    def _predict(self, service: str, version: VersionRow, row: object) -> WhatIfAnswer:
        from mesocosm.learning.evaluation.explanations import shapley_values

        net, preparation, background = self._open(version)
        preparation.check(row)
        assert isinstance(row, Mapping)  # as checked
        clean = preparation.prepare([row])[0]
        if clean.get("_why"):
            found = Message("reports.row_quarantined", why=str(clean["_why"]))
            raise ConfigValueError("", found, Message("reports.kept_row"))
        prediction = net.predict([clean])[0]
        label = str(prediction.get("label"))
        explained = shapley_values(net, clean, background, label)
        answer = {
            "service": service,
            "version": version["id"],
            "label": label,
            "number": net.scale is not None,
            **{key: prediction[key] for key in PREDICTED if key in prediction},
            "base": explained["base"],
            "inputs": {name: found["share"] for name, found in explained["inputs"].items()},
        }
        return cast(WhatIfAnswer, answer)  # the task says which of PREDICTED there are


def _describe_input(name: str, field: JsonObject, known: TrainingColumn) -> InputForm:
    """One input as a form has it: a range, choices, or a usual text; private ones have no values.

    Args:
        name: the field.
        field: its settings.
        known: what its training rows had.
    """
    role = role_of(field)
    described: InputForm = {
        "name": name,
        "type": role,
        "unit": read_text(field.get("unit")),
        "private": bool(field.get("private")),
    }
    if described["private"]:
        return described
    if known.get("numbers"):
        _add_range(described, known["numbers"])
        return described
    _add_choices(
        described, _frequent_values(known.get("counts") or {}, list_texts(field.get("values")))
    )
    return described


def _add_choices(described: InputForm, frequent: Sequence[str]) -> None:
    """Add the most frequent value, and of a category the others too."""
    if frequent:
        described["usual"] = frequent[0]
        if described["type"] != "text":
            described["choices"] = list(frequent[:CHOICES])


def _add_range(described: InputForm, numbers: Sequence[float]) -> None:
    """Add the range of a slider and the median, off the quantiles of the training rows."""
    low, high = (numbers[round(q * (len(numbers) - 1))] for q in LIKELY)
    usual = numbers[len(numbers) // 2]
    is_integer = described["type"] == "integer"
    if is_integer:
        low, high, usual = round(low), round(high), round(usual)
    described["low"], described["high"] = low, high
    described["usual"], described["whole"] = usual, is_integer


def _frequent_values(counts: Mapping[str, int], listed: Collection[str]) -> list[str]:
    """Values that many rows have or the file lists, the most frequent first."""
    ordered = sorted(counts, key=lambda value: -counts[value])
    return [value for value in ordered if counts[value] >= COMMON or value in listed]
