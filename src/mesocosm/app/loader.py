"""Versions and answers introduced to operate: loaded from the store, warm before they serve.

Knows learn's loader and operate's shapes. Trunks that are the same file are opened once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.settings import Predictor
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.lifecycle.access.answer_index import answers_folder
from mesocosm.lifecycle.access.data_access import columns_of
from mesocosm.lifecycle.access.model_access import net_of
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.model_instance import Loaded
from mesocosm.serving.preprocessing.preprocess import Preparation, plain
from mesocosm.serving.rollout.recalibration import floor_of
from mesocosm.serving.settings import Answers, Service

if TYPE_CHECKING:
    from mesocosm.serving.service import Served

MOST_HELD = 300  # rows that are read to judge a drift by


class Speaker:
    """Answers from a table: the nearest question's row, or that it does not know.

    Args:
        folder: holds the vectors and the rows.
        reader: embeds a question.
    """

    def __init__(self, folder: Path, settings: Answers, reader: Any) -> None:
        from safetensors.numpy import load_file

        self.vectors = load_file(folder / "vectors.safetensors")["vectors"]
        self.rows: list[dict[str, Any]] = json.loads(
            (folder / "rows.json").read_text(encoding="utf-8")
        )["rows"]
        self.reader, self.settings = reader, settings

    def ask(self, question: str) -> dict[str, Any]:
        """The answer with its source row and likeness (cosine), or `known: false`."""
        likeness = self.vectors @ self.reader.features([question])[0]
        best = int(likeness.argmax())
        source = {k: self.rows[best][k] for k in ("row", "file", "line", "question")}
        near = {"likeness": round(float(likeness[best]), 4), "threshold": self.settings.threshold}
        if likeness[best] < self.settings.threshold:
            return {
                "known": False,
                "answer": "I don't know. Nothing in my table is near enough to that.",
                **near,
            }
        return {"known": True, "answer": self.rows[best]["answer"], "source": source, **near}


class Loader:
    """Loads deployments of one ecosystem."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.store = spec.root / ".mesocosm"
        self.readers: dict[Any, Any] = {}

    def service(self, name: str) -> Service:
        """A service's settings."""
        return self.spec.eco.services[name]

    def load(self, name: str, row: Mapping[str, Any]) -> Loaded:
        """One deployment, loaded and warm.

        Raises:
            Failure: what it names is not whole.
        """
        service = self.service(name)
        predictor: Predictor | None = None
        preparation = speaker = None
        snapshot = model = ""
        if row["version"]:
            version = self.catalog.version(row["version"])
            if version is None:
                raise MesocosmError(f"version {row['version']} is not listed; run 'mesocosm build'")
            folder = self.store / version["path"]
            runtime = service.runtime
            predictor = net_of(self.spec, version, runtime.session, runtime.precision, self.readers)
            preparation = Preparation(
                json.loads((folder / "prepare.json").read_text(encoding="utf-8")), prepare, CALLS
            )
            snapshot, model = version["snapshot"], version["model"]
            blank = dict.fromkeys(preparation.fields)
            predictor.predict(preparation.ready([blank]))
        floor = None
        if service.abstain and predictor is not None and predictor.says == "classes":
            rows = self.held(model, snapshot)
            floor = floor_of(
                predictor.predict(rows) if rows else [], service.abstain, row.get("weights")
            )
        if row["answers"] and service.answers:
            from mesocosm.learning.export.predictor import Reader

            folder = answers_folder(self.store, service, row["answers"])
            if not (folder / "rows.json").is_file():
                raise MesocosmError(f"the answers of {name} are not whole; run 'mesocosm build'")
            trunk = (
                self.store / json.loads((folder / "rows.json").read_text(encoding="utf-8"))["trunk"]
            )
            key = (trunk.resolve(), "fp32", 128)
            if key not in self.readers:
                self.readers[key] = Reader(trunk, "fp32", 128, service.runtime.session)
            speaker = Speaker(folder, service.answers, self.readers[key])
            speaker.ask("hello")
        return Loaded(
            row["version"],
            snapshot,
            predictor,
            preparation,
            speaker,
            row["answers"],
            partial(self.held, model, snapshot),
            row.get("weights"),
            floor,
        )

    def held(self, model: str, snapshot: str) -> list[dict[str, Any]]:
        """Cleaned test rows of what a version was trained on, each with its label under
        `HELD_LABEL`; none where they are not there any more.
        """
        found, settings = self.catalog.snapshot(snapshot), self.spec.eco.models.get(model)
        if found is None or settings is None or settings.rank:
            return []
        try:
            rows, split = columns_of(
                self.spec, found, list(dict.fromkeys([*settings.inputs, settings.predict]))
            )
        except MesocosmError:
            return []
        at = [
            i for i, s in enumerate(split) if s == "test" and rows[settings.predict][i] is not None
        ][:MOST_HELD]
        return [
            {n: plain(rows[n][i]) for n in settings.inputs}
            | {HELD_LABEL: str(rows[settings.predict][i])}
            for i in at
        ]


