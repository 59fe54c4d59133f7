"""Versions and answer indexes, loaded from the store and warmed before they serve.

Knows the learning room's loader and the serving room's shapes. Trunks that are the same file are
opened once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import VersionRecipe
from mesocosm.catalog.lineage import Lineage
from mesocosm.catalog.rows import ServedRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.config.model_tasks import sends_rows
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.core.settings import Predictor
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.learning.base_models.similarity_scale import SimilarityScale
from mesocosm.lifecycle.access.answer_index import locate_answers
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_version
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.model_instance import LocalModel
from mesocosm.serving.preprocessing.preprocess import Preprocessor, to_json_value
from mesocosm.serving.rollout.recalibration import find_abstain_threshold
from mesocosm.serving.settings import Answers, Service
from mesocosm.serving.spoken_answers import (
    AnswerSource,
    SpokenAnswer,
    find_language,
    say_unknown,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mesocosm.serving.service import LiveService

MOST_HELD = 300  # held-out rows that are read to diagnose a drift


class Embedder(Protocol):
    """Embeds texts: vectors (texts, width), of length 1."""

    def features(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...


class AnswerRow(AnswerSource):
    """A question and its answer, as the index of answers keeps them."""

    answer: str


class Speaker:
    """Answers questions from a table with the nearest question's row, or that it does not know.

    Args:
        folder: holds the vectors and the rows.
        reader: embeds a question.
    """

    def __init__(self, folder: Path, settings: Answers, reader: Embedder) -> None:
        from safetensors.numpy import load_file

        from mesocosm.learning.features.answer_ranking import AnswerRanking

        tensors = load_file(folder / "vectors.safetensors")
        self.vectors = tensors["vectors"]
        self.ranking = AnswerRanking(tensors) if "alpha" in tensors else None
        index = _read_json(folder / "rows.json")
        self.rows: list[AnswerRow] = index["rows"]
        self.language = find_language([row["question"] for row in self.rows])
        self.scale = SimilarityScale(**index["scale"]) if "scale" in index else None
        self.reader, self.settings = reader, settings

    def ask(self, question: str) -> SpokenAnswer:
        """The answer with its source row and similarity, or `known: false`."""
        best, likeness = self._find_row(self.vectors @ self.reader.features([question])[0])
        near, threshold = round(likeness, 4), self.settings.threshold
        if likeness < threshold:
            return {
                "known": False,
                "answer": say_unknown(question, self.language),
                "likeness": near,
                "threshold": threshold,
            }
        row = self.rows[best]
        source: AnswerSource = {
            "row": row["row"],
            "file": row["file"],
            "line": row["line"],
            "question": row["question"],
        }
        return {
            "known": True,
            "answer": row["answer"],
            "source": source,
            "likeness": near,
            "threshold": threshold,
        }

    def _find_row(self, cosines: npt.NDArray[np.float32]) -> tuple[int, float]:
        """The row that a question asks for, by its cosine with each, and its similarity."""
        best = int(cosines.argmax())
        likeness = float(cosines[best])
        if self.ranking:
            best, likeness = self.ranking.choose(cosines)
        if self.scale:
            likeness = self.scale.stretch_one(likeness)
        return best, likeness


class Loader:
    """Loads deployments of one ecosystem."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.store = spec.root / ".mesocosm"
        self.readers: dict[Any, Any] = {}

    def service(self, name: str) -> Service:
        """A service's settings."""
        return self.spec.eco.services[name]

    def load(self, name: str, row: ServedRow) -> LocalModel:
        """One deployment, loaded and warm.

        Raises:
            MesocosmError: its version or its answer index is missing or corrupt.
        """
        service = self.service(name)
        predictor: Predictor | None = None
        preparation = speaker = None
        snapshot = model = ""
        if row["version"]:
            version = self.catalog.version(row["version"])
            if version is None:
                raise MesocosmError(Message("api.version_not_listed", version=row["version"]))
            snapshot, model = version["snapshot"], version["model"]
            predictor, preparation = self._load_version(service, version)
        weights = cast("dict[str, float] | None", row.get("weights"))
        floor = None
        if service.abstain and predictor is not None and predictor.form.has_probability:
            rows = self.held(model, snapshot)
            predictions = predictor.predict(rows) if rows else []
            floor = find_abstain_threshold(predictions, service.abstain, weights)
        if row["answers"] and service.answers:
            speaker = self._load_speaker(name, service, service.answers, row["answers"])
        return LocalModel(
            row["version"],
            snapshot,
            predictor,
            preparation,
            speaker,
            row["answers"],
            partial(self.held, model, snapshot),
            weights,
            floor,
        )

    def _load_version(
        self, service: Service, version: VersionRow
    ) -> tuple[Predictor, Preprocessor]:
        """The net and the preprocessing of a version, warmed by one empty row."""
        folder, runtime = self.store / version["path"], service.runtime
        predictor = load_version(
            self.spec, version, runtime.session, runtime.precision, self.readers
        )
        preparation = Preprocessor(_read_json(folder / "prepare.json"), prepare, CALLS)
        predictor.predict(preparation.prepare([dict.fromkeys(preparation.fields)]))
        return predictor, preparation

    def _load_speaker(self, name: str, service: Service, answers: Answers, key: str) -> Speaker:
        """The answer index of a service, warmed by one question."""
        from mesocosm.learning.export.predictor import Reader

        folder = locate_answers(self.store, service, key)
        if not (folder / "rows.json").is_file():
            raise MesocosmError(Message("api.answers_corrupt", name=name))
        trunk = self.store / _read_json(folder / "rows.json")["trunk"]
        shared = (trunk.resolve(), "fp32", 128)
        if shared not in self.readers:
            self.readers[shared] = Reader(trunk, "fp32", 128, service.runtime.session)
        speaker = Speaker(folder, answers, self.readers[shared])
        speaker.ask("hello")
        return speaker

    def held(self, model: str, snapshot: str) -> list[dict[str, Json]]:
        """Cleaned test rows of the snapshot that a version was trained on, each with its label
        under `HELD_LABEL`; none where they are not there any more.
        """
        found, settings = self.catalog.snapshot(snapshot), self.spec.eco.models.get(model)
        if found is None or settings is None or not sends_rows(self.spec.eco, settings):
            return []
        target = settings.target
        try:
            rows, split = read_columns(
                self.spec, found, list(dict.fromkeys([*settings.features, target]))
            )
        except MesocosmError:
            return []
        places = [i for i, s in enumerate(split) if s == "test" and rows[target][i] is not None]
        held: list[dict[str, Json]] = []
        for i in places[:MOST_HELD]:
            row = {name: to_json_value(rows[name][i]) for name in settings.features}
            held.append({**row, HELD_LABEL: str(rows[target][i])})
        return held


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def load_locally(spec: Spec, catalog: Catalog, name: str) -> LiveService:
    """A service loaded in this process.

    Raises:
        ConfigValueError: there is no such service.
        MesocosmError: nothing is deployed for it.
    """
    from mesocosm.serving.service import LiveService

    services = spec.eco.services
    if name not in services:
        raise ConfigValueError(
            "",
            Message("api.no_service", service=name),
            Message("api.one_of_choices"),
            list(services),
            name,
        )
    served = LiveService(name, services[name], catalog, Loader(spec, catalog).load)
    served.refresh()
    if served.now is None:
        if catalog.deployment(name) is None:
            raise MesocosmError(catalog.explain_not_deployed(name, services[name].model))
        raise MesocosmError(served.trouble)
    return served


