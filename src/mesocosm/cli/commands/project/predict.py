"""`mesocosm predict`: one prediction, logged with an id that `trace` follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError
from mesocosm.core.values.json_keys import KeyTwice, load_once
from mesocosm.core.values.json_shapes import list_objects

if TYPE_CHECKING:
    from mesocosm.api.results.requests import FilePredictions
    from mesocosm.client.predictions import Prediction
    from mesocosm.core.records import Json, JsonObject


@report_failures
def predict(
    service: str,
    input: Annotated[str | None, typer.Option("--input", help="The row as a JSON object.")] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows",
            help=(
                "A file of rows: .csv, .tsv, .txt, .jsonl or .parquet; one with delimiters is read"
                " as the source the model was trained on."
            ),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Where to write the rows with their predictions; by its ending."
        ),
    ] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Predict one row, or every row of a file, with SERVICE."""
    if (input is None) == (rows is None) or (rows is None) != (out is None):
        raise MesocosmError(
            "give --input with one row, or --rows with a file and --out with another"
        )
    if rows is not None and out is not None:
        answer(
            open_project(file).predict_file(service, rows, out, show_progress=True),
            as_json,
            _batch_text,
        )
        return
    row = _read_row(str(input))
    answer(open_project(file).predict(service, row), as_json, _text)


def _read_row(text: str) -> Mapping[str, object]:
    """The row of --input; what is no object is refused where its fields are checked.

    Raises:
        MesocosmError: it is not JSON, repeats a key, or has a number that JSON cannot express.
    """
    try:
        row = load_once(text)
    except KeyTwice as error:
        raise MesocosmError(f"--input: {error}") from error
    except ValueError as error:
        raise MesocosmError(f"--input is not JSON: {error}") from error
    if isinstance(row, dict):
        _check_finite(row)
    return cast(Mapping[str, object], row)


def _check_finite(row: Mapping[str, object]) -> None:
    for key, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise MesocosmError(
                f"--input: {key[:60]}: Infinity and NaN are not JSON values; expected a finite"
                " number, or null"
            )


def _batch_text(found: FilePredictions) -> str:
    counts = (
        f"{found.rows} rows in {found.seconds:.1f} s: {found.predicted} predicted,"
        f" {found.refused} refused, each with its reason"
    )
    if found.warned:
        counts += f", {found.warned} with warnings"
    lines = [f"{counts}; {found.out}"]
    lines += [f"  {count} x {why}" for why, count in found.reasons.items()]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join(lines)


def _text(prediction: Prediction) -> str:
    lines = [
        *_prediction_lines(prediction),
        f"{prediction.id} by {prediction.version}; follow it with: mesocosm trace {prediction.id}",
        *(f"warning: {warning['detail']}" for warning in prediction.warnings),
    ]
    return "\n".join(lines)


def _prediction_lines(prediction: Prediction) -> list[str]:
    more = prediction.more
    if "items" in more:
        return _item_lines(prediction)
    if "spans" in more:
        return _span_lines(more["spans"])
    if "text" in more:
        return [str(more["text"])]
    if prediction.value is not None:
        return [_number_line(prediction)]
    return [_class_line(prediction)]


def _span_lines(spans: Json) -> list[str]:
    return [_span_line(span) for span in list_objects(spans)] or ["no tagged span"]


def _item_lines(prediction: Prediction) -> list[str]:
    lines = [_item_line(number, item) for number, item in enumerate(prediction.items, 1)]
    unknown = prediction.more.get("unknown")
    if isinstance(unknown, Sequence):
        lines.append(f"unknown: {', '.join(map(str, unknown))}")
    return lines


def _item_line(number: int, item: JsonObject) -> str:
    line = f"{number:>2}. {item.get('said') or item['item']}"
    if item.get("said"):
        line += f"  ({item['item']})"
    if "because" in item:
        line += f", because of {item['because']}"
    if "explored" in item:
        line += f", drawn for exploration (probability {item['explored']:.3f})"
    return line


def _span_line(span: JsonObject) -> str:
    return (
        f"{span['text']}: {span['kind']} ({span['probability']:.3f}), characters {span['start']} to"
        f" {span['end']}"
    )


def _number_line(prediction: Prediction) -> str:
    line = prediction.label
    if prediction.interval:
        low, high = prediction.interval
        line += f" ({prediction.more['level']:.0%} interval {low:g} to {high:g})"
    return line


def _class_line(prediction: Prediction) -> str:
    line = prediction.label
    if prediction.unsure:
        line += ", abstained: better decided by a person"
    others = ", ".join(f"{label} {p:.3f}" for label, p in prediction.probabilities.items())
    return f"{line} ({others})"
