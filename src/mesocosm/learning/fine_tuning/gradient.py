"""What all fine-tuning by gradient shares. Knows settings and where they touch a net, no data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.core.settings import Settings, one_of
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.augmentation.image import Picture
from mesocosm.learning.augmentation.text import Augment
from mesocosm.learning.training.adversarial import ADVERSARIAL
from mesocosm.learning.training.adversarial.shift import Adversarial
from mesocosm.learning.training.losses import LOSSES
from mesocosm.learning.training.losses.binary import Binary
from mesocosm.learning.training.losses.cross_entropy import CrossEntropy
from mesocosm.learning.training.losses.loss import Loss
from mesocosm.learning.training.losses.mse import Mse
from mesocosm.learning.training.losses.number import NumberLoss
from mesocosm.learning.training.optimizers import OPTIMISERS
from mesocosm.learning.training.optimizers.adamw import Adamw
from mesocosm.learning.training.optimizers.optimizer import Optimiser
from mesocosm.learning.training.schedules import SCHEDULES
from mesocosm.learning.training.schedules.linear import Linear
from mesocosm.learning.training.schedules.schedule import Schedule

if TYPE_CHECKING:
    from torch import Tensor, nn

    LossSetting = Loss | NumberLoss | Binary
    OptimiserSetting = Optimiser
    ScheduleSetting = Schedule
    AdversarialSetting = Adversarial
    AugmentSetting = Augment | Picture
else:
    LossSetting = one_of(LOSSES, "method")
    OptimiserSetting = one_of(OPTIMISERS, "method")
    ScheduleSetting = one_of(SCHEDULES, "method")
    AdversarialSetting = one_of(ADVERSARIAL, "method")
    AugmentSetting = one_of(AUGMENT, "method")

USUAL_LOSSES: dict[str, type[CrossEntropy] | type[Mse] | type[Binary]] = {
    "classes": CrossEntropy,
    "numbers": Mse,
    "labels": Binary,
}


class Gradient(Settings):
    """Settings of training by gradient.

    Args:
        epochs: passes over the training rows at most.
        learning_rate: the peak of the optimiser's rate.
        batch: rows of a batch.
        accumulate: batches whose gradients are added up before a step.
        patience: epochs without a better validation loss before training stops.
        weight_decay: L2 on weights.
        dropout: chance that an input of the head is dropped in training.
        clip: the greatest norm of a step's gradient.
        loss: the loss that is minimized; where it is not given, cross-entropy for classes and
            squared error for a number.
        optimizer: how weights are updated.
        schedule: how the learning rate changes.
        mixup: mixes features and labels of two rows by a draw of Beta(mixup, mixup); 0 for none.
        consistency: how much two passes of a row under dropout must agree; 0 for none.
        average: from which share of the epochs on weights are averaged (stochastic weight
            averaging); the mean is taken where its validation loss is lower. 1 for none.
        adversarial: training against the worst small shift of word embeddings.
        augment: changes of the tokens, or of the pictures, of training rows, new each epoch.
        trainable: which base is trained where some features are texts and others images: that of
            the `image`, of the `text`, or `both`, one after the other under one head (the images'
            at this rate times the ratio of the widths).
        processes: how many processes share each batch (PyTorch's DistributedDataParallel over
            gloo); the steps are those of one.
        precision: `bf16`, `fp32` or `fp64`; `auto` is bf16 where the processor has it, else fp32.
        checkpointing: recompute layers in the backward pass instead of keeping their states: less
            memory, more time.

    Source: Zhang et al. 2018, arXiv 1710.09412 (mixup); Wu et al. 2021, arXiv 2106.14448
    (consistency); Izmailov et al. 2018, arXiv 1803.05407 (averaging); Li et al. 2020, arXiv
    2006.15704 (processes); Chen et al. 2016, arXiv 1604.06174 (checkpointing).
    """

    short: ClassVar[str] = "method"
    epochs: int = Field(3, ge=1, le=1000)
    learning_rate: float = Field(1e-4, gt=0, le=10)
    batch: int = Field(32, ge=1, le=4096)
    accumulate: int = Field(1, ge=1, le=1024)
    patience: int = Field(2, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    clip: float = Field(1.0, gt=0)
    loss: LossSetting | None = None
    optimizer: OptimiserSetting = Adamw()
    schedule: ScheduleSetting = Linear()
    mixup: float = Field(0.0, ge=0, le=10)
    consistency: float = Field(0.0, ge=0, le=100)
    average: float = Field(1.0, ge=0, le=1)
    adversarial: AdversarialSetting | None = None
    augment: tuple[AugmentSetting, ...] = ()
    trainable: Literal["image", "text", "both"] = "image"
    processes: int = Field(1, ge=1, le=256)
    precision: Literal["auto", "bf16", "fp32", "fp64"] = "auto"
    checkpointing: bool = False

    if TYPE_CHECKING:

        @property
        def method(self) -> str:
            """The method's name in the file."""

    def loss_of(self, of: Literal["classes", "numbers", "labels"]) -> LossSetting:
        """The loss, for classes, for numbers or for labels of which several may be there."""
        return self.loss or USUAL_LOSSES[of]()

    @abstractmethod
    def attach(self, base: nn.Module) -> nn.Module:
        """The base, prepared: trainable weights require gradients, and new parts are in place.

        Raises:
            ConfigValueError: the base has not the parts that the method needs.
        """

    def begin(self, net: nn.Module, steps: int) -> None:
        """Called once before the first of `steps` steps."""

    def enter(self, net: nn.Module, epoch: int) -> None:
        """Called before each epoch, from 0."""

    def pace(self, name: str, layers: int) -> float:
        """The factor of the learning rate for a weight of that name, in a base of `layers`."""
        del name, layers
        return 1.0

    def penalty(self, net: nn.Module) -> Tensor | None:
        """A penalty that is added to the loss, or None."""
        del net
        return None

    def after_step(self, net: nn.Module, step: int) -> None:
        """Called after each step's gradients are there and used, before they are cleared."""

    def state(self, net: nn.Module) -> dict[str, Tensor]:
        """What the method itself keeps between epochs, as tensors by name, so that training resumes
        exactly.
        """
        del net
        return {}

    def restore(self, net: nn.Module, state: dict[str, Tensor]) -> None:
        """Put `state` back."""

    def merge(self, net: nn.Module) -> nn.Module:
        """The base after training, for export; added parts are merged into it where they can be."""
        merge: Callable[[], nn.Module] | None = getattr(net, "merge_and_unload", None)
        if merge is None:
            return net
        return merge()
