"""Raw rows of a request made ready by the very SQL the build used: few by its program, many by
DuckDB. Knows one record.

One row alone is treated as it would be in a batch; a row the build would have set aside is refused
with the same reason.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson

from mesocosm.base.errors import Wrong, nearest
from mesocosm.operate.drift.listed import is_complete
from mesocosm.operate.missing import is_missing
from mesocosm.operate.program import program_of
from mesocosm.operate.steps import Unsure

MOST_TEXT = 20_000
NUMBERS = ("number", "integer", "decimal")
NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
FAR = 0.1  # of the width of the training range, beyond it
SHOWN = 50  # fields named in one sentence
MOST_STEPS = 2500  # of a program, over which DuckDB is quicker
SPACED, CLOSE = (", ", ": "), (",", ":")  # what JSON has between items, and after keys
MOST_LEVELS = 32  # of lists and objects within each other
DOUBTS = 64  # rows one after another that a program was not sure of, before it is asked of one in so many only


class Fields:
    """What a service reads: the fields of a row, and what training knew of each.

    Args:
        record: per field what is `wanted` and whether it `may_miss`; `training` has quantiles or
            counts, `days` the first and last day of each date in the data, `spellings` other texts
            for a label.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.fields: dict[str, dict[str, Any]] = record["fields"]
        self.training: dict[str, Any] = record.get("training", {})
        self.spellings: dict[str, str] = record.get("spellings", {})
        self.kept_otherwise = any(f.get("image") or f.get("private") for f in self.fields.values())
        self.asked = [n for n, field in self.fields.items() if not field.get("extra")]
        self.seen = {
            n: seen
            for n, known in self.training.items()
            if n in self.fields and (seen := _seen(known)) is not None
        }
        self.days_given: dict[str, list[float]] = record.get("days", {})
        self.days = {n: _widened(*ends) for n, ends in self.days_given.items() if n in self.fields}
        self.nested = {
            n: form
            for n, field in self.fields.items()
            if (form := nested_form(str(field.get("type")), self.training.get(n, {}))) is not None
        }

    def check(self, row: Any) -> None:
        """Refuse a row that is no map, lacks fields or has some too many, all of them named, or
        that has a value no text or number can be.

        Raises:
            Wrong: with the field, what was found and what would be right.
        """
        if not isinstance(row, Mapping):
            raise Wrong("", f"a row is {json_kind(row)}", "an object with a value for each field")
        unknown = [str(name) for name in row if name not in self.fields]
        missing = [
            name
            for name, field in self.fields.items()
            if name not in row and not field.get("extra")
        ]
        if unknown or missing:
            raise misfit(unknown, missing, self.fields)
        for name, value in row.items():
            field = self.fields[name]
            if isinstance(value, (list, dict)):
                if name not in self.nested or (
                    field.get("type") == "list" and not isinstance(value, list)
                ):
                    raise Wrong(name, f"{json_kind(value)} was given", field["wanted"])
                refuse_nested(name, value, field)
                value = _text(value, self.nested[name])
            if isinstance(value, float) and not math.isfinite(value):
                raise Wrong(
                    name,
                    f"{NON_FINITE.get(str(value), str(value))} is not a JSON value",
                    field["wanted"]
                    + (", or null where it is missing" if field["may_miss"] else ""),
                )
            if isinstance(value, str):
                most = field.get("most", MOST_TEXT)
                if len(value) > most:
                    raise Wrong(
                        name, f"a text of {len(value)} characters was given", f"at most {most}"
                    )
                if field.get("type") in NUMBERS and value.strip().lstrip("+-").casefold() in (
                    "inf",
                    "infinity",
                ):
                    raise Wrong(
                        name, f"'{value.strip()[:40]}' is not a finite number", field["wanted"]
                    )

    def warnings(self, clean: Mapping[str, Any], raw: Mapping[str, Any]) -> list[dict[str, str]]:
        """What makes an answer doubtful: no field of the raw row has a value, or a value of the
        cleaned row was not known from training.

        Not known are new categories (only of fields whose categories are all listed, as up to 200
        are), and numbers outside of the training range by more than a tenth of its width.
        """
        found = []
        if self.asked and all(is_missing(raw.get(name), clean.get(name)) for name in self.asked):
            found.append(
                {
                    "field": "",
                    "warning": "empty row",
                    "detail": (
                        "none of its fields has a value, so the answer tells nothing of this row"
                    ),
                }
            )
        for name, known in self.seen.items():
            value = clean.get(name)
            if value is None:
                continue
            if isinstance(known, frozenset):
                one = str(value).lower() if isinstance(value, bool) else str(value)
                if one not in known:
                    found.append(
                        {
                            "field": name,
                            "warning": "unseen category",
                            "detail": (
                                f"{name}: '{one[:60]}' is none of the categories known from"
                                " training"
                            ),
                        }
                    )
            elif isinstance(value, (int, float)) and not known[0] <= value <= known[1]:
                low, high = known[2:]
                found.append(
                    {
                        "field": name,
                        "warning": "out of range",
                        "detail": (
                            f"{name}: {value:g} is far outside the training range, {low:g} to"
                            f" {high:g}"
                        ),
                    }
                )
        for name, (least, most, first, last) in self.days.items():
            if isinstance(value := clean.get(name), str) and not least <= value[:10] <= most:
                found.append(
                    {
                        "field": name,
                        "warning": "out of range",
                        "detail": (
                            f"{name}: {value[:10]} is far outside the days of the data, {first} to"
                            f" {last}"
                        ),
                    }
                )
        return found

    def logged(self, row: Mapping[str, Any], clean: Mapping[str, Any]) -> dict[str, Any]:
        """A raw row as it is kept beside its prediction.

        An image is kept as its length only, since it may say where it was taken; a private field as
        its recipe has it, or as missing.
        """
        found = dict(row)
        if not self.kept_otherwise:
            return found
        for name, value in row.items():
            field = self.fields.get(name, {})
            if field.get("image") and value is not None:
                found[name] = f"(an image of {len(str(value))} characters)"
            elif field.get("private"):
                found[name] = None if is_missing(value, clean.get(name)) else clean.get(name)
        return found


