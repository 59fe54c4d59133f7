"""A surge: one answer given far more often than it used to be, seen within few items at a stated rate of false alarms.

Knows sums and items. Knows no catalog and no services.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field, model_validator

from mesocosm.base.digest import digest
from mesocosm.base.kinds import Kind

CELLS = 300  # of the sum at least, when its run length is worked out
STEPS = 3  # cells at least that it falls by an item that is none of the label
RISES = 20  # cells at least that it rises by one that is, so that a small step, rounded up, does not outweigh what it falls by
REMEMBERED = 5000  # items by whose words a copy is known
APART = 0.2  # by which an answer must be likelier where it is true, or its errors are not reckoned with
SHRINK = 20  # items of all groups that stand for a group of which little is known


class Surge(Kind):
    """When an answer comes far more often than it did.

    Args:
        label: the answer that is counted.
        unsure: count answers that say they are not sure instead, as when many ask for what no class stands for.
        by: a field of the rows whose values are counted apart, such as a topic.
        times: how many times its usual share is a surge; at most half of what is left to one.
        quiet: items between two false alarms, on average, where nothing happens.
        once: a field whose equal texts count once, such as a headline that many copy.
        sender: a field that says who sent an item.
        each: items that one sender may add to a surge at most.

    Source: Page 1954, Biometrika 41 (cumulative sums); Reynolds and Stoumbos 1999, Journal of Quality Technology 31 (of proportions).

    >>> Surge(label="negative").risen(0.1), Surge(label="negative").risen(0.6)
    (0.30000000000000004, 0.8)
    """

    short: ClassVar[str] = "label"
    label: str | None = None
    unsure: bool = False
    by: str | None = None
    times: float = Field(3.0, gt=1, le=100)
    quiet: int = Field(10_000, ge=100, le=10_000_000)
    once: str | None = None
    sender: str | None = None
    each: int = Field(3, ge=1, le=1000)

    @model_validator(mode="after")
    def _one(self) -> Surge:
        if (self.label is None) != self.unsure:
            raise ValueError("'label' with the answer that is counted, or 'unsure: true'")
        return self

    @property
    def counted(self) -> str:
        """What is counted, in a word."""
        return self.label if self.label is not None else "unsure"

    def told(self, output: Mapping[str, Any]) -> str:
        """What an answer is to be counted as.

        >>> Surge(unsure=True).told({"label": "late", "unsure": True}), Surge(label="late").told({"label": "late", "unsure": True})
        ('unsure', 'late')
        """
        return str(output.get("label")) if self.label is not None else "unsure" if output.get("unsure") else "sure"

    def risen(self, usual: float, hit: float = 1.0, slip: float = 0.0) -> float:
        """The share that is looked for among answers: what is said where the true share has risen.

        Args:
            usual: the usual share among answers.
            hit: of what is truly of the label, how much is said to be.
            slip: of what is not, how much is said to be.

        Source: Rogan and Gladen 1978, American Journal of Epidemiology 107 (a share seen through a test that errs).

        >>> round(Surge(label="bad").risen(0.255, 0.85, 0.15), 3), Surge(label="bad").risen(0.01)
        (0.465, 0.03)
        """
        plain = min(self.times * usual, (1 + usual) / 2)
        true = min(0.9, max(0.005, (usual - slip) / (hit - slip)))
        erring = slip + (hit - slip) * min(self.times * true, (1 + true) / 2)
        return erring if hit - slip < 1 and erring > usual else plain


@lru_cache(maxsize=4096)
def threshold(usual: float, risen: float, quiet: int) -> float:
    """The least sum at which so many quiet items pass between two alarms, on average.

    The sum's run length is that of a Markov chain over cells, each step rounded up, so that what is stated is kept. Where the label is rare
    the sum falls by little, and the cells are as many more as it takes to see that.

    Source: Brook and Evans 1972, Biometrika 59.

    >>> threshold(0.1, 0.3, 10_000) > threshold(0.1, 0.3, 1_000) > 2
    True
    >>> threshold(0.9, 0.95, 10_000) < 10
    True
    """
    import numpy as np
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import spsolve

    up, down = math.log(risen / usual), math.log((1 - risen) / (1 - usual))

    def lasts(height: float) -> float:
        cells = max(CELLS, math.ceil(STEPS * height / -down), math.ceil(RISES * height / up))
        cell = height / cells
        rise, fall = math.ceil(up / cell), math.floor(-down / cell)
        at = np.arange(cells)
        inside = at[at + rise < cells]
        values = np.concatenate([np.ones(cells), np.full(cells, usual - 1), np.full(len(inside), -usual)])
        rows, columns = np.concatenate([at, at, inside]), np.concatenate([at, np.maximum(at - fall, 0), inside + rise])
        return float(spsolve(csc_array((values, (rows, columns)), shape=(cells, cells)), np.ones(cells))[0])

    low, high = up / 2, up
    while lasts(high) < quiet:
        low, high = high, high * 1.5
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if lasts(middle) < quiet else (low, middle)
    return high


class Run:
    """The sums of one group of items since they were last nought."""

    def __init__(self) -> None:
        self.sums = [0.0, 0.0]  # looking for the share as asked, and as answers that err show it
        self.items: list[dict[str, Any]] = []  # those of the label
        self.senders = Counter[str]()
        self.seen = self.count = 0


class Surges:
    """The sums of all groups.

    Args:
        setting: what is counted.
        before: rows that were held out with what is said of them (`label`, and the group under its field's name): the usual shares. Where they
            tell what is true too (`_label`), how often the answers err is known, and a rise is looked for as erring answers show it.
    """

    def __init__(self, setting: Surge, before: Iterable[Mapping[str, Any]]) -> None:
        self.setting = setting
        self.runs: dict[str, Run] = {}
        self.risen: set[str] = set()  # groups whose surge was told and is not over
        self.copies: OrderedDict[str, None] = OrderedDict()
        self.known: dict[str, list[float]] = {}
        self.all = [1.0, 2.0]  # one in two, before anything was seen
        self.left_out = Counter[str]()
        rows = list(before)
        for row in rows:
            self._learn(self._group(row), row.get("label") == setting.counted)
        self.hit, self.slip = self._errs(rows)

    def _errs(self, rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
        """Of what is of the label and of what is not, how much is said to be; 1 and 0 where too little tells, or answers hardly tell them apart."""
        true, other = ([r["label"] == self.setting.counted for r in rows if "_label" in r and (str(r["_label"]) == self.setting.label) == of] for of in (True, False))
        if self.setting.label is None or min(len(true), len(other)) < SHRINK:
            return 1.0, 0.0
        hit, slip = (sum(true) + 0.5) / (len(true) + 1), (sum(other) + 0.5) / (len(other) + 1)
        return (hit, slip) if hit - slip > APART else (1.0, 0.0)

    def _group(self, row: Mapping[str, Any]) -> str:
        return str(row.get(self.setting.by)) if self.setting.by else ""

    def _learn(self, group: str, hit: bool, count: int = 1) -> None:
        mine = self.known.setdefault(group, [0.0, 0.0])
        for kept in (mine, self.all):
            kept[0] += hit
            kept[1] += count

    def usual(self, group: str) -> float:
        """The usual share of the label in a group, drawn to that of all where little is known of it, and a standard error more, so that too low a guess raises no alarms."""
        mean = self.all[0] / self.all[1]
        hits, count = self.known.get(group, (0.0, 0.0))
        share = (hits + SHRINK * mean) / (count + SHRINK)
        return min(0.9, max(0.005, round(share + math.sqrt(share * (1 - share) / (count + SHRINK)), 2)))

    def see(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Count an item; returns what is to be told where it makes a surge, and `over` where a surge that was told has ended.

        A surge is told once. It is over when the share is the usual one again, as surely as it had risen.

        Args:
            item: `id`, `label`, and the fields that the setting names.
        """
        setting, group = self.setting, self._group(item)
        if setting.once and self._copy(str(item.get(setting.once))):
            self.left_out["copies"] += 1
            return None
        run = self.runs.setdefault(group, Run())
        hit = item["label"] == setting.counted
        usual = self.usual(group)
        risen = setting.risen(usual)
        sought = [risen, round(setting.risen(usual, self.hit, self.slip), 3)] if self.slip or self.hit < 1 else [risen]
        if group in self.risen:
            return self._falls(group, run, hit, usual, risen)
        sender = str(item.get(setting.sender)) if setting.sender else ""
        if hit and setting.sender:
            if run.senders[sender] >= setting.each:
                self.left_out["of one sender"] += 1
                return None
            run.senders[sender] += 1
        run.seen += 1
        run.count += hit
        run.sums = [max(0.0, total + (math.log(s / usual) if hit else math.log((1 - s) / (1 - usual)))) for s, total in zip(sought, run.sums, strict=False)]
        if hit:
            run.items.append(dict(item))
        if not any(run.sums):
            self._quiet(group, run)
        elif any(total >= threshold(usual, s, setting.quiet * len(sought)) for s, total in zip(sought, run.sums, strict=True)):  # each has its share of the alarms
            self.runs[group] = Run()
            self.risen.add(group)
            return {"group": group, "usual": usual, "share": round(run.count / run.seen, 3), "seen": run.seen, "count": run.count, "senders": len(run.senders) if setting.sender else None, "items": run.items}
        return None

    def _falls(self, group: str, run: Run, hit: bool, usual: float, risen: float) -> dict[str, Any] | None:
        """Whether the share of a group that had risen is the usual one again; until then nothing is told of it and nothing learnt."""
        run.seen += 1
        run.count += hit
        back = max(0.0, run.sums[0] + (math.log(usual / risen) if hit else math.log((1 - usual) / (1 - risen))))
        run.sums = [back]
        if back == 0.0:
            self.runs[group] = Run()
        if back < threshold(1 - risen, 1 - usual, self.setting.quiet):
            return None
        self.runs[group] = Run()
        self.risen.discard(group)
        return {"group": group, "usual": usual, "share": round(run.count / run.seen, 3), "seen": run.seen, "count": run.count, "over": True}

    def _quiet(self, group: str, run: Run) -> None:
        """What came to nothing tells the usual share."""
        mine = self.known.setdefault(group, [0.0, 0.0])
        for kept in (mine, self.all):
            kept[0] += run.count
            kept[1] += run.seen
        self.runs[group] = Run()

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
