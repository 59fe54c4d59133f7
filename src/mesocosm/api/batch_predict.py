"""Rows of a file predicted, a block at a time, and written beside their answers. Knows Arrow and
the gateway's form.
"""

from __future__ import annotations

import csv
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.api.row_files import BLOCK, Line, Origin, read_rows
from mesocosm.api.service_calls import call, local
from mesocosm.client import row_as_json
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import aside_name
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.serving.requests.nested import MOST_LEVELS

MOST_SHAPES = 1000  # sets of columns that are remembered
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ENDINGS = (".csv", ".jsonl", ".parquet")
SAID = ("id", "version", "label", "probability", "value", "why", "warnings")


def predict_file(eco: Any, service: str, rows: Path, out: Path) -> dict[str, Any]:
    """Predict every row of a file; what is written is there whole or not at all.

    A delimited file is read with the settings of the source that the service's model learnt from.
    Its columns may have the names of the fields, or those that they have in that source.

    Raises:
        Failure: a file cannot be read or written.
        Wrong: there is no such service, or an ending that is not known.
    """
    from rich.progress import Progress

    if out.suffix not in ENDINGS:
        raise ConfigValueError(
            "", f"'{out.name}' ends in '{out.suffix}'", "one of the choices", ENDINGS, out.suffix
        )
    names, answer = _asker(eco, service)
    origin = _origin(eco, service, names)
    read = read_rows(rows, origin)
    ask = _by_field(origin, answer)
    began, counted, reasons = time.perf_counter(), Counter[str](), Counter[str]()
    aside, taken = out.with_name(aside_name(out)), frozenset(read.names)
    writer: Any = None
    try:
        with Progress(console=_console(), transient=True) as bar:
            task = bar.add_task(f"{rows.name} to {service}", total=read.total)
            for block in read.blocks:
                answers = iter(
                    ask([row_as_json(line.row) for line in block if not line.why])
                    if not all(line.why for line in block)
                    else []
                )
                said = [{"why": line.why} if line.why else next(answers) for line in block]
                for line, one in zip(block, said, strict=True):
                    counted["refused" if one.get("why") else "predicted"] += 1
                    counted["warned"] += bool(one.get("warnings"))
                    if one.get("why"):
                        reasons[_kind_of(line, one)] += 1
                whole = [
                    line.row
                    | {
                        ("predicted_" + k if k in taken or k in line.row else k): _written(one, k)
                        for k in SAID
                    }
                    for line, one in zip(block, said, strict=True)
                ]
                writer = writer or _Writer(aside, out.suffix, whole, read.names)
                writer.write(whole)
                bar.advance(task, len(block))
        if writer is None:
            raise MesocosmError(f"{rows} has no rows")
        writer.close()
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return {
        "rows": counted["predicted"] + counted["refused"],
        "predicted": counted["predicted"],
        "warned": counted["warned"],
        "refused": counted["refused"],
        "reasons": dict(reasons.most_common(5)),
        "notes": read.notes,
        "seconds": round(time.perf_counter() - began, 2),
        "out": str(out),
    }


def _written(one: Mapping[str, Any], key: str) -> Any:
    """What is written of an answer under a name; its warnings as sentences."""
    return (
        "; ".join(w["detail"] for w in one["warnings"])
        if key == "warnings" and one.get("warnings")
        else one.get(key)
    )


def _kind_of(line: Line, refused: Mapping[str, Any]) -> str:
    """A reason as it is counted: the field or rule of a row, and of a line that is no row what is
    wrong with it, its number left out.
    """
    if line.why:
        return re.sub(r"\d+", "N", re.sub(r"^line \d+:? ", "", line.why).split(":")[0])[:60]
    return str(refused["why"]).split(":")[0][:60]


def _console() -> Any:
    from rich.console import Console

    return Console(file=sys.stderr)


