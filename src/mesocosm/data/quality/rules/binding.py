"""Rules bound against the engine before a build: what passes here builds, on any value that a field
can hold.

Knows DuckDB and the columns' types. Reads no source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.pipeline.ibis_sql import SQL, is_number, sql_type
from mesocosm.data.quality.rules.condition import ATOM, Condition, plain_fields
from mesocosm.data.quality.rules.range import Range
from mesocosm.data.quality.rules.regex import Regex
from mesocosm.data.quality.rules.rule import RuleKind

TRIED = {  # values that a field of a type can hold; a rule must be true or false, or null, of each
    "bigint": "0, 1, -1, 1000000",
    "double": "0, 1, -1, 0.5, 1e12",
    "varchar": "'', 'x', '0', '2024-01-31', 'ü 1,5%'",
    "boolean": "true, false",
    "date": "date '1970-01-01', date '2024-02-29'",
    "timestamp": "timestamp '1970-01-01', timestamp '2024-02-29 23:59:59'",
}
FAILURES = {  # never the engine's own words: they may hold values
    "OutOfRangeException": "a result is too large for its type",
    "ConversionException": "a value cannot be converted",
    "InvalidInputException": "a value is not a valid argument of its function",
}
DECIMALS = "0, 1, -1"
ONE = re.compile(
    (
        r"([A-Za-z_]\w*)\s*(?:(?:<=|>=|<>|!=|=|<|>)\s*(-?\d+(?:\.\d+)?|'[^']*'|[A-Za-z_]\w*)|"
        r"\s+(between)\s.*|\s+(is)\s.*)"
    ),
    re.IGNORECASE,
)


def bind(rule: RuleKind, kinds: Mapping[str, str]) -> None:
    """Refuse a rule that the engine would not take.

    Args:
        kinds: the Ibis type of each field of the dataset.

    Raises:
        Wrong: it cannot be bound to the fields' types, or fails on a value that a field can hold.
    """
    if not isinstance(rule, (Condition, Range, Regex)) or (
        isinstance(rule, Condition) and _simple(rule.condition, kinds)
    ):
        return
    if (
        isinstance(rule, Range)
        and all(is_number(kinds.get(n, "")) for n in rule.of)
        and not any(hasattr(end, "isoformat") for end in (rule.min, rule.max))
    ):
        return
    broken = rule.breaks()
    if broken:
        said = _in_words(rule)
        why = _refused(
            broken,
            rule.true() if isinstance(rule, Condition) else broken,
            tuple(
                (n, sql_type(kinds[n]) if kinds[n] in SQL or is_number(kinds[n]) else "varchar")
                for n in rule.fields()
                if n in kinds
            ),
        )
        if why:
            raise Wrong(
                "",
                f"the rule '{said[:200]}' cannot be computed ({why})",
                "a condition that compares fields with values of their types",
            )


def _simple(condition: str, kinds: Mapping[str, str]) -> bool:
    """Whether a condition only compares numbers with numbers, or texts with texts; such a one is
    right by its form.
    """
    if plain_fields(condition) is None:
        return False
    for atom in re.finditer(ATOM, condition, re.IGNORECASE):
        match = ONE.fullmatch(atom[0])
        if not match:
            return False
        kind, value = kinds.get(match[1]), match[2] or ""
        number, said = is_number(kind or ""), kind == "string"
        if match[4]:
            continue
        fits = (
            number
            if match[3]
            else (
                said
                if value.startswith("'")
                else (
                    number
                    if re.match(r"-?\d", value)
                    else kinds.get(value) == kind and (number or said)
                )
            )
        )
        if not fits:
            return False
    return True


@contextmanager
def name_failing_rule(con: Any, rules: Sequence[RuleKind], rows: str) -> Iterator[None]:
    """Where the engine fails, say which of the rules it cannot compute over some row.

    Args:
        rules: rules that were computed.
        rows: SQL of the rows, or a table's name, that they were computed over.

    Raises:
        Wrong: it is one of the rules; any other error is left as it is.
    """
    import duckdb

    try:
        yield
    except (duckdb.OutOfRangeException, duckdb.InvalidInputException, duckdb.ConversionException):
        for rule in rules:
            if not (broken := rule.breaks()):
                continue
            try:
                con.execute(f"select count(*) filter (where {broken}) from ({rows})").fetchall()
            except duckdb.Error as error:
                raise Wrong(
                    "rules",
                    f"the rule '{_in_words(rule)[:200]}' cannot be computed over every row:"
                    f" {FAILURES.get(type(error).__name__, 'a value does not fit')}",
                    "a rule that can be computed for every value of its fields",
                ) from error
        raise


def _in_words(rule: RuleKind) -> str:
    return (
        rule.condition
        if isinstance(rule, Condition)
        else rule.sentence().removeprefix("breaks the rule: ")
    )


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
        names = ", ".join(f""""{n.replace('"', '""')}" {kind}""" for n, kind in columns)
        con.execute(f"create table t ({names or '_none integer'})")
        try:
            con.execute(f"select {broken} from t")
        except duckdb.Error as error:
            return _why(error)
        for values in _rows(columns):
            con.execute(f"insert into t values ({values})")
        try:
            kind = con.execute(f"select any_value(typeof({true})) from t").fetchall()[0][0]
            con.execute(f"select count(*) filter ({broken}) from t").fetchall()
        except duckdb.Error as error:
            return _why(error)
    return "" if kind in (None, "BOOLEAN", '"NULL"') else f"it gives {kind}, not true or false"


def _rows(columns: tuple[tuple[str, str], ...]) -> list[str]:
    tried = [
        ["null", *(TRIED.get(kind) or (DECIMALS if is_number(kind) else "null")).split(", ")]
        for _, kind in columns
    ]
    most = max(map(len, tried), default=1)
    return [", ".join(values[i % len(values)] for values in tried) or "null" for i in range(most)]


def _why(error: Any) -> str:
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
