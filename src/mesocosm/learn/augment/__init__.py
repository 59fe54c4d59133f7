"""Rows said, or shown, in another way for training: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.augment.cover import Cover
from mesocosm.learn.augment.crop import Crop
from mesocosm.learn.augment.delete import Delete
from mesocosm.learn.augment.flip import Flip
from mesocosm.learn.augment.light import Light
from mesocosm.learn.augment.mask import Mask
from mesocosm.learn.augment.swap import Swap
from mesocosm.learn.augment.synonym import Synonym
from mesocosm.learn.augment.turn import Turn

AUGMENT: dict[str, type[Kind]] = {
    "mask": Mask,
    "delete": Delete,
    "swap": Swap,
    "synonym": Synonym,
    "flip": Flip,
    "crop": Crop,
    "turn": Turn,
    "light": Light,
    "cover": Cover,
}