def _origin(eco: Any, service: str, names: frozenset[str]) -> Origin:
    """Where the rows of a service come from, as the file and the newest snapshot say it."""
    served = eco.spec.eco.services.get(service)
    model = eco.spec.eco.models.get(served.serves) if served else None
    data = eco.spec.eco.datasets.get(model.learns) if model else None
    if model is None or data is None:
        return Origin(names, tuple(names))
    leads = data.source.union or data.source.sources[:1]
    csv = [s for name in leads if isinstance(s := eco.spec.eco.sources.get(name), Csv)]
    snapshot = eco.catalog.snapshot(dataset=model.learns)
    there: dict[str, list[str]] = snapshot["report"].get("columns", {}) if snapshot else {}
    columns = {
        name: _column(field.column or name, data.source.sources, there)
        for name, field in data.fields.items()
    }
    wanted = tuple(n for n in model.inputs if n in names) or tuple(names)
    return Origin(names, wanted, columns, model.predict, csv[0] if len(csv) == 1 else None)


def _column(said: str, sources: Sequence[str], there: Mapping[str, Sequence[str]]) -> str:
    """The name of a column that a field is read from, where it is told by its place (`#3`) or with
    its source.

    >>> _column("#2", ["a"], {"a": ["x", "y"]})
    'y'
    >>> _column("a.x", ["a"], {"a": ["x"]})
    'x'
    >>> _column("a.x", ["a"], {"a": ["a.x"]})
    'a.x'
    """
    if any(said in columns for columns in there.values()):
        return said
    first = next(iter(there.get(s, ()) for s in sources), ())
    if re.fullmatch(r"#\d{1,5}", said) and 0 < int(said[1:]) <= len(first):
        return first[int(said[1:]) - 1]
    return next((said.removeprefix(f"{s}.") for s in sources if said.startswith(f"{s}.")), said)


Answer = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


