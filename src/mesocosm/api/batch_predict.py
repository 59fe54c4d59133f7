"""Predict the rows of a file, a block at a time, and write them with their predictions. Knows Arrow
and the gateway's requests.
"""

from __future__ import annotations

import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.api.prediction_files import ENDINGS, PredictionWriter
from mesocosm.api.results.requests import FilePredictions
from mesocosm.api.row_files import Line, Origin, Rows, read_rows
from mesocosm.api.service_calls import call, deployed_instance, local
from mesocosm.client import row_as_json
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import aside_name
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import SOURCE, writing_in
from mesocosm.data.dataset import From
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.serving.requests.nested import MOST_LEVELS

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.learning.model import Model

MOST_SHAPES = 1000  # sets of columns that are remembered

Row = Mapping[str, Any]
Prediction = dict[str, Any]
Predict = Callable[[Sequence[Row]], list[Prediction]]


class Tally:
    """What became of the rows of a file."""

    def __init__(self) -> None:
        self.predicted = self.refused = self.warned = 0
        self.reasons = Counter[str]()

    def add(self, line: Line, prediction: Prediction) -> None:
        """Count one row."""
        self.warned += bool(prediction.get("warnings"))
        if prediction.get("why"):
            self.refused += 1
            self.reasons[_reason(line, prediction)] += 1
        else:
            self.predicted += 1


def predict_file(
    eco: Ecosystem, service: str, rows: Path, out: Path, show_progress: bool
) -> FilePredictions:
    """Predict every row of a file; the file that is written appears whole or not at all.

    A delimited file is read with the settings of the source that the service's model was trained
    on. Its columns may have the names of the fields, or those that they have in that source.

    Raises:
        MesocosmError: a file cannot be read or written.
        ConfigValueError: there is no such service, or an ending that is not known.
    """
    if out.suffix not in ENDINGS:
        raise ConfigValueError(
            "",
            Message("lifecycle.file_ending", file=out.name, suffix=out.suffix),
            Message("lifecycle.one_of_choices"),
            ENDINGS,
            out.suffix,
        )
    names, predict = _choose_predictor(eco, service)
    origin = _find_origin(eco, service, names)
    read = read_rows(rows, origin)
    predict = _select_fields(origin, predict)
    began, tally = time.perf_counter(), Tally()
    aside = out.with_name(aside_name(out))
    try:
        with PredictionWriter(aside, out.suffix, read.names) as writer:
            blocks = read.blocks
            if show_progress:
                blocks = _show_progress(read, f"{rows.name} to {service}")
            for block in blocks:
                predictions = _predict_block(block, predict)
                for line, prediction in zip(block, predictions, strict=True):
                    tally.add(line, prediction)
                writer.write([line.row for line in block], predictions)
        if not tally.predicted + tally.refused:
            raise MesocosmError(Message("lifecycle.file_without_rows", file=str(rows)))
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return FilePredictions(
        rows=tally.predicted + tally.refused,
        predicted=tally.predicted,
        warned=tally.warned,
        refused=tally.refused,
        reasons=dict(tally.reasons.most_common(5)),
        notes=tuple(read.notes),
        seconds=round(time.perf_counter() - began, 2),
        out=str(out),
    )


def _show_progress(read: Rows, title: str) -> Iterator[list[Line]]:
    """The blocks of a file, with a bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(title, total=read.total)
        for block in read.blocks:
            yield block
            bar.advance(task, len(block))


def _predict_block(block: Sequence[Line], predict: Predict) -> list[Prediction]:
    """The predictions of a block; a line that is unreadable has its reason."""
    rows = [row_as_json(line.row) for line in block if not line.why]
    predictions = iter(predict(rows) if rows else [])
    return [{"why": line.why} if line.why else next(predictions) for line in block]


def _reason(line: Line, refused: Mapping[str, Any]) -> str:
    """A reason as it is counted: the field or rule of a row; of an unreadable line what is wrong
    with it, its number left out.
    """
    if line.why:
        return re.sub(r"\d+", "N", re.sub(r"^line \d+:? ", "", line.why).split(":")[0])[:60]
    return str(refused["why"]).split(":")[0][:60]


def _find_origin(eco: Ecosystem, service: str, names: frozenset[str]) -> Origin:
    """Where the rows of a service come from, by the file and the newest snapshot."""
    model = _model_of(eco, service)
    data = eco.spec.eco.datasets.get(model.dataset) if model else None
    if model is None or data is None:
        return Origin(names, tuple(names))
    known = _columns_of_sources(eco, model.dataset)
    columns = {
        name: _find_column(field.column or name, data.source.sources, known)
        for name, field in data.fields.items()
    }
    required = tuple(name for name in model.features if name in names) or tuple(names)
    return Origin(names, required, columns, model.target, _find_delimited_source(eco, data.source))


def _find_delimited_source(eco: Ecosystem, source: From) -> Csv | None:
    """The delimited files that a dataset's rows come from; None where there are several kinds."""
    leading = source.union or source.sources[:1]
    sources = [eco.spec.eco.sources.get(name) for name in leading]
    delimited = [one for one in sources if isinstance(one, Csv)]
    return delimited[0] if len(delimited) == 1 else None


