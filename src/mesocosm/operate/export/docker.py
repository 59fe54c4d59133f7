"""An image of an ecosystem: two stages, a user without rights, a health check, and what is in it. Knows Dockerfiles."""

from __future__ import annotations

import json
from importlib import metadata
from typing import Any, ClassVar

from mesocosm.base.kinds import Kind
from mesocosm.operate.export.living import PORT, USER, Living


class Docker(Kind):
    """`Dockerfile`, `.dockerignore` and a bill of materials (CycloneDX).

    The store is a volume: data and models are made where the image runs and never lie in it.

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
        what = f"/in/{self.wheel}" if self.wheel.endswith(".whl") else f"{self.wheel}=={living.version}" if self.wheel == "mesocosm" else self.wheel
        copied = f"COPY {json.dumps([self.wheel, '/in/'])}\n" if self.wheel.endswith(".whl") else ""
        project = "\n".join(f"COPY --chown=root:root {json.dumps([f, f'/project/{f}'])}" for f in ("ecosystem.yaml", *living.files))
        text = f"""# {living.name}: made by 'mesocosm export docker'. Build it beside ecosystem.yaml.
FROM {self.base} AS made
RUN python -m venv /venv
{copied}RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install --no-compile "{what}"

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
        ignored = "\n".join(["*", "!ecosystem.yaml", *(f"!{f}" for f in living.files), *([f"!{self.wheel}"] if self.wheel.endswith(".whl") else []), ".mesocosm", "**/.env", "**/*.key"])
        return {"Dockerfile": text, ".dockerignore": ignored + "\n", "sbom.cdx.json": json.dumps(bill(living), indent=1) + "\n"}


def bill(living: Living) -> dict[str, Any]:
    """What is installed here, as CycloneDX 1.6 has it: the image installs the same."""
    parts: dict[str, dict[str, Any]] = {}
    for found in metadata.distributions():
        name, version = found.metadata["Name"], found.version
        if not name:
            continue
        one: dict[str, Any] = {"type": "library", "bom-ref": f"pkg:pypi/{name.lower()}@{version}", "name": name, "version": version, "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"}
        said = found.metadata["License-Expression"]
        if said:
            one["licenses"] = [{"expression": said}]
        parts[one["bom-ref"]] = one
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": living.label, "name": living.label, "version": living.version}},
        "components": [parts[k] for k in sorted(parts)],
    }  # fmt: skip
