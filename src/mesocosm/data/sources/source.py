"""What every source has, whatever its kind: where its rows come from in the eyes of the law."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from mesocosm.core.durations import Duration
from mesocosm.core.settings import Kind
from mesocosm.data.sources.contract import Contract


class SourceKind(Kind):
    """Settings common to all sources; lineage keeps them.

    Args:
        origin: `public`, `business` or `user` data.
        licence: the licence the rows come under, as SPDX names it or in words.
        owner: who answers for the rows.
        every: how often a running server looks whether the source changed, and builds what hangs on
            it.
        contract: what the source promises to hold; a plan stops where it does not.
        about: a line for people.
    """

    origin: Literal["public", "business", "user"] | None = None
    licence: str = ""
    owner: str = ""
    every: Duration | None = None
    contract: Contract | None = None
    about: str = ""
    LATER: ClassVar[dict[str, Any]] = {}

    def made_of(self) -> dict[str, Any]:
        """The settings that decide which rows come, for a print; a setting that is newer than a
        project and has its default is left out.
        """
        settings = self.model_dump(
            mode="json",
            exclude={"url", "headers", "options", "about", "owner", "every", "contract"},
        )
        return {k: v for k, v in settings.items() if k not in self.LATER or v != self.LATER[k]}
