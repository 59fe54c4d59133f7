"""An image of an ecosystem: two stages, a user without rights, a health check, and what is in it.
Knows Dockerfiles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any, ClassVar

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mesocosm.app.deploy.manifest import PORT, USER, Living
from mesocosm.core.settings import Settings


class Docker(Settings):
    """`Dockerfile`, `.dockerignore`, `pins.txt` and a bill of materials (CycloneDX).

    The store is a volume: data and models are made where the image runs and never lie in it. What
    is installed is what is installed here, version by version.

    Args:
        base: the image it is made from.
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
        made = self.wheel.endswith(".whl")
        extras = f"[{','.join(living.extras)}]" if living.extras else ""
        what = (
            f"mesocosm{extras} @ file:///in/{self.wheel}"
            if made
            else f"mesocosm{extras}=={living.version}"
            if self.wheel == "mesocosm"
            else self.wheel
        )
        beside = (
            f" \\\n && /venv/bin/pip install --no-compile --no-deps {' '.join(living.beside)}"
            if living.beside
            else ""
        )
        copied = [*([self.wheel] if made else []), "pins.txt", "/in/"]
        project = "\n".join(
            f"COPY --chown=root:root {json.dumps([f, f'/project/{f}'])}"
            for f in ("ecosystem.yaml", *living.files)
        )
        text = f"""# {living.name}: made by 'mesocosm export docker'. Build it beside ecosystem.yaml.
FROM {self.base} AS made
RUN python -m venv /venv
COPY {json.dumps(copied)}
RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install --no-compile -c /in/pins.txt "{what}"{beside}

FROM {self.base}
LABEL org.opencontainers.image.title="{living.label}" org.opencontainers.image.version="{living.version}"
RUN groupadd --gid {USER} mesocosm && useradd --uid {USER} --gid {USER} --no-create-home --home-dir /project --shell /usr/sbin/nologin mesocosm \\
 && mkdir -p /project/.mesocosm && chown {USER}:{USER} /project/.mesocosm
COPY --from=made /venv /venv
{project}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 XDG_CACHE_HOME=/tmp
WORKDIR /project
USER {USER}:{USER}
VOLUME ["/project/.mesocosm", "/tmp"]
EXPOSE {PORT}
HEALTHCHECK --interval=10s --timeout=3s --start-period=10m --retries=3 \\
 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=2)"]
ENTRYPOINT ["mesocosm"]
CMD ["up", "--host", "0.0.0.0", "--port", "{PORT}"]
"""
        ignored = "\n".join(
            [
                "*",
                "!ecosystem.yaml",
                *(f"!{f}" for f in (*living.files, *copied[:-1])),
                ".mesocosm",
                "**/.env",
                "**/*.key",
            ]
        )
        found = installed(living)
        pins = "".join(
            f"{d.metadata['Name']}=={d.version.split('+')[0]}\n"
            for name, d in sorted(found.items())
            if name != "mesocosm"
        )
        return {
            "Dockerfile": text,
            ".dockerignore": ignored + "\n",
            "pins.txt": pins,
            "sbom.cdx.json": json.dumps(bill(living, found), indent=1) + "\n",
        }


def installed(living: Living) -> dict[str, metadata.Distribution]:
    """What Mesocosm with its extras takes, as it is installed here, by name; what is not here is
    not among it.
    """
    found: dict[str, metadata.Distribution] = {}
    asked = [
        ("mesocosm", frozenset(living.extras)),
        *((name, frozenset[str]()) for name in living.beside),
    ]
    done: set[tuple[str, frozenset[str]]] = set()
    while asked:
        name, extras = one = asked.pop()
        if one in done:
            continue
        done.add(one)
        try:
            there = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[canonicalize_name(name)] = there
        for text in (there.requires or ()) if name not in living.beside else ():
            wanted = Requirement(text)
            if wanted.marker is None or any(
                wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                asked.append((wanted.name, frozenset(wanted.extras)))
    return found


def bill(living: Living, found: Mapping[str, metadata.Distribution]) -> dict[str, Any]:
    """What the image installs, as CycloneDX 1.6 has it."""
    parts: dict[str, dict[str, Any]] = {}
    for there in found.values():
        name, version = there.metadata["Name"], there.version
        one: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        }
        if "License-Expression" in there.metadata:
            one["licenses"] = [{"expression": there.metadata["License-Expression"]}]
        parts[one["bom-ref"]] = one
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
