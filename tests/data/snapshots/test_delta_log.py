"""The log of a table as deltalake, another reader of the protocol, sees it."""

import datetime
import decimal
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions

from mesocosm.core.errors import MesocosmError
from mesocosm.data.snapshots.delta_log import find_newest_version, read_state
from mesocosm.data.snapshots.delta_tables import commit, files_of, new_file, read_table, write_rows

EVERY_TYPE = pa.table(
    {
        "_row": pa.array([0, 1], pa.int64()),
        "small": pa.array([1, None], pa.int8()),
        "whole": pa.array([1, None], pa.int32()),
        "share": pa.array([0.5, None], pa.float32()),
        "money": pa.array([decimal.Decimal("12.30"), None], pa.decimal128(12, 2)),
        "name": pa.array(["李雷", None], pa.string()),
        "day": pa.array([datetime.date(2026, 3, 5), None], pa.date32()),
        "seen": pa.array([datetime.datetime(2026, 3, 5, tzinfo=datetime.UTC), None]),
        "flag": pa.array([True, None], pa.bool_()),
        "bytes": pa.array([b"\x00", None], pa.binary()),
        "words": pa.array([["a", "b"], None], pa.list_(pa.string())),
        "place": pa.array([{"city": "重庆"}, None], pa.struct([("city", pa.string())])),
    }
)


def _read_by_other(path: Path, version: int) -> list[dict[str, object]]:
    """The rows of a version by deltalake's file list and its schema."""
    table = DeltaTable(path, version=version)
    described = pa.schema(table.schema().to_arrow())
    rows = duckdb.read_parquet(table.file_uris()).to_arrow_table()
    assert rows.column_names == described.names
    return rows.cast(described).to_pylist()


def test_deltalake_reads_every_type(tmp_path: Path) -> None:
    version = write_rows(tmp_path / "t", EVERY_TYPE, "made")
    assert _read_by_other(tmp_path / "t", version) == EVERY_TYPE.to_pylist()
    log = DeltaTable(tmp_path / "t").history()
    assert log[0]["made"] == "made"


def test_moments_without_a_zone_need_a_newer_reader(tmp_path: Path) -> None:
    moments = pa.table({"_row": [0], "at": pa.array([datetime.datetime(2026, 3, 5, 7, 8)])})
    inner = pa.table({"_row": [0], "at": pa.array([[datetime.datetime(2026, 3, 5)]])})
    for name, table in {"plain": moments, "inner": inner}.items():
        version = write_rows(tmp_path / name, table, "made")
        assert DeltaTable(tmp_path / name).protocol().reader_features == ["timestampNtz"]
        assert read_table(tmp_path / name, version).to_pylist() == table.to_pylist()
    assert _read_by_other(tmp_path / "plain", 0) == moments.to_pylist()
    write_rows(tmp_path / "other", pa.table({"_row": [0], "timestamp_ntz": ["x"]}), "made")
    assert not DeltaTable(tmp_path / "other").protocol().reader_features


def test_each_version_has_its_files_and_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "t"
    tables = [
        pa.table({"_row": [0, 1], "a": [1, 2]}),
        pa.table({"_row": [0], "a": [3]}),
        pa.table({"_row": [0], "b": ["x"]}),
    ]
    for number, table in enumerate(tables):
        assert write_rows(path, table, str(number)) == number
    for number, table in enumerate(tables):
        assert _read_by_other(path, number) == table.to_pylist()
        assert read_table(path, number).to_pylist() == table.to_pylist()
    ids = {DeltaTable(path, version=number).metadata().id for number in range(3)}
    assert len(ids) == 1
    described = [
        action for action in map(_actions_of, range(3), [path] * 3) if "metaData" in action
    ]
    assert len(described) == 2  # the first version, and the one of other columns


def _actions_of(version: int, path: Path) -> set[str]:
    text = (path / "_delta_log" / f"{version:020}.json").read_text(encoding="utf-8")
    return {name for line in text.splitlines() for name in json.loads(line)}


def test_old_files_become_the_newest_version_again(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for tag in (1, 2):
        write_rows(path, pa.table({"_row": [0], "tag": [tag]}), "made")
    again = commit(path, [Path(file) for file in files_of(path, 0)], "made")
    same = commit(path, [Path(file) for file in files_of(path, 0)], "made")
    for version in (again, same):
        assert _read_by_other(path, version) == [{"_row": 0, "tag": 1}]
        assert read_table(path, version).to_pylist() == [{"_row": 0, "tag": 1}]


def test_a_table_that_deltalake_wrote_gets_a_next_version(tmp_path: Path) -> None:
    path = tmp_path / "t"
    file, table = new_file(path), pa.table({"_row": [0], "tag": [1]})
    pq.write_table(table, file, write_statistics=False)
    create_table_with_add_actions(
        str(path),
        Schema.from_arrow(table.schema),
        [AddAction(file.name, file.stat().st_size, {}, 0, True, json.dumps({"numRecords": 1}))],
        mode="overwrite",
        configuration={"delta.checkpointInterval": "1000000"},
        commit_properties=CommitProperties(custom_metadata={"made": "before"}),
    )
    assert write_rows(path, pa.table({"_row": [0], "tag": [2]}), "now") == 1
    assert "metaData" not in _actions_of(1, path)
    assert [read_table(path, n)["tag"].to_pylist() for n in (0, 1)] == [[1], [2]]
    assert _read_by_other(path, 1) == [{"_row": 0, "tag": 2}]


def test_writers_at_the_same_time_make_versions_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "t"

    def write(tag: int) -> int:
        return write_rows(path, pa.table({"_row": [0], "tag": [tag]}), str(tag))

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(write, range(8)))
    assert sorted(versions) == list(range(8)) and find_newest_version(path) == 7
    for tag, version in enumerate(versions):
        assert read_table(path, version)["tag"].to_pylist() == [tag]
    assert DeltaTable(path).version() == 7
    assert not [file for file in (path / "_delta_log").iterdir() if file.suffix != ".json"]


def test_a_lost_or_damaged_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for tag in (1, 2, 3):
        write_rows(path, pa.table({"_row": [0], "tag": [tag]}), "made")
    entry = path / "_delta_log" / f"{1:020}.json"
    whole = entry.read_bytes()
    for content in (b"[1]\n", b"{", b'{"add": 3}\n', None):
        entry.unlink() if content is None else entry.write_bytes(content)
        with pytest.raises(MesocosmError, match="version 2 of the table 't' cannot be read"):
            files_of(path, 2)
    assert read_table(path, 0)["tag"].to_pylist() == [1]
    entry.write_bytes(whole)
    assert len(read_state(path, 2).files) == 1
    with pytest.raises(MesocosmError, match="version 3 of the table 't' cannot be read"):
        files_of(path, 3)


def test_a_type_without_a_name_in_delta_is_refused(tmp_path: Path) -> None:
    times = pa.table({"_row": [0], "at": pa.array([datetime.time(7, 8)])})
    with pytest.raises(ValueError, match="time64"):
        write_rows(tmp_path / "t", times, "made")
    assert find_newest_version(tmp_path / "t") == -1
