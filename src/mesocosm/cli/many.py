"""Rows of a file predicted, a block at a time: read, asked for, written. Knows Arrow and the gateway's form."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.base.files import aside_name
from mesocosm.cli.calls import call, local

BLOCK = 500  # rows that are asked for at once
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ENDINGS = (".csv", ".jsonl", ".parquet")
SAID = ("id", "version", "label", "probability", "value", "why")


def predict_file(eco: Any, service: str, rows: Path, out: Path) -> dict[str, Any]:
    """Predict every row of a file; what is written is there whole or not at all.

    Raises:
        Failure: a file cannot be read or written.
        Wrong: there is no such service, or an ending that is not known.
    """
    from rich.progress import Progress

    for path in (rows, out):
        if path.suffix not in ENDINGS:
            raise Wrong("", f"'{path.name}' ends in '{path.suffix}'", "one of the choices", ENDINGS, path.suffix)
    if not rows.is_file():
        raise Failure(f"{rows} is not there")
    ask = _asker(eco, service)
    began, counted, reasons = time.perf_counter(), Counter[str](), Counter[str]()
    aside = out.with_name(aside_name(out))
    total, blocks = _blocks(rows)
    writer: Any = None
    try:
        with Progress(console=_console(), transient=True) as bar:
            task = bar.add_task(f"{rows.name} to {service}", total=total)
            for block in blocks:
                said = ask(block)
                for one in said:
                    counted["refused" if one.get("why") else "predicted"] += 1
                    counted["warned"] += bool(one.get("warnings"))
                    if one.get("why"):
                        reasons[str(one["why"]).split(":")[0][:60]] += 1
                whole = [row | {("predicted_" + k if k in row else k): one.get(k) for k in SAID} for row, one in zip(block, said, strict=True)]
                writer = writer or _Writer(aside, out.suffix, whole)
                writer.write(whole)
                bar.advance(task, len(block))
        if writer is None:
            raise Failure(f"{rows} has no rows")
        writer.close()
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return {"rows": counted["predicted"] + counted["refused"], "predicted": counted["predicted"], "warned": counted["warned"], "refused": counted["refused"], "reasons": dict(reasons.most_common(5)), "seconds": round(time.perf_counter() - began, 2), "out": str(out)}


def _console() -> Any:
    from rich.console import Console

    return Console(file=sys.stderr)


def _asker(eco: Any, service: str) -> Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]:
    """What predicts a block: the gateway where it runs, else this process. A row that cannot be right is refused alone."""
    from mesocosm.build.running import running_server

    if service not in eco.spec.eco.services or running_server(eco.spec.root / ".mesocosm") is None:
        served = local(eco, service)
        if served.now.fields is None:
            raise Failure(f"{service} serves no model")
        names = set(served.now.fields.fields)
    else:
        served, names = None, {i["name"] for i in _called(eco, "GET", f"/v2/models/{service}")["inputs"]}

    def ask(whole: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        block = [{k: v for k, v in row.items() if k in names} for row in whole]  # a file may have other columns too
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


def _non_finite(row: Mapping[str, Any]) -> str:
    """The first field of a row whose number is infinite or none; empty where there is none."""
    return next((k for k, v in row.items() if isinstance(v, float) and not math.isfinite(v)), "")


def _called(eco: Any, method: str, path: str, body: Any = None) -> Any:
    found = call(eco, method, path, body)
    if found is None:
        raise Failure("the server stopped answering; what was written is not kept")
    return found


def _blocks(path: Path) -> tuple[int | None, Iterator[list[dict[str, Any]]]]:
    """How many rows there are, where that is told, and the rows by blocks."""
    import csv

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix == ".parquet":
        try:
            file = pyarrow.parquet.ParquetFile(path)
        except pa.ArrowException as error:
            raise Failure(f"{path} cannot be read: {str(error).splitlines()[0][:120]}") from error
        return file.metadata.num_rows, (_plain(b.to_pylist()) for b in file.iter_batches(BLOCK))
    if path.suffix == ".jsonl":
        return None, _lines(path)

    def read() -> Iterator[list[dict[str, Any]]]:
        head = path.open(encoding="utf-8", errors="replace").readline().strip().lstrip("\ufeff")
        names = next(csv.reader([head]))
        try:
            for batch in pyarrow.csv.open_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""])):
                for at in range(0, batch.num_rows, BLOCK):
                    yield batch.slice(at, BLOCK).to_pylist()
        except pa.ArrowException as error:
            raise Failure(f"{path} cannot be read: {str(error).splitlines()[0][:120]}") from error

    return None, read()


def _lines(path: Path) -> Iterator[list[dict[str, Any]]]:
    import json

    block: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for n, line in enumerate(file, 1):
            try:
                row = json.loads(line) if line.strip() else None
            except ValueError as error:
                raise Failure(f"{path}:{n} is no JSON: {error}") from error
            if row is not None and not isinstance(row, dict):
                raise Failure(f"{path}:{n} is no object; wanted one row as an object a line")
            block += [row] if row is not None else []
            if len(block) == BLOCK:
                yield block
                block = []
    if block:
        yield block


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in rows]


class _Writer:
    """Writes blocks of rows; a cell of a CSV that a table program would take for a formula is written as text."""

    def __init__(self, path: Path, ending: str, first: Sequence[Mapping[str, Any]]) -> None:
        import csv

        import pyarrow as pa
        import pyarrow.parquet

        self.ending, self.names = ending, list(first[0])
        self.file = path.open("w", encoding="utf-8", newline="") if ending != ".parquet" else None
        if ending == ".csv":
            self.csv = csv.DictWriter(self.file, self.names)  # type: ignore[arg-type]
            self.csv.writeheader()
        if ending == ".parquet":
            said = {"probability": pa.float64(), "value": pa.float64(), **dict.fromkeys(("id", "version", "label", "why"), pa.string())}
            table = pa.Table.from_pylist(list(first))
            self.schema = pa.schema([(n, said.get(n, table.schema.field(n).type if table.schema.field(n).type != pa.null() else pa.string())) for n in self.names])
            self.parquet = pyarrow.parquet.ParquetWriter(path, self.schema)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a block."""
        import json

        import pyarrow as pa

        if self.ending == ".parquet":
            self.parquet.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=self.schema))
            return
        assert self.file is not None
        if self.ending == ".jsonl":
            self.file.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
            return
        self.csv.writerows({k: "'" + v if isinstance(v, str) and v.startswith(FORMULA) and not _number(v) else v for k, v in r.items()} for r in rows)

    def close(self) -> None:
        """End the file."""
        if self.ending == ".parquet":
            self.parquet.close()
        elif self.file is not None:
            self.file.close()


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
