"""A table that is being written: whatever moment the writer dies at, a reader sees one whole
version.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
from conftest import rounds
from deltalake import DeltaTable

from mesocosm.data.quality import table_statistics
from mesocosm.data.snapshots.delta_tables import files_of, read_table, write_rows

pytestmark = pytest.mark.slow

WRITER = """
import sys
from pathlib import Path
import pyarrow as pa
from mesocosm.data.snapshots.delta_tables import write_rows
path, start = Path(sys.argv[1]), int(sys.argv[2])
for tag in range(start, start + 100000):
    if tag == start + 1:
        print("ready", flush=True)  # the libraries are loaded; from here it only writes
    write_rows(path, pa.table({"_row": range(20000), "tag": [tag] * 20000, "text": [f"{tag}-{i}" for i in range(20000)]}), str(tag))
"""
KILLS = rounds(8, 50)


def test_a_table_in_a_folder_of_an_odd_name_is_read(tmp_path: Path) -> None:
    for name in ("a b", "10%", "kg>lb", "no#1", "who?", "数据", "tag=9", "x[1]"):
        path = tmp_path / name / "rows"
        version = write_rows(path, pa.table({"_row": [1, 2], "tag": [5, 6]}), "0")
        assert [Path(f).parent for f in files_of(path, version)] == [path] and read_table(
            path, version
        )["tag"].to_pylist() == [5, 6]


def test_a_writer_killed_many_times_leaves_the_old_or_the_new_version(tmp_path: Path) -> None:
    path, rng, seen = tmp_path / "t", random.Random(9), set()
    write_rows(
        path, pa.table({"_row": range(20000), "tag": [0] * 20000, "text": ["x"] * 20000}), "0"
    )
    for kill in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(1 + kill * 100000)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.05, 0.35))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        version = DeltaTable(path).version()
        for number in {version, max(0, version - 1)}:
            table = read_table(path, number)
            tags = set(table.column("tag").to_pylist())
            assert len(tags) == 1 and table.num_rows == 20000, (kill, number)
            seen |= tags
    assert len(seen) > KILLS / 2  # the kills fell among many versions


def test_no_value_of_a_column_reaches_the_log(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for tag in ("first@example.org", "second@example.org"):
        write_rows(path, pa.table({"_row": [1], "email": [tag]}), "made")
    logs = [p.read_text() for p in (path / "_delta_log").glob("*.json")]
    assert len(logs) == 2 and all("@example.org" not in text for text in logs)
    added = [
        json.loads(line)["add"] for text in logs for line in text.splitlines() if '"add"' in line
    ]
    assert [json.loads(a["stats"]) for a in added] == [{"numRecords": 1}] * 2
    assert (
        len(files_of(path, 0)) == len(files_of(path, 1)) == 1
        and read_table(path, 0).to_pylist()[0]["email"] == "first@example.org"
    )


def test_what_a_histogram_does_not_list_is_counted_and_ends_are_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_statistics, "SAMPLED", 1000)
    con = duckdb.connect()
    con.execute(
        "create table t as select i as _row, 'train' as _split, i::double as x, 'c' || (i % 300) as"
        " c, 'd' || (i % 3) as d from range(10000) r(i)"
    )

    def kind(type_: str, name: str) -> SimpleNamespace:
        return SimpleNamespace(private=False, ibis_type=type_, role=name)

    found = table_statistics.histogram(
        con,
        "t",
        {
            "x": kind("float64", "number"),
            "c": kind("string", "category"),
            "d": kind("string", "category"),
        },
    )  # type: ignore[dict-item]
    assert (found["x"]["numbers"][0], found["x"]["numbers"][-1], found["x"]["rows"]) == (
        0.0,
        9999.0,
        10000,
    )
    assert (
        len(found["c"]["counts"]) == 200
        and sum(found["c"]["counts"].values()) + found["c"]["other"] == 10000
    )
    assert "other" not in found["d"]
