"""Ways to tune a pretrained base: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.tuning.adalora import Adalora
from mesocosm.learn.tuning.adapter import Adapter
from mesocosm.learn.tuning.bitfit import Bitfit
from mesocosm.learn.tuning.dora import Dora
from mesocosm.learn.tuning.frozen import Frozen
from mesocosm.learn.tuning.full import Full
from mesocosm.learn.tuning.gradual import Gradual
from mesocosm.learn.tuning.ia3 import Ia3
from mesocosm.learn.tuning.last import Last
from mesocosm.learn.tuning.lora import Lora
from mesocosm.learn.tuning.prefix import Prefix
from mesocosm.learn.tuning.prompt import Prompt

TUNING: dict[str, type[Kind]] = {
    "frozen": Frozen,
    "full": Full,
    "last": Last,
    "gradual": Gradual,
    "lora": Lora,
    "adalora": Adalora,
    "dora": Dora,
    "prefix": Prefix,
    "prompt": Prompt,
    "ia3": Ia3,
    "adapter": Adapter,
    "bitfit": Bitfit,
}
