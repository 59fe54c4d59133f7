"""`mesocosm predict`: one prediction, logged with an id that `trace` follows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.json_keys import KeyTwice, load_once


@guarded
def predict(
    service: str,
    input: Annotated[str | None, typer.Option("--input", help="The row as a JSON object.")] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows",
            help=(
                "A file of rows: .csv, .tsv, .txt, .jsonl or .parquet; one with delimiters is read"
                " as the source the model learnt from."
            ),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Where the rows go with what was predicted of them; by its ending."
        ),
    ] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Ask SERVICE for a prediction of one row, or of every row of a file."""
    from mesocosm.api.service_calls import call, local

    if (input is None) == (rows is None) or (rows is None) != (out is None):
        raise MesocosmError(
            "give --input with one row, or --rows with a file and --out with another"
        )
    if rows is not None and out is not None:
        from mesocosm.api.batch_predict import predict_file

        answer(predict_file(opened(file), service, rows, out), as_json, _counted)
        return
    assert input is not None

    try:
        row = load_once(input)
    except KeyTwice as error:
        raise MesocosmError(f"--input: {error}") from error
    except ValueError as error:
        raise MesocosmError(f"--input is no JSON: {error}") from error
    eco = opened(file)
    if isinstance(row, dict):
        for key, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise MesocosmError(
                    f"--input: {key[:60]}: Infinity and NaN are no JSON values; wanted a finite"
                    " number, or null"
                )
        row = {k: _sent(k, v, eco.spec.root) for k, v in row.items()}
    if service not in eco.spec.eco.services:
        local(eco, service)
    found = call(eco, "POST", f"/v1/services/{service}/predict", row)
    if found is None:
        served = local(eco, service)
        if served.now.fields is None:
            raise MesocosmError(f"{service} serves no model")
        served.now.fields.check(row)
        found = served.predict([row])[0]
    if "why" in found:
        raise MesocosmError(f"the row would not have been kept: {found['why']}")
    answer(found, as_json, _text)


def _counted(d: dict[str, Any]) -> str:
    said = (
        f"{d['rows']} rows in {d['seconds']:.1f} s: {d['predicted']} predicted, {d['refused']}"
        " refused, each with its"
        f" reason{', ' + str(d['warned']) + ' with warnings' if d.get('warned') else ''};"
        f" {d['out']}"
    )
    return "\n".join(
        [
            said,
            *(f"  {n} x {why}" for why, n in d["reasons"].items()),
            *(f"note: {one}" for one in d["notes"]),
        ]
    )


def _sent(key: str, value: Any, root: Path) -> Any:
    """The bytes of a file of the project that is given as `@photo.png`, as a data URL.

    Raises:
        Wrong: the path leaves the project.
    """
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    path = inside(root, value[1:], key)
    if not path.is_file():
        return value
    import base64

    return "data:;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _text(data: dict[str, Any]) -> str:
    return "\n".join(
        [_answer(data), *(f"warning: {w['detail']}" for w in data.get("warnings", ()))]
    )


def _answer(data: dict[str, Any]) -> str:
    if "items" in data:
        lines = [
            f"{i:>2}. {x.get('said') or x['item']}"
            + (f"  ({x['item']})" if x.get("said") else "")
            + (f", because of {x['because']}" if "because" in x else "")
            + (f", drawn to learn of it (chance {x['explored']:.3f})" if "explored" in x else "")
            for i, x in enumerate(data["items"], 1)
        ]
        return "\n".join(
            [
                *lines,
                *([f"not known: {', '.join(data['unknown'])}"] if "unknown" in data else []),
                f"{data['id']} by {data['version']}; follow it with: mesocosm trace {data['id']}",
            ]
        )
    if "spans" in data:
        lines = [
            f"{s['text']}: {s['kind']} ({s['probability']:.3f}), characters {s['start']} to"
            f" {s['end']}"
            for s in data["spans"]
        ] or ["no named thing"]
        return "\n".join(
            [
                *lines,
                f"{data['id']} by {data['version']}; follow it with: mesocosm trace {data['id']}",
            ]
        )
    if "text" in data:
        return (
            f"{data['text']}\n{data['id']} by {data['version']}; follow it with: mesocosm trace"
            f" {data['id']}"
        )
    if "value" in data:
        low, high = data.get("interval", (None, None))
        span = f" ({data['level']:.0%} interval {low:g} to {high:g})" if low is not None else ""
        return (
            f"{data['label']}{span}\n{data['id']} by {data['version']}; follow it with: mesocosm"
            f" trace {data['id']}"
        )
    others = ", ".join(f"{k} {v:.3f}" for k, v in data["probabilities"].items())
    doubt = ", not sure, better a person's to say" if data.get("unsure") else ""
    return (
        f"{data['label']}{doubt} ({others})\n{data['id']} by {data['version']}; follow it with:"
        f" mesocosm trace {data['id']}"
    )
