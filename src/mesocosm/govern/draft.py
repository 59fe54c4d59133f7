"""A draft of a dataset: one look at a source, and what it proposes, each with its evidence.

Knows columns of text and what the types can read. Decides nothing: the user keeps or changes each line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesocosm.govern.clean.outliers.iqr import Iqr
from mesocosm.govern.internal_names import PLACE_COLUMNS
from mesocosm.govern.privacy.detect import column_kind
from mesocosm.govern.repair.spelling import Spelling
from mesocosm.govern.sources.paths import quote
from mesocosm.govern.types.number import FIGURE

MOST_ROWS = 200_000  # rows looked at
MOST_DISTINCT = 20_000
NUMBER = re.compile(FIGURE.replace(r"\x{00A0}", "\u00a0").replace(r"\x{2009}", "\u2009"))
DATES = ("iso", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d-%m-%Y", "%b %d, %Y", "%d %b %Y", "zh")
NAMES = re.compile(r"(^|_|\b)(id|no|nr|num|number|code|zip|zipcode|postcode|plz|phone|tel|fax|isbn|sku|key|account)(_|\b|$)", re.I)
BLANK = "lower(trim(x)) in ('', 'na', 'n/a', 'nan', 'null', '?')"


@dataclass
class Column:
    """What one look found out about a column."""

    name: str
    rows: int
    missing: int
    counts: dict[str, int]
    distinct: int


@dataclass
class Draft:
    """Fields, repairs and key proposed for a source, and why: `evidence` maps each to a sentence."""

    fields: dict[str, dict[str, Any]]
    repairs: list[dict[str, Any]] = field(default_factory=lambda: [])
    key: str | None = None
    duplicates: str | None = None
    evidence: dict[str, str] = field(default_factory=lambda: {})
    columns: list[Column] = field(default_factory=lambda: [])

    def settings(self) -> dict[str, Any]:
        """As the file would say it."""
        said: dict[str, Any] = {"key": self.key} if self.key else {}
        said |= {"fields": self.fields}
        said |= {"duplicates": self.duplicates} if self.duplicates else {}
        return said | ({"repairs": self.repairs} if self.repairs else {})


def draft(con: Any, table: str) -> Draft:
    """Look at a table of a source (its `_` columns aside) and propose how to govern it."""
    names = names_of(con, table)
    strings = ", ".join(f"{quote(n)}::varchar as {quote(n)}" for n in names)
    con.execute(f"create or replace temp table _look as select {strings} from {quote(table)} where hash(_line) % (1 + (select count(*) from {quote(table)}) // {MOST_ROWS}) = 0")
    columns = [_look(con, n) for n in names]
    found = Draft({}, columns=columns)
    for column in columns:
        settings, why = _type(con, column)
        found.fields[column.name] = settings
        found.evidence[f"fields.{column.name}"] = why
        kind = column_kind(column.name, column.counts)
        if kind and column.distinct > column.rows / 2 and settings["type"] == "text":
            found.fields[column.name]["private"] = kind.how
            found.evidence[f"fields.{column.name}.private"] = f"{kind.share:.0%} of its values look like {kind.what}, and nearly every row has its own"
        elif kind:
            found.evidence[f"fields.{column.name}.private"] = f"{kind.share:.0%} of its values look like {kind.what}; many rows share a value, so it is not proposed as private"
    _key(found, columns)
    _spelling(found, columns)
    _moved(con, found, columns)
    _dependencies(con, found, columns)
    con.execute("drop table _look")
    return found


def names_of(con: Any, table: str) -> list[str]:
    """The columns of a collected source, those that tell where a row stood (`_...`) aside."""
    return [row[0] for row in con.execute(f"describe {quote(table)}").fetchall() if row[0] not in PLACE_COLUMNS]


def _look(con: Any, name: str) -> Column:
    x = quote(name)
    clean = f"(select case when {BLANK} then null else trim(x) end as x from (select {x} as x from _look))"
    rows, there, distinct = con.execute(f"select count(*), count(x), count(distinct x) from {clean}").fetchall()[0]
    query = f"select x, count(*) as n from {clean} where x is not null group by 1 order by n desc, x limit {MOST_DISTINCT}"
    return Column(name, rows, rows - there, dict(con.execute(query).fetchall()), distinct)


def _type(con: Any, column: Column) -> tuple[dict[str, Any], str]:
    seen = sum(column.counts.values())
    if not seen:
        return {"type": "text"}, "it is empty everywhere"
    formats, share = _dates(con, column)
    if share >= 0.9:
        return {"type": "date", "formats": formats, "unreadable": "missing"}, f"{share:.1%} of {seen} values are dates as {', '.join(formats)}"
    parsed = {v: m for v in column.counts if (m := NUMBER.fullmatch(v)) and _figure(m) is not None}
    read = sum(column.counts[v] for v in parsed)
    if read >= 0.9 * seen:
        return _number(column, parsed, read / seen)
    if set(v.lower() for v in column.counts) <= {"yes", "no", "true", "false", "y", "n"}:
        return {"type": "boolean"}, f"its only values are {', '.join(sorted(column.counts))}"
    if column.distinct <= max(20, 0.3 * seen) and column.distinct < seen / 2:
        return {"type": "category"}, f"{column.distinct} values in {seen} rows"
    return {"type": "text"}, f"{column.distinct} different texts in {seen} rows"


def _number(column: Column, parsed: Mapping[str, re.Match[str]], share: float) -> tuple[dict[str, Any], str]:
    seen = sum(column.counts.values())
    plain = [v for v in parsed if v.isdigit()]
    lengths = Counter(len(v) for v in plain for _ in range(column.counts[v]))
    fixed = bool(lengths) and lengths.most_common(1)[0][1] >= 0.9 * seen and lengths.most_common(1)[0][0] >= 5
    if len(plain) >= 0.8 * len(parsed) and (fixed or NAMES.search(column.name) or any(v[0] == "0" and len(v) > 1 for v in plain)) and column.distinct < seen / 2:
        return {"type": "category"}, f"digits that name something: {f'all of {lengths.most_common(1)[0][0]} digits' if fixed else 'by its name'}, each seen {seen / column.distinct:.1f} times"
    units: dict[str, list[float]] = {}
    rows: Counter[str] = Counter()
    for value, match in parsed.items():
        beside = match[2] + match[4].strip()
        units.setdefault(beside, []).append(_figure(match) or 0.0)
        rows[beside] += column.counts[value]
    whole = all(float(x).is_integer() for values in units.values() for x in values)
    settings: dict[str, Any] = {"type": "integer" if whole else "number", "unreadable": "missing"}
    why = f"{share:.1%} of {seen} values are {'whole ' if whole else ''}numbers"
    beside = {u: values for u, values in units.items() if u}
    same = [u for u in beside if _alike(beside[u], [x for other, xs in units.items() if other != u for x in xs])]
    if beside and (len(beside) == 1 or len(same) == len(beside)):
        settings["spellings"] = dict.fromkeys(sorted(beside), 1.0)
        why += f"; beside them stand {', '.join(repr(u) for u in sorted(beside))} ({sum(rows[u] for u in beside)} rows), and the figures are of one size with and without, so it is one unit"
    elif beside:
        why += f"; beside them stand {', '.join(repr(u) for u in sorted(beside)[:8])}, of different sizes: name the field's unit"
        settings = {"type": "category" if column.distinct < seen / 2 else "text"}
        return settings, why
    numbers = [x for values in units.values() for x in values]
    numbers.sort()
    if len(numbers) >= 20 and not whole:
        fence = Iqr().fence({"q1": numbers[len(numbers) // 4], "q3": numbers[3 * len(numbers) // 4]})
        out = sum(not fence["low"] <= x <= fence["high"] for x in numbers)
        if out:
            settings["outliers"] = {"method": "iqr", "k": 3.0, "action": "flag"}
            why += f"; {out} distinct values lie outside the box plot's fence, and are flagged, not changed"
    if column.missing:
        why += f"; {column.missing} are missing and stay so (median would fill them)"
    return settings, why


def _figure(match: re.Match[str]) -> float | None:
    """The figure of a number, None where it is none (12.03.2024)."""
    try:
        return float(re.sub(r"[,' \u00a0\u2009]", "", match[3]))
    except ValueError:
        return None


def _alike(some: list[float], others: list[float]) -> bool:
    """Whether two lists of figures are of one size: their medians within a factor of three."""
    if not some or not others:
        return True
    a, b = sorted(some)[len(some) // 2], sorted(others)[len(others) // 2]
    return a == b or (a > 0 and b > 0 and 1 / 3 <= a / b <= 3)


def _dates(con: Any, column: Column) -> tuple[list[str], float]:
    from mesocosm.govern.types.date import SHORT

    texts = [(v, n) for v, n in list(column.counts.items())[:2000] if 8 <= len(v) <= 30 and (not v.isdigit() or v[:2] in ("19", "20"))]
    total = sum(list(column.counts.values())[:2000])
    if not texts:
        return [], 0.0
    rest, formats, done = texts, [], 0
    for form in DATES:
        forms = list(SHORT.get(form, (form,)))
        read = con.execute("select list_transform(?, lambda v: year(try_strptime(v, ?)) between 1900 and 2100)", [[v for v, _ in rest], forms]).fetchall()[0][0]
        hits = sum(n for (_, n), ok in zip(rest, read, strict=True) if ok)
        if hits > 0.02 * total:
            formats.append(form)
            done += hits
            rest = [pair for pair, ok in zip(rest, read, strict=True) if not ok]
        if not rest:
            break
    return formats, done / max(1, total)


def _key(found: Draft, columns: list[Column]) -> None:
    unique = [c for c in columns if c.rows > 1 and not c.missing and c.distinct == c.rows]
    named = [c for c in unique if NAMES.search(c.name) or c.name.lower() == "index"] or [c for c in unique if found.fields[c.name]["type"] == "integer"]
    if named:
        found.key = named[0].name
        found.evidence["key"] = f"{found.key} is there in each of {named[0].rows} rows, and never twice"
    elif len(columns) > 1:
        found.duplicates = "row"
        found.evidence["duplicates"] = "no column names a row, so rows that say the same are one"


def _spelling(found: Draft, columns: list[Column]) -> None:
    names, samples = [], []
    for column in columns:
        if found.fields[column.name]["type"] != "category" or "private" in found.fields[column.name]:
            continue
        table = Spelling(of=(column.name,)).table(column.counts)
        bad = sum(column.counts[v] for v in table)
        if table and bad <= 0.2 * column.rows:
            names.append(column.name)
            one = next(iter(table.items()))
            samples.append(f"{bad} in {column.name}, as {one[0][:40]!r} for {one[1][:40]!r}")
    if names:
        found.repairs.append({"repair": "spelling", "of": names})
        found.evidence["repairs.spelling"] = "rare values that are almost a frequent one: " + "; ".join(samples)


def _moved(con: Any, found: Draft, columns: list[Column]) -> None:
    words = [c for c in columns if found.fields[c.name]["type"] in ("category", "text")]
    for to in (c for c in words if c.missing and c.distinct <= 200):
        known = [v for v, n in to.counts.items() if n > 1 and " " not in v]
        for source in words:
            if source is to or not known:
                continue
            a, b = quote(source.name), quote(to.name)
            query = f"select count(*), count(*) filter (list_contains(?, regexp_extract(trim({a}), '^.*\\S\\s+(\\S+)$', 1))) from _look where ({b} is null or trim({b}) = '') and {a} is not null"
            gaps, hits = con.execute(query, [known]).fetchall()[0]
            if gaps and hits >= max(3, 0.5 * gaps):
                found.repairs.append({"repair": "moved", "from": source.name, "to": to.name})
                found.evidence[f"repairs.moved.{to.name}"] = f"of {gaps} rows without {to.name}, {hits} end {source.name} with one of its values"
                break


def _dependencies(con: Any, found: Draft, columns: list[Column]) -> None:
    """Fields that others determine: groups of a determinant nearly always agree."""
    able = [c for c in columns if found.fields[c.name]["type"] == "category" and 1 < c.distinct < c.rows / 2]
    for to in able:
        by: list[str] = []
        told = []
        for column in able:
            if column is to:
                continue
            a, b = quote(column.name), quote(to.name)
            pairs = f"select {a} as a, {b} as b, count(*) as n from _look where {a} is not null and {b} is not null and trim({a}) <> '' and trim({b}) <> '' group by 1, 2"
            query = f"select sum(top), sum(total), count(*) from (select a, max(n) as top, sum(n) as total from ({pairs}) group by a having sum(n) >= 3)"
            top, total, groups = con.execute(query).fetchall()[0]
            common = max(to.counts.values()) / max(1, sum(to.counts.values()))
            if groups and groups >= 3 and total >= 0.5 * to.rows and top / total >= 0.85 and (top / total - common) >= 0.5 * (1 - common):
                by.append(column.name)
                told.append(f"{column.name} ({top / total:.1%} of {int(total)} rows)")
        if by:
            found.repairs.append({"repair": "dependency", "from": by, "to": to.name})
            found.evidence[f"repairs.dependency.{to.name}"] = f"it follows from {', '.join(told)}"
