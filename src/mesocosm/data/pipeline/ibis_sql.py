"""Ibis as a typed compiler: small helpers the types and steps share, and the way to SQL.

Knows Ibis expressions and the DuckDB dialect. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from mesocosm.data.pipeline.expressions.column import Call as Call
from mesocosm.data.pipeline.expressions.column import Column as Column
from mesocosm.data.pipeline.expressions.column import Scalar as Scalar
from mesocosm.data.pipeline.expressions.column import Table as Table
from mesocosm.data.pipeline.expressions.python_functions import CALLS as CALLS
from mesocosm.data.pipeline.expressions.python_functions import prepare as prepare

if TYPE_CHECKING:
    import pyarrow as pa

ORDER = "struct<at: float64, row: int64>"
GROUPS = "struct<sign: string, mark: string, figure: string, rest: string>"
BLANK = ("", "na", "n/a", "nan", "null", "?")
FULL_WIDTH = "".join(chr(0xFF01 + i) for i in range(94)) + "\u3000"
HALF_WIDTH = "".join(chr(0x21 + i) for i in range(94)) + " "

SQL = {
    "int64": "bigint",
    "float64": "double",
    "string": "varchar",
    "date": "date",
    "boolean": "boolean",
    "timestamp": "timestamp",
}
NUMERIC = ("int64", "float64")

READERS = (  # functions of a text and the settings it is read by
    "figure_of",
    "unit_of",
    "why_no_number",
    "day_of",
    "why_no_day",
    "moment_of",
    "why_no_moment",
    "why_no_country",
    "why_no_phone",
    "code_of",
    "why_no_code",
    "division_of",
    "why_no_division",
    "items_of",
    "spans_of",
    "script_of",
    "decimal_of",
)

Value: TypeAlias = "str | float | bytes | Sequence[str]"  # of a literal


class _Builtin(Protocol):
    """How Ibis is told of a function that the engine has."""

    def __call__(
        self, shape: object, /, *, name: str, signature: tuple[tuple[str, ...], str]
    ) -> Call: ...


def _shape(takes: int) -> object:
    """A function of so many parameters, which Ibis looks at and never calls."""

    def one(x: object) -> object: ...

    def two(x: object, y: object) -> object: ...

    def three(x: object, y: object, z: object) -> object: ...

    return (one, two, three)[takes - 1]


@lru_cache(maxsize=1)
def functions() -> dict[str, Call]:
    """Functions of the engine that Ibis has no name for, as typed builtins."""
    import ibis

    scalar = cast(_Builtin, ibis.udf.scalar.builtin)
    aggregate = cast(_Builtin, ibis.udf.agg.builtin)

    def total(name: str, takes: tuple[str, ...], gives: str) -> Call:
        return aggregate(_shape(len(takes)), name=name, signature=(takes, gives))

    def builtin(name: str, takes: tuple[str, ...], gives: str) -> Call:
        return scalar(_shape(len(takes)), name=name, signature=(takes, gives))

    return {
        "try_strptime": builtin("try_strptime", ("string", "array<string>"), "timestamp"),
        "try_strptime_zoned": builtin(
            "try_strptime", ("string", "array<string>"), "timestamp('UTC')"
        ),
        "at_zone": builtin("timezone", ("string", "timestamp"), "timestamp('UTC')"),
        "to_utc": builtin("timezone", ("string", "timestamp('UTC')"), "timestamp"),
        "phone_of": builtin("phone_of", ("string", "string"), "string"),
        "country_of": builtin("country_of", ("string", "string"), "string"),
        "address_of": builtin("address_of", ("string",), "string"),
        **{name: builtin(name, ("string", "string"), "string") for name in READERS},
        "image_of": builtin("image_of", ("string", "string"), "string"),
        "nfc": builtin("nfc_normalize", ("string",), "string"),
        "nfkc": builtin("nfkc", ("string",), "string"),
        "strip_accents": builtin("strip_accents", ("string",), "string"),
        "sha256_bytes": builtin("sha256", ("binary",), "string"),
        "join": builtin("||", ("binary", "binary"), "binary"),
        "unhex": builtin("unhex", ("string",), "binary"),
        "seal": builtin("seal", ("string",), "string"),
        "redacted": builtin("redacted", ("string",), "string"),
        "redacted_by": builtin("redacted_by", ("string", "string"), "string"),
        "encode": builtin("encode", ("string",), "binary"),
        "bytes": builtin("strlen", ("string",), "int64"),
        "trim": builtin("trim", ("string",), "string"),
        "steady_mode": total("steady_mode", ("string",), "string"),
        "steady_mean": total("steady_mean", ("float64",), "float64"),
        "steady_sd": total("steady_sd", ("float64",), "float64"),
        "newest": total("arg_max", ("string", ORDER), "string"),
        "mad": total("mad", ("float64",), "float64"),
        "groups": builtin("regexp_extract", ("string", "string", "array<string>"), GROUPS),
    }


def is_number(kind: str) -> bool:
    """Whether an Ibis type holds numbers.

    >>> is_number("decimal(18, 2)"), is_number("date")
    (True, False)
    """
    return kind in NUMERIC or kind.startswith("decimal")


def sql_type(kind: str) -> str:
    """DuckDB's name of an Ibis type.

    >>> sql_type("decimal(18, 2)"), sql_type("float64")
    ('decimal(18, 2)', 'double')
    """
    return kind if kind.startswith("decimal") else SQL[kind]


def table(name: str, columns: dict[str, str]) -> Table:
    """An unbound table to write expressions on; `columns` maps names to Ibis types."""
    import ibis

    return cast(Table, ibis.table(columns, name=name))


def select_columns(rows: Table, columns: Mapping[str, Column]) -> Table:
    """A table of some columns by their names, whatever those are; a keyword named `self` would be
    taken for another argument.
    """
    return rows.select([column.name(name) for name, column in columns.items()])


def to_sql(expression: Table) -> str:
    """An expression as DuckDB SQL."""
    import ibis

    write = cast("Callable[..., object]", ibis.to_sql)
    return str(write(expression, dialect="duckdb", pretty=False))


def literal(value: Value | None, kind: str | None = None) -> Column:
    """A value as an Ibis literal of an Ibis type."""
    import ibis

    if kind:
        return cast(Column, ibis.literal(value, type=kind))
    return cast(Column, ibis.literal(value))


def null(kind: str = "string") -> Column:
    """The null of an Ibis type."""
    import ibis

    return cast(Column, ibis.null(kind))


def cases(*pairs: tuple[Column, Column], other: Column) -> Column:
    """CASE WHEN, or `other` where there are no pairs."""
    import ibis

    if not pairs:
        return other
    write = cast("Callable[..., Column]", ibis.cases)
    return write(*pairs, else_=other)


def first_not_null(columns: Sequence[Column], kind: str = "string") -> Column:
    """The first column that is not null, or null."""
    import ibis

    if not columns:
        return null(kind)
    return cast("Callable[..., Column]", ibis.coalesce)(*columns)


def struct(columns: Mapping[str, Column]) -> Column:
    """A record of columns."""
    import ibis

    return cast("Callable[..., Column]", ibis.struct)(columns)


def trim(raw: Column) -> Column:
    """Text without outer spaces of any script."""
    call = functions()
    raw = raw.cast("string")
    last = raw.right(1)
    # no space at either end: most texts
    plain = (raw >= "!") & (raw < "\x7f") & (last >= "!") & (last < "\x7f")
    return cases((plain, raw), other=call["trim"](raw.strip()).strip())


def unless_blank(value: Column, words: Sequence[str] = BLANK, exact: bool = False) -> Column:
    """Null where trimmed text is one of the null words; whatever their case, or `exact`."""
    if not words:
        return value
    longest = max(len(word.encode()) for word in words)
    if not longest:
        return cases((value == "", null()), other=value)
    low = value
    if not exact:
        low = value.lower()
    known = cases(*((low == word, null()) for word in words), other=value)
    return cases((functions()["bytes"](value) <= longest, known), other=value)


def unless_absent(value: Column, marks: Sequence[str]) -> Column:
    """Null where a value is one of those that stand for none; a column of numbers is compared as
    numbers.
    """
    if value.type().is_string():
        return cases((value.lower().isin([m.strip().lower() for m in marks]), null()), other=value)
    if not value.type().is_numeric():
        return value
    numbers = _read_numbers(marks)
    if not numbers:
        return value
    return cases((value.cast("float64").isin(numbers), null()), other=value)


def _read_numbers(texts: Sequence[str]) -> list[float]:
    """Those of some texts that are numbers."""
    numbers: list[float] = []
    for text in texts:
        with suppress(ValueError):
            numbers.append(float(text))
    return numbers


def narrow(value: Column) -> Column:
    """Full-width digits, letters and marks as their ASCII forms; other text as it is."""
    plain = functions()["bytes"](value) == value.length()
    return cases((plain, value), other=value.translate(FULL_WIDTH, HALF_WIDTH))


def map_values(column: Column, known: Mapping[str, str | float], kind: str) -> Column:
    """The value a column's text is mapped to, or null where the text is not known."""
    if not known:
        return null(kind)
    pairs = [(column == key, literal(value, kind)) for key, value in sorted(known.items())]
    return cases(*pairs, other=null(kind))