def refused_over(why: str, fields: Mapping[str, Any]) -> str:
    """The field over which a row was refused, or the rule where it names none.

    >>> refused_over("amount: 'x' is no number", {"amount": {}}), refused_over("breaks the rule: age between 18 and 100", {"age": {}})
    ('amount', 'age')
    >>> refused_over("amount lies outside -3 to 9 (iqr)", {"amount": {}})
    'amount'
    """
    name, _, rule = why.partition(":")
    if name in fields:
        return name
    named = [f for f in fields if re.search(rf"(?<!\w){re.escape(f)}(?!\w)", rule or name)]
    return min(named, key=(rule or name).find) if named else (rule or name).strip()


def json_kind(value: object) -> str:
    """What a value is, in JSON's words.

    >>> [json_kind(v) for v in (None, True, 5, "x", [1], {})]
    ['null', 'a boolean', 'a number', 'a text', 'a list', 'an object']
    """
    if value is None:
        return "null"
    kinds = ((bool, "a boolean"), ((int, float), "a number"), (str, "a text"), (list, "a list"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "an object")


def misfit(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> Wrong:
    """What is said of a row with fields that are not known, and without some that are wanted; every
    one is named.
    """
    if unknown:
        near = {
            name: close
            for name in unknown
            if (close := nearest(name, missing) or nearest(name, fields))
        }
        said = (
            "this service reads no such field"
            if len(unknown) == 1
            else f"this service reads none of the fields {_listed(unknown)}"
        )
        lacks = (
            f"; the field{'s' * (len(missing) > 1)} {_listed(missing)}"
            f" {'are' if len(missing) > 1 else 'is'} missing"
            if missing
            else ""
        )
        hints = (
            "; "
            + ", ".join(
                f"for '{a[:60]}' did you mean '{b}'?" for a, b in list(near.items())[:SHOWN]
            )
            if near and (len(unknown) > 1 or missing)
            else ""
        )
        return Wrong(
            unknown[0][:60], said + lacks + hints, "one of its fields", list(fields), unknown[0]
        )
    name = missing[0]
    if len(missing) == 1:
        return Wrong(
            name,
            "the field is missing",
            fields[name]["wanted"]
            + (", or null to have it filled" if fields[name]["may_miss"] else ""),
        )
    may = [n for n in missing if fields[n]["may_miss"]]
    return Wrong(
        "",
        f"the fields {_listed(missing)} are missing",
        "each of them"
        + (
            f"; null has {'it' if len(may) == 1 else 'them'} filled for"
            f" {_listed(may) if len(may) < len(missing) else 'all'}"
            if may
            else ""
        ),
        missing,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{n[:60]}'" for n in names[:SHOWN]) + (
        f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    )


def _seen(known: Mapping[str, Any]) -> frozenset[str] | tuple[float, float, float, float] | None:
    """The categories of training rows; or between what a number is not far outside of them, and
    their range.
    """
    if known.get("counts"):
        return frozenset(known["counts"]) if is_complete(known) else None
    if not known.get("numbers"):
        return None
    low, high = float(known["numbers"][0]), float(known["numbers"][-1])
    return low - (high - low) * FAR, high + (high - low) * FAR, low, high


def _widened(first: float, last: float) -> tuple[str, str, str, str]:
    """Between which days a date is not far outside of the data, and the data's first and last, all
    in ISO 8601.

    Args:
        first: the first day, as days since 1970; `last` likewise.

    >>> _widened(18262.0, 18362.5)
    ('2019-12-21', '2020-04-20', '2020-01-01', '2020-04-10')
    """
    more = (last - first) * FAR
    return _day(first - more), _day(last + more), _day(first), _day(last)


def _day(days: float) -> str:
    return (
        date(1970, 1, 1) + timedelta(days=min(max(int(days // 1), -719_162), 2_932_896))
    ).isoformat()  # the first and last day of the calendar


def nested_form(kind: str, known: Mapping[str, Any]) -> tuple[str, str] | None:
    """What stands between the items, and after the keys, of lists and objects that a field takes;
    None where it takes none.

    A field of type `list` takes lists. One of categories takes what training saw in it: lists or
    objects as JSON, written as its source wrote them.

    >>> nested_form("list", {}), nested_form("category", {"counts": {'["a","b"]': 9, "[]": 1}}), nested_form("category", {"counts": {"[a": 9}})
    ((', ', ': '), (',', ':'), None)
    """
    if kind == "list":
        return SPACED
    values = [str(v) for v in known.get("counts", ())]
    if kind != "category" or not values or not all(v.startswith(("[", "{")) for v in values):
        return None
    for form in (SPACED, CLOSE):
        try:
            if all(_text(json.loads(v), form) == v for v in values):
                return form
        except (ValueError, RecursionError):
            return None
    return None


def refuse_nested(
    name: str, value: object, field: Mapping[str, Any], levels: int = MOST_LEVELS
) -> None:
    """Refuse a list or object that is too deep or has a number that JSON has not; a field of type
    `list` takes plain items alone.

    Raises:
        Wrong: with what was found.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise Wrong(
            name, f"{NON_FINITE.get(str(value), str(value))} is not a JSON value", field["wanted"]
        )
    if not isinstance(value, (list, dict)):
        return
    if not levels or (field.get("type") == "list" and levels < MOST_LEVELS):
        raise Wrong(
            name,
            f"{json_kind(value)} inside of {'the list' if levels else f'{MOST_LEVELS} others'} was"
            " given",
            field["wanted"],
        )
    for one in value.values() if isinstance(value, dict) else value:
        refuse_nested(name, one, field, levels - 1)


class Preparation(Fields):
    """The serving form of a recipe.

    Args:
        record: that of `Fields`, and `sql` over a table `incoming`.
        teach: makes the connection know the functions that the SQL calls by name.
        calls: those of them that are functions of texts.
    """

    def __init__(
        self,
        record: Mapping[str, Any],
        teach: Callable[[Any], None] = lambda con: None,
        calls: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        import duckdb

        super().__init__(record)
        self.con = duckdb.connect()
        teach(self.con)
        self.lock = threading.Lock()
        names = ['"' + name.replace('"', '""') + '"' for name in self.fields]
        # Values come as one text, since many parameters cost a row more than the work does; the
        # plan of a few rows is not worth optimising.
        shape = json.dumps([{"row": "BIGINT"} | {f"f{n}": "VARCHAR" for n in range(len(names))}])
        given = "".join(f", i.f{n}" for n in range(len(names)))
        self.con.execute("set threads = 1")
        self.con.execute("pragma disable_optimizer")
        self.con.execute(
            f'create table incoming ("_row" bigint{"".join(f", {n} varchar" for n in names)})'
        )
        self.con.execute(f"prepare ready as {record['sql']}")
        put = (
            f"insert into incoming select i.row{given} from (select unnest(from_json(?, '{shape}'))"
            " as i)"
        )
        (self.empty,), (self.put,), (self.run,) = (
            self.con.extract_statements(q) for q in ("delete from incoming", put, "execute ready")
        )
        self.program = program_of(record["sql"], "incoming", list(self.fields), calls or {})
        self.doubts = 0
        self.commas = {name for name, field in self.fields.items() if field.get("decimal") == ","}
        self._by_engine([dict.fromkeys(self.fields)])  # as quick the first time as the hundredth

    def ready(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Cleaned rows in their order; `_why` holds the reason where one may not be used."""
        if self.program is None or len(rows) * len(self.program.steps) > MOST_STEPS:
            return self._by_engine(rows)
        found = [self._by_program(i, row) for i, row in enumerate(rows)]
        left = [i for i, one in enumerate(found) if one is None]
        for i, one in zip(
            left, self._by_engine([rows[i] for i in left]) if left else (), strict=True
        ):
            found[i] = one | {"_row": i}
        return [one for one in found if one is not None]

    def _by_program(self, number: int, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the recipe's program gives for one row, None where it is not sure."""
        if self.program is None or (self.doubts >= DOUBTS and self.doubts % DOUBTS):
            self.doubts += 1
            return None
        try:
            found = self.program([number, *self._texts(row)])
        except Unsure:
            self.doubts += 1
            return None
        self.doubts = 0
        return found

    def _texts(self, row: Mapping[str, Any]) -> list[str | None]:
        """The values of a row as texts; a number of JSON has a point, and gets the mark that the
        field reads.
        """
        if self.nested:
            row = {
                n: (
                    _text(v, self.nested[n])
                    if isinstance(v, (list, dict)) and n in self.nested
                    else v
                )
                for n, v in row.items()
            }
        if not self.commas:
            return [_text(row.get(name)) for name in self.fields]
        return [self._marked(name, row.get(name)) for name in self.fields]

    def _marked(self, name: str, value: Any) -> str | None:
        """A value as text, a number with the decimal mark that its field reads."""
        text = _text(value)
        comma = text is not None and isinstance(value, float) and name in self.commas
        return text.replace(".", ",") if text is not None and comma else text

    def _by_engine(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        texts = [
            {"row": i} | {f"f{n}": text for n, text in enumerate(self._texts(row))}
            for i, row in enumerate(rows)
        ]
        given = orjson.dumps(texts).decode()
        with self.lock:
            self.con.execute(self.empty)
            self.con.execute(self.put, [given])
            result = self.con.execute(self.run)
            names = [d[0] for d in result.description]
            return [dict(zip(names, map(plain, row), strict=True)) for row in result.fetchall()]


def plain(value: Any) -> Any:
    """A value as JSON holds it: dates and moments in ISO 8601, decimals as the doubles that a model
    takes.
    """
    return (
        value.isoformat()
        if isinstance(value, date)
        else float(value)
        if isinstance(value, Decimal)
        else value
    )


def _text(value: Any, form: tuple[str, str] | None = None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return (
        json.dumps(value)
        if form is None
        else json.dumps(value, ensure_ascii=False, separators=form)
    )
