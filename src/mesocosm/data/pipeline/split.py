"""Which rows are training, validation and test rows, as SQL: a seeded draw by a row's content,
never by its place in a file. Knows expressions; runs nothing.
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


def split_sql(table: str, dataset: Dataset, held_out: str | None) -> str:
    """SQL that names the part of each row that is still in: `train`, `validation` or `test`.

    Rows are ranked by a keyed hash: of their key, or without one of all their values. Rows whose
    texts and images are equal have one hash, so they are in one part; without a key also rows that
    are equal in all and hold a continuous number. Content that is more frequent than 5 rows and 5 %
    of the rows is a value of few, not a copy: each such row is drawn for itself, as are equal rows
    of a table of categories.

    With `stratify` each value keeps its share in every part. Of a value with few rows a seeded draw
    decides about the fraction of a row, so that the parts have their sizes over all values; the
    only row of a value is a training row. Equal texts with different values stay together.

    Args:
        held_out: SQL that is true for rows of the source of test rows, where there is one.
    """
    if dataset.split.group:
        return _split_groups(table, dataset, dataset.split.group, held_out)
    drawn = _drawn_sql(dataset, _listed_sql(dataset, held_out), _still(table))
    split = dataset.split
    stratified = bool(split.stratify)
    if held_out:
        tests, test = "0", "held_out"
    else:
        tests, test = _share("n", f"n * {split.test}", split.seed, "test", stratified), "r <= tests"
    counted = f"select *, {tests} as tests from ({_ranked_sql(stratified)})"
    validations = _share(
        "n - tests", f"(n - tests) * {split.validation}", split.seed, "validation", stratified
    )
    return (
        f"{drawn} select _row, case when {test} then 'test' when r <= tests + {validations} then"
        f" 'validation' else 'train' end as _split from ({counted})"
    )


def _listed_sql(dataset: Dataset, held_out: str | None) -> str:
    """SQL, up to FROM, of each row with its mark, whether it is held out, and its level."""
    level = ""
    if dataset.split.stratify:
        level = f", {quote(dataset.split.stratify)}::varchar as level"
    names = sorted(dataset.fields)
    if dataset.key:
        names = [dataset.key]
    test = held_out or "false"
    return f"select _row, ({test}) as held_out{level}, {_mark(dataset, names)} as mark"


def _ranked_sql(stratified: bool) -> str:
    """SQL of the drawn rows with their rank and number, of each level where there are levels."""
    levels = ", level" if stratified else ""
    part = f"partition by held_out{levels}"
    return (
        f"select _row, held_out{levels}, rank() over ({part} order by mark) as r,"
        f" count(*) over ({part}) as n from _drawn"
    )


def _split_groups(table: str, dataset: Dataset, group: str, held_out: str | None) -> str:
    """SQL of the parts, rows of one group in one part."""
    split = dataset.split
    share = f"(('0x' || left({_mark(dataset, [group])}, 12))::bigint / 281474976710656.0)"
    test = held_out or f"{share} < {split.test}"
    low = 0.0 if held_out else split.test
    validation = f"{share} < {low} + (1 - {low}) * {split.validation}"
    return (
        f"select _row, case when {test} then 'test' when {validation} then 'validation' else"
        f" 'train' end as _split {_still(table)}"
    )


def _still(table: str) -> str:
    return f"from {quote(table)} where _why is null"


def _mark(dataset: Dataset, names: list[str]) -> str:
    """SQL of the keyed hash of some fields that a row is drawn by."""
    return f"md5('{dataset.split.seed}|' || {_content(names)})"


def _share(rows: str, share: str, seed: int, part: str, by_level: bool) -> str:
    """SQL of how many of some rows a part takes; never all of a value's rows, since one must be a
    training row.
    """
    if not by_level:
        return f"round({share})"
    chance = (
        f"(('0x' || left(md5('{seed}|{part}|' || coalesce(level, '')), 12))::bigint /"
        " 281474976710656.0)"
    )
    return (
        f"least(greatest({rows} - 1, 0), case when {share} >= {SMALL} then round({share}) else"
        f" floor({share} + {chance}) end)"
    )


def _content(names: list[str]) -> str:
    texts = ", '|', ".join(f"coalesce({quote(n)}::varchar, '')" for n in names)
    return f"concat({texts})"  # one call, as a chain of many || is too deep


def _drawn_sql(dataset: Dataset, listed: str, still: str) -> str:
    """SQL of `_drawn`, the rows with the `mark` that each is drawn by: rows of one mark are in one
    part.

    Content that comes once is found by counting; only what comes again is numbered.
    """
    shown = _content_fields(dataset)
    whole = not dataset.key and set(shown) == set(dataset.fields)
    bound = f"(select greatest({COPIES}, {OFTEN} * count(*)) {still})"
    by_content = bool(shown) and not whole
    if by_content:
        listed += _content_column(dataset, shown)
    steps = [f"_marked as materialized ({listed} {still})"]
    last = "_marked"
    if not dataset.key:
        copies = "true" if whole else _continuous(dataset, still)
        steps += _number_repeated(copies, bound)
        last = "_own"
    if by_content:
        steps += _join_copies(last, bound, bool(dataset.split.stratify))
    else:
        steps.append(f"_drawn as (select * from {last})")
    return f"with {', '.join(steps)}"


def _content_column(dataset: Dataset, shown: list[str]) -> str:
    """SQL of a further column: the mark of a row's texts and images, null where it has none."""
    there = " or ".join(f"{quote(n)} is not null" for n in shown)
    return f", case when {there} then {_mark(dataset, shown)} end as content"


def _content_fields(dataset: Dataset) -> list[str]:
    """The texts and images of a dataset, sorted."""
    return sorted(
        name
        for name, field in dataset.fields.items()
        if field.role in ("text", "image") and name != dataset.key
    )


def _number_repeated(copies: str, bound: str) -> list[str]:
    """Steps to `_own`: equal rows that are no copies get a mark of their own.

    Args:
        copies: SQL that is true where equal rows can only be copies.
        bound: SQL of the number of rows up to which they are.
    """
    return [
        "_again as (select mark, count(*) as times from _marked group by mark having count(*) > 1)",
        f"_numbered as (select _row, case when ({copies}) and times <= {bound} then 1 else"
        " row_number() over (partition by mark order by _row) end as number from _marked join"
        " _again using (mark))",
        "_own as (select m.* replace (case when number > 1 then md5(mark || '|' || number) else"
        " mark end as mark) from _marked m left join _numbered using (_row))",
    ]


def _join_copies(last: str, bound: str, stratified: bool) -> list[str]:
    """Steps to `_drawn`: rows of equal content get one mark, and with `stratify` one level."""
    least, own = "", ""
    if stratified:
        least = ", min(coalesce(level, '')) as one"
        own = ", case when c.content is null then level else one end as level"
    return [
        f"_copies as (select content{least} from _marked group by content having count(*) between"
        f" 2 and {bound} and content is not null)",
        f"_drawn as (select o.* replace (coalesce(c.content, mark) as mark{own}) from {last} o"
        " left join _copies c on o.content = c.content)",
    ]


def _continuous(dataset: Dataset, still: str) -> str:
    """SQL that is true where a number has so many different values that equal rows can only be
    copies.
    """
    tests = []
    for name, field in dataset.fields.items():
        if field.ibis_type in CONTINUOUS:
            least = f"greatest({DISTINCT}, {CONTINUOUS[field.ibis_type]} * count(*))"
            tests.append(f"approx_count_distinct({quote(name)}) > {least}")
    return f"(select {' or '.join(tests)} {still})" if tests else "false"
