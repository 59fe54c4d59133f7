"""Ways to tune a pretrained base: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.tuning.frozen import Frozen
from mesocosm.learn.tuning.full import Full
from mesocosm.learn.tuning.lora import Lora

TUNING: dict[str, type[Kind]] = {
    "frozen": Frozen,
    "full": Full,
    "lora": Lora,
}