def run(expression: Table, **tables: pa.Table) -> list[dict[str, object]]:
    """Rows of an expression over Arrow tables, by an own DuckDB; for doctests and small work."""
    import duckdb

    with duckdb.connect() as con:
        prepare(con)
        for name, rows in tables.items():
            con.register(name, rows)
        found: pa.Table = con.sql(to_sql(expression)).to_arrow_table()
        return list(found.to_pylist())


def nearest_mean(
    scaled: Sequence[Column],
    donors: Sequence[Sequence[float | None]],
    values: Sequence[float],
    neighbours: int,
) -> Column:
    """The mean value of the donors nearest in Euclidean distance, fields missing on either side
    left out.
    """
    import ibis

    pairs: list[Column] = []
    for donor, value in zip(donors, values, strict=True):
        far = _measure_distance(scaled, donor)
        pairs.append(struct({"d": far, "v": literal(float(value))}))
    listed = cast("Callable[..., Column]", ibis.array)(pairs)
    return listed.sort()[:neighbours].map(lambda pair: pair["v"]).means()


def _measure_distance(scaled: Sequence[Column], donor: Sequence[float | None]) -> Column:
    """The squared distance of a row and a donor, over the fields that both have."""
    squares, seen = literal(0.0), literal(0.0)
    for own, other in zip(scaled, donor, strict=True):
        if other is not None:
            squares = squares + ((own - other) * (own - other)).fill_null(0.0)
            seen = seen + own.notnull().cast("float64")
    return cases((seen > 0, squares / seen), other=literal(1e300))
