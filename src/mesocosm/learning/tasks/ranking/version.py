"""A version that ranks, as a service asks it. Knows a version's folder; keeps nothing of who
asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Failure
from mesocosm.core.hashing import digest_folder
from mesocosm.learning.tasks.ranking.reranking import best, explored
from mesocosm.learning.tasks.ranking.scorer import Scorer

BETWEEN = ";"
WANTED = "items that were liked before, the newest last, with ';' between"


def preparation() -> dict[str, Any]:
    """How a request becomes what a ranker reads: one field, as it is."""
    field = {"wanted": WANTED, "may_miss": True, "extra": True, "most": 20_000, "image": False}
    return {
        "sql": (
            'select "_row", "liked", cast(null as varchar) as "_why" from incoming order by "_row"'
        ),
        "fields": {"liked": field},
        "training": {},
    }


class Ranks:
    """A version that ranks.

    Args:
        folder: the version's folder.
        content: the print it must have.

    Raises:
        Failure: a file of the version was changed or lost.
    """

    scale = None
    says = "ranking"

    def __init__(self, folder: Path, content: str) -> None:
        if not folder.is_dir() or digest_folder(folder) != content:
            raise Failure(
                f"the files of version '{folder.name}' are not those that were made; run 'mesocosm"
                " build'"
            )
        self.card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        held = json.loads((folder / "items.json").read_text(encoding="utf-8"))
        self.labels: list[str] = held["items"]
        self.says_of: dict[str, str] = held["says"]
        self.inputs: list[str] = self.card["inputs"]
        self.number = {item: k for k, item in enumerate(self.labels)}
        self.scorer = Scorer.load(folder)
        self.draw = np.random.default_rng()

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The best items for each row's `liked`: `items` with their `score`, what is `said` of them
        and the liked one they rest on (`because`); `label` is the first. One that was drawn has its
        chance under `explored`.

        Items that are not known are named in `unknown` and count nothing.
        """
        liked = [
            [v.strip() for v in str(row.get("liked") or "").split(BETWEEN) if v.strip()]
            for row in rows
        ]
        histories = [
            list(dict.fromkeys(self.number[v] for v in some if v in self.number)) for some in liked
        ]
        found = []
        for some, history, scores in zip(
            liked, histories, self.scorer.scores(histories), strict=True
        ):
            scores[history] = -np.inf
            most, explore = self.card["most"], self.card.get("explore", 0)
            top = [
                int(i)
                for i in best(
                    scores[None], most - explore, self.scorer, self.card.get("diverse", 0.0)
                )[0]
                if np.isfinite(scores[i])
            ]
            drawn = (
                explored(
                    scores,
                    np.array([*top, *history], np.int64),
                    self.scorer.counts,
                    explore,
                    self.draw,
                )
                if explore
                else []
            )
            items = [
                {"item": self.labels[i], "score": round(float(scores[i]), 4)}
                | self._told(i, history)
                for i in top
            ]
            items += [
                {
                    "item": self.labels[i],
                    "score": round(float(scores[i]), 4),
                    "explored": round(chance, 6),
                }
                | self._told(i, history)
                for i, chance in drawn
            ]
            unknown = [v for v in some if v not in self.number]
            found.append(
                {"label": items[0]["item"] if items else "", "items": items}
                | ({"unknown": unknown[:20]} if unknown else {})
            )
        return found

    def _told(self, item: int, history: list[int]) -> dict[str, Any]:
        said = self.says_of.get(self.labels[item])
        because = self.scorer.because(history, item)
        return ({"said": said} if said else {}) | (
            {"because": self.labels[because]} if because is not None else {}
        )
