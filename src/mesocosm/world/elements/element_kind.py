"""What an element has that shows a resource in another way than its section's own, as the file's
`world.elements` names it.

Knows settings and the view. The page draws it as one of its own bodies.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from mesocosm.core.settings import Settings
from mesocosm.world.elements.view import View


class ElementKind(Settings):
    """An element of the world.

    `sections` are the sections of the file whose resources it can show; `body` is what the page
    draws it as: `spring`, `lake`, `tree`, `lighthouse`, `vane` or `counter`.
    """

    sections: ClassVar[tuple[str, ...]]
    body: ClassVar[str]
    type: str

    @abstractmethod
    def show(self, name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
        """What a resource shows, as fields of `mesocosm.world.wire.Element`: `state` and `says` at
        least. What is not known is `unknown`, which is drawn as fog.
        """
