"""Fine-tuning methods: one file and one line each."""

from mesocosm.core.plugins.kind_modules import KindModules
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import Settings
from mesocosm.learning.fine_tuning.gradient import Gradient

BUILT_IN = KindModules[Settings](
    Settings,
    {
        "frozen": "mesocosm.learning.fine_tuning.frozen:Frozen",
        "full": "mesocosm.learning.fine_tuning.full:Full",
        "last": "mesocosm.learning.fine_tuning.last:Last",
        "gradual": "mesocosm.learning.fine_tuning.gradual:Gradual",
        "lora": "mesocosm.learning.fine_tuning.lora:Lora",
        "adalora": "mesocosm.learning.fine_tuning.adalora:Adalora",
        "dora": "mesocosm.learning.fine_tuning.dora:Dora",
        "prefix": "mesocosm.learning.fine_tuning.prefix:Prefix",
        "prompt": "mesocosm.learning.fine_tuning.prompt:Prompt",
        "ia3": "mesocosm.learning.fine_tuning.ia3:Ia3",
        "adapter": "mesocosm.learning.fine_tuning.adapter:Adapter",
        "bitfit": "mesocosm.learning.fine_tuning.bitfit:Bitfit",
    },
)
FINE_TUNING = Kinds("fine_tuning", BUILT_IN, Gradient, "method")
