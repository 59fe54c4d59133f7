"""Ibis as a typed compiler: small helpers the types and steps share, and the way to SQL.

Knows Ibis expressions and the DuckDB dialect. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    "items_of",
    "decimal_of",
)

Column = Any  # an Ibis column; Ibis's own types do not carry over its dynamic methods
Scalar = Any
Table = Any


@lru_cache(maxsize=1)
def functions() -> dict[str, Any]:
    """Functions of the engine that Ibis has no name for, as typed builtins."""
    import ibis

    def one(x: Any) -> Any: ...

    def two(x: Any, y: Any) -> Any: ...

    def three(x: Any, y: Any, z: Any) -> Any: ...

    shapes = {1: one, 2: two, 3: three}

    def total(name: str, takes: tuple[Any, ...], gives: Any) -> Any:
        return ibis.udf.agg.builtin(shapes[len(takes)], name=name, signature=(takes, gives))

    def builtin(name: str, takes: tuple[str, ...], gives: str) -> Any:
        return ibis.udf.scalar.builtin(shapes[len(takes)], name=name, signature=(takes, gives))

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

    return ibis.table(columns, name=name)


def select_columns(rows: Table, columns: dict[str, Any]) -> Table:
    """A table of some columns by their names, whatever those are; a keyword named `self` would be
    taken for another argument.
    """
    return rows.select([column.name(name) for name, column in columns.items()])


def to_sql(expression: Any) -> str:
    """An expression as DuckDB SQL."""
    import ibis

    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


def literal(value: Any, kind: str | None = None) -> Any:
    """A value as an Ibis literal of an Ibis type."""
    import ibis

    return ibis.literal(value, type=kind) if kind else ibis.literal(value)


def null(kind: str = "string") -> Any:
    """The null of an Ibis type."""
    import ibis

    return ibis.null(kind)


def cases(*pairs: tuple[Any, Any], other: Any) -> Column:
    """CASE WHEN, or `other` where there are no pairs."""
    import ibis

    return ibis.cases(*pairs, else_=other) if pairs else other


def first_not_null(columns: list[Column], kind: str = "string") -> Column:
    """The first column that is not null, or null."""
    import ibis

    return ibis.coalesce(*columns) if columns else ibis.null(kind)


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
    short = functions()["bytes"](value) <= longest
    low = value
    if not exact:
        low = value.lower()
    return cases(
        (short, cases(*((low == word, null()) for word in words), other=value)), other=value
    )


def unless_absent(value: Column, marks: Sequence[str]) -> Column:
    """Null where a value is one of those that stand for none; a column of numbers is compared as
    numbers.
    """
    if value.type().is_string():
        return cases((value.lower().isin([m.strip().lower() for m in marks]), null()), other=value)
    if not value.type().is_numeric():
        return value
    numbers = []
    for mark in marks:
        with suppress(ValueError):
            numbers.append(float(mark))
    if not numbers:
        return value
    return cases((value.cast("float64").isin(numbers), null()), other=value)


def narrow(value: Column) -> Column:
    """Full-width digits, letters and marks as their ASCII forms; other text as it is."""
    plain = functions()["bytes"](value) == value.length()
    return cases((plain, value), other=value.translate(FULL_WIDTH, HALF_WIDTH))


def map_values(column: Column, known: dict[str, Any], kind: str) -> Column:
    """The value a column's text is mapped to, or null where the text is not known."""
    if not known:
        return null(kind)
    pairs = [(column == key, literal(value, kind)) for key, value in sorted(known.items())]
    return cases(*pairs, other=null(kind))


def run(expression: Any, **tables: Any) -> list[dict[str, Any]]:
    """Rows of an expression over Arrow tables, by an own DuckDB; for doctests and small work."""
    import duckdb

    with duckdb.connect() as con:
        prepare(con)
        for name, rows in tables.items():
            con.register(name, rows)
        return list(con.sql(to_sql(expression)).to_arrow_table().to_pylist())


MACROS = (
    (
        "create or replace macro steady_mode(x) as"
        " list_sort(list_transform(map_entries(histogram(x)), lambda e: {'n': -(e.value::bigint),"
        " 'k': e.key}))[1].k"
    ),
    # sums depend on the order of rows in their last digits; what is left does not
    # a tie of decimals would be rounded as the rows happen to lie
    "create or replace macro steady_mean(x) as printf('%.12g', favg(x) * (1 + 3.1e-14))::double",
    (
        "create or replace macro steady_sd(x) as printf('%.10g', stddev_samp(x) * (1 +"
        " 3.1e-12))::double"
    ),
)


