"""What the style of a world is nearest to: told by the file's language model where it names one,
else by the text features of a model in service.

Knows services and what may be asked; the page knows the words that name a look outright, and draws
it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from mesocosm.catalog import Catalog
from mesocosm.core.errors import MesocosmError
from mesocosm.core.llm import Language, asked
from mesocosm.serving.service import Served
from mesocosm.world.appearance.catalog import SYSTEM, chosen, nearest, texts

AGAIN = (
    2.0  # seconds after which a model that reads is looked for once more, where none was in service
)
MOST = 60  # tokens of an answer


class Look:
    """The look of a style: nothing while nobody can tell.

    Args:
        language: is asked once, aside, and is sent the style and nothing else; where it fails or
            says no look that there is, features tell.
        served: services, of which one may read.
    """

    def __init__(
        self, style: str, language: Language | None, catalog: Catalog, served: Mapping[str, Served]
    ) -> None:
        self.style, self.language, self.catalog, self.served = style, language, catalog, served
        self.said: dict[str, str] | None = None
        self.near: dict[str, str] | None = None
        self.tried = float("-inf")
        self.asking: threading.Thread | None = None

    def now(self) -> dict[str, str]:
        """`landscape` and `light`, as far as they are told; never waits for the language model."""
        if self.language and self.asking is None:
            self.asking = threading.Thread(
                target=self._ask, args=(self.language,), name="style", daemon=True
            )
            self.asking.start()
        return self.said or self._nearest() or {}

    def _ask(self, language: Language) -> None:
        try:
            self.said = chosen(
                asked(
                    language,
                    [
                        {"role": "system", "content": SYSTEM},
                        {"role": "user", "content": self.style},
                    ],
                    MOST,
                )
            )
            if self.said is None:
                logging.getLogger("mesocosm").info(
                    "the language model named no look for the world's style"
                )
        except MesocosmError as failure:
            logging.getLogger("mesocosm").info("the world's style: %s", failure)

    def _nearest(self) -> dict[str, str] | None:
        if self.near is None and time.monotonic() - self.tried > AGAIN:
            self.tried = time.monotonic()
            for served in self.served.values():
                version = (
                    self.catalog.version(served.now.version)
                    if served.now and served.now.fields is not None
                    else None
                )
                read = (version or {}).get("recipe", {}).get("texts") or []
                if not read or not served.now:
                    continue
                try:
                    said = served.now.vectors(
                        [dict.fromkeys(read, words) for words in texts(self.style)]
                    )
                except MesocosmError:
                    continue  # it is being replaced
                self.near = nearest(said) if said else {}
                if said:
                    break
        return self.near