def load_locally(spec: Spec, catalog: Catalog, name: str) -> Served:
    """A service loaded in this process.

    Raises:
        Wrong: there is no such service.
        Failure: nothing is deployed for it.
    """
    from mesocosm.serving.service import Served

    services = spec.eco.services
    if name not in services:
        raise ConfigValueError(
            "", f"no service is named '{name}'", "one of the choices", list(services), name
        )
    served = Served(name, services[name], catalog, Loader(spec, catalog).load)
    served.refresh()
    if served.now is None:
        why = f"nothing is deployed for '{name}' yet; run 'mesocosm build'"
        raise MesocosmError(served.trouble or why)
    return served


def trace(spec: Spec, catalog: Catalog, prediction: str) -> dict[str, Any]:
    """The past of a prediction down to the rows of its source files.

    Raises:
        Failure: there is no such prediction.
    """
    from mesocosm.catalog.lineage import past, ranges
    from mesocosm.data.pipeline.internal_names import quote
    from mesocosm.data.snapshots.delta_tables import read_table

    found = past(catalog, prediction)
    if found is None:
        raise MesocosmError(
            f"no prediction is named '{prediction[:60]}'; its id comes with every prediction"
        )
    snapshot = catalog.snapshot(found["snapshot"]["id"])
    rows: dict[str, Any] = {}
    if snapshot:
        settings = spec.eco.models.get(str(found["version"]["model"]))
        target = (
            settings.predict
            if settings and settings.predict in snapshot["recipe"]["fields"]
            else None
        )
        told = f"{quote(target)} is not null" if target else "true"
        where = f"_split = 'train' and {told}"
        table = read_table(
            spec.root / ".mesocosm" / snapshot["path"] / "rows",
            snapshot["delta"],
            "_row, _file, _line, _also",
            where,
        )
        lines: dict[str, list[int]] = {}
        partners: dict[str, list[int]] = {}
        for row in table.to_pylist():
            lines.setdefault(row["_file"], []).append(row["_line"])
            for place in (row["_also"] or "").splitlines():
                file, _, line = place.rpartition(":")
                partners.setdefault(file, []).append(int(line))
        recipe = found["recipe"] or {}
        here, taught = table.num_rows, recipe.get("taught", [])
        learned = recipe.get("feedback") or len(
            taught
        )  # a rare label's request may teach more than once
        training = (recipe.get("rows") or {}).get("train", here + learned)
        rows = {
            "training": training,
            "lines": {f: ranges(n) for f, n in lines.items()},
            "partners": {f: ranges(n) for f, n in partners.items()},
            "from_snapshot": here,
            "feedback": taught,
            "feedback_rows": learned,
            "other": training - here - learned,
        }
    return found | {"rows": rows}
