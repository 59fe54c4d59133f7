"""Kinds of engine: one file and one line each."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator

from mesocosm.core.settings import one_of
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.engines.engine import Engine
from mesocosm.data.engines.spark import Spark

ENGINES: dict[str, type[Engine]] = {
    "duckdb": Duckdb,
    "spark": Spark,
}


def _by_name(value: object) -> object:
    """`{spark: URL}` as the kind and its address."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    for name, url in value.items():
        if name in ENGINES:
            return {"type": name, "url": url}
    return value


if TYPE_CHECKING:
    EngineSetting = Engine
else:
    EngineSetting = Annotated[one_of(ENGINES, "type"), BeforeValidator(_by_name)]
