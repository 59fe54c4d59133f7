"""What changed between two snapshots beside single values: how many rows, the language of texts,
the era of dates.

Knows two snapshots' records. Evidence names no value of a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.lifecycle.review.field_change import FieldChange

MANY = 50  # rows of the last snapshot from which its size says something
LOST = 0.5  # share of the rows that were lost
REJECTED, LEVEL = 0.2, 1e-4  # rise of the share of rejected rows, and p-value of Fisher's test
SAME, MORE, DISTINCT = (
    1.05,
    1.5,
    0.9,
)  # different values beside those of before, rows beside those of before, share of different values
TEXTS = 20  # texts under which nothing is concluded
SCRIPT = 0.3  # share of the letters that are of a script the last snapshot hardly had
KNOWN, LEFT = (
    0.15,
    0.25,
)  # how often a frequent word was in a text on average, and what share of that is left
YEARS = 15 * 365.25  # days by which the middle of dates does not move in honest data


def compare_rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Rows that were lost, rejected or repeated."""
    was, now = old.get("account"), new.get("account")
    if not was or not now or was["kept"] < MANY:
        return []
    if now["kept"] < LOST * was["kept"] and now["in"] < LOST * was["in"]:
        return [
            FieldChange(
                "",
                "rows",
                f"{now['kept']:,} rows are kept, and the last snapshot kept {was['kept']:,}: the"
                " source may be cut off",
            )
        ]
    bad_was, bad_now = (
        one["quarantined"] + one["duplicates"] for one in (was, now)
    )  # what is erased or too old left by a rule
    if now["in"] and bad_now / now["in"] - bad_was / was["in"] >= REJECTED:
        from scipy.stats import fisher_exact

        if (
            fisher_exact([[bad_was, was["kept"]], [bad_now, now["kept"]]], alternative="less")[1]
            < LEVEL
        ):
            return [
                FieldChange(
                    "",
                    "rows",
                    f"{bad_now:,} of {now['in']:,} rows are not kept ({bad_now / now['in']:.1%});"
                    f" in the last snapshot {bad_was:,} of {was['in']:,} were not"
                    f" ({bad_was / was['in']:.1%})",
                )
            ]
    return _repeated(old, new)


def _repeated(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Whether rows came again: many more rows and no more different values in any field that had a
    value of its own in nearly each row.
    """
    before, after = (
        s["report"].get("after") or s["report"].get("before") or {} for s in (old, new)
    )
    telling = [
        n
        for n, p in before.items()
        if n in after and p.get("rows", 0) >= MANY and p.get("distinct", 0) >= DISTINCT * p["rows"]
    ]
    if not telling or not all(
        after[n]["rows"] >= MORE * before[n]["rows"]
        and after[n].get("distinct", 0) <= SAME * before[n]["distinct"]
        for n in telling
    ):
        return []
    first = telling[0]
    return [
        FieldChange(
            "",
            "rows",
            f"{after[first]['rows']:,} rows have {after[first]['distinct']:,} different values of"
            f" '{first}', where {before[first]['rows']:,} had {before[first]['distinct']:,}: rows"
            " are repeated",
        )
    ]


def compare_texts(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[FieldChange]:
    """Texts of another script, or without the words that were frequent: another language, or
    another kind of text.
    """
    if min(was["rows"], now["rows"]) < TEXTS:
        return []
    for script, share in now["scripts"].items():
        if (
            share - was["scripts"].get(script, 0.0) >= SCRIPT
            and was["scripts"].get(script, 0.0) < 0.05
        ):
            return [
                FieldChange(
                    name,
                    "schema",
                    f"{share:.0%} of its letters are {script.title()}, and"
                    f" {was['scripts'].get(script, 0.0):.0%} were: its language changed",
                )
            ]
    words = {w: s for w, s in was["words"].items() if s >= KNOWN} or dict(
        sorted(was["words"].items(), key=lambda e: -e[1])[:10]
    )
    usual = sum(words.values()) / len(words) if words else 0.0
    left = sum(now["words"].get(w, 0.0) for w in words) / len(words) if words else 0.0
    if len(words) < 3 or usual < 0.05 or left >= LEFT * usual:
        return []
    return [
        FieldChange(
            name,
            "schema",
            f"the {len(words)} words that were most frequent are in {left:.1%} of the texts on"
            f" average, and were in {usual:.1%}: its language or kind of text changed",
        )
    ]


def compare_dates(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[FieldChange]:
    """Dates of another era, or of one day only."""
    if min(was["rows"], now["rows"]) < TEXTS:
        return []
    old, new = was["numbers"], now["numbers"]
    moved = new[len(new) // 2] - old[len(old) // 2]
    if abs(moved) > YEARS:
        return [
            FieldChange(name, "schema", f"its middle date moved by {moved / 365.25:+.0f} years")
        ]
    most = max(new.count(v) for v in set(new)) / len(new)
    usual = max(old.count(v) for v in set(old)) / len(old)
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
