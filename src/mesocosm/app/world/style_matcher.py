"""What the style of a world is nearest to: by the file's language model where it names one, else by
the text embeddings of a model in service.

Knows services and language models; the page knows the words that name a look outright, and draws
it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from mesocosm.catalog import Catalog
from mesocosm.core.errors import MesocosmError
from mesocosm.core.network.llm import Language, ask
from mesocosm.serving.service import LiveService
from mesocosm.world.appearance.catalog import SYSTEM, find_nearest, list_texts, parse_look

# seconds after which a text model is looked for once more, where none was in service
AGAIN = 2.0
MOST = 60  # tokens of an answer


class Look:
    """The look of a style: nothing while neither model answered.

    Args:
        language: is asked once, aside, and is sent the style and nothing else; where it fails or
            names no known look, embeddings decide.
        served: services, of which one may embed texts.
    """

    def __init__(
        self,
        style: str,
        language: Language | None,
        catalog: Catalog,
        served: Mapping[str, LiveService],
    ) -> None:
        self.style, self.language, self.catalog, self.served = style, language, catalog, served
        self.named: dict[str, str] | None = None
        self.near: dict[str, str] | None = None
        self.tried = float("-inf")
        self.asking: threading.Thread | None = None

    def now(self) -> dict[str, str]:
        """`landscape` and `light`, as far as they are known; never waits for the language model."""
        if self.language and self.asking is None:
            self.asking = threading.Thread(
                target=self._ask, args=(self.language,), name="style", daemon=True
            )
            self.asking.start()
        return self.named or self._find_nearest() or {}

    def _ask(self, language: Language) -> None:
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": self.style},
        ]
        try:
            self.named = parse_look(ask(language, messages, MOST))
        except MesocosmError as failure:
            logging.getLogger("mesocosm").info("the world's style: %s", failure)
            return
        if self.named is None:
            logging.getLogger("mesocosm").info(
                "the language model named no look for the world's style"
            )

    def _find_nearest(self) -> dict[str, str] | None:
        if self.near is None and time.monotonic() - self.tried > AGAIN:
            self.tried = time.monotonic()
            for served in self.served.values():
                vectors = self._embed(served)
                if vectors is None:
                    continue
                self.near = find_nearest(vectors) if vectors else {}
                if vectors:
                    break
        return self.near

    def _embed(self, served: LiveService) -> Sequence[Sequence[float]] | None:
        """The embeddings of the style and of every description, by a service whose model reads
        texts; None where it does not, or is being replaced.
        """
        if not served.now or served.now.fields is None:
            return None
        version = self.catalog.version(served.now.version)
        fields = version["recipe"].get("texts") if version else None
        if not fields:
            return None
        rows = [dict.fromkeys(fields, words) for words in list_texts(self.style)]
        try:
            return served.now.embed(rows)
        except MesocosmError:
            return None