class TracedRows(TypedDict, total=False):
    """The rows that a version was trained on: `lines` of source files and of those that were joined
    to them (`partners`), and labelled requests (`feedback`, their ids).
    """

    training: int
    lines: dict[str, str]
    partners: dict[str, str]
    from_snapshot: int
    feedback: list[str]
    feedback_rows: int
    other: int


class TracedPrediction(Lineage):
    """The lineage of a prediction down to the rows of its source files."""

    rows: TracedRows


def trace(spec: Spec, catalog: Catalog, prediction: str) -> TracedPrediction:
    """The lineage of a prediction down to the rows of its source files.

    Raises:
        MesocosmError: there is no such prediction.
    """
    from mesocosm.catalog.lineage import trace_prediction

    found = trace_prediction(catalog, prediction)
    if found is None:
        raise MesocosmError(Message("api.no_traced_prediction", prediction=prediction[:60]))
    snapshot = catalog.snapshot(str(found["snapshot"]["id"]))
    rows: TracedRows | None = None
    if snapshot:
        model = spec.eco.models.get(str(found["version"]["model"]))
        target = None
        if model and model.target in snapshot["recipe"]["fields"]:
            target = model.target
        rows = _trace_rows(spec, snapshot, found["recipe"] or {}, target)
    return {**found, "rows": rows or {}}


def _trace_rows(
    spec: Spec, snapshot: SnapshotRow, recipe: VersionRecipe, target: str | None
) -> TracedRows:
    """The rows that a version was trained on: lines of source files, and feedback."""
    from mesocosm.catalog.lineage import format_ranges
    from mesocosm.data.pipeline.internal_names import quote
    from mesocosm.data.snapshots.delta_tables import read_table

    has_label = "true"
    if target:
        has_label = f"{quote(target)} is not null"
    table = read_table(
        spec.root / ".mesocosm" / snapshot["path"] / "rows",
        snapshot["delta"],
        "_row, _file, _line, _also",
        f"_split = 'train' and {has_label}",
    )
    lines: dict[str, list[int]] = {}
    partners: dict[str, list[int]] = {}
    for row in table.to_pylist():
        lines.setdefault(row["_file"], []).append(row["_line"])
        for place in (row["_also"] or "").splitlines():
            file, _, line = place.rpartition(":")
            partners.setdefault(file, []).append(int(line))
    from_snapshot, feedback = table.num_rows, recipe.get("taught", [])
    # a request of a rare label may be trained on more than once
    feedback_rows = recipe.get("feedback") or len(feedback)
    training = (recipe.get("rows") or {}).get("train", from_snapshot + feedback_rows)
    return {
        "training": training,
        "lines": {file: format_ranges(numbers) for file, numbers in lines.items()},
        "partners": {file: format_ranges(numbers) for file, numbers in partners.items()},
        "from_snapshot": from_snapshot,
        "feedback": feedback,
        "feedback_rows": feedback_rows,
        "other": training - from_snapshot - feedback_rows,
    }
