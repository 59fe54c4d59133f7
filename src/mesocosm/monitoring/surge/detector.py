"""Surges detected: cumulative sums over items, one a group, at a stated rate of false alarms.

Knows items and their predictions. Knows no catalog and no services.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NotRequired, TypedDict

import numpy as np

from mesocosm.core.hashing import digest
from mesocosm.monitoring.surge.evidence import Array, LabelEvidence, find_threshold, widen_shares
from mesocosm.monitoring.surge.settings import Surge

REMEMBERED = 5000  # items by whose words a duplicate is known
# items of all groups that stand for a group of which little is known: where groups differ, and
# where they do not
LENT = (20, 200)
# times the quiet items that are stated, for which heights are computed: the usual share is never
# known exactly
SPARE = 2
# times as soon as a false alarm may the end of a lasting surge be reported: it costs a second
# alarm, not a false one
SOONER = 20
AGAIN = 1.3  # times the items known of a group after which its baseline is computed again


Item = Mapping[str, object]


class SurgeReport(TypedDict):
    """A surge of a group, or, with `over`, the end of one."""

    group: str
    usual: float
    share: float
    seen: int
    count: int
    senders: NotRequired[int | None]
    items: NotRequired[list[dict[str, object]]]
    over: NotRequired[bool]


class GroupSum:
    """The cumulative sum of one group of items since it was last zero."""

    def __init__(self, cells: int) -> None:
        self.sum = 0.0
        self.items: list[dict[str, object]] = []  # those of the label
        self.senders: dict[str, float] = {}  # and what of the sum each has added
        self.cells: Array = np.zeros(cells)
        self.seen = self.count = 0

    def add(self, item: Item, cell: int, hit: bool, step: float) -> None:
        """Add an item; what every sender added shrinks with the sum."""
        self.seen += 1
        self.count += hit
        self.cells[cell] += 1
        before, self.sum = self.sum, max(0.0, self.sum + step)
        if step < 0 and before:
            self.senders = {s: added * self.sum / before for s, added in self.senders.items()}
        if hit:
            self.items.append(dict(item))


class GroupBaseline:
    """The baseline of a group: what an item of each cell adds to its sum, and the heights at which
    a rise and its end are reported.

    Args:
        evidence: the evidence of predictions.
        setting: what a surge is.
        counts: of predictions by cell.
        seen: how many of them are the group's own.
    """

    def __init__(self, evidence: LabelEvidence, setting: Surge, counts: Array, seen: float) -> None:
        # one prediction of any kind more, so that what was never observed is not impossible
        counts = counts + 1 / len(counts)
        share, self.seen = evidence.share(counts), max(1.0, seen)
        self.steps = evidence.steps(share, setting.risen(share))
        shares = widen_shares(self.steps, counts / counts.sum(), float(counts.sum()))
        self.height = find_threshold(self.steps, shares, SPARE * setting.quiet)
        self.most = float(self.steps.max())
        self.shares, self.lasts = shares, setting.quiet / SOONER

    @cached_property
    def back(self) -> float:
        """The height at which the end of a rise is reported."""
        after: Array = self.shares * np.exp(self.steps)  # the cells where the share has risen
        return find_threshold(-self.steps, after / after.sum(), self.lasts)


class SurgeDetector:
    """The sums of all groups.

    Args:
        setting: what is counted.
        before: held-out rows with their predictions (`label`, and the group under its field's
            name): the baseline. Where they have the probability of the label (`sure`) and the true
            label (`HELD_LABEL`), items count by the confidence of their predictions.
    """

    def __init__(self, setting: Surge, before: Iterable[Item]) -> None:
        self.setting, rows = setting, list(before)
        self.evidence = LabelEvidence(setting.label, rows)
        self.size = len(self.evidence.ratios)
        self.runs: dict[str, GroupSum] = {}
        self.risen: set[str] = set()  # groups whose surge was reported and is not over
        self.copies: OrderedDict[str, None] = OrderedDict()
        # predictions of a group by cell, and how many of them are of the label
        self.known: dict[str, Array] = {}
        self.all: Array = np.zeros(self.size + 1)
        self.baselines: dict[str, GroupBaseline] = {}
        self.left_out = Counter[str]()
        for row in rows:  # which may have equal words in the field that counts once
            self._learn_row(row)

    def remember(self, rows: Iterable[Item]) -> None:
        """Add earlier predictions that were no part of a surge to the baseline; duplicates count
        once, here too.
        """
        for row in rows:
            if not self._is_duplicate(row):
                self._learn_row(row)

    def _learn_row(self, row: Item) -> None:
        if (cell := self.evidence.cell(row, self._hit(row))) is not None:
            cells: Array = np.eye(self.size)[cell]
            self._learn(self._group(row), cells, self._hit(row))

    def usual(self, groups: Iterable[str]) -> dict[str, float]:
        """The usual share of the label among predictions of each group, shrunk to that of all where
        little is known of it; one in two before anything was observed.
        """
        lent, overall = self.lent(), (_hits(self.all) + 1) / (_rows(self.all) + 2)
        shares = {}
        for group in groups:
            known = self.known.get(group, np.zeros(self.size + 1))
            share = (_hits(known) + lent * overall) / (_rows(known) + lent)
            shares[group] = round(share, 2)
        return shares

    def lent(self) -> float:
        """How many items of all groups are added to a group's own: many where the shares of groups
        differ by no more than chance.

        Source: Kleinman 1973, Journal of the American Statistical Association 68 (moments of shares
            that differ).
        """
        groups = [known for known in self.known.values() if _rows(known)]
        if len(groups) < 2:
            return float(LENT[0])
        hits: Array = np.array([_hits(known) for known in groups])
        rows: Array = np.array([_rows(known) for known in groups])
        total = float(rows.sum())
        mean = float(hits.sum()) / total
        apart = float((rows * (hits / rows - mean) ** 2).sum()) / max(mean * (1 - mean), 1e-9)
        weight = total - float((rows**2).sum()) / total
        # the share of variance that lies between groups
        between = max(0.0, (apart - (len(groups) - 1)) / max(weight - (len(groups) - 1), 1.0))
        return float(min(max((1 - between) / max(between, 1e-9), LENT[0]), LENT[1]))

    def baseline(self, group: str) -> GroupBaseline:
        """The baseline of a group; computed again when much more is known of it."""
        known = self.known.setdefault(group, np.zeros(self.size + 1))
        seen = _rows(known)
        if group not in self.baselines or seen > self.baselines[group].seen * AGAIN:
            overall: Array = self.all[:-1]
            if not overall.any():
                overall = np.ones(self.size)
            counts: Array = known[:-1] + self.lent() * overall / overall.sum()
            self.baselines[group] = GroupBaseline(self.evidence, self.setting, counts, seen)
        return self.baselines[group]

    def see(self, item: Item) -> SurgeReport | None:
        """Count an item; returns what to report where it makes a surge, with `over` where a
        reported surge has ended.

        A surge is reported once. It is over when the share is the usual one again.

        Args:
            item: `id`, `label`, `sure` where it is known, and the fields that the setting names.
        """
        if self._is_duplicate(item):
            self.left_out["copies"] += 1
            return None
        hit = self._hit(item)
        cell = self.evidence.cell(item, hit)
        if cell is None:
            self.left_out["without a probability"] += 1
            return None
        group = self._group(item)
        usual, run = self.baseline(group), self.runs.setdefault(group, GroupSum(self.size))
        step = float(usual.steps[cell])
        if group in self.risen:
            return self._test_end(group, run, hit, step, usual)
        if not self._admit(run, item, step, usual):
            self.left_out["of one sender"] += 1
            return None
        run.add(item, cell, hit, step)
        return self._test_rise(group, run, usual)

    def _test_rise(self, group: str, run: GroupSum, usual: GroupBaseline) -> SurgeReport | None:
        """Report a surge where the sum of a group is high enough; forget a sum that is zero."""
        if not run.sum:
            self._learn(group, run.cells, run.count)  # what came to nothing is part of the baseline
            self.runs.pop(group)
            return None
        if run.sum < usual.height:
            return None
        self.runs.pop(group)
        self.risen.add(group)
        senders = self._count_senders(run)
        return {**self._report(group, run), "senders": senders, "items": run.items}

    def _admit(self, run: GroupSum, item: Item, step: float, usual: GroupBaseline) -> bool:
        """Whether an item counts: one sender adds to a sum no more than its setting allows."""
        if step <= 0 or not self.setting.sender:
            return True
        sender = str(item.get(self.setting.sender))
        added = run.senders.get(sender, 0.0) + step
        if added > self.setting.each * usual.most + 1e-9:
            return False
        run.senders[sender] = added
        return True

    def _count_senders(self, run: GroupSum) -> int | None:
        if not self.setting.sender:
            return None
        return len({str(item.get(self.setting.sender)) for item in run.items})

    def _test_end(
        self, group: str, run: GroupSum, hit: bool, step: float, usual: GroupBaseline
    ) -> SurgeReport | None:
        """Test whether the share of a group that had risen is the usual one again; until then the
        group reports nothing and its baseline stays.
        """
        run.seen += 1
        run.count += hit
        run.sum = max(0.0, run.sum - step)
        if run.sum and run.sum < usual.back:
            return None
        self.runs.pop(group)
        if not run.sum:
            return None
        self.risen.discard(group)
        return {**self._report(group, run), "over": True}

    def _report(self, group: str, run: GroupSum) -> SurgeReport:
        return {
            "group": group,
            "usual": self.usual([group])[group],
            "share": round(run.count / run.seen, 3),
            "seen": run.seen,
            "count": run.count,
        }

    def _hit(self, item: Item) -> bool:
        return item.get("label") == self.setting.counted

    def _group(self, row: Item) -> str:
        if not self.setting.by:
            return ""
        return str(row.get(self.setting.by))

    def _learn(self, group: str, cells: Array, hits: int) -> None:
        for known in (self.known.setdefault(group, np.zeros(self.size + 1)), self.all):
            known[:-1] += cells
            known[-1] += hits

    def _is_duplicate(self, row: Item) -> bool:
        """Whether the same words came before, in the field that counts once, however they are
        written.
        """
        if not self.setting.once:
            return False
        text = str(row.get(self.setting.once))
        words: list[str] = re.findall(r"\w+", text.lower())
        mark = digest(" ".join(words), size=12)
        if mark in self.copies:
            self.copies.move_to_end(mark)
            return True
        self.copies[mark] = None
        if len(self.copies) > REMEMBERED:
            self.copies.popitem(last=False)
        return False


def _rows(known: Array) -> float:
    """How many predictions a group is known by: all cells but the last, which counts hits."""
    return float(known[:-1].sum())


def _hits(known: Array) -> float:
    return float(known[-1])
