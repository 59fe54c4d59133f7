"""Fine-tuning methods: one file and one line each."""

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import Settings
from mesocosm.learning.fine_tuning.adalora import Adalora
from mesocosm.learning.fine_tuning.adapter import Adapter
from mesocosm.learning.fine_tuning.bitfit import Bitfit
from mesocosm.learning.fine_tuning.dora import Dora
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.full import Full
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.gradual import Gradual
from mesocosm.learning.fine_tuning.ia3 import Ia3
from mesocosm.learning.fine_tuning.last import Last
from mesocosm.learning.fine_tuning.lora import Lora
from mesocosm.learning.fine_tuning.prefix import Prefix
from mesocosm.learning.fine_tuning.prompt import Prompt

BUILT_IN: dict[str, type[Settings]] = {
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
FINE_TUNING = Kinds("fine_tuning", BUILT_IN, Gradient, "method")
