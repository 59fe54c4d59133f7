"""Write docs/kinds/*.md from the kinds themselves: `python docs/make_kinds.py`; a test holds the
pages to the code.
"""

from __future__ import annotations

import inspect
from pathlib import Path

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

PAGES: dict[str, tuple[str, dict[str, type[Settings]]]] = {
    "sources": ("Where rows come from: `sources.NAME.type`.", dict(SOURCES.built_in)),
    "types": ("What a field is read as: `datasets.NAME.fields.FIELD.type`.", dict(TYPES.built_in)),
    "missing": (
        "What stands for a missing value: `fields.FIELD.missing`.",
        dict(IMPUTERS.built_in),
    ),
    "outliers": (
        "How outliers of a number are found: `fields.FIELD.outliers`.",
        dict(OUTLIER_DETECTORS.built_in),
    ),
    "rules": (
        "What rows and tables must keep: `datasets.NAME.rules` and `fields.FIELD.rules`.",
        dict(RULES.built_in),
    ),
    "repairs": ("What is repaired: `datasets.NAME.repairs`.", dict(REPAIRS.built_in)),
    "engines": ("Where rows are treated: `datasets.NAME.engine`.", dict(ENGINES)),
    "privacy": ("How a private value is hidden: `fields.FIELD.private`.", dict(PRIVACY)),
    "tuning": (
        (
            "How a pretrained base is adapted to a task: `models.NAME.fine_tune`, a name or"
            " `{method: NAME, ...}`."
        ),
        dict(FINE_TUNING.built_in),
    ),
    "losses": ("Losses, which training minimizes: `fine_tune.loss`.", dict(LOSSES)),
    "objectives": (
        "What a base learns to predict of texts without labels: `pretrain.objective`.",
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
    "augment": ("Changed copies of rows for training: `fine_tune.augment`, a list.", dict(AUGMENT)),
    "runtimes": ("What runs a model: `services.NAME.runtime`.", dict(RUNTIMES)),
    "exports": (
        "What other systems read: `mesocosm export NAME FOLDER`, settings by `--set name=value`.",
        dict(EXPORTS.built_in),
    ),
    "adversarial": (
        "Training on word embeddings perturbed against the loss: `fine_tune.adversarial`.",
        dict(ADVERSARIAL),
    ),
}

CHOOSING = {
    "type",
    "method",
}  # settings that choose among kinds


def page(title: str) -> str:
    """One page: each kind with what it does, its settings and its source."""
    about, kinds = PAGES[title]
    parts = [f"# {title.capitalize()}\n\n{about}\n"]
    parts += [f"## {name}\n\n{told(kind)}\n" for name, kind in sorted(kinds.items())]
    parts += [
        f"## Shared by {named(of, kinds)}\n\n{told(parent)}\n"
        for parent, of in shared(kinds).items()
    ]
    return "\n".join(parts)


def shared(kinds: dict[str, type[Settings]]) -> dict[type[Settings], list[str]]:
    """What kinds are made of that has settings of its own, and which of them are."""
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


def named(some: list[str], kinds: dict[str, type[Settings]]) -> str:
    """Some of the kinds in words."""
    less = sorted(set(kinds) - set(some))
    return (
        "all"
        if not less
        else ", ".join(some)
        if len(some) <= len(less)
        else f"all but {', '.join(less)}"
    )


def told(kind: type[object]) -> str:
    """What a kind's docstring says, as Markdown: its settings are a list."""
    body: list[str] = []
    listed = False
    for line in inspect.cleandoc(kind.__doc__ or "").split(">>>")[0].strip().splitlines():
        if line.strip() in ("Args:", "Raises:"):
            body.append("")
            listed = True
        elif listed and line.startswith("    ") and not line.startswith("     "):
            word, _, rest = line.strip().partition(":")
            body.append(f"- `{word}`:{rest}")
        elif listed and line.startswith("      "):
            body.append(f"  {line.strip()}")
        else:
            listed = listed and not line.strip()
            body.append(line)
    return "\n".join(body).replace("\n\n\n", "\n\n")


if __name__ == "__main__":
    folder = Path(__file__).parent / "kinds"
    folder.mkdir(exist_ok=True)
    for title in PAGES:
        (folder / f"{title}.md").write_text(page(title), encoding="utf-8")