def _model_of(eco: Ecosystem, service: str) -> Model | None:
    """The settings of a service's model; None where it has none."""
    served = eco.spec.eco.services.get(service)
    return eco.spec.eco.models.get(str(served.model)) if served else None


def _columns_of_sources(eco: Ecosystem, dataset: str) -> dict[str, list[str]]:
    """The columns that each source of a dataset had when it was built."""
    snapshot = eco.catalog.snapshot(dataset=dataset)
    if not snapshot:
        return {}
    return snapshot["report"].get("columns", {})


def _find_column(text: str, sources: Sequence[str], known: Mapping[str, Sequence[str]]) -> str:
    """The name of a column that a field is read from, where it is given by its place (`#3`) or with
    its source.

    >>> _find_column("#2", ["a"], {"a": ["x", "y"]})
    'y'
    >>> _find_column("a.x", ["a"], {"a": ["x"]})
    'x'
    >>> _find_column("a.x", ["a"], {"a": ["a.x"]})
    'a.x'
    """
    if any(text in columns for columns in known.values()):
        return text
    first = known.get(sources[0], ()) if sources else ()
    if re.fullmatch(r"#\d{1,5}", text) and 0 < int(text[1:]) <= len(first):
        return first[int(text[1:]) - 1]
    for source in sources:
        if text.startswith(f"{source}."):
            return text.removeprefix(f"{source}.")
    return text


def _select_fields(origin: Origin, predict: Predict) -> Predict:
    """A function that predicts rows with the columns of a file: those that the service reads by the
    names of its fields, all others left out.
    """
    known: dict[tuple[str, ...], dict[str, str]] = {}

    def select(row: Row) -> dict[str, Any]:
        keys = tuple(row)
        if keys not in known:
            if len(known) >= MOST_SHAPES:
                known.clear()
            known[keys] = origin.named(keys)
        return {field: row[column] for field, column in known[keys].items()}

    def predict_selected(block: Sequence[Row]) -> list[Prediction]:
        rows = [select(row) for row in block]
        reasons = [_why_not_json(row) for row in rows]
        valid = [row for row, why in zip(rows, reasons, strict=True) if not why]
        predictions = iter(predict(valid) if valid else [])
        return [{"why": why} if why else next(predictions) for why in reasons]

    return predict_selected


def _choose_predictor(eco: Ecosystem, service: str) -> tuple[frozenset[str], Predict]:
    """The fields that a service reads, and what predicts rows of them: the gateway where it runs,
    else this process. An invalid row is refused alone.
    """
    from mesocosm.lifecycle.server_info import find_server

    if service not in eco.spec.eco.services or find_server(eco.spec.root / ".mesocosm") is None:
        served = local(eco, service)
        fields = deployed_instance(served).fields
        if fields is None:
            raise MesocosmError(Message("lifecycle.serves_no_model", service=service))
        return frozenset(fields.fields), lambda block: _predict_locally(served, block)
    described = _call_server(eco, "GET", f"/v2/models/{service}")
    names = frozenset(field["name"] for field in described["inputs"])
    return names, lambda block: _predict_remotely(eco, service, block)


def _predict_remotely(eco: Ecosystem, service: str, block: Sequence[Row]) -> list[Prediction]:
    """The gateway's predictions; where it refuses a block, each row is asked for alone."""
    path = f"/v1/services/{service}/predict"
    try:
        return list(_call_server(eco, "POST", path, {"rows": block})["predictions"])
    except MesocosmError as failure:
        if len(block) == 1:
            return [{"why": str(failure)}]
    predictions: list[Prediction] = []
    for row in block:
        predictions += _predict_remotely(eco, service, [row])
    return predictions


def _predict_locally(served: Any, block: Sequence[Row]) -> list[Prediction]:
    """The predictions of this process; an invalid row has its reason."""
    refused: list[Prediction] = []
    valid: list[Row] = []
    for row in block:
        try:
            served.now.fields.check(row)
            valid.append(row)
            refused.append({})
        except ConfigValueError as wrong:
            refused.append({"why": str(wrong)})
    predictions = iter(served.predict(valid) if valid else [])
    return [reason or next(predictions) for reason in refused]


def _why_not_json(row: Row) -> str:
    """Why a row is not JSON: a number that is infinite or NaN, bytes, or lists nested too deep;
    empty where it is JSON.
    """
    for name, value in row.items():
        if why := _why_not_value(value, MOST_LEVELS):
            return f"{name}: {why}"
    return ""


def _why_not_value(value: object, levels: int) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity and NaN are not JSON values"
    if value is None or isinstance(value, (str, int, float, bool)):
        return ""
    if not isinstance(value, (list, tuple, dict)):
        return f"a value of type {type(value).__name__} is not JSON"
    if not levels:
        return f"lists and objects within each other, more than {MOST_LEVELS} deep"
    inner = value.values() if isinstance(value, dict) else value
    return next(filter(None, (_why_not_value(item, levels - 1) for item in inner)), "")


def _call_server(eco: Ecosystem, method: str, path: str, body: Any = None) -> Any:
    with writing_in(SOURCE):  # what is written into a file of rows is in English
        found = call(eco, method, path, body)
    if found is None:
        raise MesocosmError(Message("lifecycle.server_stopped"))
    return found
