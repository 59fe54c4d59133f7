"""Training against the worst small shift of the word embeddings: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.adversarial.fgm import Fgm
from mesocosm.learn.adversarial.freelb import Freelb
from mesocosm.learn.adversarial.pgd import Pgd

ADVERSARIAL: dict[str, type[Kind]] = {
    "fgm": Fgm,
    "pgd": Pgd,
    "freelb": Freelb,
}
