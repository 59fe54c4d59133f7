"""What changed between two snapshots apart from single values: how many rows, the language of
texts, the era of dates.

Knows two snapshots' records. Evidence names no value of a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mesocosm.catalog.contents import FieldStatistics, TextStatistics, TrainingColumn
from mesocosm.core.values.count_tests import fisher_less
from mesocosm.core.values.words import name_script
from mesocosm.lifecycle.review.field_change import ComparedSnapshot, FieldChange

MANY = 50  # rows of the last snapshot from which its size says something
LOST = 0.5  # share of the rows that were lost
REJECTED, LEVEL = 0.2, 1e-4  # rise of the share of rejected rows, and p-value of Fisher's test
# rows are repeated where there are `MORE` times as many and at most `SAME` times as many different
# values, of fields whose share of different values was `DISTINCT`
SAME, MORE, DISTINCT = 1.05, 1.5, 0.9
TEXTS = 20  # texts under which nothing is concluded
# share of the letters that are of a script, and the share from which the last snapshot had it too
SCRIPT, HAD_SCRIPT = 0.3, 0.05
# how often a frequent word was in a text on average, and what share of that is left
KNOWN, LEFT = 0.15, 0.25
FEW_WORDS, USUAL = 3, 0.05  # words, and their mean share, under which nothing is concluded
YEARS = 15 * 365.25  # days by which the middle of dates does not move in honest data


def compare_rows(old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """Rows that were lost, rejected or repeated."""
    was, now = old.get("account"), new.get("account")
    if not was or not now or was["kept"] < MANY:
        return []
    if _is_cut_off(was, now):
        evidence = (
            f"{now['kept']:,} rows are kept, and the last snapshot kept {was['kept']:,}: the"
            " source may be cut off"
        )
        return [FieldChange("", "rows", evidence)]
    return _compare_rejected(was, now) or _find_repeated(old, new)


def _is_cut_off(was: Mapping[str, int], now: Mapping[str, int]) -> bool:
    """Whether many fewer rows came in, and are kept."""
    return now["kept"] < LOST * was["kept"] and now["in"] < LOST * was["in"]


def _compare_rejected(was: Mapping[str, int], now: Mapping[str, int]) -> list[FieldChange]:
    """Whether many more rows are quarantined or duplicates; what was erased or expired left by a
    rule.
    """
    bad_was, bad_now = (part["quarantined"] + part["duplicates"] for part in (was, now))
    if not now["in"] or bad_now / now["in"] - bad_was / was["in"] < REJECTED:
        return []
    if fisher_less((bad_was, was["kept"]), (bad_now, now["kept"])) >= LEVEL:
        return []
    evidence = (
        f"{bad_now:,} of {now['in']:,} rows are not kept ({bad_now / now['in']:.1%});"
        f" in the last snapshot {bad_was:,} of {was['in']:,} were not"
        f" ({bad_was / was['in']:.1%})"
    )
    return [FieldChange("", "rows", evidence)]


def _find_repeated(old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """Whether rows came again: many more rows and no more different values in any field that had a
    value of its own in nearly each row.
    """
    before, after = _statistics_of(old), _statistics_of(new)
    telling = [name for name in before if name in after and _has_own_values(before[name])]
    if not telling or not _are_repeated(telling, before, after):
        return []
    name = telling[0]
    evidence = (
        f"{after[name]['rows']:,} rows have {after[name]['distinct']:,} different values of"
        f" '{name}', where {before[name]['rows']:,} had {before[name]['distinct']:,}: rows"
        " are repeated"
    )
    return [FieldChange("", "rows", evidence)]


def _are_repeated(
    names: Sequence[str],
    before: Mapping[str, FieldStatistics],
    after: Mapping[str, FieldStatistics],
) -> bool:
    return all(_is_repeated(before[name], after[name]) for name in names)


def _statistics_of(snapshot: ComparedSnapshot) -> Mapping[str, FieldStatistics]:
    """The statistics of the fields after cleaning, or before it where it has no others."""
    report = snapshot["report"]
    return report.get("after") or report.get("before") or {}


def _has_own_values(profile: FieldStatistics) -> bool:
    """Whether a field had a value of its own in nearly each of many rows."""
    rows = profile.get("rows", 0)
    return rows >= MANY and profile.get("distinct", 0) >= DISTINCT * rows


def _is_repeated(was: FieldStatistics, now: FieldStatistics) -> bool:
    """Whether a field has many more rows and hardly more different values."""
    grew = now["rows"] >= MORE * was["rows"]
    return bool(grew and now.get("distinct", 0) <= SAME * was["distinct"])


def compare_texts(name: str, was: TextStatistics, now: TextStatistics) -> list[FieldChange]:
    """Texts of another script, or without the words that were frequent: another language, or
    another kind of text.

    Args:
        name: the field.
        was: `rows`, and the share of `scripts` and `words`, in the last snapshot.
        now: the same in the new one.
    """
    if min(was["rows"], now["rows"]) < TEXTS:
        return []
    evidence = _script_evidence(was["scripts"], now["scripts"])
    evidence = evidence or _word_evidence(was["words"], now["words"])
    if not evidence:
        return []
    return [FieldChange(name, "schema", evidence)]


def _script_evidence(was: Mapping[str, float], now: Mapping[str, float]) -> str:
    """A script that many letters are of and hardly any were, in a sentence; empty if there is
    none.
    """
    for script, share in now.items():
        before = was.get(script, 0.0)
        if share - before >= SCRIPT and before < HAD_SCRIPT:
            return (
                f"{share:.0%} of its letters are {name_script(script)}, and {before:.0%} were:"
                " its language changed"
            )
    return ""


def _word_evidence(was: Mapping[str, float], now: Mapping[str, float]) -> str:
    """Frequent words that are hardly there any more, in a sentence; empty if they are."""
    words = _frequent_words(was)
    if len(words) < FEW_WORDS:
        return ""
    usual = sum(words.values()) / len(words)
    left = sum(now.get(word, 0.0) for word in words) / len(words)
    if usual < USUAL or left >= LEFT * usual:
        return ""
    return (
        f"the {len(words)} words that were most frequent are in {left:.1%} of the texts on"
        f" average, and were in {usual:.1%}: its language or kind of text changed"
    )


def _frequent_words(shares: Mapping[str, float]) -> dict[str, float]:
    """The words that are in many texts, or the ten most frequent where none is."""
    words = {word: share for word, share in shares.items() if share >= KNOWN}
    if words:
        return words
    return dict(sorted(shares.items(), key=lambda item: -item[1])[:10])


def compare_dates(name: str, was: TrainingColumn, now: TrainingColumn) -> list[FieldChange]:
    """Dates of another era, or of one day only."""
    if min(was["rows"], now["rows"]) < TEXTS:
        return []
    old, new = was["numbers"], now["numbers"]
    moved = new[len(new) // 2] - old[len(old) // 2]
    if abs(moved) > YEARS:
        evidence = f"its median date moved by {moved / 365.25:+.0f} years"
        return [FieldChange(name, "schema", evidence)]
    most, usual = _most_frequent_share(new), _most_frequent_share(old)
    if most - usual >= 0.5:
        return [
            FieldChange(
                name,
                "missing",
                f"{most:.0%} of its dates are one day, and {usual:.0%} were: it may stand for a"
                " missing date",
            )
        ]
    return []


def _most_frequent_share(numbers: Sequence[float]) -> float:
    """The share of the most frequent number."""
    return max(Counter(numbers).values()) / len(numbers)
