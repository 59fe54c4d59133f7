"""An image of an ecosystem: two stages, a user without rights, a health check, and a bill of
materials. Knows Dockerfiles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import ClassVar

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mesocosm.app.deploy.manifest import PORT, USER, Exporter, Living
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


class Docker(Exporter):
    """`Dockerfile`, `.dockerignore`, `pins.txt` and a bill of materials (CycloneDX).

    The store is a volume: data and models are built where the image runs and are never in it. The
    versions of packages are those that are installed here.

    Args:
        base: the image it is built from.
        wheel: what pip installs: a name, or a wheel in the build's folder.

    Source: https://docs.docker.com/reference/dockerfile/

    >>> "USER 10001" in Docker().files(Living("pond", "", "1", {}, {}))["Dockerfile"]
    True
    """

    short: ClassVar[str] = "base"
    base: str = "python:3.12-slim-bookworm"
    wheel: str = "mesocosm"

    def files(self, living: Living) -> dict[str, str]:
        """The files by name."""
        _check_plugins(living.plugins)
        packages = find_installed(living)
        return {
            "Dockerfile": self._dockerfile(living),
            ".dockerignore": self._ignored(living),
            "pins.txt": _pins(packages),
            "sbom.cdx.json": json.dumps(list_components(living, packages), indent=1) + "\n",
        }

    def _sources(self) -> list[str]:
        """What the first stage copies: a wheel of the build's folder, and the pins."""
        if self.wheel.endswith(".whl"):
            return [self.wheel, "pins.txt"]
        return ["pins.txt"]

    def _requirement(self, living: Living) -> str:
        """What pip installs."""
        name = "mesocosm"
        if living.extras:
            name += f"[{','.join(living.extras)}]"
        if self.wheel.endswith(".whl"):
            return f"{name} @ file:///in/{self.wheel}"
        if self.wheel == "mesocosm":
            return f"{name}=={living.version}"
        return self.wheel

    def _dockerfile(self, living: Living) -> str:
        requirement = f'"{self._requirement(living)}"'
        install = (
            "RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install --no-compile"
            f" -c /in/pins.txt {' '.join([requirement, *living.plugins])}"
        )
        if living.beside:
            packages = " ".join(living.beside)
            install += f" \\\n && /venv/bin/pip install --no-compile --no-deps {packages}"
        project = [
            f"COPY --chown=root:root {json.dumps([file, f'/project/{file}'])}"
            for file in ("ecosystem.yaml", *living.files)
        ]
        lines = [
            f"# {living.name}: made by 'mesocosm export docker'. Build it beside ecosystem.yaml.",
            f"FROM {self.base} AS made",
            "RUN python -m venv /venv",
            f"COPY {json.dumps([*self._sources(), '/in/'])}",
            install,
            "",
            f"FROM {self.base}",
            f'LABEL org.opencontainers.image.title="{living.label}"'
            f' org.opencontainers.image.version="{living.version}"',
            f"RUN groupadd --gid {USER} mesocosm && useradd --uid {USER} --gid {USER}"
            " --no-create-home --home-dir /project --shell /usr/sbin/nologin mesocosm \\",
            f" && mkdir -p /project/.mesocosm && chown {USER}:{USER} /project/.mesocosm",
            "COPY --from=made /venv /venv",
            *project,
            "ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1"
            " HF_HUB_OFFLINE=1 XDG_CACHE_HOME=/tmp",
            "WORKDIR /project",
            f"USER {USER}:{USER}",
            'VOLUME ["/project/.mesocosm", "/tmp"]',
            f"EXPOSE {PORT}",
            "HEALTHCHECK --interval=10s --timeout=3s --start-period=10m --retries=3 \\",
            ' CMD ["python", "-c", "import urllib.request;'
            f" urllib.request.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=2)\"]",
            'ENTRYPOINT ["mesocosm"]',
            f'CMD ["up", "--host", "0.0.0.0", "--port", "{PORT}"]',
        ]
        return "\n".join(lines) + "\n"

    def _ignored(self, living: Living) -> str:
        """Everything but what the image takes."""
        taken = ["ecosystem.yaml", *living.files, *self._sources()]
        lines = ["*", *(f"!{file}" for file in taken), ".mesocosm", "**/.env", "**/*.key"]
        return "\n".join(lines) + "\n"


def _pins(packages: Mapping[str, metadata.Distribution]) -> str:
    """The version of every package but Mesocosm itself, as pip's constraints."""
    lines = [
        f"{package.metadata['Name']}=={package.version.split('+')[0]}\n"
        for name, package in sorted(packages.items())
        if name != "mesocosm"
    ]
    return "".join(lines)


def _check_plugins(names: Sequence[str]) -> None:
    """Refuse plugins that an image could not install from an index.

    Raises:
        MesocosmError: a package was installed from a folder or a file; another one may have its
            name in an index.
    """
    for name in names:
        if metadata.distribution(name).read_text("direct_url.json"):
            raise MesocosmError(Message("api.plugin_from_folder", name=name))


def find_installed(living: Living) -> dict[str, metadata.Distribution]:
    """Mesocosm with its extras, the file's plugins and everything they require, as it is installed
    here, by name; what is not installed here is left out.
    """
    found: dict[str, metadata.Distribution] = {}
    open_ones = [("mesocosm", frozenset(living.extras))]
    open_ones += [(name, frozenset()) for name in (*living.beside, *living.plugins)]
    done: set[tuple[str, frozenset[str]]] = set()
    while open_ones:
        name, extras = item = open_ones.pop()
        if item in done:
            continue
        done.add(item)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[canonicalize_name(name)] = package
        if name not in living.beside:
            open_ones += _requirements(package, extras)
    return found


def _requirements(
    package: metadata.Distribution, extras: frozenset[str]
) -> list[tuple[str, frozenset[str]]]:
    """What a package with some extras requires on this system."""
    found = []
    for text in package.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found.append((requirement.name, frozenset(requirement.extras)))
    return found


def list_components(
    living: Living, packages: Mapping[str, metadata.Distribution]
) -> dict[str, object]:
    """The bill of materials of an image, as CycloneDX 1.6 has it."""
    parts: dict[str, dict[str, object]] = {}
    for package in packages.values():
        name, version = package.metadata["Name"], package.version
        component: dict[str, object] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        }
        if "License-Expression" in package.metadata:
            component["licenses"] = [{"expression": package.metadata["License-Expression"]}]
        parts[str(component["bom-ref"])] = component
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": living.label,
                "name": living.label,
                "version": living.version,
            }
        },
        "components": [parts[k] for k in sorted(parts)],
    }
