"""Verbs about a file that need no open ecosystem: draft it, check it, migrate it, its schema, and a
store restored next to it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from mesocosm.api.results.file import CheckResult, Draft, Migration
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject

if TYPE_CHECKING:
    from mesocosm.api.results.data import Backup, Restored
    from mesocosm.api.results.model import BaseModels
    from mesocosm.assistant.files_draft import FilesDraft
    from mesocosm.config import Spec
    from mesocosm.core.network.llm import Language

Task = Literal["classification", "regression", "ranking", "answers"]
TASKS = {"classification": "classes", "regression": "number"}  # as the architect calls them


@dataclass(frozen=True, slots=True)
class DraftGoal:
    """What a drafted file is for; nothing is trained without one.

    Args:
        goal: what is to be predicted, in words, English or Chinese.
        target: the column to predict, by its exact name; the goal may then be left out.
        task: the kind of work, where the goal or the data would be read otherwise.
    """

    goal: str | None = None
    target: str | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How files of rows are read, where it would be detected otherwise.

    Args:
        encoding: such as `cp1252` or `gb18030`.
        delimiter: the character between values.
        skip: lines above the header.
        sheet: the sheet of a workbook.
    """

    encoding: str | None = None
    delimiter: str | None = None
    skip: int | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class LanguageEndpoint:
    """A language model that may improve the draft of a goal; it is sent the draft and no row.

    Args:
        url: an OpenAI-style address.
        model: its name there.
        key: its key; None where it needs none.
    """

    url: str
    model: str = "default"
    key: str | None = field(default=None, repr=False)


def draft(
    data: str | Path | Sequence[str | Path],
    goal: DraftGoal | str | None = None,
    out: str | Path | None = None,
    layout: FileLayout | None = None,
    language: LanguageEndpoint | None = None,
) -> Draft:
    """Look at files of data once and propose how to govern them and, with a goal, what to train,
    serve and monitor. Nothing is changed but the file `out`.

    Args:
        data: files of data; of several, those that share a column are joined.
        goal: what is to be predicted, in words or as a `DraftGoal`.
        out: the file to write; it must not exist yet.
        layout: how the files are read, where it would be detected otherwise.
        language: a language model that may improve the draft of a goal.

    Raises:
        MesocosmError: `out` exists, a file is outside its folder, or `task` has no goal.
        ConfigValueError: a file cannot be read, or no column fits the goal.
    """
    from mesocosm.assistant.draft_text import format_draft

    wish = _complete_goal(goal if isinstance(goal, DraftGoal) else DraftGoal(goal))
    paths = [Path(path) for path in ([data] if isinstance(data, str | Path) else data)]
    target = None if out is None else Path(out)
    root = _check_folder(paths, target)
    proposal = _propose(root, [path.resolve() for path in paths], wish, layout or FileLayout())
    text, note = format_draft(cast("FilesDraft", proposal)) + "\n", ""
    if wish.goal and language:
        text, note = _improve(text, wish.goal, language, root)
        improved = {"model": language.model, "became": note, "text": text}
        proposal = {**proposal, "language": improved}
    if target is None:
        return Draft(text, proposal, note)
    target.write_text(text, encoding="utf-8")
    return Draft(text, proposal, note, str(target))


def _complete_goal(wish: DraftGoal) -> DraftGoal:
    """The goal in words, where only the target is given.

    Raises:
        MesocosmError: a task is given, and nothing that it predicts.
    """
    if wish.task and not (wish.goal or wish.target):
        raise MesocosmError(Message("api.task_without_target"))
    if wish.target and not wish.goal:
        return DraftGoal(f"predict {wish.target}", wish.target, wish.task)
    return wish


def _improve(text: str, goal: str, language: LanguageEndpoint, root: Path) -> tuple[str, str]:
    """The draft as a language model improves it, and what it changed."""
    from mesocosm.assistant.llm_refine import refine_draft

    return refine_draft(text, goal, _open_language(language), root / "ecosystem.yaml")


def _check_folder(data: Sequence[Path], out: Path | None) -> Path:
    """The project's folder: that of the file to write, or the files' common one.

    Raises:
        MesocosmError: the file to write exists, or a file of data is outside its folder.
    """
    if out and out.exists():
        raise MesocosmError(Message("api.file_exists", file=str(out)))
    root = (out.parent if out else Path.cwd()).resolve()
    paths = [path.resolve() for path in data]
    outside = [
        given for given, path in zip(data, paths, strict=True) if not path.is_relative_to(root)
    ]
    if not outside:
        return root
    if out:
        raise MesocosmError(Message("api.data_outside", data=str(outside[0]), file=str(out)))
    return Path(os.path.commonpath([path.parent for path in paths]))


def _propose(root: Path, paths: list[Path], wish: DraftGoal, layout: FileLayout) -> JsonObject:
    """The proposal for the files; with a goal it is checked before anybody sees it."""
    from mesocosm.assistant.architect import architect
    from mesocosm.assistant.draft_text import format_draft
    from mesocosm.config.loader import read_text
    from mesocosm.data.profiling.auto_fields import draft_files

    given = {key: value for key, value in asdict(layout).items() if value is not None}
    if not wish.goal:
        proposal = dict(draft_files(root, paths, given=given))
    else:
        kind = TASKS.get(wish.task, wish.task) if wish.task else None
        architected = architect(root, paths, wish.goal, wish.target, kind, given)
        proposal = dict(cast(JsonObject, architected))
        read_text(format_draft(cast("FilesDraft", proposal)) + "\n", root / "ecosystem.yaml", {})
    proposal.pop("columns", None)
    return cast(JsonObject, proposal)


