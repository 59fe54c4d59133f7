"""How several tables belong together: one below the other, or the rows of some beside each row of
one that leads.

Knows tables of text in DuckDB. Decides by values, not only by names, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesocosm.data.profiling.columns.column import SPACES, split_name
from mesocosm.data.profiling.profile import BLANK, list_names
from mesocosm.data.sources.path_utils import quote

KNOWN = 0.8  # share of the leading rows whose value a partner must know
LEAST = 5  # rows of a partner from which on equal values tell that a key of another name is meant
ONCE = 0.98  # share of a partner's rows that have a value of their own


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

    def settings(self) -> Any:
        """As `from` says it."""
        if self.union:
            return {"union": list(self.union)}
        shared = set(self.partners.values())
        if len(shared) > 1:
            return {"union": [self.lead], "lookup": self.partners}
        return {"join": [self.lead, *self.partners], "on": shared.pop()} if shared else self.lead


def related(con: Any, tables: Mapping[str, str], leads: Sequence[str]) -> Related:
    """How tables belong together.

    Args:
        tables: the DuckDB table of each name.
        leads: names whose rows may lead, the most wanted first; of several with as many partners
            the first is taken.
    """
    columns = {n: list_names(con, t) for n, t in tables.items()}
    if len(tables) > 1 and len({frozenset(c) for c in columns.values()}) == 1:
        return Related(
            leads[0],
            union=tuple(tables),
            why=["the files have the same columns, so their rows stand below each other"],
        )
    found = [_around(con, tables, columns, lead) for lead in leads]
    return max(found, key=lambda r: (len(r.partners), -leads.index(r.lead)))


def beside(con: Any, tables: Mapping[str, str], belong: Related, name: str) -> None:
    """Make one table of them, as the build would: the first row of a partner for each value,
    columns of the leading table first.
    """
    if belong.union:
        con.execute(
            f"create temp table {quote(name)} as "
            + " union all by name ".join(f"select * from {quote(tables[t])}" for t in belong.union)
        )
        return
    own = {n.casefold() for n in list_names(con, tables[belong.lead])}
    more, joins = "", ""
    for i, (partner, on) in enumerate(belong.partners.items()):
        theirs = [n for n in list_names(con, tables[partner]) if n.casefold() not in own]
        own |= {n.casefold() for n in theirs}
        more += "".join(f", p{i}.{quote(c)}" for c in theirs)
        first = (
            f"(select * from {quote(tables[partner])} qualify row_number() over (partition by"
            f" trim({quote(on)}::varchar) order by _file, _line) = 1)"
        )
        joins += (
            f" left join {first} p{i} on trim(l.{quote(on)}::varchar) ="
            f" trim(p{i}.{quote(on)}::varchar)"
        )
    con.execute(
        f"create temp table {quote(name)} as select l.*{more} from {quote(tables[belong.lead])}"
        f" l{joins}"
    )


def _around(
    con: Any, tables: Mapping[str, str], columns: Mapping[str, Sequence[str]], lead: str
) -> Related:
    found = Related(lead)
    for other in tables:
        if other == lead:
            continue
        tried = sorted(
            (
                _share(con, tables[lead], tables[other], c)
                for c in columns[lead]
                if c in columns[other]
            ),
            reverse=True,
        )
        able = [t for t in tried if t[0] >= KNOWN and t[1] >= ONCE]
        sure = [t for t in able if t[1] == 1]
        if able and not sure:
            share, once, column, _ = able[0]
            found.left[other] = (
                f"its '{column}' is that of {share:.1%} of the rows of {lead}, and {1 - once:.1%}"
                " of its rows share it with another row of other values, so which one belongs is"
                " not known; leave one row for each, and it can be joined"
            )
        elif sure:
            share, _, column, _ = sure[0]
            found.partners[other] = column
            found.why.append(
                f"'{column}' of {share:.1%} of the rows of {lead} is in {other}, where each row has"
                " its own"
            )
        elif cleaned := _cleaned(con, tables[lead], tables[other], [t[2] for t in tried]):
            column, share = cleaned
            found.left[other] = (
                f"its '{column}' is that of {tried[0][0]:.1%} of the rows of {lead} as written, and"
                f" of {share:.1%} once both are trimmed and in upper case; write '{column}' so in"
                " both files, and it can be joined"
            )
        elif tried and tried[0][0] >= KNOWN:
            _, once, column, ratio = tried[0]
            several = (
                f"it has {ratio:.1f} rows for each '{column}'"
                if ratio >= 1.1
                else f"{1 - once:.2%} of its rows share their '{column}' with another"
            )
            found.left[other] = (
                f"{several}, and only one can stand beside a row of {lead}; sum them up to one, and"
                " it can be joined"
            )
        elif renamed := _renamed(con, tables[lead], tables[other], columns[lead], columns[other]):
            mine, theirs, share = renamed
            found.left[other] = (
                f"its '{theirs}' is '{mine}' of {share:.1%} of the rows of {lead}, by their values;"
                " name both columns alike, and it can be joined"
            )
        elif tried:
            found.left[other] = f"its '{tried[0][2]}' knows {tried[0][0]:.0%} of the rows of {lead}"
        else:
            found.left[other] = f"it shares no column with {lead}"
    return found


def _cleaned(con: Any, lead: str, other: str, columns: Sequence[str]) -> tuple[str, float] | None:
    """The shared column that is a key once trimmed and in upper case, with the share of leading
    rows that it then knows.
    """
    for column in columns:
        share, once, _, _ = _share(con, lead, other, column, clean=True)
        if share >= KNOWN and once >= ONCE:
            return column, share
    return None


def _renamed(
    con: Any, lead: str, other: str, mine: Sequence[str], theirs: Sequence[str]
) -> tuple[str, str, float] | None:
    """A column of the leading rows that is, by its values, a key of another name in the partner;
    plain numbers need names that say so too.
    """
    for key in theirs:
        rows, distinct = con.execute(
            f"select count(*), count(distinct trim({quote(key)}::varchar)) from {quote(other)}"
        ).fetchall()[0]
        if rows < LEAST or distinct < ONCE * rows:
            continue
        for column in mine:
            if column == key or not (
                _coded(con, lead, column)
                or set(split_name(column))
                & set(split_name(key))
                & {"id", "no", "code", "key", "number"}
            ):
                continue
            share, once, _, _ = _share(con, lead, other, column, theirs=key, clean=True)
            if share >= KNOWN and once >= ONCE:
                return column, key, share
    return None


def _coded(con: Any, table: str, column: str) -> bool:
    """Whether most values of a column are more than plain figures, so that equal ones are hardly
    chance.
    """
    x = f"trim({quote(column)}::varchar)"
    share = con.execute(
        f"select avg((regexp_matches({x}, '[^0-9.,+-]') and length({x}) > 2)::int) from"
        f" {quote(table)}"
    ).fetchall()[0][0]
    return bool(share and share > 0.9)


def _share(
    con: Any, lead: str, other: str, column: str, theirs: str = "", clean: bool = False
) -> tuple[float, float, str, float]:
    """Of the leading rows, how many a partner's column knows; how many of its rows have a value of
    their own; the column; its rows a value.

    Rows of a partner that equal another in all columns are one.

    Args:
        theirs: the partner's column, where it has another name.
        clean: whether values are compared in upper case.
    """
    keys = [
        f"trim({quote(c)}::varchar, '{SPACES}')" if clean else f"trim({quote(c)}::varchar)"
        for c in (column, theirs or column)
    ]
    mine, theirs = (
        f"select x from (select {f'upper({x})' if clean else x} as x from {quote(t)}) where not"
        f" coalesce({BLANK}, true)"
        for x, t in zip(keys, (lead, other), strict=True)
    )
    whole = ", ".join(quote(n) for n in list_names(con, other))
    pairs = f"select distinct {keys[1]} as x, hash({whole}) as h from {quote(other)}"
    pairs = f"select distinct {'upper(x)' if clean else 'x'} as x, h from ({pairs})"
    rows, distinct = con.execute(
        f"select count(*), count(distinct x) from ({pairs}) where not coalesce({BLANK}, true)"
    ).fetchall()[0]
    of, known = con.execute(
        f"select count(*), count(*) filter (x in ({theirs})) from ({mine})"
    ).fetchall()[0]
    return (
        known / of if of else 0.0,
        distinct / rows if rows else 0.0,
        column,
        rows / distinct if distinct else 0.0,
    )
