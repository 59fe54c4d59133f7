"""The work of growing a version that ranks: items read, what was touched together solved, two
towers taught, everybody's last item judged. Counts sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.learning.base_models.base import kept_features
from mesocosm.learning.cost.estimate import Job, Work
from mesocosm.learning.cost.workload import Net, count_tokens, import_work
from mesocosm.learning.tasks.ranking.ann_index import MOST
from mesocosm.learning.tasks.ranking.features import NAMES, STRENGTHS
from mesocosm.learning.tasks.ranking.settings import Towers
from mesocosm.learning.tasks.ranking.two_tower import ALL, DRAWN

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model


def ranking_job(
    model: Model,
    base: Base | None,
    histories: Sequence[Sequence[int]],
    judged: int,
    said: Sequence[str],
    store: Path,
) -> Job:
    """The work of growing a ranker.

    Args:
        base: what reads the texts of items; None where nothing is said of any.
        histories: what each one touched, of whom `judged` judge.
        said: what is said of each item.
    """
    assert model.rank is not None
    items, people, touched = len(said), len(histories), float(sum(map(len, histories)))
    many, net = items > MOST, Net.of(base)
    how = model.rank.towers or (Towers() if many else None)
    cached = base is not None and kept_features(base, list(said), model.max_length, store).is_file()
    looked = float(judged * items)
    work: dict[str, Work] = {
        "starting": import_work(bool(net.weights) and not cached),
        "reading": {
            "token": 0.0 if cached else count_tokens(said) * net.weights,
            "load": 0.0 if cached else 4 * net.weights,
        },
        "weighing": {"person": judged * 2.0, "product": looked * len(NAMES)},
        "judging": {"product": looked * len(NAMES) * 8, "row": 20.0 * judged},
    }
    if many:
        work["solving"] = {"word": 3.0 * touched * 20 + 200.0 * items}
    else:
        work["solving"] = {
            "solve": (len(STRENGTHS) + 3) * float(items) ** 3 * 9,
            "product": len(STRENGTHS) * looked * touched / max(1, people),
        }
    if how:
        passes = how.epochs + 2 * max(1, how.epochs // 3)  # twice more from where the last stood
        among = min(items, ALL) if items <= ALL else DRAWN
        work["towers"] = {
            "product": 6.0 * passes * touched * (among * how.width + 8 * how.width**2),
            "start": 0.3,
        }
    need = (
        (5 * 4 * float(items) ** 2 / 1e9 if not many else 4e3 * items / 1e9)
        + 4e6 * (256 if not many else 32) / 1e9 * 0.5
        + (4.8 * net.weights + 2.5e8) / 1e9 * bool(net.weights)
    )
    return Job(
        work,
        max(need, 0.05),
        0.75 if net.weights else 0.3,
        f"ranking {'many ' if many else ''}{'towers' if how else 'closed form'}",
    )
