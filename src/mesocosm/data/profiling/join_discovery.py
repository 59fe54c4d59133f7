"""How several tables belong together: one below the other, or the rows of some beside each row of
one that leads.

Knows tables of text in DuckDB. Decides by values, not only by names, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from mesocosm.core.records import Json
from mesocosm.data.pipeline.expressions.typed_rows import read_numbers
from mesocosm.data.profiling.columns.column import SPACES, split_name
from mesocosm.data.profiling.profile import BLANK, list_names
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KNOWN = 0.8  # share of the leading rows whose value a partner must know
LEAST = 5  # rows of a partner from which on equal values tell that a key of another name is meant
ONCE = 0.98  # share of a partner's rows that have a value of their own
NOT_BLANK = f"not coalesce({BLANK}, true)"
KEY_WORDS = frozenset(("id", "no", "code", "key", "number"))


@dataclass
class Related:
    """The table whose rows lead, those that stand below it (`union`), those that add columns, each
    by a shared column (`partners`), and sentences: `why`, and for each table `left` out.
    """

    lead: str
    union: tuple[str, ...] = ()
    partners: dict[str, str] = field(default_factory=lambda: {})
    why: list[str] = field(default_factory=lambda: [])
    left: dict[str, str] = field(default_factory=lambda: {})

    def settings(self) -> Json:
        """As `from` says it."""
        if self.union:
            return {"union": list(self.union)}
        shared = set(self.partners.values())
        if len(shared) > 1:
            return {"union": [self.lead], "lookup": self.partners}
        if shared:
            return {"join": [self.lead, *self.partners], "on": shared.pop()}
        return self.lead


class _Match(NamedTuple):
    """How a column of a partner fits the leading rows: the share of these that it knows, the share
    of its own rows that have a value of their own, the column, and its rows a value.
    """

    share: float
    once: float
    column: str
    ratio: float

    @property
    def is_key(self) -> bool:
        """Whether it knows most leading rows, and nearly all of its values come once."""
        return self.share >= KNOWN and self.once >= ONCE


def find_relations(
    con: DuckDBPyConnection, tables: Mapping[str, str], leads: Sequence[str]
) -> Related:
    """How tables belong together.

    Args:
        tables: the DuckDB table of each name.
        leads: names whose rows may lead, the likeliest first; of several with as many partners
            the first is taken.
    """
    columns = {n: list_names(con, t) for n, t in tables.items()}
    if len(tables) > 1 and len({frozenset(c) for c in columns.values()}) == 1:
        return Related(
            leads[0],
            union=tuple(tables),
            why=["the files have the same columns, so their rows stand below each other"],
        )
    found = [_find_partners(con, tables, columns, lead) for lead in leads]
    return max(found, key=lambda r: (len(r.partners), -leads.index(r.lead)))


def join_tables(
    con: DuckDBPyConnection, tables: Mapping[str, str], belong: Related, name: str
) -> None:
    """Make one table of them, as the build would: the first row of a partner for each value,
    columns of the leading table first.
    """
    query = _joined_sql(con, tables, belong)
    if belong.union:
        parts = (f"select * from {quote(tables[each])}" for each in belong.union)
        query = " union all by name ".join(parts)
    con.execute(f"create temp table {quote(name)} as {query}")


def _joined_sql(con: DuckDBPyConnection, tables: Mapping[str, str], belong: Related) -> str:
    """SQL of the rows of the leading table, with the columns that partners add."""
    own = set(map(str.casefold, list_names(con, tables[belong.lead])))
    more, joins = "", ""
    for i, (partner, on) in enumerate(belong.partners.items()):
        theirs = [n for n in list_names(con, tables[partner]) if n.casefold() not in own]
        own.update(map(str.casefold, theirs))
        more += "".join(f", p{i}.{quote(column)}" for column in theirs)
        joins += _join_sql(tables[partner], quote(on), f"p{i}")
    return f"select l.*{more} from {quote(tables[belong.lead])} l{joins}"


def _join_sql(partner: str, on: str, alias: str) -> str:
    """SQL that joins the first row of a partner for each value of a column, which is quoted."""
    first = (
        f"(select * from {quote(partner)} qualify row_number() over (partition by"
        f" trim({on}::varchar) order by _file, _line) = 1)"
    )
    return f" left join {first} {alias} on trim(l.{on}::varchar) = trim({alias}.{on}::varchar)"


def _find_partners(
    con: DuckDBPyConnection,
    tables: Mapping[str, str],
    columns: Mapping[str, Sequence[str]],
    lead: str,
) -> Related:
    """The tables that add columns to the rows of one, and why the others do not."""
    found = Related(lead)
    for other in tables:
        if other != lead:
            pair = _Pair(con, lead, tables[lead], tables[other], columns[lead], columns[other])
            _add_partner(found, other, pair)
    return found


@dataclass(frozen=True)
class _Pair:
    """The rows that lead, and those of a table that may add columns to them."""

    con: DuckDBPyConnection
    lead: str
    ours: str
    theirs: str
    our_columns: Sequence[str]
    their_columns: Sequence[str]

    def match_all(self) -> list[_Match]:
        """How each column of the same name fits the leading rows, the best first."""
        shared = [column for column in self.our_columns if column in self.their_columns]
        return sorted((_match(self, column) for column in shared), reverse=True)


def _add_partner(found: Related, other: str, pair: _Pair) -> None:
    """Add a table as a partner of the leading rows, or why it is none."""
    matches = pair.match_all()
    able = [match for match in matches if match.is_key]
    exact = next((match for match in able if match.once == 1), None)
    if exact:
        found.partners[other] = exact.column
        found.why.append(
            f"'{exact.column}' of {exact.share:.1%} of the rows of {pair.lead} is in {other}, where"
            " each row has its own"
        )
    elif able:
        found.left[other] = _explain_ambiguous(pair.lead, able[0])
    else:
        found.left[other] = _explain_no_key(pair, matches)


def _explain_no_key(pair: _Pair, matches: Sequence[_Match]) -> str:
    """Why no column of a table names the leading rows."""
    return (
        _explain_spelling(pair, matches)
        or _explain_several(pair.lead, matches)
        or _explain_renamed(pair)
        or _explain_unknown(pair.lead, matches)
    )


def _explain_ambiguous(lead: str, match: _Match) -> str:
    """Why a partner with few repeated keys is not joined."""
    return (
        f"its '{match.column}' is that of {match.share:.1%} of the rows of {lead}, and"
        f" {1 - match.once:.1%} of its rows share it with another row of other values, so which one"
        " belongs is not known; leave one row for each, and it can be joined"
    )


def _explain_spelling(pair: _Pair, matches: Sequence[_Match]) -> str:
    """The shared column that is a key once trimmed and in upper case; empty where none is."""
    for match in matches:
        column = match.column
        clean = _match(pair, column, clean=True)
        if clean.is_key:
            return (
                f"its '{column}' is that of {matches[0].share:.1%} of the rows of {pair.lead} as"
                f" written, and of {clean.share:.1%} once both are trimmed and in upper case; write"
                f" '{column}' so in both files, and it can be joined"
            )
    return ""


def _explain_several(lead: str, matches: Sequence[_Match]) -> str:
    """Whether a partner knows the leading rows and has several rows for each."""
    if not matches or matches[0].share < KNOWN:
        return ""
    _, once, column, ratio = matches[0]
    several = f"{1 - once:.2%} of its rows share their '{column}' with another"
    if ratio >= 1.1:
        several = f"it has {ratio:.1f} rows for each '{column}'"
    return (
        f"{several}, and only one can stand beside a row of {lead}; sum them up to one, and it can"
        " be joined"
    )


def _explain_renamed(pair: _Pair) -> str:
    """A column of the leading rows that is, by its values, a key of another name in the partner;
    plain numbers need names that say so too.
    """
    keys = [column for column in pair.their_columns if _is_key(pair.con, pair.theirs, column)]
    for key, column in product(keys, pair.our_columns):
        if column == key or not _may_be_same(pair, column, key):
            continue
        match = _match(pair, column, theirs=key, clean=True)
        if match.is_key:
            return (
                f"its '{key}' is '{column}' of {match.share:.1%} of the rows of {pair.lead}, by"
                " their values; name both columns alike, and it can be joined"
            )
    return ""


def _may_be_same(pair: _Pair, column: str, key: str) -> bool:
    """Whether equal values of two columns of other names are hardly chance."""
    return _are_codes(pair.con, pair.ours, column) or _have_key_word(column, key)


def _explain_unknown(lead: str, matches: Sequence[_Match]) -> str:
    if not matches:
        return f"it shares no column with {lead}"
    return f"its '{matches[0].column}' matches {matches[0].share:.0%} of the rows of {lead}"


def _is_key(con: DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether nearly every row has a value of its own, and there are enough of them to tell."""
    rows, distinct = read_counts(
        con, f"select count(*), count(distinct trim({quote(column)}::varchar)) from {quote(table)}"
    )
    return rows >= LEAST and distinct >= ONCE * rows


