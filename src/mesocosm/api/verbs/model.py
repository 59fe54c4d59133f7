"""Verbs of a model: cards, labels, retraining, base models and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.api.results.model import (
    AcceptedClass,
    BaseModels,
    Card,
    Challenge,
    ClassProposals,
    LabelErrors,
    RowsToLabel,
    Suggestions,
)
from mesocosm.api.verbs.group import VerbGroup, write_page
from mesocosm.catalog.rows import VersionRow
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say, say_as_text

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem

LOCK_WAIT = 900  # seconds that a retraining waits for a build


class ModelVerbs(VerbGroup):
    """`eco.model`: model cards, labels, retraining and base models."""

    def card(self, model: str, version: str | None = None, out: str | Path | None = None) -> Card:
        """The model card of a version.

        Args:
            model: the model's name.
            version: an id; the newest where none is named.
            out: a file to write it to, in Markdown.

        Raises:
            ConfigValueError: there is no such model or version.
            MesocosmError: it was not built.
        """
        from mesocosm.learning.evaluation.model_card import CardData, render_card

        eco = self._eco
        models = eco.spec.eco.models
        if model not in models:
            raise ConfigValueError(
                "",
                Message("api.no_model", model=model[:60]),
                Message("api.model_of_file"),
                sorted(models),
                model,
            )
        found = self._find_version(model, version)
        settings = models[model]
        snapshot = eco.catalog.snapshot(found["snapshot"])
        data: CardData = {
            "name": settings.dataset,
            "account": snapshot["account"] if snapshot else {},
            "origins": snapshot["report"].get("origins", {}) if snapshot else {},
            "purpose": eco.spec.eco.datasets[settings.dataset].purpose,
        }
        page = render_card(found, settings.about, data)
        if out:
            write_page(Path(out), page)
        return Card(found["id"], str(out) if out else None, page)

    def _find_version(self, model: str, version: str | None) -> VersionRow:
        """A version of a model, or its newest."""
        listed = {row["id"]: row for row in self._eco.catalog.versions(model)}
        if not listed:
            raise MesocosmError(Message("api.not_built", name=model))
        if not version:
            return list(listed.values())[-1]
        if version not in listed:
            raise ConfigValueError(
                "",
                Message("api.no_version", model=model, version=version[:60]),
                Message("api.version_of_it"),
                sorted(listed),
                version,
            )
        return listed[version]

    def labels(self, model: str) -> LabelErrors:
        """Probable label errors of a model's training set (confident learning).

        Raises:
            ConfigValueError: there is no such model, or it predicts no classes.
            MesocosmError: its dataset was not built, or has too many rows.
        """
        from mesocosm.lifecycle.review.label_review import find_doubtful_labels

        found = find_doubtful_labels(self._eco.spec, self._eco.catalog, model)
        return LabelErrors.from_json(found)

    def rows_to_label(self, model: str, most: int = 20) -> RowsToLabel:
        """Rows without a label from which a model would learn most (active learning).

        Args:
            model: the model's name.
            most: how many rows, from 1.

        Raises:
            ConfigValueError: there is no such model, or it predicts no classes.
            MesocosmError: it was not built, or no row is without a label.
        """
        from mesocosm.lifecycle.review.label_review import suggest_labelling

        found = suggest_labelling(self._eco.spec, self._eco.catalog, model, most)
        return RowsToLabel.from_json(found)

    def propose_classes(self, model: str) -> ClassProposals:
        """Groups of requests that no class of a model explains, the largest first.

        Raises:
            ConfigValueError: there is no such model, or it predicts no classes.
            MesocosmError: it is not deployed, or every request has a label.
        """
        from mesocosm.lifecycle.review.class_proposals import propose_classes

        return ClassProposals.from_json(propose_classes(self._eco.spec, self._eco.catalog, model))

    def accept_class(
        self, model: str, like: str, label: str, without: Sequence[str] = ()
    ) -> AcceptedClass:
        """Label the requests of the proposal that a request is in; the next challenger is trained
        on them.

        Args:
            model: the model's name.
            like: the id of a request of the proposal.
            label: the label of all of them.
            without: requests that are left out.

        Raises:
            MesocosmError: the request is in no proposal.
            ConfigValueError: the label cannot be a class of the model.
        """
        from mesocosm.lifecycle.review.class_proposals import accept_proposal

        eco = self._eco
        for group in self.propose_classes(model).groups:
            if like in group.predictions:
                idents = [ident for ident in group.predictions if ident not in without]
                found = accept_proposal(eco.spec, eco.catalog, model, idents, label, eco.who)
                return AcceptedClass.from_json(found)
        raise MesocosmError(Message("api.no_such_proposal", prediction=like[:60], model=model))

    def retrain(
        self,
        service: str,
        reason: str = "by hand",
        say: Callable[[str], None] = lambda text: None,
    ) -> Challenge:
        """Train and evaluate a challenger for a service; promote it if it is better.

        Args:
            service: the service's name.
            reason: written into the history.
            say: is called with each step, as a sentence.

        Raises:
            MesocosmError: the service runs no model, or a source is at fault.
        """
        return run_retraining(self._eco, service, reason, say_as_text(say))

    def bases(self) -> BaseModels:
        """The pretrained base models that come with Mesocosm; a hub id or a folder is a base
        too.
        """
        from mesocosm.api.verbs.files import bases

        return bases()

    def suggest(self, out: str | Path | None = None) -> Suggestions:
        """Suggest changes of the file that measurements support, each with its evidence.

        Args:
            out: a new file beside the old one, to write the file with all suggestions to.

        Raises:
            MesocosmError: `out` exists, or is outside the project's folder.
        """
        from mesocosm.assistant.suggestions import apply_changes, suggest_changes

        path, target = self._eco.spec.path, Path(out) if out else None
        if target and target.exists():
            raise MesocosmError(Message("api.file_exists", file=str(target)))
        if target and target.resolve().parent != path.parent:
            raise MesocosmError(
                Message("api.outside_project", file=str(target), folder=str(path.parent))
            )
        found = suggest_changes(self._eco.spec, self._eco.catalog)
        written = None
        if target and found:
            text = apply_changes(path.read_text(encoding="utf-8-sig"), path.name, found)
            target.write_text(text, encoding="utf-8")
            written = str(target)
        return Suggestions.from_json({"proposals": found, "written": written})


def run_retraining(eco: Ecosystem, service: str, reason: str, say: Say) -> Challenge:
    """Train and evaluate a challenger for a service, with its progress as data."""
    from mesocosm.lifecycle.build_lock import hold_build_lock
    from mesocosm.lifecycle.jobs.retrain import retrain

    with hold_build_lock(eco.spec.root / ".mesocosm", wait=LOCK_WAIT):
        return Challenge.from_json(retrain(eco.spec, eco.catalog, service, reason, say))
