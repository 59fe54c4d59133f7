"""A dataset split for a model: texts, table and targets by part. Knows tasks and the block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Array, Columns, Floats, Ints, take_rows
from mesocosm.learning.features import tabular
from mesocosm.learning.heads.folds import group_duplicates, number_groups
from mesocosm.learning.importers.onnx import ImportedModel, plain_facts
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.domain_adaptation import SourceModel
from mesocosm.learning.tasks.outcome import Outcome
from mesocosm.learning.tasks.row_outcomes import make_outcome

PARTS = ("train", "validation", "test")
Numbers = TypeVar("Numbers", Array, Ints)
Images: TypeAlias = dict[str, list[str | None]]  # by input


@dataclass
class Splits:
    """A dataset split for a model: per part its texts, block and labels; `bare` are training rows
    without a label, where self-training uses them.

    `sites` holds the number of each training row's site, and `site_names` their names, for
    federated learning. `groups` holds the number of each row's group by part, nothing where each
    row is a group of its own. `again` are the positions of oversampled training rows.
    """

    texts: dict[str, list[str]]
    table: dict[str, Floats]
    y: dict[str, Array]
    labels: list[str]
    facts: dict[str, tabular.Fact]
    text_names: list[str]
    where: dict[str, list[int]]
    outcome: Outcome
    images: dict[str, Images]
    groups: dict[str, Ints]
    sites: Ints | None = None
    site_names: Sequence[str] = ()
    again: Sequence[int] = ()


@dataclass(frozen=True)
class SplitContext:
    """What is known of the rows besides their columns.

    Args:
        order: the values of an ordinal target, from the least to the greatest.
        source: the model that this one is adapted from, whose classes and facts are used.
        groups: the group of each row; rows of one group are left out together.
        sites: the site of each row, for federated learning.
    """

    order: Sequence[str] = ()
    source: SourceModel | None = None
    groups: Sequence[object] = ()
    sites: Sequence[object] = ()


def split_dataset(
    model: Model,
    rows: Columns,
    split: Sequence[str],
    kinds: Mapping[str, str],
    context: SplitContext = SplitContext(),
) -> Splits:
    """Split cleaned columns into parts; facts are of the training rows only.

    Args:
        rows: cleaned columns by field.
        split: the part of each row.
        kinds: each field's type.

    Raises:
        ConfigValueError: the target has one value, or a part has no rows.
    """
    outcome = make_outcome(model, kinds[model.target], context.order)
    target = [outcome.parse_target(v) for v in rows[model.target]]
    where = _assign_rows(model, split, target)
    _fit_outcome(outcome, model.target, [target[i] for i in where["train"]], context.source)
    _check_rows(model, rows, where, context.source)
    _drop_unknown_targets(model.target, outcome, target, where)
    input_kinds = {name: kinds[name] for name in model.features}
    train = take_rows(rows, model.features, where["train"])
    facts = _collect_facts(model, train, input_kinds, context.source)
    text_names = list(model.pair or _names_of("text", input_kinds))
    inputs = Inputs({}, {}, {})
    for part, indices in where.items():
        columns = take_rows(rows, model.features, indices)
        inputs.texts[part] = tabular.join_texts(columns, text_names, len(indices), model.apart)
        inputs.table[part] = tabular.build_block(columns, facts, len(indices))
        inputs.images[part] = _take_images(columns, _names_of("image", input_kinds))
    sites, site_names = _number_sites(context.sites, where["train"])
    return Splits(
        texts=inputs.texts,
        table=inputs.table,
        y=_encode_targets(outcome, target, where),
        labels=outcome.labels,
        facts=facts,
        text_names=text_names,
        where=where,
        outcome=outcome,
        images=inputs.images,
        groups=_group_rows(inputs, where, number_groups(context.groups)),
        sites=sites,
        site_names=site_names,
    )


@dataclass(frozen=True)
class Inputs:
    """By part, what rows are predicted from: texts, the table block, images."""

    texts: dict[str, list[str]]
    table: dict[str, Floats]
    images: dict[str, Images]


def divide_rows(rows: Numbers, where: Mapping[str, Sequence[int]]) -> dict[str, Numbers]:
    """Rows of all parts, one part after the other, by part."""
    parts: dict[str, Numbers] = {}
    start = 0
    for part, indices in where.items():
        parts[part] = rows[start : start + len(indices)]
        start += len(indices)
    return parts


def _encode_targets(
    outcome: Outcome, target: Sequence[object], where: Mapping[str, Sequence[int]]
) -> dict[str, Array]:
    """The targets of each part, as a head is trained on them."""
    y = {}
    for part in PARTS:
        y[part] = outcome.encode([target[i] for i in where[part]])
    return y


def _names_of(kind: str, kinds: Mapping[str, str]) -> list[str]:
    return [name for name, of in kinds.items() if of == kind]


def _take_images(columns: Columns, names: Sequence[str]) -> Images:
    """The columns that hold images, as PNG in base64."""
    return {name: cast(list[str | None], columns[name]) for name in names}


def _assign_rows(
    model: Model, split: Sequence[str], target: Sequence[object]
) -> dict[str, list[int]]:
    """The row numbers of each part, those without a target left out; `bare` are training rows
    without one, for self-training.
    """
    where: dict[str, list[int]] = {part: [] for part in PARTS}
    if model.self_training:
        where["bare"] = []
    for i, part in enumerate(split):
        if target[i] is None:
            part = _part_without_target(part)
        if part in where:
            where[part].append(i)
    return where


def _part_without_target(part: str) -> str:
    """Where a row without a target belongs: to `bare` if it is a training row, else nowhere."""
    if part == "train":
        return "bare"
    return ""


def _fit_outcome(
    outcome: Outcome, name: str, targets: Sequence[object], source: SourceModel | None
) -> None:
    """Fit the outcome's facts on the training targets, or take the source model's classes."""
    outcome.fit(name, targets)
    if source is None:
        return
    unknown = [label for label in outcome.labels if label not in source.labels]
    if unknown:
        raise ConfigValueError(
            "init_from",
            Message("learning.unknown_class", version=source.version, label=unknown[0]),
            Message("learning.rows_of_known_classes"),
            source.labels,
            unknown[0],
        )
    outcome.fit(name, source.labels)


def _check_rows(
    model: Model, rows: Columns, where: Mapping[str, list[int]], source: SourceModel | None
) -> None:
    """Refuse a split without test rows, and inputs that are empty in all training rows."""
    if not where["test"]:
        raise ConfigValueError(
            "dataset", Message("learning.no_test_rows"), Message("learning.more_rows_or_test_share")
        )
    for name in model.features:
        if source is None and all(rows[name][i] is None for i in where["train"]):
            raise ConfigValueError(
                "features",
                Message("learning.field_without_values", name=name),
                Message("learning.input_with_values"),
            )


def _drop_unknown_targets(
    name: str, outcome: Outcome, target: Sequence[object], where: dict[str, list[int]]
) -> None:
    """Leave validation and test rows out whose target cannot be evaluated, in place."""
    for part in ("validation", "test"):
        where[part] = [i for i in where[part] if outcome.is_known(target[i])]
    if not where["test"]:
        raise ConfigValueError(
            "target",
            Message("learning.no_shared_group", name=name),
            Message("learning.repeated_values_or_rows"),
        )


def _collect_facts(
    model: Model, train: Columns, kinds: Mapping[str, str], source: SourceModel | None
) -> dict[str, tabular.Fact]:
    """Facts of the table block: the source model's, an imported model's, or the training rows'."""
    if source:
        return dict(source.facts)
    if isinstance(model.base, ImportedModel):
        return plain_facts(model.features)
    return tabular.fit_facts(train, kinds)


