"""Adversarial training on the word embeddings: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.learning.training.adversarial.fgm import Fgm
from mesocosm.learning.training.adversarial.freelb import Freelb
from mesocosm.learning.training.adversarial.pgd import Pgd

ADVERSARIAL: dict[str, type[Settings]] = {
    "fgm": Fgm,
    "pgd": Pgd,
    "freelb": Freelb,
}
