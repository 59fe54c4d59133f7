"""Write docs/kinds/*.md and docs/zh/kinds/*.md from the kinds themselves: `python
docs/make_kinds.py`; a test holds the pages to the code.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from settings_table import table, text_after_settings, text_before_settings
from wording import ENGLISH, ZH, link_language, say

from mesocosm.app.deploy import EXPORTS
from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.outliers import OUTLIER_DETECTORS
from mesocosm.data.cleaning.repairs import REPAIRS
from mesocosm.data.engines import ENGINES
from mesocosm.data.privacy import PRIVACY
from mesocosm.data.quality.rules import RULES
from mesocosm.data.sources import SOURCES
from mesocosm.data.types import TYPES
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.pretraining import OBJECTIVES
from mesocosm.learning.training.adversarial import ADVERSARIAL
from mesocosm.learning.training.losses import LOSSES
from mesocosm.learning.training.optimizers import OPTIMISERS
from mesocosm.learning.training.schedules import SCHEDULES
from mesocosm.serving.runtimes import RUNTIMES

FOLDERS = {ENGLISH: Path(__file__).parent, ZH: Path(__file__).parent / "zh"}

PAGES: dict[str, tuple[str, dict[str, type[Settings]]]] = {
    "sources": ("Where rows come from: `sources.NAME.type`.", dict(SOURCES.built_in)),
    "types": ("What a field is read as: `datasets.NAME.fields.FIELD.type`.", dict(TYPES.built_in)),
    "missing": ("How a missing value is imputed: `fields.FIELD.missing`.", dict(IMPUTERS.built_in)),
    "outliers": (
        "How outliers of a number are found: `fields.FIELD.outliers`.",
        dict(OUTLIER_DETECTORS.built_in),
    ),
    "rules": (
        "Conditions on rows and tables: `datasets.NAME.rules` and `fields.FIELD.rules`.",
        dict(RULES.built_in),
    ),
    "repairs": ("What is repaired: `datasets.NAME.repairs`.", dict(REPAIRS.built_in)),
    "engines": ("Where rows are processed: `datasets.NAME.engine`.", dict(ENGINES)),
    "privacy": ("How a private value is hidden: `fields.FIELD.private`.", dict(PRIVACY)),
    "tuning": (
        (
            "How a pretrained base is adapted to a task: `models.NAME.fine_tune`, a name or"
            " `{method: NAME, ...}`. `frozen`, `last`, `lora` and `full` cover most tasks; the"
            " others are more methods."
        ),
        dict(FINE_TUNING.built_in),
    ),
    "losses": ("Losses, which training minimizes: `fine_tune.loss`.", dict(LOSSES)),
    "objectives": (
        "What a base is pretrained to predict: `pretrain.method`.",
        dict(OBJECTIVES),
    ),
    "optimisers": (
        "How weights are updated from gradients: `fine_tune.optimizer`.",
        dict(OPTIMISERS),
    ),
    "schedules": (
        "How the learning rate changes over training: `fine_tune.schedule`.",
        dict(SCHEDULES),
    ),
    "augment": ("Random changes of training rows: `fine_tune.augment`, a list.", dict(AUGMENT)),
    "runtimes": ("What runs a model: `services.NAME.runtime`.", dict(RUNTIMES)),
    "exports": (
        "Files for other systems: `mesocosm export NAME FOLDER`, settings by `--set name=value`.",
        dict(EXPORTS.built_in),
    ),
    "adversarial": (
        "Training on word embeddings perturbed against the loss: `fine_tune.adversarial`.",
        dict(ADVERSARIAL),
    ),
}

HEADINGS = {  # of pages whose file has a shorter name
    "types": "Field types",
    "missing": "Imputation strategies",
    "outliers": "Outlier detectors",
    "privacy": "Privacy methods",
    "tuning": "Fine-tuning methods",
    "objectives": "Pretraining objectives",
    "optimisers": "Optimizers",
    "schedules": "Learning-rate schedules",
    "augment": "Augmentation",
    "adversarial": "Adversarial training",
}
FIRST = ("frozen", "last", "lora", "full")  # the four methods that cover most tasks

CHOOSING = {
    "type",
    "method",
}  # settings that choose among kinds


def page(title: str, language: str = ENGLISH) -> str:
    """One page: each kind with what it does, its settings and its source."""
    about, kinds = PAGES[title]
    links = kind_links("", language)
    other = link_language(f"kinds/{title}.md", heading(title), language)
    parts = [f"# {say(heading(title), language)}\n\n{other}\n\n{say(about, language)}\n"]
    names = sorted(kinds, key=lambda name: (FIRST.index(name) if name in FIRST else 9, name))
    parts += [f"## {name}\n\n{section(kinds[name], links, language)}\n" for name in names]
    for parent, of in shared(kinds).items():
        title = say("Shared by {}", language).format(named(of, kinds, language))
        parts.append(f"## {title}\n\n{section(parent, links, language)}\n")
    return "\n".join(parts)


def heading(title: str) -> str:
    """The heading of a page."""
    return HEADINGS.get(title, title.capitalize())


def shared(kinds: dict[str, type[Settings]]) -> dict[type[Settings], list[str]]:
    """The base classes with settings of their own, each with the names of its kinds."""
    found: dict[type[Settings], list[str]] = {}
    for name, kind in sorted(kinds.items()):
        for parent in kind.__mro__[1:]:
            if (
                issubclass(parent, Settings)
                and parent not in (Settings, *kinds.values())
                and "Args:" in (parent.__doc__ or "")
            ):
                found.setdefault(parent, []).append(name)
    return found


def named(some: list[str], kinds: dict[str, type[Settings]], language: str = ENGLISH) -> str:
    """Some of the kinds in words."""
    less = sorted(set(kinds) - set(some))
    if not less:
        return say("all", language)
    if len(some) > len(less):
        return say("all but {}", language).format(", ".join(less))
    return ", ".join(some) + (" " if language != ENGLISH else "")


def section(kind: type[Settings], links: Mapping[str, str], language: str = ENGLISH) -> str:
    """A kind's section: what it is, its settings as a table, its errors and its source."""
    parts = [
        text_before_settings(kind, language),
        table(kind, links, tuple(CHOOSING), language),
        text_after_settings(kind, language),
    ]
    return "\n\n".join(part for part in parts if part)


def kind_links(prefix: str, language: str = ENGLISH) -> dict[str, str]:
    """Where the kinds of a setting are described: the page of all their names."""
    return {
        ",".join(sorted(kinds)): f"[{say(heading(title), language).lower()}]({prefix}{title}.md)"
        for title, (_, kinds) in PAGES.items()
    }


def write_pages() -> None:
    """Write the pages in both languages."""
    for language, folder in FOLDERS.items():
        (folder / "kinds").mkdir(exist_ok=True)
        for title in PAGES:
            (folder / "kinds" / f"{title}.md").write_text(page(title, language), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
