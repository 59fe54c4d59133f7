"""Rows of a file predicted, a block at a time, and written beside their answers. Knows Arrow and the gateway's form."""

from __future__ import annotations

import csv
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.base.files import aside_name
from mesocosm.cli.calls import call, local
from mesocosm.cli.rows import BLOCK, Line, read_rows
from mesocosm.client import row_as_json
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.sources.csv import Csv

FORMULA = ("=", "+", "-", "@", "\t", "\r")
ENDINGS = (".csv", ".jsonl", ".parquet")
SAID = ("id", "version", "label", "probability", "value", "why", "warnings")


def predict_file(eco: Any, service: str, rows: Path, out: Path) -> dict[str, Any]:
    """Predict every row of a file; what is written is there whole or not at all.

    A delimited file is read with the settings of the source that the service's model learnt from. Its columns may have the names of the fields, or those
    that they have in that source.

    Raises:
        Failure: a file cannot be read or written.
        Wrong: there is no such service, or an ending that is not known.
    """
    from rich.progress import Progress

    if out.suffix not in ENDINGS:
        raise Wrong("", f"'{out.name}' ends in '{out.suffix}'", "one of the choices", ENDINGS, out.suffix)
    data = _dataset_of(eco, service)
    read = read_rows(rows, _told_by(eco, data))
    ask = _asker(eco, service, {name: f.column for name, f in data.fields.items() if f.column} if data else {})
    began, counted, reasons = time.perf_counter(), Counter[str](), Counter[str]()
    aside = out.with_name(aside_name(out))
    writer: Any = None
    try:
        with Progress(console=_console(), transient=True) as bar:
            task = bar.add_task(f"{rows.name} to {service}", total=read.total)
            for block in read.blocks:
                answers = iter(ask([row_as_json(line.row) for line in block if not line.why]) if not all(line.why for line in block) else [])
                said = [{"why": line.why} if line.why else next(answers) for line in block]
                for line, one in zip(block, said, strict=True):
                    counted["refused" if one.get("why") else "predicted"] += 1
                    counted["warned"] += bool(one.get("warnings"))
                    if one.get("why"):
                        reasons[_kind_of(line, one)] += 1
                whole = [line.row | {("predicted_" + k if k in line.row else k): _written(one, k) for k in SAID} for line, one in zip(block, said, strict=True)]
                writer = writer or _Writer(aside, out.suffix, whole)
                writer.write(whole)
                bar.advance(task, len(block))
        if writer is None:
            raise Failure(f"{rows} has no rows")
        writer.close()
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return {"rows": counted["predicted"] + counted["refused"], "predicted": counted["predicted"], "warned": counted["warned"], "refused": counted["refused"], "reasons": dict(reasons.most_common(5)), "notes": read.notes, "seconds": round(time.perf_counter() - began, 2), "out": str(out)}


def _written(one: Mapping[str, Any], key: str) -> Any:
    """What is written of an answer under a name; its warnings as sentences."""
    return "; ".join(w["detail"] for w in one["warnings"]) if key == "warnings" and one.get("warnings") else one.get(key)


def _kind_of(line: Line, refused: Mapping[str, Any]) -> str:
    """A reason as it is counted: the field or rule of a row, and of a line that is no row what is wrong with it, its number left out."""
    first = str(refused["why"]).split(":")[0]
    return (re.sub(r"\d+", "N", first) if line.why else first)[:60]


def _console() -> Any:
    from rich.console import Console

    return Console(file=sys.stderr)


def _dataset_of(eco: Any, service: str) -> Dataset | None:
    """The dataset that a service's model learns from, None where the service or the model is not in the file."""
    served = eco.spec.eco.services.get(service)
    model = eco.spec.eco.models.get(served.serves) if served else None
    return eco.spec.eco.datasets.get(model.learns) if model else None


def _told_by(eco: Any, data: Dataset | None) -> Csv:
    """How a delimited file is read: as the dataset's only source of such files, or else as one without settings."""
    kinds = [s for name in data.source.sources if isinstance(s := eco.spec.eco.sources.get(name), Csv)] if data else []
    return kinds[0] if len(kinds) == 1 else Csv(path="rows.csv")