def _by_field(origin: Origin, answer: Answer) -> Answer:
    """What predicts rows with the columns of a file: those that the service reads by the names of
    its fields, all others left out.
    """
    known: dict[tuple[str, ...], dict[str, str]] = {}

    def ask(whole: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        rows = []
        for row in whole:
            keys = tuple(row)
            if keys not in known:
                if len(known) >= MOST_SHAPES:
                    known.clear()
                known[keys] = origin.named(keys)
            rows.append({field: row[column] for field, column in known[keys].items()})
        wrong = {i: why for i, row in enumerate(rows) if (why := _no_json(row))}
        said = iter(
            answer([row for i, row in enumerate(rows) if i not in wrong])
            if len(wrong) < len(rows)
            else []
        )
        return [{"why": wrong[i]} if i in wrong else next(said) for i in range(len(rows))]

    return ask


def _asker(eco: Any, service: str) -> tuple[frozenset[str], Answer]:
    """The fields that a service reads, and what predicts rows of them: the gateway where it runs,
    else this process. A row that cannot be right is refused alone.
    """
    from mesocosm.lifecycle.server_info import running_server

    if service not in eco.spec.eco.services or running_server(eco.spec.root / ".mesocosm") is None:
        served = local(eco, service)
        if served.now.fields is None:
            raise MesocosmError(f"{service} serves no model")
        names = frozenset(served.now.fields.fields)
    else:
        served, names = (
            None,
            frozenset(i["name"] for i in _called(eco, "GET", f"/v2/models/{service}")["inputs"]),
        )

    def ask(block: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if served is None:
            try:
                return list(
                    _called(eco, "POST", f"/v1/services/{service}/predict", {"rows": block})[
                        "predictions"
                    ]
                )
            except MesocosmError as failure:
                return (
                    [{"why": str(failure)}]
                    if len(block) == 1
                    else [one for row in block for one in ask([row])]
                )
        found: list[dict[str, Any]] = []
        good: list[Mapping[str, Any]] = []
        for row in block:
            try:
                served.now.fields.check(row)
                good.append(row)
                found.append({})
            except ConfigValueError as wrong:
                found.append({"why": str(wrong)})
        said = iter(served.predict(good) if good else [])
        return [one or next(said) for one in found]

    return names, ask


def _no_json(row: Mapping[str, Any]) -> str:
    """Why a row is no JSON: a number that is infinite or none, bytes, or lists within lists beyond
    measure; empty where it is.
    """
    for name, value in row.items():
        if (why := _unfit(value, MOST_LEVELS)) and value is not None:
            return f"{name}: {why}"
    return ""


def _unfit(value: object, levels: int) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity and NaN are no JSON values"
    if isinstance(value, (list, tuple, dict)):
        if not levels:
            return f"lists and objects within each other, more than {MOST_LEVELS} deep"
        return next(
            (
                why
                for one in (value.values() if isinstance(value, dict) else value)
                if (why := _unfit(one, levels - 1))
            ),
            "",
        )
    return (
        ""
        if value is None or isinstance(value, (str, int, float, bool))
        else f"a value of type {type(value).__name__} is no JSON"
    )


def _called(eco: Any, method: str, path: str, body: Any = None) -> Any:
    found = call(eco, method, path, body)
    if found is None:
        raise MesocosmError("the server stopped answering; what was written is not kept")
    return found


class _Writer:
    """Writes blocks of rows; a cell of a CSV that a table program would take for a formula is
    written as text.
    """

    def __init__(
        self, path: Path, ending: str, first: Sequence[Mapping[str, Any]], names: Sequence[str] = ()
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        mine = [f"predicted_{k}" if k in names else k for k in SAID]
        given = dict.fromkeys([*names, *(k for row in first for k in row)])
        self.ending, self.names = (
            ending,
            [*(k for k in given if k not in mine), *(k for k in mine if k in given)],
        )
        self.file = path.open("w", encoding="utf-8", newline="") if ending != ".parquet" else None
        if ending == ".csv":
            self.csv = csv.DictWriter(self.file, self.names)  # type: ignore[arg-type]
            self.csv.writeheader()
        if ending == ".parquet":
            said = {
                name: pa.float64() if k in ("probability", "value") else pa.string()
                for name, k in zip(mine, SAID, strict=True)
            }
            kinds = {
                f.name: f.type
                for f in pa.Table.from_pylist(
                    [dict.fromkeys(self.names) | dict(row) for row in first]
                ).schema
                if f.type != pa.null()
            }
            self.schema = pa.schema(
                [(n, said.get(n, kinds.get(n, pa.string()))) for n in self.names]
            )
            self.parquet = pyarrow.parquet.ParquetWriter(path, self.schema)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a block.

        Raises:
            Failure: a row has a column that no row of the first block had, and the file is a table.
        """
        import json

        import pyarrow as pa

        known = set(self.names)
        if self.ending != ".jsonl" and (
            more := next((k for row in rows for k in row if k not in known), None)
        ):
            raise MesocosmError(
                f"a row has the column '{more}', which none of the first {BLOCK} rows has, so a"
                " table has no place for it; wanted --out with .jsonl"
            )
        if self.ending == ".parquet":
            self.parquet.write_table(
                pa.Table.from_pylist([dict(r) for r in rows], schema=self.schema)
            )
            return
        assert self.file is not None
        if self.ending == ".jsonl":
            self.file.writelines(
                json.dumps(row_as_json(r), ensure_ascii=False) + "\n" for r in rows
            )
            return
        self.csv.writerows({k: _cell(v) for k, v in r.items()} for r in rows)

    def close(self) -> None:
        """End the file."""
        if self.ending == ".parquet":
            self.parquet.close()
        elif self.file is not None:
            self.file.close()


def _cell(value: Any) -> Any:
    """A value as a CSV holds it: moments in ISO 8601, a decimal with all its digits, no formula."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return (
        "'" + value
        if isinstance(value, str) and value.startswith(FORMULA) and not _number(value)
        else value
    )


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
