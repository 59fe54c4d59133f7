"""What every source has, whatever its kind: where its rows come from in the eyes of the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.core.records import Json
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Duration
from mesocosm.core.written_settings import mark_plugins, written_settings
from mesocosm.data.sources.contract import Contract

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from mesocosm.core.settings import Collected, ProjectPaths


class SourceKind(Settings):
    """Settings common to all sources; lineage keeps them.

    Args:
        origin: `public`, `business` or `user` data.
        licence: the licence the rows come under, as SPDX names it or in words.
        owner: who answers for the rows.
        every: how often a running server looks whether the source changed, and builds what hangs on
            it.
        contract: what the source promises to hold; a plan stops where it does not.
        about: a description.
    """

    origin: Literal["public", "business", "user"] | None = None
    licence: str = ""
    owner: str = ""
    every: Duration | None = None
    contract: Contract | None = None
    about: str = ""

    def made_of(self) -> dict[str, Json]:
        """The settings that decide which rows come, without defaults, and the release of a plugin
        that reads them.
        """
        without = ("url", "headers", "options", "about", "owner", "every", "contract")
        return written_settings(self, without) | mark_plugins(self)

    if TYPE_CHECKING:
        # at run time a method of this class would hide that a plugin's kind lacks its own

        def fingerprint(self, where: ProjectPaths) -> str:
            """A fingerprint of everything that the source holds."""
            ...

        def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
            """Pour the rows into table or view `name`."""
            ...
