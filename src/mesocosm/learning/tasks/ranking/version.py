"""A ranking version as a service loads it. Knows a version's folder; keeps nothing of requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import numpy as np

from mesocosm.core.prediction_form import PredictionForm
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Floats
from mesocosm.learning.tasks.ranking.reranking import explore_items, select_top
from mesocosm.learning.tasks.ranking.scorer import Scorer
from mesocosm.learning.tasks.version_files import read_card

if TYPE_CHECKING:
    from mesocosm.learning.tasks.ranking.card import RankingCard

BETWEEN = ";"
LIKED_HINT = "items that were liked before, the newest last, with ';' between"


class StoredItems(TypedDict):
    """The items of a version, and what is said of them."""

    items: list[str]
    says: dict[str, str]


def preprocessing_spec() -> dict[str, Json]:
    """How a request is preprocessed for a ranker: one field, unchanged."""
    field: dict[str, Json] = {
        "wanted": LIKED_HINT,
        "may_miss": True,
        "extra": True,
        "most": 20_000,
        "image": False,
    }
    return {
        "sql": (
            'select "_row", "liked", cast(null as varchar) as "_why" from incoming order by "_row"'
        ),
        "fields": {"liked": field},
        "training": {},
    }


class RankingVersion:
    """A trained ranker.

    Args:
        folder: the version's folder.
        content: the fingerprint that it must have.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """

    scale = None
    form = PredictionForm()

    def __init__(self, folder: Path, content: str) -> None:
        self.card = cast("RankingCard", read_card(folder, content))
        stored: StoredItems = json.loads((folder / "items.json").read_text(encoding="utf-8"))
        self.labels, self.says_of = stored["items"], stored["says"]
        self.inputs = self.card["inputs"]
        self.number = {item: k for k, item in enumerate(self.labels)}
        self.scorer = Scorer.load(folder)
        self.draw = np.random.default_rng()

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]:
        """The best items for each row's `liked`: `items` with their `score`, what is `said` of them
        and the liked one that explains it (`because`); `label` is the first. A drawn one has its
        propensity under `explored`.

        Items that are not known are listed in `unknown` and ignored.
        """
        liked = [_split_items(row.get("liked")) for row in rows]
        histories = [self._known_items(items) for items in liked]
        all_scores = self.scorer.scores(histories)
        return [
            self._answer(items, history, scores)
            for items, history, scores in zip(liked, histories, all_scores, strict=True)
        ]

    def _answer(self, liked: Sequence[str], history: list[int], scores: Floats) -> dict[str, Json]:
        """The prediction of one person, by the scores of all items."""
        shown = self._recommend(history, scores)
        prediction: dict[str, Json] = {"label": "", "items": shown}
        if shown:
            prediction["label"] = shown[0]["item"]
        unknown = [item for item in liked if item not in self.number]
        if unknown:
            prediction["unknown"] = unknown[:20]
        return prediction

    def _known_items(self, items: Sequence[str]) -> list[int]:
        """The numbers of those items that the version knows, each once."""
        return list(dict.fromkeys(self.number[item] for item in items if item in self.number))

    def _recommend(self, history: list[int], scores: Floats) -> list[dict[str, Json]]:
        """The best items that were not liked before, and after them those that are explored."""
        scores[history] = -np.inf
        most, explore = self.card["most"], self.card.get("explore", 0)
        diverse = self.card.get("diverse", 0.0)
        ranked = select_top(scores[None], most - explore, self.scorer, diverse)[0]
        top = [int(i) for i in ranked if np.isfinite(scores[i])]
        shown = [self._describe(i, history, scores) for i in top]
        if not explore:
            return shown
        seen = np.array([*top, *history], np.int64)
        for i, chance in explore_items(scores, seen, self.scorer.counts, explore, self.draw):
            shown.append(self._describe(i, history, scores, chance))
        return shown

    def _describe(
        self, item: int, history: list[int], scores: Floats, chance: float | None = None
    ) -> dict[str, Json]:
        """An item as it is shown; `chance` is its propensity where it is explored."""
        shown: dict[str, Json] = {
            "item": self.labels[item],
            "score": round(float(scores[item]), 4),
        }
        if chance is not None:
            shown["explored"] = round(chance, 6)
        text = self.says_of.get(self.labels[item])
        if text:
            shown["said"] = text
        because = self.scorer.because(history, item)
        if because is not None:
            shown["because"] = self.labels[because]
        return shown


def _split_items(liked: object) -> list[str]:
    """The items of a request's field."""
    parts = (part.strip() for part in str(liked or "").split(BETWEEN))
    return [part for part in parts if part]
