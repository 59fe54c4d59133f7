"""Rows said in another way for training: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.augment.delete import Delete
from mesocosm.learn.augment.mask import Mask
from mesocosm.learn.augment.swap import Swap
from mesocosm.learn.augment.synonym import Synonym

AUGMENT: dict[str, type[Kind]] = {
    "mask": Mask,
    "delete": Delete,
    "swap": Swap,
    "synonym": Synonym,
}
