"""`mesocosm test scenario`: a day of the ecosystem played on a copy, with what should follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def scenario(
    file: File = Path("ecosystem.yaml"),
    told: Annotated[
        Path | None,
        typer.Option(
            "--story", help="The story's file; story.yaml beside the ecosystem's where not given."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a story (a normal day, bad input, a change of the world, the recovery) on a copy of what
    is built; fails where something does not follow as it says.
    """
    from rich.status import Status

    from mesocosm.cli.progress import Screen
    from mesocosm.resilience.scenario import read_story
    from mesocosm.resilience.scenario_run import play_story

    eco = opened(file)
    tale = read_story(eco.spec, told)
    console = Screen(stderr=True, quiet=as_json, highlight=False)
    with Status(f"{len(tale.acts)} acts; the copy comes up", console=console) as status:
        acts = play_story(
            eco.spec, tale, lambda name, text: status.update(f"[bold]{name}[/bold]  {text}")
        )
    found = {
        "about": tale.about,
        "acts": [a.as_json() for a in acts],
        "missed": sum(bool(a.missed) for a in acts),
    }
    answer(found, as_json, _text)
    if found["missed"]:
        raise typer.Exit(1)


def _text(d: dict[str, Any]) -> str:
    lines = [d["about"]] if d["about"] else []
    for a in d["acts"]:
        sent = [f"{a['rows']} rows"] if a["rows"] else []
        sent += [f"{a[k]} {k}" for k in ("refused", "unsure", "lost") if a[k]]
        sent += [f"{a['known']} of {a['asked']} questions answered"] if a["asked"] else []
        sent += [f"p50 {a['p50_ms']} ms"] if a["p50_ms"] is not None else []
        lines.append(
            f"{'ok   ' if not a['missed'] else 'NOT  '}{a['act']}  ({a['service']}:"
            f" {', '.join(sent)})"
        )
        lines += [f"       refused: {a['why']}"] if a["why"] else []
        lines += [f"       alert: {m}" for m in a["alerts"]]
        lines += [f"       trained: {', '.join(a['versions'])}"] if a["versions"] else []
        lines += [f"       not as expected: {m}" for m in a["missed"]]
    lines.append(f"{len(d['acts']) - d['missed']} of {len(d['acts'])} acts went as they should")
    return "\n".join(lines)
