"""The verbs of an ecosystem that need no open file: begin, draft, and the schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.records import JsonObject

if TYPE_CHECKING:
    from mesocosm.api.results.file import Draft, NewProject
    from mesocosm.api.verbs.files import DraftGoal, FileLayout, LanguageEndpoint


class FileVerbs:
    """Static verbs; `mesocosm` has each of them as a function too."""

    @staticmethod
    def init(folder: str | Path = ".", template: str | None = None) -> NewProject:
        """Write a small ecosystem.yaml to begin with; the same as `mesocosm.init`."""
        from mesocosm.api.verbs.new_project import init

        return init(folder, template)

    @staticmethod
    def draft(
        data: str | Path | Sequence[str | Path],
        goal: DraftGoal | str | None = None,
        out: str | Path | None = None,
        layout: FileLayout | None = None,
        language: LanguageEndpoint | None = None,
    ) -> Draft:
        """Propose an ecosystem.yaml for files of data; the same as `mesocosm.draft`."""
        from mesocosm.api.verbs.files import draft

        return draft(data, goal, out, layout, language)

    @staticmethod
    def schema() -> JsonObject:
        """The JSON schema of ecosystem.yaml; the same as `mesocosm.schema`."""
        from mesocosm.api.verbs.files import schema

        return schema()