def _have_key_word(one: str, other: str) -> bool:
    """Whether the names of both columns have the same word that keys have."""
    return bool(KEY_WORDS.intersection(split_name(one)).intersection(split_name(other)))


def _are_codes(con: DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether most values of a column are more than plain figures, so that equal ones are hardly
    chance.
    """
    x = f"trim({quote(column)}::varchar)"
    (share,) = read_numbers(
        con,
        f"select avg((regexp_matches({x}, '[^0-9.,+-]') and length({x}) > 2)::int) from"
        f" {quote(table)}",
    )
    return share is not None and share > 0.9


def _match(pair: _Pair, column: str, theirs: str = "", clean: bool = False) -> _Match:
    """Compare a column of the leading rows with that of a partner; rows of a partner that equal
    another in all columns are one.

    Args:
        theirs: the partner's column, where it has another name.
        clean: whether values are compared trimmed and in upper case.
    """
    our_key, their_key = _write_key(column, clean), _write_key(theirs or column, clean)
    other = quote(pair.theirs)
    ours = f"select x from (select {our_key} as x from {quote(pair.ours)}) where {NOT_BLANK}"
    known = f"select x from (select {their_key} as x from {other}) where {NOT_BLANK}"
    whole = ", ".join(map(quote, list_names(pair.con, pair.theirs)))
    pairs = f"select distinct {their_key} as x, hash({whole}) as h from {other}"
    rows, distinct = read_counts(
        pair.con, f"select count(*), count(distinct x) from ({pairs}) where {NOT_BLANK}"
    )
    leading, hits = read_counts(
        pair.con, f"select count(*), count(*) filter (x in ({known})) from ({ours})"
    )
    return _Match(_divide(hits, leading), _divide(distinct, rows), column, _divide(rows, distinct))


def _write_key(column: str, clean: bool) -> str:
    """SQL of a column's values as they are compared."""
    text = f"{quote(column)}::varchar"
    if clean:
        return f"upper(trim({text}, '{SPACES}'))"
    return f"trim({text})"


def _divide(part: float, whole: float) -> float:
    if whole:
        return part / whole
    return 0.0