def _asker(eco: Any, service: str, columns: Mapping[str, str]) -> Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]:
    """What predicts a block: the gateway where it runs, else this process. A row that cannot be right is refused alone.

    Args:
        columns: of the source, by the fields that read them.
    """
    from mesocosm.build.running import running_server

    if service not in eco.spec.eco.services or running_server(eco.spec.root / ".mesocosm") is None:
        served = local(eco, service)
        if served.now.fields is None:
            raise Failure(f"{service} serves no model")
        names = set(served.now.fields.fields)
    else:
        served, names = None, {i["name"] for i in _called(eco, "GET", f"/v2/models/{service}")["inputs"]}

    def ask(whole: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        block = [_named(row, names, columns) for row in whole]
        if served is None:
            if wrong := {i: f"{name}: Infinity and NaN are no JSON values" for i, row in enumerate(block) if (name := _non_finite(row))}:
                good_rows = iter(ask([row for i, row in enumerate(block) if i not in wrong]) if len(wrong) < len(block) else [])
                return [{"why": wrong[i]} if i in wrong else next(good_rows) for i in range(len(block))]
            try:
                return list(_called(eco, "POST", f"/v1/services/{service}/predict", {"rows": block})["predictions"])
            except Failure as failure:
                return [{"why": str(failure)}] if len(block) == 1 else [one for row in block for one in ask([row])]
        found: list[dict[str, Any]] = []
        good: list[Mapping[str, Any]] = []
        for row in block:
            try:
                served.now.fields.check(row)
                good.append(row)
                found.append({})
            except Wrong as wrong:
                found.append({"why": str(wrong)})
        said = iter(served.predict(good) if good else [])
        return [one or next(said) for one in found]

    return ask


def _named(row: Mapping[str, Any], names: Collection[str], columns: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a row by their own names or, where it has none of that name, by those of their columns; its other columns are left out."""
    theirs = {field: row[column] for field, column in columns.items() if column in row and column not in names and field in names}
    return theirs | {k: v for k, v in row.items() if k in names}


def _non_finite(row: Mapping[str, Any]) -> str:
    """The first field of a row whose number is infinite or none; empty where there is none."""
    return next((k for k, v in row.items() if isinstance(v, float) and not math.isfinite(v)), "")


def _called(eco: Any, method: str, path: str, body: Any = None) -> Any:
    found = call(eco, method, path, body)
    if found is None:
        raise Failure("the server stopped answering; what was written is not kept")
    return found


class _Writer:
    """Writes blocks of rows; a cell of a CSV that a table program would take for a formula is written as text."""

    def __init__(self, path: Path, ending: str, first: Sequence[Mapping[str, Any]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        given = dict.fromkeys(k for row in first for k in row)
        self.ending, self.names = ending, [*(k for k in given if k not in SAID), *(k for k in SAID if k in given)]
        self.file = path.open("w", encoding="utf-8", newline="") if ending != ".parquet" else None
        if ending == ".csv":
            self.csv = csv.DictWriter(self.file, self.names)  # type: ignore[arg-type]
            self.csv.writeheader()
        if ending == ".parquet":
            said = {"probability": pa.float64(), "value": pa.float64(), **dict.fromkeys(("id", "version", "label", "why", "warnings"), pa.string())}
            table = pa.Table.from_pylist(list(first))
            self.schema = pa.schema([(n, said.get(n, table.schema.field(n).type if table.schema.field(n).type != pa.null() else pa.string())) for n in self.names])
            self.parquet = pyarrow.parquet.ParquetWriter(path, self.schema)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a block.

        Raises:
            Failure: a row has a column that no row of the first block had, and the file is a table.
        """
        import json

        import pyarrow as pa

        known = set(self.names)
        if self.ending != ".jsonl" and (more := next((k for row in rows for k in row if k not in known), None)):
            raise Failure(f"a row has the column '{more}', which none of the first {BLOCK} rows has, so a table has no place for it; wanted --out with .jsonl")
        if self.ending == ".parquet":
            self.parquet.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=self.schema))
            return
        assert self.file is not None
        if self.ending == ".jsonl":
            self.file.writelines(json.dumps(row_as_json(r), ensure_ascii=False) + "\n" for r in rows)
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
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) and not _number(value) else value


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
