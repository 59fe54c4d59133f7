"""A session over an exported graph, as versions run one in any runtime. Knows shapes only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array


class GraphSession(Protocol):
    """An open graph."""

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, Array], /
    ) -> Sequence[Array]:
        """The named outputs, or all, of the inputs by name."""
        ...


OpenSession: TypeAlias = Callable[[Path], GraphSession]  # opens a graph's path
