"""Rules bound against the engine before a build: what passes here builds, on any value that a field
can hold.

Knows DuckDB and the columns' types. Reads no source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import SQL, is_number, sql_type
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.quality.rules.condition import ATOM, Condition, plain_fields
from mesocosm.data.quality.rules.range import Range
from mesocosm.data.quality.rules.regex import Regex
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.query_results import read_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TRIED = {  # values that a field of a type can hold; a rule must be true or false, or null, of each
    "bigint": "0, 1, -1, 1000000",
    "double": "0, 1, -1, 0.5, 1e12",
    "varchar": "'', 'x', '0', '2024-01-31', 'ü 1,5%'",
    "boolean": "true, false",
    "date": "date '1970-01-01', date '2024-02-29'",
    "timestamp": "timestamp '1970-01-01', timestamp '2024-02-29 23:59:59'",
}
FAILURES = {  # never the engine's own words: they may hold values
    "OutOfRangeException": Message("data.result_too_large"),
    "ConversionException": Message("data.value_not_converted"),
    "InvalidInputException": Message("data.argument_invalid"),
}
DECIMALS = "0, 1, -1"
ONE = re.compile(
    (
        r"(?P<field>[A-Za-z_]\w*)\s*(?:(?:<=|>=|<>|!=|=|<|>)\s*"
        r"(?P<value>-?\d+(?:\.\d+)?|'[^']*'|[A-Za-z_]\w*)|"
        r"\s+(?P<between>between)\s.*|\s+(?P<null>is)\s.*)"
    ),
    re.IGNORECASE,
)


def bind(rule: RuleKind, kinds: Mapping[str, str]) -> None:
    """Refuse a rule that the engine would not take.

    Args:
        kinds: the Ibis type of each field of the dataset.

    Raises:
        ConfigValueError: it cannot be bound to the fields' types, or fails on a value that a field
            can hold.
    """
    if _is_sure(rule, kinds):
        return
    why = _explain_refusal(rule, kinds)
    if why:
        raise ConfigValueError(
            "",
            Message("data.rule_not_computed", rule=_in_words(rule)[:200], why=why),
            Message("data.typed_condition"),
        )


def _explain_refusal(rule: RuleKind, kinds: Mapping[str, str]) -> str:
    """Why the engine does not compute a rule over fields of some types; empty where it does."""
    broken = rule.breaks()
    if not broken:
        return ""
    columns = [(name, _sql_type(kinds[name])) for name in rule.fields() if name in kinds]
    true = rule.true() if isinstance(rule, Condition) else broken
    return _refused(broken, true, tuple(columns))


def _sql_type(kind: str) -> str:
    """The engine's type of an Ibis type; text where it has none."""
    return sql_type(kind) if kind in SQL or is_number(kind) else "varchar"


def _is_sure(rule: RuleKind, kinds: Mapping[str, str]) -> bool:
    """Whether a rule can be computed by its form, so that no engine has to be asked."""
    if isinstance(rule, Condition):
        return _compares_alike(rule.condition, kinds)
    if isinstance(rule, Range):
        of_days = any(hasattr(end, "isoformat") for end in (rule.min, rule.max))
        return not of_days and all(is_number(kinds.get(name, "")) for name in rule.of)
    return not isinstance(rule, Regex)


def _compares_alike(condition: str, kinds: Mapping[str, str]) -> bool:
    """Whether a condition only compares numbers with numbers, or texts with texts; such a one is
    right by its form.
    """
    if plain_fields(condition) is None:
        return False
    for atom in re.finditer(ATOM, condition, re.IGNORECASE):
        match = ONE.fullmatch(atom[0])
        if not match or not (match["null"] or _fits(match, kinds)):
            return False
    return True


