"""The grammar: the sections of the file, each a map by name over the rooms' own settings.

Knows which section holds which kind. Knows nothing of lines and columns.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from mesocosm.core.network.llm import Language
from mesocosm.core.settings import Settings
from mesocosm.data.dataset import Dataset, FieldSetting
from mesocosm.data.sources import SourceSetting
from mesocosm.learning.model import Model
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.auth.oidc import Oidc
from mesocosm.serving.settings import Service
from mesocosm.world.settings import World

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
SECTIONS = ("sources", "datasets", "models", "services", "monitors")


class Shared(Settings):
    """What several datasets of the file share.

    Args:
        fields: fields by name; a dataset's field `{shared: NAME}` is the one of that name, and what
            it writes next to `shared` stands in place of the shared field's own key.
    """

    fields: dict[str, FieldSetting] = {}


class Ecosystem(Settings):
    """One file.

    Args:
        grammar: the version of the file's grammar.
        ecosystem: the name of the ecosystem.
        about: a description.
        shared: fields that several datasets share.
        sources: where raw rows come from.
        datasets: governed tables.
        models: models to train.
        services: services to run.
        monitors: monitors of the services.
        world: the place people enter.
        oidc: authentication by an OpenID Connect provider.
        language: a language model that may word what inhabitants answer, and is asked once what the
            style of the world is nearest to.
    """

    grammar: Literal[2] = 2
    ecosystem: Name
    about: str = ""
    shared: Shared = Shared()
    sources: dict[Name, SourceSetting] = {}
    datasets: dict[Name, Dataset] = {}
    models: dict[Name, Model] = {}
    services: dict[Name, Service] = {}
    monitors: dict[Name, Monitor] = {}
    world: World = World()
    oidc: Oidc | None = None
    language: Language | None = None