def _number_sites(sites: Sequence[object], train: Sequence[int]) -> tuple[Ints | None, list[str]]:
    """The number of each training row's site, None without sites, and the sites' names."""
    if not len(sites):
        return None, []
    row_sites = [str(sites[i]) for i in train]
    names = sorted(set(row_sites))
    if not names:
        return None, names
    return np.array([names.index(site) for site in row_sites]), names


def _group_rows(
    inputs: Inputs, where: Mapping[str, list[int]], groups: Ints | None
) -> dict[str, Ints]:
    """The number of each row's group by part: rows of one group of the split, and duplicates of
    each other, are together; nothing where none are.
    """
    texts: list[str] = []
    images: list[tuple[str | None, ...]] = []
    for part, indices in where.items():
        texts += inputs.texts[part]
        images += _images_by_row(inputs.images[part], len(indices))
    known = None
    if groups is not None:
        known = np.concatenate([groups[indices] for indices in where.values()])
    number = group_duplicates(texts, images, np.vstack([inputs.table[p] for p in where]), known)
    if number is None:
        return {}
    return divide_rows(number, where)


def _images_by_row(images: Images, count: int) -> list[tuple[str | None, ...]]:
    """The images of each row."""
    if not images:
        return [()] * count
    return list(zip(*images.values(), strict=True))