def _fits(match: re.Match[str], kinds: Mapping[str, str]) -> bool:
    """Whether the two sides of a comparison are numbers, or texts."""
    kind, value = kinds.get(match["field"], ""), match["value"] or ""
    if match["between"] or re.match(r"-?\d", value):
        return is_number(kind)
    if value.startswith("'"):
        return kind == "string"
    return kinds.get(value) == kind and _compares_with_itself(kind)


def _compares_with_itself(kind: str) -> bool:
    """Whether two fields of a type are always compared."""
    return is_number(kind) or kind == "string"


@contextmanager
def name_failing_rule(
    con: DuckDBPyConnection, rules: Sequence[RuleKind], rows: str
) -> Iterator[None]:
    """Where the engine fails, say which of the rules it cannot compute over some row.

    Args:
        rules: rules that were computed.
        rows: SQL of the rows, or a table's name, that they were computed over.

    Raises:
        ConfigValueError: it is one of the rules; any other error is left as it is.
    """
    import duckdb

    try:
        yield
    except (duckdb.OutOfRangeException, duckdb.InvalidInputException, duckdb.ConversionException):
        for rule in rules:
            _compute_over(con, rule, rows)
        raise


def _compute_over(con: DuckDBPyConnection, rule: RuleKind, rows: str) -> None:
    """Compute one rule over rows.

    Raises:
        ConfigValueError: it fails.
    """
    import duckdb

    broken = rule.breaks()
    if not broken:
        return
    try:
        con.execute(f"select count(*) filter (where {broken}) from ({rows})").fetchall()
    except duckdb.Error as error:
        raise ConfigValueError(
            "rules",
            Message(
                "data.rule_fails_on_rows",
                rule=_in_words(rule)[:200],
                why=FAILURES.get(type(error).__name__, Message("data.value_does_not_fit")),
            ),
            Message("data.computable_rule"),
        ) from error


def _in_words(rule: RuleKind) -> str:
    if isinstance(rule, Condition):
        return rule.condition
    return rule.sentence().removeprefix("breaks the rule: ")


@lru_cache(maxsize=512)
def _refused(broken: str, true: str, columns: tuple[tuple[str, str], ...]) -> str:
    """Why the engine does not compute a rule; empty where it does."""
    import duckdb

    with duckdb.connect(
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
        }
    ) as con:
        con.execute("set threads=1; set lock_configuration=true")
        names = ", ".join(f"{quote(name)} {kind}" for name, kind in columns)
        con.execute(f"create table t ({names or '_none integer'})")
        try:
            con.execute(f"select {broken} from t")
            for values in _rows(columns):
                con.execute(f"insert into t values ({values})")
            kind = read_text(con, f"select any_value(typeof({true})) from t")
            con.execute(f"select count(*) filter ({broken}) from t").fetchall()
        except duckdb.Error as error:
            return _why(error)
    if kind in (None, "BOOLEAN", '"NULL"'):
        return ""
    return f"it gives {kind}, not true or false"


def _rows(columns: tuple[tuple[str, str], ...]) -> list[str]:
    """SQL of rows that try each value that a column of its type can hold."""
    tried = [_list_tried(kind) for _, kind in columns]
    most = max(map(len, tried), default=1)
    return [_join_row(tried, number) for number in range(most)]


def _list_tried(kind: str) -> list[str]:
    """SQL of the values that are tried in a column of a type."""
    values = TRIED.get(kind, "null")
    if kind not in TRIED and is_number(kind):
        values = DECIMALS
    return ["null", *values.split(", ")]


def _join_row(tried: Sequence[Sequence[str]], number: int) -> str:
    """SQL of one row: the values of its number, from the first again where a column has fewer."""
    return ", ".join(values[number % len(values)] for values in tried) or "null"


def _why(error: Exception) -> str:
    first = str(error).strip().splitlines()[0]
    return re.sub(
        r"\s+",
        " ",
        re.sub(
            r"^(?:Binder|Parser|Catalog|Conversion|Invalid Input|Not implemented|Out of Range)"
            r" Error:\s*",
            "",
            first,
        ),
    )[:160]