def _open_language(language: LanguageEndpoint) -> Language:
    """The language model at an address; who gives an address here may mean one of their own
    machine.

    Raises:
        MesocosmError: the address is invalid.
    """
    from pydantic import ValidationError

    from mesocosm.core.network.llm import Language

    try:
        return Language(
            endpoint=language.url,
            model=language.model,
            key=language.key,
            private_network=True,
            seconds=120,
        )
    except ValidationError as error:
        raise MesocosmError(
            Message(
                "api.not_an_address",
                url=repr(language.url),
                expected=error.errors()[0]["msg"].removeprefix("Value error, "),
            )
        ) from error


def check(path: str | Path = ".") -> CheckResult:
    """Check a file: everything that is invalid in it, and what the values of small local files
    leave open.

    Raises:
        ConfigError: with every finding.
        MesocosmError: the project is in a folder that tables cannot be in.
    """
    from mesocosm import config

    return check_spec(config.read(Path(path)))


def check_spec(spec: Spec) -> CheckResult:
    """Check what a file that was read leaves open.

    Raises:
        ConfigError: with every finding.
        MesocosmError: the project is in a folder that tables cannot be in.
    """
    from mesocosm.config import SECTIONS
    from mesocosm.lifecycle.local_files import refuse_folder
    from mesocosm.lifecycle.review.before_build.questions import (
        ask_readings,
        find_missing_bases,
        find_missing_files,
    )
    from mesocosm.lifecycle.review.before_build.read_sources import read_sources
    from mesocosm.lifecycle.review.before_build.text_coverage import check_files

    refuse_folder(spec.root)
    with read_sources(spec) as sources:
        findings = [*find_missing_bases(spec), *find_missing_files(spec)]
        findings += ask_readings(spec, sources=sources)
        if findings:
            raise ConfigError(findings)
        coverage = check_files(sources)
    counts = {section: len(getattr(spec.eco, section)) for section in SECTIONS}
    return CheckResult(spec.eco.ecosystem, counts, coverage)


def migrate(path: str | Path = ".", dry_run: bool = False) -> Migration:
    """Rewrite a file in the words of this release's grammar, and bring the catalog beside it to
    this release's schema. Every other byte stays; the file as it was is kept beside it.

    Args:
        path: the file or its folder.
        dry_run: whether nothing is written.

    Raises:
        MesocosmError: the file cannot be read or written as utf-8.
        ConfigError: the file is no YAML map.
    """
    from mesocosm.config.loader import find_file, read
    from mesocosm.config.migrations.file import migrate_file

    file = find_file(Path(path))
    migrated: Mapping[str, object] = migrate_file(file, write=not dry_run)
    if not dry_run and (file.parent / ".mesocosm").is_dir():
        from mesocosm.catalog.database.migrations import schema_version
        from mesocosm.lifecycle.project_store import open_catalog

        migrated = {**migrated, "schema": schema_version(open_catalog(read(file)).engine)}
    return Migration.from_json(migrated)


def schema() -> JsonObject:
    """The JSON schema of ecosystem.yaml; editors complete and check the file with it."""
    from mesocosm.config.json_schema import published_schema

    return published_schema()


def bases() -> BaseModels:
    """The pretrained base models that come with Mesocosm; a hub id or a folder is a base too."""
    from mesocosm.api.results.model import BaseModel, BaseModels
    from mesocosm.learning.base_models import BASES, is_installed

    return BaseModels(
        tuple(
            BaseModel(name, base.about, base.licence, is_installed(name))
            for name, base in BASES.items()
        )
    )


def restore(archive: str | Path, path: str | Path = ".", replace: bool = False) -> Restored:
    """Bring a store back from an archive; an ecosystem.yaml that is there stays.

    Args:
        archive: an archive of `eco.data.backup`.
        path: where the project's file is, or is to be: the file or its folder.
        replace: whether a store that is there is moved aside.

    Raises:
        MesocosmError: it is no archive of Mesocosm, a newer release wrote it, a store is there and
            `replace` is false, or a server runs.
    """
    from mesocosm.api.results.data import Restored
    from mesocosm.lifecycle.access.backup import restore_backup

    path = Path(path)
    target = path / "ecosystem.yaml" if path.is_dir() or not path.suffix else path
    restored, before = restore_backup(Path(archive), target.absolute(), replace)
    where = {"file": str(target), "before": str(before) if before else None}
    return Restored.from_json({**asdict(restored), **where})


def backup(archive: str | Path, path: str | Path = ".") -> Backup:
    """Write a file and its store (catalog, snapshots, versions, keys) to one archive.

    Args:
        archive: the file to write, such as `store.tar.gz`; it must not exist yet.
        path: the project's file or its folder.

    Raises:
        MesocosmError: there is no store, the archive exists, or a build is at work.
    """
    from mesocosm.api.results.data import Backup
    from mesocosm.config.loader import find_file
    from mesocosm.lifecycle.access.backup import write_backup

    written = write_backup(find_file(Path(path)), Path(archive))
    return Backup.from_json({**asdict(written), "archive": str(archive)})
