"""Functions that recipes call by name: macros, and functions of Python over texts.

Knows DuckDB. What a recipe never calls is never loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    Texts: TypeAlias = pa.ChunkedArray[pa.StringScalar]
    Made: TypeAlias = pa.Array[pa.StringScalar]

TextCall: TypeAlias = "Callable[..., str | None]"  # a Python function of texts

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


def prepare(con: DuckDBPyConnection, store: Path | None = None) -> None:
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
        _register_keys(con, store)


def _register_keys(con: DuckDBPyConnection, store: Path) -> None:
    """Make a connection know the functions that seal and open values by the keys of a store."""
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
    "redacted_by": ("mesocosm.data.privacy.peoples.own_values", "redact_by", 2),
    "phone_of": ("mesocosm.data.types.phone", "phone_of", 2),
    "decimal_of": ("mesocosm.data.types.decimal", "decimal_of", 2),
    "items_of": ("mesocosm.data.types.labels.list", "items_of", 2),
    "spans_of": ("mesocosm.data.types.labels.tags", "spans_of", 2),
    "why_no_phone": ("mesocosm.data.types.phone", "why_no_phone", 2),
    "code_of": ("mesocosm.data.types.identifier", "code_of", 2),
    "why_no_code": ("mesocosm.data.types.identifier", "why_no_code", 2),
    "country_of": ("mesocosm.data.types.country", "country_of", 2),
    "why_no_country": ("mesocosm.data.types.country", "why_no_country", 2),
    "address_of": ("mesocosm.data.types.address", "address_of", 1),
    "script_of": ("mesocosm.data.types.text", "script_of", 2),
    "division_of": ("mesocosm.data.types.address", "division_of", 2),
    "why_no_division": ("mesocosm.data.types.address", "why_no_division", 2),
    "nfkc": ("mesocosm.data.types.text", "nfkc", 1),
    "figure_of": ("mesocosm.data.parsing.numbers", "read_number", 2),
    "unit_of": ("mesocosm.data.parsing.numbers", "read_unit", 2),
    "day_of": ("mesocosm.data.parsing.timestamps", "read_day", 2),
    "why_no_day": ("mesocosm.data.parsing.timestamps", "explain_day", 2),
    "moment_of": ("mesocosm.data.parsing.timestamps", "read_moment", 2),
    "why_no_moment": ("mesocosm.data.parsing.timestamps", "explain_moment", 2),
    "why_no_number": ("mesocosm.data.parsing.numbers", "explain_number", 2),
}


def _late(module: str, name: str) -> TextCall:
    """A function that is looked up when it is first called, so that what is never called is not
    loaded.
    """

    def call(*values: str) -> str | None:
        from importlib import import_module

        function = cast(TextCall, getattr(import_module(module), name))
        return function(*values)

    return call


CALLS = {
    name: _late(module, call) for name, (module, call, _) in PYTHON_FUNCTIONS.items()
}  # functions of texts, by their name in SQL


def _register(
    con: DuckDBPyConnection,
    name: str,
    call: TextCall,
    takes: int = 1,
    side_effects: bool = False,
) -> None:
    """A Python function of texts under a name, over whole vectors; null stays null."""
    from duckdb.func import FunctionNullHandling, PythonUDFType

    # without annotations, as the engine would evaluate them
    shapes: dict[int, Callable[..., Made]] = {
        1: lambda texts: _call_each(call, texts),
        2: lambda texts, settings: _call_each(call, texts, settings),
    }
    con.create_function(
        name,
        shapes[takes],
        ["VARCHAR"] * takes,
        "VARCHAR",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
        side_effects=side_effects,
    )


def _call_each(call: TextCall, *columns: Texts) -> Made:
    """What a function gives of each row of some columns of texts."""
    import pyarrow as pa

    lists: list[list[str | None]] = [column.to_pylist() for column in columns]
    found = [None if x[0] is None else call(*x) for x in zip(*lists, strict=True)]
    return pa.array(found, pa.string())
