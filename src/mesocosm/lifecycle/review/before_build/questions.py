"""What the values of local files leave open, asked before a build: a decimal mark, an order of day
and month.

Knows the same proofs that the build makes. Reads small local files only; keeps that a content left
nothing open, and no value.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.config import Spec
from mesocosm.core.errors import (
    ConfigError,
    ConfigValueError,
    Finding,
    MesocosmError,
)
from mesocosm.core.messages import Message
from mesocosm.data.sources.path_utils import files_of
from mesocosm.learning.base_models.base import locate_base
from mesocosm.lifecycle.content_cache import keep_result, locate_result
from mesocosm.lifecycle.local_files import (
    describe_files,
    is_settled,
    is_small,
    list_project_files,
)
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.before_build.read_sources import ReadSources, read_sources

AUTO = "auto"  # the base that is chosen by trying
FORMS = ("csv", "excel", "json", "jsonl", "parquet")  # types of sources that are read for it


def ask_readings(
    spec: Spec, made: Mapping[str, str] | None = None, sources: ReadSources | None = None
) -> list[Finding]:
    """For each column of a dataset whose values have two readings, where the file has to say which;
    and what stops a build of it, such as a column that its source lacks.

    Datasets that are drafted, that read no file of the project, or that read large ones are left to
    the build.

    Args:
        made: by address, what tells a dataset's content and settings from others; its settings
            and its files' sizes and times where it is not given. A dataset that left nothing open
            is not read again.
        sources: sources that are read for other reviews too.
    """
    if sources is None:
        with read_sources(spec) as own:
            return ask_readings(spec, made, own)
    findings = []
    for name in spec.eco.datasets:
        if not _is_read_before_build(spec, name):
            continue
        for question in _open_questions(sources, name, _mark_content(spec, name, made)):
            findings.append(_question_finding(spec, name, question))
    return findings


def _mark_content(spec: Spec, name: str, made: Mapping[str, str] | None) -> str | None:
    """What tells a dataset's content and settings from others; None where the project has no store
    to keep a result in.
    """
    if made is not None:
        return made.get(f"datasets.{name}")
    if not locate_project(spec).store.is_dir():
        return None
    return describe_files(spec, name)


def _question_finding(spec: Spec, name: str, question: ConfigValueError) -> Finding:
    """A question about a column, or an error of a source or dataset, at the line of it."""
    address = question.of or f"datasets.{name}"
    steps = [*address.split(".", 1), *_split_key(spec, name, question.key)]
    return question.at(spec.place(*steps), address)


def _split_key(spec: Spec, name: str, key: str) -> list[str]:
    """The steps of a key below its resource; the name of a field may have dots."""
    section, _, field = key.partition(".")
    if section == "fields" and field in spec.eco.datasets[name].fields:
        return [section, field]
    return [step for step in key.split(".") if step]


def _is_read_before_build(spec: Spec, name: str) -> bool:
    """Whether a dataset reads small files of the project that were not built as they are."""
    dataset = spec.eco.datasets[name]
    known = [source for source in dataset.all_sources if source in spec.eco.sources]
    if any(_find_file_fault(spec, source) for source in known):
        return False
    sources = [spec.eco.sources.get(source) for source in dataset.all_sources]
    if dataset.auto or not all(getattr(source, "type", "") in FORMS for source in sources):
        return False
    return is_small(spec, name) and not is_settled(spec, name)


def find_missing_files(spec: Spec) -> list[Finding]:
    """Sources whose files in the project are missing or empty."""
    findings = []
    for name, source in spec.eco.sources.items():
        if getattr(source, "type", "") not in FORMS:
            continue
        fault = _find_file_fault(spec, name)
        if fault is not None:
            place = spec.place("sources", name, "path", key=False)
            findings.append(fault.at(place, f"sources.{name}"))
    return findings


def _find_file_fault(spec: Spec, source: str) -> ConfigValueError | None:
    """That the files of a source are missing or empty; None where they are there, or are not of
    the project.
    """
    files = list_project_files(spec, source)
    if files is None:
        return None
    if not files:
        try:
            files_of(locate_project(spec), str(getattr(spec.eco.sources[source], "path", "")))
        except ConfigValueError as wrong:
            return wrong
    for file in files:
        if not file.stat().st_size:
            label = file.relative_to(spec.root).as_posix()
            expected = Message("lifecycle.file_with_rows")
            return ConfigValueError("path", Message("data.file_empty", file=label), expected)
    return None


def find_missing_bases(spec: Spec) -> list[Finding]:
    """Base models that are neither known by name, nor a folder of the project, nor a hub id."""

    findings = []
    for name, model in spec.eco.models.items():
        for key in ("base", "image_base"):
            base = getattr(model, key)
            if not _may_be_missing(spec, base):
                continue
            try:
                locate_base(base, spec.root)
            except ConfigValueError as wrong:
                place = spec.place("models", name, key, key=False)
                unknown = ConfigValueError(key, wrong.found, wrong.expected, wrong.choices, base)
                findings.append(unknown.at(place, f"models.{name}"))
    return findings


def _may_be_missing(spec: Spec, base: object) -> bool:
    """Whether a base model is a name that nothing is known by yet."""
    from mesocosm.learning.base_models.base import canonical_hub_id, is_local_base

    if not isinstance(base, str) or base in ("", AUTO) or "/" in base:
        return False
    return not canonical_hub_id(base) and not is_local_base(base, spec.root)


def _open_questions(sources: ReadSources, name: str, made: str | None) -> list[ConfigValueError]:
    """A dataset's questions; that it has none is kept for its content, and questions are not, since
    they hold values.
    """
    if made is None:
        return _try_questions(sources, name) or []
    mark = locate_result(locate_project(sources.spec).store, ["readings", made])
    if mark.is_file():
        return []
    questions = _try_questions(sources, name)
    if questions == []:
        keep_result(mark, [])
    return questions or []


def _try_questions(sources: ReadSources, name: str) -> list[ConfigValueError] | None:
    """A dataset's questions, or the setting that its files do not fit; None where it cannot be
    read for another reason, which is the build's to report.
    """
    try:
        return _questions(sources, name)
    except ConfigValueError as wrong:
        return [wrong]
    except (MesocosmError, ConfigError, OSError):
        return None


def _questions(sources: ReadSources, name: str) -> list[ConfigValueError]:
    from mesocosm.data.pipeline.ingest import ingest_rows
    from mesocosm.data.profiling.proven_settings import list_questions

    dataset = sources.spec.eco.datasets[name]
    with sources.of_dataset(name) as read:
        rows = ingest_rows(read.con, dataset, read.collected)
        return list_questions(read.con, dict(dataset.fields), rows)
