"""A unit of systemd that keeps an ecosystem up on one machine."""

from __future__ import annotations

from typing import ClassVar

from mesocosm.plugins import Exporter, Living

UNIT = """[Unit]
Description=Mesocosm: {name}
After=network-online.target

[Service]
WorkingDirectory={folder}
ExecStart={program} up {folder}
{environment}User={user}
Restart=on-failure
MemoryMax={memory}M
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
"""


class Systemd(Exporter):
    """One `.service` file; secrets come from a file that systemd reads.

    Args:
        folder: where the project lies on that machine.
        program: the path of the command.
        user: who runs it.

    Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html

    >>> sorted(Systemd().files(Living("pond", "", "1", {}, {})))
    ['mesocosm-pond.service']
    """

    mesocosm_contract: ClassVar[int] = 1
    folder: str = "/srv/mesocosm"
    program: str = "/usr/local/bin/mesocosm"
    user: str = "mesocosm"

    def files(self, living: Living) -> dict[str, str]:
        """The unit."""
        environment = ""
        if living.secrets:
            environment = f"EnvironmentFile=/etc/mesocosm-{living.label}.env\n"
        unit = UNIT.format(
            name=living.name,
            folder=self.folder,
            program=self.program,
            user=self.user,
            environment=environment,
            memory=living.memory_mb,
        )
        return {f"mesocosm-{living.label}.service": unit}