def prepare(con: Any, store: Path | None = None) -> None:
    """Make a connection know what recipes call by name: macros, redaction and, with a store, its
    keys.
    """
    for macro in MACROS:
        con.execute(macro)
    for name, call in CALLS.items():
        _register(con, name, call, PYTHON_FUNCTIONS[name][2])
    root = store.parent if store is not None else None

    def image_of(value: str, size: str) -> str | None:
        from mesocosm.data.types.image import image_of as made

        return made(value, size, root)

    _register(con, "image_of", image_of, 2)
    if store is not None:
        from mesocosm.data.privacy.keyring import cached_ring

        def seal(value: str) -> str:
            return cached_ring(store).seal(value)

        def opened(value: str) -> str:
            return cached_ring(store).open(value)

        def resealed(value: str) -> str:
            return cached_ring(store).reseal(value)

        _register(con, "seal", seal, side_effects=True)
        _register(con, "opened", opened)
        _register(con, "resealed", resealed, side_effects=True)


PYTHON_FUNCTIONS = {  # name in SQL: module, function, how many texts it takes
    "redacted": ("mesocosm.data.privacy.detector", "redact", 1),
    "phone_of": ("mesocosm.data.types.phone", "phone_of", 2),
    "decimal_of": ("mesocosm.data.types.decimal", "decimal_of", 2),
    "items_of": ("mesocosm.data.types.labels.list", "items_of", 2),
    "why_no_phone": ("mesocosm.data.types.phone", "why_no_phone", 2),
    "country_of": ("mesocosm.data.types.country", "country_of", 2),
    "why_no_country": ("mesocosm.data.types.country", "why_no_country", 2),
    "address_of": ("mesocosm.data.types.address", "address_of", 1),
    "nfkc": ("mesocosm.data.types.text", "nfkc", 1),
    "figure_of": ("mesocosm.data.parsing.numbers", "read_number", 2),
    "unit_of": ("mesocosm.data.parsing.numbers", "read_unit", 2),
    "day_of": ("mesocosm.data.parsing.timestamps", "read_day", 2),
    "why_no_day": ("mesocosm.data.parsing.timestamps", "explain_day", 2),
    "moment_of": ("mesocosm.data.parsing.timestamps", "read_moment", 2),
    "why_no_moment": ("mesocosm.data.parsing.timestamps", "explain_moment", 2),
    "why_no_number": ("mesocosm.data.parsing.numbers", "explain_number", 2),
}


def _late(module: str, name: str) -> Any:
    """A function that is looked up when it is first called, so that what is never called is not
    loaded.
    """

    def call(*values: str) -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)(*values)

    return call


CALLS = {
    name: _late(module, call) for name, (module, call, _) in PYTHON_FUNCTIONS.items()
}  # functions of texts, by their name in SQL


def _register(con: Any, name: str, call: Any, takes: int = 1, side_effects: bool = False) -> None:
    """A Python function of texts under a name, over whole vectors; null stays null."""

    def rows(*columns: Any) -> Any:
        import pyarrow as pa

        lists = [column.to_pylist() for column in columns]
        found = [None if x[0] is None else call(*x) for x in zip(*lists, strict=True)]
        return pa.array(found, pa.string())

    shapes = {1: lambda a: rows(a), 2: lambda a, b: rows(a, b)}
    con.create_function(
        name,
        shapes[takes],
        ["VARCHAR"] * takes,
        "VARCHAR",
        type="arrow",
        null_handling="special",
        side_effects=side_effects,
    )


def nearest_mean(
    scaled: list[Column], donors: list[list[float | None]], values: list[float], neighbours: int
) -> Column:
    """The mean value of the donors nearest in Euclidean distance, fields missing on either side
    left out.
    """
    import ibis

    pairs = []
    for donor, value in zip(donors, values, strict=True):
        squares, seen = literal(0.0), literal(0.0)
        for own, other in zip(scaled, donor, strict=True):
            if other is not None:
                squares = squares + ((own - other) * (own - other)).fill_null(0.0)
                seen = seen + own.notnull().cast("float64")
        far = cases((seen > 0, squares / seen), other=literal(1e300))
        pairs.append(ibis.struct({"d": far, "v": literal(float(value))}))
    return ibis.array(pairs).sort()[:neighbours].map(lambda pair: pair["v"]).means()
