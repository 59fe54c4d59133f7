"""Write docs/reference/*.md from the code: `python docs/make_reference.py`; a test holds the pages
to it.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import typer
from typer.main import get_command

sys.path.insert(0, str(Path(__file__).parent))

from make_kinds import PAGES, told

from mesocosm.cli.app import COMMANDS, load_command
from mesocosm.config.schema import Ecosystem
from mesocosm.core.llm import Language
from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.dataset import Dataset, From, Retention, Split
from mesocosm.data.privacy.anonymity import Anonymity
from mesocosm.learning.evaluation.fairness import Fair
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model, Search
from mesocosm.learning.pretraining.settings import Pretrain, Scratch
from mesocosm.learning.strategies.automl import Auto
from mesocosm.learning.strategies.continual import Continual
from mesocosm.learning.strategies.federated import Federated
from mesocosm.learning.strategies.self_training import SelfTraining
from mesocosm.learning.tasks.ranking.settings import Rank, Towers
from mesocosm.monitoring.notifications import Notify
from mesocosm.monitoring.settings import Anomaly, Drift, Monitor
from mesocosm.monitoring.surge.settings import Surge
from mesocosm.serving.auth.oidc import Oidc
from mesocosm.serving.runtimes.onnx import Workers
from mesocosm.serving.settings import Answers, Batch, Log, Rollout, Service, Update
from mesocosm.world.settings import Inhabitant, World, WorldPlace

SECTIONS: dict[str, type[Settings]] = {
    "the file": Ecosystem,
    "datasets.NAME": Dataset,
    "datasets.NAME.from": From,
    "datasets.NAME.split": Split,
    "datasets.NAME.retention": Retention,
    "datasets.NAME.duplicates": Duplicates,
    "datasets.NAME.anonymity": Anonymity,
    "models.NAME": Model,
    "models.NAME.search": Search,
    "models.NAME.base": ImportedModel,
    "models.NAME.auto": Auto,
    "models.NAME.pretrain": Pretrain,
    "models.NAME.pretrain.scratch": Scratch,
    "models.NAME.rank": Rank,
    "models.NAME.rank.towers": Towers,
    "models.NAME.self_training": SelfTraining,
    "models.NAME.continual": Continual,
    "models.NAME.federated": Federated,
    "models.NAME.fair": Fair,
    "services.NAME": Service,
    "services.NAME.answers": Answers,
    "services.NAME.runtime.workers": Workers,
    "services.NAME.rollout": Rollout,
    "services.NAME.log": Log,
    "services.NAME.batch": Batch,
    "services.NAME.update": Update,
    "monitors.NAME": Monitor,
    "monitors.NAME.drift": Drift,
    "monitors.NAME.anomaly": Anomaly,
    "monitors.NAME.surge": Surge,
    "monitors.NAME.notify": Notify,
    "world": World,
    "world.places.NAME": WorldPlace,
    "world.places.NAME.inhabitant": Inhabitant,
    "oidc": Oidc,
    "language": Language,
}


def file_page() -> str:
    """The sections of the file, each with its settings."""
    parts = [
        "# The file\n\nEvery section of `ecosystem.yaml` and its settings, as the code reads them."
        " Unknown keys are refused with their line.\n"
    ]
    parts += [f"## {name}\n\n{told(kind)}\n" for name, kind in SECTIONS.items()]
    kinds = "\n".join(
        f"- [{title}](../kinds/{title}.md): {about}" for title, (about, _) in PAGES.items()
    )
    return "\n".join(
        [
            *parts,
            f"## Kinds\n\nSettings that choose one of several kinds have a page each:\n\n{kinds}\n",
        ]
    )


def commands_page() -> str:
    """The commands, each with its arguments and options."""
    parts = [
        "# Commands\n\nCommands find the file with `-f` (`ecosystem.yaml` or its folder). What"
        " answers has `--json`. The exit code is 0 where it went well, 1 where something failed, 2"
        " where the words of the command are wrong.\n"
    ]
    for name in COMMANDS:
        app = typer.Typer()
        app.command(name)(load_command(name))
        command = get_command(app)
        parts.append(f"## mesocosm {name}\n\n{inspect.cleandoc(command.help or '')}\n")
        rows = []
        for one in command.params:
            if one.name in ("help", "install_completion", "show_completion"):
                continue
            names = (
                ", ".join(f"`{n}`" for n in [*one.opts, *one.secondary_opts])
                if one.param_type_name == "option"
                else f"`{str(one.name).upper()}`"
            )
            said = " ".join(str(getattr(one, "help", "") or "").split())
            rows.append(f"- {names}{': ' + said if said else ''}")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


WRITTEN = {"file": file_page, "commands": commands_page}

if __name__ == "__main__":
    folder = Path(__file__).parent / "reference"
    folder.mkdir(exist_ok=True)
    for title, made in WRITTEN.items():
        (folder / f"{title}.md").write_text(made(), encoding="utf-8")
