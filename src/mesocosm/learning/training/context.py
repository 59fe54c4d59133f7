"""What surrounds the training of a version, and what comes out of it. Knows the rows' numbers and
what goes along with them, and no step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from mesocosm.core.messages import Text
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Columns as Columns
from mesocosm.learning.evaluation.comparison import LastVersion
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.continual import PreviousVersion
from mesocosm.learning.strategies.domain_adaptation import SourceModel
from mesocosm.learning.training.loop.records import History


@dataclass(frozen=True)
class TrainingData:
    """A model's settings and its cleaned dataset.

    Args:
        model: the settings.
        rows: cleaned columns by field.
        split: the part of each row: `train`, `validation` or `test`.
        kinds: each field's type.
    """

    model: Model
    rows: Columns
    split: Sequence[str]
    kinds: Mapping[str, str]


@dataclass(frozen=True)
class TrainContext:
    """Where a version's files go, and what is known around its rows.

    Args:
        root: the project's folder.
        store: the folder `.mesocosm`.
        folder: where the version's files go; the caller publishes it whole.
        build_key: names the checkpoint and the search, so that a killed training resumes.
        previous: the last version of the model.
        ids: the dataset's number of each row, so that a row can be named when it is unlearnt.
        studies: the database that keeps the trials of searches.
        corpus: texts to pretrain on.
        corpus_fields: by field, what goes along with each of them, where the objective needs it.
        order: the values of an ordinal target from the least to the greatest; all tags, for
            sequence labelling.
        past: the version that a continual model starts from.
        init_from: the model that a domain-adapted model starts from.
        items: of a ranker, the description of each item that has one.
        groups: the group of each row, where the split keeps rows of one group together.
        sites: the site of each row, in federated learning.
        repeated: rows that repeat another one, as their class is oversampled.
        random_split: whether the test rows were drawn at random, not named by a source.
        unused_columns: columns of the dataset that the model does not read, where a random split
            may hide that they are time or a group.
        read_texts: reads changed texts as the text inputs read theirs, where those change the
            letters.
    """

    root: Path
    store: Path
    folder: Path
    build_key: str
    previous: LastVersion | None = None
    ids: Sequence[int] = ()
    studies: str | None = None
    corpus: Sequence[str] = ()
    corpus_fields: Columns = field(default_factory=dict)
    order: Sequence[str] = ()
    past: PreviousVersion | None = None
    init_from: SourceModel | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[object] = ()
    sites: Sequence[object] = ()
    repeated: AbstractSet[int] = frozenset()
    random_split: bool = True
    unused_columns: Columns = field(default_factory=dict)
    read_texts: Callable[[Sequence[str]], list[str]] | None = None

    @property
    def checkpoint(self) -> Path:
        """The folder of the training's checkpoint."""
        return self.store / "work" / self.build_key


@dataclass
class TrainResult:
    """A version's card and metrics, before it is listed.

    Args:
        card: what a service needs to run it.
        metrics: of the test rows.
        history: one record an epoch.
        failed_gates: the bounds that the metrics miss, each as a sentence.
    """

    card: Mapping[str, object]
    metrics: dict[str, Json]
    history: History
    failed_gates: list[Text]
