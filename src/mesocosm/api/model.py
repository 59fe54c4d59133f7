"""A model of an ecosystem: its card and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.catalog.records import ModelVersion

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.api.results.model import Card


class ModelView:
    """One model and its versions.

    Args:
        name: as the file has it.

    >>> import mesocosm
    >>> mesocosm.open("examples/bank").models["risk"].name
    'risk'
    """

    def __init__(self, name: str, eco: Ecosystem) -> None:
        self.name = name
        self._eco = eco

    def __repr__(self) -> str:
        """Its name and newest version."""
        return f"<model {self.name}, {self.version or 'not built'}>"

    @property
    def version(self) -> str | None:
        """The id of its newest version, None where it was never built."""
        newest = self._eco.catalog.versions(self.name)[-1:]
        return newest[0]["id"] if newest else None

    def versions(self) -> list[ModelVersion]:
        """Its versions with their metrics, the oldest first."""
        return self._eco.model_versions(self.name)

    def card(self, version: str | None = None) -> Card:
        """The model card of a version.

        Args:
            version: an id; the newest where none is named.

        Raises:
            ConfigValueError: there is no such version.
            MesocosmError: the model was not built.
        """
        return self._eco.model.card(self.name, version)
