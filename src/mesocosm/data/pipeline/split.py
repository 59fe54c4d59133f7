"""Which rows teach, tune and judge, as SQL: a seeded draw by what a row says, never by its place in
a file. Knows expressions; runs nothing.
"""

from __future__ import annotations

from mesocosm.data.dataset import Dataset
from mesocosm.data.sources.path_utils import quote

COPIES = 5  # rows, and
# share of all rows, up to which equal content counts as copies; what is more frequent is a value of
# few
OFTEN = 0.05
DISTINCT = 20  # different numbers of a continuous column, at least
CONTINUOUS = {
    "float64": 0.05,
    "int64": 0.3,
}  # and the share of rows that they are at least, by type
# rows of a class in a part under which chance, not rounding, decides between one more and one fewer
SMALL = 3


def split_sql(table: str, dataset: Dataset, judge: str | None) -> str:
    """SQL that names the part of each row that is still in: `train`, `validation` or `test`.

    Rows are ranked by a keyed hash: of their key, or without one of all they say. Rows whose texts
    and images are equal have one hash, so they are in one part; without a key also rows that are
    equal in all and hold a continuous number. Content that is more frequent than 5 rows and 5 % of
    the rows is a value of few, not a copy: each such row is drawn for itself, as are equal rows of
    a table of categories.

    With `stratify` each value keeps its share in every part. Of a value with few rows a seeded draw
    decides about the fraction of a row, so that the parts have their sizes over all values; the
    only row of a value teaches. Equal texts with different values stay together.

    Args:
        judge: SQL that is true for rows of the source that judges, where there is one.
    """
    split, names = dataset.split, [dataset.key] if dataset.key else sorted(dataset.fields)
    unit = [split.group] if split.group else names
    said = _content(unit)
    mark = f"md5('{split.seed}|' || {said})"
    still = f"from {quote(table)} where _why is null"
    if split.group:
        share = f"(('0x' || left({mark}, 12))::bigint / 281474976710656.0)"
        test = judge or f"{share} < {split.test}"
        low = 0.0 if judge else split.test
        val = f"{share} < {low} + (1 - {low}) * {split.validation}"
        return (
            f"select _row, case when {test} then 'test' when {val} then 'validation' else 'train'"
            f" end as _split {still}"
        )
    level = f", {quote(split.stratify)}::varchar as level" if split.stratify else ""
    drawn = _drawn(
        dataset, table, f"select _row, ({judge or 'false'}) as judge{level}, {mark} as mark", still
    )
    part = f"partition by judge{', level' if level else ''}"
    ranked = (
        f"select _row, judge{', level' if level else ''}, rank() over ({part} order by mark) as r,"
        f" count(*) over ({part}) as n from _drawn"
    )
    tests = "0" if judge else _share("n", f"n * {split.test}", split.seed, "test", bool(level))
    counted = f"select *, {tests} as tests from ({ranked})"
    val = (
        "r <= tests +"
        f" "
        f"{_share('n - tests', f'(n - tests) * {split.validation}', split.seed, 'validation', bool(level))}"
    )
    test = "judge" if judge else "r <= tests"
    return (
        f"{drawn} select _row, case when {test} then 'test' when {val} then 'validation' else"
        f" 'train' end as _split from ({counted})"
    )


def _share(rows: str, wanted: str, seed: int, part: str, by_level: bool) -> str:
    """SQL of how many of some rows a part takes; never all of a value's rows, since one must
    teach.
    """
    if not by_level:
        return f"round({wanted})"
    chance = (
        f"(('0x' || left(md5('{seed}|{part}|' || coalesce(level, '')), 12))::bigint /"
        " 281474976710656.0)"
    )
    return (
        f"least(greatest({rows} - 1, 0), case when {wanted} >= {SMALL} then round({wanted}) else"
        f" floor({wanted} + {chance}) end)"
    )


def _content(names: list[str]) -> str:
    texts = ", '|', ".join(f"coalesce({quote(n)}::varchar, '')" for n in names)
    return f"concat({texts})"  # one call, as a chain of many || is too deep


def _drawn(dataset: Dataset, table: str, listed: str, still: str) -> str:
    """SQL of `_drawn`, the rows with the `mark` that each is drawn by: rows of one mark are in one
    part.

    Content that comes once is found by counting; only what comes again is numbered.
    """
    shown = sorted(
        n
        for n, f in dataset.fields.items()
        if getattr(f, "type", "") in ("text", "image") and n != dataset.key
    )
    whole = not dataset.key and set(shown) == set(dataset.fields)
    bound = f"(select greatest({COPIES}, {OFTEN} * count(*)) {still})"
    if shown and not whole:
        there = " or ".join(f"{quote(n)} is not null" for n in shown)
        listed += (
            f", case when {there} then md5('{dataset.split.seed}|' || {_content(shown)}) end as"
            " content"
        )
    steps = [f"_marked as materialized ({listed} {still})"]
    last = "_marked"
    if not dataset.key:
        copies = "true" if whole else _continuous(dataset, still)
        steps.append(
            "_again as (select mark, count(*) as times from _marked group by mark having count(*)"
            " > 1)"
        )
        steps.append(
            f"_numbered as (select _row, case when ({copies}) and times <= {bound} then 1 else"
            " row_number() over (partition by mark order by _row) end as number from _marked join"
            " _again using (mark))"
        )
        steps.append(
            "_own as (select m.* replace (case when number > 1 then md5(mark || '|' || number) else"
            " mark end as mark) from _marked m left join _numbered using (_row))"
        )
        last = "_own"
    if shown and not whole:
        one, own = (
            (
                ", min(coalesce(level, '')) as one",
                ", case when c.content is null then level else one end as level",
            )
            if dataset.split.stratify
            else ("", "")
        )
        steps.append(
            f"_copies as (select content{one} from _marked group by content having count(*) between"
            f" 2 and {bound} and content is not null)"
        )
        steps.append(
            f"_drawn as (select o.* replace (coalesce(c.content, mark) as mark{own}) from {last} o"
            " left join _copies c on o.content = c.content)"
        )
    else:
        steps.append(f"_drawn as (select * from {last})")
    return f"with {', '.join(steps)}"


def _continuous(dataset: Dataset, still: str) -> str:
    """SQL that is true where a number has so many different values that equal rows can only be
    copies.
    """
    kinds = {n: f.ibis_type for n, f in dataset.fields.items() if f.ibis_type in CONTINUOUS}
    tests = " or ".join(
        f"approx_count_distinct({quote(n)}) > greatest({DISTINCT}, {CONTINUOUS[k]} * count(*))"
        for n, k in kinds.items()
    )
    return f"(select {tests} {still})" if tests else "false"
