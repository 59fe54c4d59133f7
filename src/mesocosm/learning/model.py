"""What a model is made of. Knows settings, no nets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from mesocosm.core.plugins.choices import OpenWord
from mesocosm.core.settings import Settings, one_of
from mesocosm.core.values.thresholds import Bound
from mesocosm.learning.evaluation.fairness import Fair
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.pretraining.settings import Pretrain
from mesocosm.learning.strategies.automl import Auto
from mesocosm.learning.strategies.continual import Continual
from mesocosm.learning.strategies.federated import Federated
from mesocosm.learning.strategies.self_training import SelfTraining
from mesocosm.learning.tasks.ranking.settings import Rank
from mesocosm.learning.tasks.registry import collect_metrics, collect_plugin_metrics
from mesocosm.learning.tasks.task import TaskSettings

STRATEGY_METRICS = (
    "gain_over_general",
    "gain_over_local",
    "gain_over_pooled",
    "gain_over_apart",
)
METRICS = (*collect_metrics(), *STRATEGY_METRICS)


if TYPE_CHECKING:
    Tuning = Frozen | Gradient
else:
    Tuning = one_of(FINE_TUNING, "method")


class Search(Settings):
    """Search hyperparameters; the trial with the best validation loss is kept.

    Args:
        sampler: `grid`, `random` or `tpe`.
        trials: the most trials.
        minutes: the most minutes; a trial that has begun is completed.
        prune: whether a trial whose loss is over the median of the others at an epoch is stopped.
        over: for each setting, the choices, or two numbers as a range (log scale where both are
            over 0).

    Source: Bergstra and Bengio 2012, JMLR 13; Optuna.
    """

    short: ClassVar[str] = "trials"
    sampler: Literal["grid", "random", "tpe"] = "random"
    trials: int = Field(12, ge=1, le=1000)
    minutes: float | None = Field(None, gt=0)
    prune: bool = True
    over: dict[str, list[float | int | str]] = Field(min_length=1)


class Model(Settings):
    """A model to train.

    Args:
        base: a pretrained base model: a name from `mesocosm model bases`, a hub id or a folder; not
            needed where no feature is text. `auto` tries those that are installed and, without
            `fine_tune`, fine-tuning methods too. `{onnx: FILE}`, `{keras: FILE}` and `{tensorflow:
            FOLDER}` import a model of numbers.
        auto: the budget of `base: auto`.
        image_base: a pretrained base model for features that are images: a hub id or a folder;
            without one, filters are fitted on the training images.
        dataset: the dataset it is trained on.
        target: the field to predict: a category or boolean, a list (multi-label), a number, the tag
            of each word, or a text, which a causal base generates and any other base retrieves.
        features: the fields to predict from.
        context_fields: fields that a request may have and the model does not read; they are
            governed and logged, for monitors.
        fusion: `early` concatenates the features of all inputs under one head; `late` gives texts
            and table a head each and weights their predictions; `attention` makes each input a
            token of a transformer.
        pair: two of the features, both texts, whose relation is the question; a frozen base encodes
            them separately, any other fine-tuning method encodes them as one text.
        rank: rank all items for a user by past behaviour; `features` names the user, `target` the
            item, and a base encodes the items' texts.
        pretrain: texts without labels that the base is pretrained on first; with `from_scratch` no
            base is needed.
        fine_tune: the fine-tuning method and its settings.
        self_training: rows without a target are pseudo-labelled where the model is confident; for
            classes over a frozen base.
        continual: a new version starts from the previous one and retains what it knew; for a base
            that is fine-tuned by gradient.
        init_from: another model of the file, of the same target and features, from whose weights
            this one starts; none of its rows are read.
        federated: sites train a linear head together and share only weights; for classes over a
            frozen base.
        search: a hyperparameter search.
        require: bounds on metrics of the test rows; a version that misses one is never deployed.
        allow_private: private features that the model may use.
        fairness: fields that define groups of people; `parity_gap`, `odds_gap` and `accuracy_gap`
            between them can be bounded by `require`.
        allow_leakage: features that may determine the target; any other that does is refused as
            target leakage.
        seed: the seed of every random choice.
        max_length: tokens of a text that are read.
        max_new_tokens: tokens of a text that are generated at most.
        instruction: an instruction for every text that is generated.
        track: where runs are tracked besides the catalog: `mlflow`, `tensorboard`, `wandb`
            (offline).
        about: a description.
    """

    base: str | ImportedModel | None = None
    auto: Auto | None = None
    image_base: str | None = None
    dataset: str
    target: str
    features: tuple[str, ...] = Field(min_length=1)
    context_fields: tuple[str, ...] = ()
    fusion: Literal["early", "late", "attention"] = "early"
    pair: tuple[str, str] | None = None
    rank: Rank | None = None
    pretrain: Pretrain | None = None
    fine_tune: Tuning = Frozen()
    self_training: SelfTraining | None = None
    continual: Continual | None = None
    init_from: str | None = None
    federated: Federated | None = None
    search: Search | None = None
    require: dict[Annotated[str, OpenWord(METRICS, collect_plugin_metrics)], Bound] = {}
    allow_private: tuple[str, ...] = ()
    fairness: Fair | None = None
    allow_leakage: tuple[str, ...] = ()
    seed: int = Field(7, ge=0)
    max_length: int = Field(128, ge=8, le=8192)
    max_new_tokens: int = Field(64, ge=1, le=4096)
    instruction: str = Field("", max_length=4000)
    track: tuple[Literal["mlflow", "tensorboard", "wandb"], ...] = ("mlflow",)
    about: str = ""

    @property
    def own_task(self) -> TaskSettings | None:
        """The settings that a task of its own has in the model; None where the target decides."""
        return self.rank

    @property
    def extras(self) -> tuple[str, ...]:
        """Those of where runs are written, and of a base that is a GGUF file."""
        return (
            *(t for t in self.track if t != "mlflow"),
            *(("gguf",) if str(self.base).endswith(".gguf") else ()),
        )

    @property
    def met(self) -> bool:
        """Whether the trunk was trained on labels of training rows before a head is fitted, so
        that what is left out says too much.
        """
        return bool(self.pretrain and self.pretrain.method.fields)

    @property
    def apart(self) -> bool:
        """Whether the texts of a pair are read apart."""
        return self.pair is not None and isinstance(self.fine_tune, Frozen)
