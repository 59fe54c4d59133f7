"""Augmentation of texts and images in training: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.learning.augmentation.brightness import Light
from mesocosm.learning.augmentation.crop import Crop
from mesocosm.learning.augmentation.cutout import Cover
from mesocosm.learning.augmentation.delete import Delete
from mesocosm.learning.augmentation.flip import Flip
from mesocosm.learning.augmentation.mask import Mask
from mesocosm.learning.augmentation.rotate import Turn
from mesocosm.learning.augmentation.swap import Swap
from mesocosm.learning.augmentation.synonym import Synonym

AUGMENT: dict[str, type[Settings]] = {
    "mask": Mask,
    "delete": Delete,
    "swap": Swap,
    "synonym": Synonym,
    "flip": Flip,
    "crop": Crop,
    "rotate": Turn,
    "brightness": Light,
    "cutout": Cover,
}
