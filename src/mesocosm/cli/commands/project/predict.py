"""`mesocosm predict`: one prediction, logged with an id that `trace` follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError, text_of
from mesocosm.core.messages import Message, render
from mesocosm.core.values.json_faults import explain_json_fault
from mesocosm.core.values.json_keys import KeyTwice, load_once
from mesocosm.core.values.json_shapes import list_objects, read_number

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
        raise MesocosmError(Message("cli.predict.input_or_rows"))
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
        raise MesocosmError(Message("cli.predict.input", error=text_of(error))) from error
    except ValueError as error:
        raise MesocosmError(
            Message("cli.predict.not_json", error=explain_json_fault(error))
        ) from error
    if isinstance(row, dict):
        _check_finite(row)
    return cast(Mapping[str, object], row)


def _check_finite(row: Mapping[str, object]) -> None:
    for key, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise MesocosmError(Message("cli.predict.not_finite", key=key[:60]))


def _batch_text(found: FilePredictions) -> str:
    counts = Message(
        "cli.predict.counts",
        rows=found.rows,
        seconds=found.seconds,
        predicted=found.predicted,
        refused=found.refused,
    ).render()
    if found.warned:
        counts += Message("cli.predict.warned", number=found.warned).render()
    lines = [Message("cli.predict.written", counts=counts, file=str(found.out)).render()]
    lines += [f"  {count} x {render(why)}" for why, count in found.reasons.items()]
    lines += [Message("cli.predict.note", note=note).render() for note in found.notes]
    return "\n".join(lines)


def _text(prediction: Prediction) -> str:
    lines = [
        *_prediction_lines(prediction),
        Message("cli.predict.id", id=prediction.id, version=prediction.version).render(),
        *(
            Message("cli.warning", text=warning["detail"]).render()
            for warning in prediction.warnings
        ),
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
    return [_span_line(span) for span in list_objects(spans)] or [
        Message("cli.predict.no_span").render()
    ]


def _item_lines(prediction: Prediction) -> list[str]:
    lines = [_item_line(number, item) for number, item in enumerate(prediction.items, 1)]
    unknown = prediction.more.get("unknown")
    if isinstance(unknown, Sequence):
        lines.append(Message("cli.predict.unknown", items=tuple(map(str, unknown))).render())
    return lines


def _item_line(number: int, item: JsonObject) -> str:
    line = f"{number:>2}. {item.get('said') or item['item']}"
    if item.get("said"):
        line += f"  ({item['item']})"
    if "because" in item:
        line += Message("cli.predict.because_of", item=str(item["because"])).render()
    if "explored" in item:
        line += Message("cli.predict.explored", probability=read_number(item["explored"])).render()
    return line


def _span_line(span: JsonObject) -> str:
    return Message(
        "cli.predict.span",
        span=str(span["text"]),
        kind=str(span["kind"]),
        probability=read_number(span["probability"]),
        start=str(span["start"]),
        end=str(span["end"]),
    ).render()


def _number_line(prediction: Prediction) -> str:
    line = prediction.label
    if prediction.interval:
        low, high = prediction.interval
        line += Message(
            "cli.predict.interval", level=read_number(prediction.more["level"]), low=low, high=high
        ).render()
    return line


def _class_line(prediction: Prediction) -> str:
    line = prediction.label
    if prediction.unsure:
        line += Message("cli.predict.abstained").render()
    others = ", ".join(f"{label} {p:.3f}" for label, p in prediction.probabilities.items())
    return f"{line} ({others})"
