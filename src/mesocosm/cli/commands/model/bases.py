"""`mesocosm bases`: the pretrained bases that are here."""

from __future__ import annotations

from mesocosm.cli.output import AsJson, answer, guarded


@guarded
def bases(as_json: AsJson = False) -> None:
    """List the pretrained bases that come with Mesocosm; a hub id or a folder is a base too."""
    from mesocosm.learning.base_models import BASES, here

    found = [
        {"name": name, "about": base.about, "licence": base.licence, "here": here(name)}
        for name, base in BASES.items()
    ]
    answer(
        {"bases": found},
        as_json,
        lambda d: "\n".join(
            f"{b['name']:<10} {b['about']} ({b['licence']}){'' if b['here'] else ', not installed'}"
            for b in d["bases"]
        ),
    )
