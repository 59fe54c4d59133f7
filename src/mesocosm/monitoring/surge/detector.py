"""Surges seen: sums over items, a group apart, at a stated rate of false alarms.

Knows items and what their answers tell. Knows no catalog and no services.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from mesocosm.core.hashing import digest
from mesocosm.monitoring.surge.evidence import Array, LabelEvidence, find_threshold, widen_shares
from mesocosm.monitoring.surge.settings import Surge

REMEMBERED = 5000  # items by whose words a copy is known
LENT = (
    20,
    200,
    # items of all groups that stand for a group of which little is known: where groups differ, and
    # where they do not
)
# times the quiet items that are stated, for which heights are worked out: what is usual is never
# known quite
SPARE = 2
# times as soon as a false alarm may the end of a surge be told that lasts: it costs a second alarm,
# not a false one
SOONER = 20
AGAIN = 1.3  # times the items known of a group after which what is usual is worked out anew


class GroupSum:
    """The sum of one group of items since it was last nought."""

    def __init__(self, cells: int) -> None:
        self.sum = 0.0
        self.items: list[dict[str, Any]] = []  # those of the label
        self.senders: dict[str, float] = {}  # and what of the sum each has added
        self.cells = np.zeros(cells)
        self.seen = self.count = 0


class GroupBaseline:
    """What is usual in a group: what an item of each cell adds to its sum, and the heights at which
    a rise and its end are told.

    Args:
        evidence: what answers tell.
        setting: what a surge is.
        counts: of answers by cell.
        seen: how many of them are the group's own.
    """

    def __init__(self, evidence: LabelEvidence, setting: Surge, counts: Array, seen: float) -> None:
        counts = counts + 1 / len(
            counts
        )  # one answer of any kind more, so that what was never seen is not impossible
        share, self.seen = evidence.share(counts), max(1.0, seen)
        self.steps = evidence.steps(share, setting.risen(share))
        shares = widen_shares(self.steps, counts / counts.sum(), float(counts.sum()))
        self.height = find_threshold(self.steps, shares, SPARE * setting.quiet)
        self.most = float(self.steps.max())
        self.shares, self.lasts = shares, setting.quiet / SOONER

    @cached_property
    def back(self) -> float:
        """The height at which the end of a rise is told."""
        after = self.shares * np.exp(self.steps)  # how the cells come where the share has risen
        return find_threshold(-self.steps, after / after.sum(), self.lasts)


class SurgeDetector:
    """The sums of all groups.

    Args:
        setting: what is counted.
        before: rows that were held out with what is said of them (`label`, and the group under its
            field's name): what is usual. Where they tell how sure an answer is of the label
            (`sure`) and what is true (`_label`), items count by how sure their answers are.
    """

    def __init__(self, setting: Surge, before: Iterable[Mapping[str, Any]]) -> None:
        self.setting, rows = setting, list(before)
        self.evidence = LabelEvidence(setting.label, rows)
        self.size = len(self.evidence.ratios)
        self.runs: dict[str, GroupSum] = {}
        self.risen: set[str] = set()  # groups whose surge was told and is not over
        self.copies: OrderedDict[str, None] = OrderedDict()
        self.known: dict[
            str, Array
        ] = {}  # answers of a group by cell, and how many of them are of the label
        self.all = np.zeros(self.size + 1)
        self.looks: dict[str, GroupBaseline] = {}
        self.left_out = Counter[str]()
        for row in rows:  # which may have equal words in the field that counts once
            self._usually(row)

    def remember(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Learn what is usual from answers that came before and were no part of a surge; copies
        count once, here too.
        """
        for row in rows:
            if self.setting.once and self._copy(str(row.get(self.setting.once))):
                continue
            self._usually(row)

    def _usually(self, row: Mapping[str, Any]) -> None:
        if (cell := self.evidence.cell(row, self._hit(row))) is not None:
            self._learn(self._group(row), np.eye(self.size)[cell], self._hit(row))

    def usual(self, groups: Iterable[str]) -> dict[str, float]:
        """The usual share of the label among answers of each group, drawn to that of all where
        little is known of it; one in two before anything was seen.
        """
        lent, all_ = self.lent(), float((self.all[-1] + 1) / (self.all[:-1].sum() + 2))
        mine = {group: self.known.get(group, np.zeros(self.size + 1)) for group in groups}
        return {
            group: round(float((kept[-1] + lent * all_) / (kept[:-1].sum() + lent)), 2)
            for group, kept in mine.items()
        }

    def lent(self) -> float:
        """How many items of all groups stand beside a group's own: many where the shares of groups
        differ by no more than chance has them differ.

        Source: Kleinman 1973, Journal of the American Statistical Association 68 (moments of shares
            that differ).
        """
        groups = np.array([[k[-1], k[:-1].sum()] for k in self.known.values() if k[:-1].any()])
        if len(groups) < 2:
            return float(LENT[0])
        mean = groups[:, 0].sum() / groups[:, 1].sum()
        apart = float(
            (groups[:, 1] * (groups[:, 0] / groups[:, 1] - mean) ** 2).sum()
            / max(mean * (1 - mean), 1e-9)
        )
        weight = groups[:, 1].sum() - (groups[:, 1] ** 2).sum() / groups[:, 1].sum()
        alike = max(
            0.0, (apart - (len(groups) - 1)) / max(weight - (len(groups) - 1), 1.0)
        )  # the share of variance that lies between groups
        return float(np.clip((1 - alike) / max(alike, 1e-9), *LENT))

    def look(self, group: str) -> GroupBaseline:
        """What is usual in a group; worked out anew when much more is known of it."""
        mine = self.known.setdefault(group, np.zeros(self.size + 1))
        seen = float(mine[:-1].sum())
        if group not in self.looks or seen > self.looks[group].seen * AGAIN:
            everything, lent = (
                self.all[:-1] if self.all[:-1].any() else np.ones(self.size),
                self.lent(),
            )
            self.looks[group] = GroupBaseline(
                self.evidence, self.setting, mine[:-1] + lent * everything / everything.sum(), seen
            )
        return self.looks[group]

    def see(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Count an item; returns what is to be told where it makes a surge, and `over` where a
        surge that was told has ended.

        A surge is told once. It is over when the share is the usual one again.

        Args:
            item: `id`, `label`, `sure` where it is known, and the fields that the setting names.
        """
        setting, group = self.setting, self._group(item)
        if setting.once and self._copy(str(item.get(setting.once))):
            self.left_out["copies"] += 1
            return None
        hit = self._hit(item)
        cell = self.evidence.cell(item, hit)
        if cell is None:
            self.left_out["without a probability"] += 1
            return None
        usual, run = self.look(group), self.runs.setdefault(group, GroupSum(self.size))
        step = float(usual.steps[cell])
        if group in self.risen:
            return self._falls(group, run, hit, step, usual)
        sender = str(item.get(setting.sender)) if setting.sender else ""
        if step > 0 and setting.sender:
            if run.senders.get(sender, 0.0) + step > setting.each * usual.most + 1e-9:
                self.left_out["of one sender"] += 1
                return None
            run.senders[sender] = run.senders.get(sender, 0.0) + step
        run.seen += 1
        run.count += hit
        run.cells[cell] += 1
        before, run.sum = run.sum, max(0.0, run.sum + step)
        if step < 0 and before:
            run.senders = {one: added * run.sum / before for one, added in run.senders.items()}
        if hit:
            run.items.append(dict(item))
        if not run.sum:
            self._learn(group, run.cells, run.count)  # what came to nothing tells what is usual
            self.runs.pop(group)
        elif run.sum >= usual.height:
            self.runs.pop(group)
            self.risen.add(group)
            return self._said(group, run) | {
                "senders": (
                    len({str(i.get(setting.sender)) for i in run.items}) if setting.sender else None
                ),
                "items": run.items,
            }
        return None

    def _falls(
        self, group: str, run: GroupSum, hit: bool, step: float, usual: GroupBaseline
    ) -> dict[str, Any] | None:
        """Whether the share of a group that had risen is the usual one again; until then nothing is
        told of it and nothing learnt.
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
        return self._said(group, run) | {"over": True}

    def _said(self, group: str, run: GroupSum) -> dict[str, Any]:
        return {
            "group": group,
            "usual": self.usual([group])[group],
            "share": round(run.count / run.seen, 3),
            "seen": run.seen,
            "count": run.count,
        }

    def _hit(self, item: Mapping[str, Any]) -> bool:
        return bool(item.get("label") == self.setting.counted)

    def _group(self, row: Mapping[str, Any]) -> str:
        return str(row.get(self.setting.by)) if self.setting.by else ""

    def _learn(self, group: str, cells: Array, hits: int) -> None:
        mine = self.known.setdefault(group, np.zeros(self.size + 1))
        for kept in (mine, self.all):
            kept[:-1] += cells
            kept[-1] += hits

    def _copy(self, text: str) -> bool:
        """Whether the same words came before, however they are written."""
        mark = digest(" ".join(re.findall(r"\w+", text.lower())), size=12)
        if mark in self.copies:
            self.copies.move_to_end(mark)
            return True
        self.copies[mark] = None
        if len(self.copies) > REMEMBERED:
            self.copies.popitem(last=False)
        return False
