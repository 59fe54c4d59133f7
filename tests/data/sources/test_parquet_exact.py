"""What Parquet holds is read exactly, or refused with its reason: wide decimals, moments as INT96,
durations.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mesocosm
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.sources.files.parquet import Parquet


def collected(folder: Path, table: Any, **how: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    pq.write_table(table, folder / "in.parquet", **how)
    with duckdb.connect() as con:
        found = Parquet(path="in.parquet").collect(ProjectPaths(folder, folder), con, "src")
        return (
            con.execute("select * exclude (_file, _line) from src order by _line").fetchall(),
            found.notes,
        )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-(10**60), 10**60), min_size=1, max_size=6), st.integers(0, 20))
def test_a_decimal_of_any_width_keeps_every_digit(
    tmp_path_factory: pytest.TempPathFactory, units: list[int], scale: int
) -> None:
    with localcontext() as exact:
        exact.prec = 80
        values = [Decimal(n).scaleb(-scale) for n in units]
        rows, notes = collected(
            tmp_path_factory.mktemp("wide"),
            pa.table(
                {
                    "d": pa.array(
                        [*values, None], pa.decimal256(61 + scale if scale < 16 else 76, scale)
                    ),
                    "n": range(len(values) + 1),
                }
            ),
        )
        assert (
            [None if d is None else Decimal(d) for d, _ in rows] == [*values, None]
            and [n for _, n in rows] == list(range(len(values) + 1))
            and not notes
        )
        assert [d for d, _ in rows] == [
            *(format(v, "f") for v in values),
            None,
        ]  # plain figures: a field of decimals takes no exponent


def test_far_moments_stay_beside_a_wide_decimal_and_a_file_cut_off_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with localcontext() as exact:
        exact.prec = 60
        both = pa.table(
            {
                "d": pa.array([Decimal(0), None], pa.decimal256(60, 10)),
                "t": pa.array([253402300799_000_000, -62135596800_000_000], pa.timestamp("us")),
            }
        )
        rows, _ = collected(tmp_path, both, use_deprecated_int96_timestamps=True)
        assert [(d, t.year) for d, t in rows] == [("0.0000000000", 9999), (None, 1)]
        monkeypatch.setattr(
            pq.ParquetWriter,
            "write_batch",
            lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")),
        )
        with pytest.raises(ConfigValueError, match="cannot be read to its end"):
            collected(tmp_path, both)


def test_nanoseconds_are_not_cut(tmp_path: Path) -> None:
    """A year far away does not fit 64 bits of nanoseconds, and is right all the same."""
    far = pa.array(
        [253402300799_000_000, None, -62135596800_000_000, 1_700_000_000_123_456],
        pa.timestamp("us"),
    )
    rows, _ = collected(tmp_path, pa.table({"t": far}), use_deprecated_int96_timestamps=True)
    assert [None if t is None else t.year for (t,) in rows] == [9999, None, 1, 2023] and rows[3][
        0
    ].microsecond == 123456
    fine = pa.table(
        {"t": pa.array([1_700_000_000_123_456_000, 1_700_000_000_123_456_001], pa.timestamp("ns"))}
    )
    with pytest.raises(
        ConfigValueError, match="row 2 of 'in.parquet' has a moment finer than a microsecond in 't'"
    ):
        collected(tmp_path, fine, use_deprecated_int96_timestamps=True)
    assert (
        len(collected(tmp_path, fine)[0]) == 2
    )  # as a timestamp of nanoseconds each value is refused by itself


def test_a_duration_says_its_unit_and_what_is_inside_is_refused(tmp_path: Path) -> None:
    for unit, name in (
        ("s", "seconds"),
        ("ms", "milliseconds"),
        ("us", "microseconds"),
        ("ns", "nanoseconds"),
    ):
        rows, notes = collected(
            tmp_path, pa.table({"wait": pa.array([1, None, -7], pa.duration(unit))})
        )
        assert rows == [(1,), (None,), (-7,)] and notes == [
            f"'wait' of 'in.parquet' is a duration, read as a whole number of {name}"
        ]
    with (
        localcontext() as exact,
        pytest.raises(ConfigValueError, match="decimals of more than 38 digits inside of 'd'"),
    ):
        exact.prec = 60
        collected(
            tmp_path,
            pa.table({"d": pa.array([[Decimal(10) ** 45]], pa.list_(pa.decimal256(50, 2)))}),
        )
    with pytest.raises(ConfigValueError, match="INT96 inside of 't'"):
        collected(
            tmp_path,
            pa.table({"t": pa.array([[1]], pa.list_(pa.timestamp("ns")))}),
            use_deprecated_int96_timestamps=True,
        )


def test_nan_is_missing_in_every_step(tmp_path: Path, cli: Any) -> None:
    """Its own statistics say that a Parquet file holds none; a table of doubles has it for nothing."""
    values = [float("nan") if i % 20 == 0 else i / 7 for i in range(200)]
    for name, table in (
        ("double", pa.table({"id": [f"a{i}" for i in range(200)], "x": values, "n": range(200)})),
        (
            "single",
            pa.table(
                {
                    "id": [f"a{i}" for i in range(200)],
                    "x": pa.array(values, pa.float32()),
                    "n": range(200),
                }
            ),
        ),
    ):
        home = tmp_path / name
        home.mkdir()
        pq.write_table(table, home / "a.parquet", row_group_size=50)
        (home / "ecosystem.yaml").write_text(
            "grammar: 1\necosystem: it\nsources: {s: {type: parquet, path: a.parquet}}\n"
            "datasets:\n  d:\n    from: s\n    key: id\n    fields:\n      id: {type: text}\n"
            "      x: {type: number, missing: median}\n      n: {type: integer}\n"
            "  kept:\n    from: s\n    key: id\n    fields: {id: {type: text}, x: {type: number}}\n"
        )
        assert "20 are missing" not in str(
            draft_files(home, [home / "a.parquet"])["evidence"]["fields.n"]
        )
        assert "10 are missing" in draft_files(home, [home / "a.parquet"])["evidence"]["fields.x"]
        eco = mesocosm.open(home)
        assert not eco.build().failed
        filled, kept = (eco.datasets[n].to_pandas() for n in ("d", "kept"))
        assert not filled["x"].isna().any() and kept["x"].isna().sum() == 10 and len(kept) == 200
        for dataset in ("d", "kept"):
            snapshot = eco.catalog.snapshot(dataset=dataset)
            assert snapshot is not None and snapshot["report"]["before"]["x"]["missing"] == 10
            numbers = snapshot["facts"]["training"]["x"]["numbers"]
            assert all(n == n for n in numbers)
