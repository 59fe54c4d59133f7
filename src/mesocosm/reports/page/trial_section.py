"""What a model's selection tried: candidates of automatic selection, trials of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, render
from mesocosm.core.values.json_shapes import (
    list_numbers,
    list_objects,
    read_number,
    read_object,
)
from mesocosm.reports.page.markup import card, cell, format_metric, row, section, table
from mesocosm.reports.page.plots import Point, figure, plot

if TYPE_CHECKING:
    from mesocosm.catalog.contents import VersionRecipe
    from mesocosm.core.records import JsonObject

LOSS = Message("reports.html.loss")
TRIAL = Message("reports.html.trial")


def render_candidates(recipe: VersionRecipe) -> str:
    """What automatic selection tried."""
    rows = []
    for candidate in list_objects(recipe.get("auto")):
        name = cell(escape(render(str(candidate["tried"]))))
        if "why_not" in candidate:
            rows.append(
                row(name, f"<td colspan=3>{escape(render(str(candidate['why_not'])))}</td>")
            )
            continue
        figures = (candidate["loss"], candidate["seconds"])
        loss, taken = (format_metric(read_number(figure)) for figure in figures)
        rows.append(row(name, cell(escape(str(candidate["head"]))), cell(loss), cell(taken)))
    return section(
        Message("reports.html.candidates"),
        ("", Message("reports.html.head"), LOSS, Message("reports.html.seconds")),
        rows,
    )


def render_trials(recipe: VersionRecipe) -> str:
    """The trials of a hyperparameter search, with the lowest loss so far and what mattered."""
    trials = recipe.get("trials") or []
    if not trials or recipe.get("auto"):
        return ""
    losses = _list_losses(trials)
    return (
        Message("reports.html.trials").render()
        + _render_losses(losses)
        + _render_importance(recipe.get("importance") or {})
        + _render_trial_table(trials, losses)
    )


def _render_trial_table(trials: Sequence[JsonObject], losses: Sequence[Point]) -> str:
    """The settings, the loss and the time of each trial; that of the lowest loss is marked."""
    best = min(losses, key=lambda point: point[1], default=(0, 0.0))[0]
    settings = read_object(trials[0]["settings"])
    names = [name.removeprefix("fine_tune.") for name in settings]
    rows = [_render_trial(i, trial, i == best) for i, trial in enumerate(trials, 1)]
    return card(table((TRIAL, *names, LOSS, Message("reports.html.seconds")), rows))


def _render_losses(losses: Sequence[Point]) -> str:
    """The loss of each trial, and the lowest so far, as a plot."""
    if len(losses) < 2:
        return ""
    trial, lowest = TRIAL.render(), Message("reports.html.lowest").render()
    lines: dict[str, Sequence[Point]] = {trial: losses, lowest: _lowest_so_far(losses)}
    svg = plot(lines, trial, LOSS.render(), dots=(trial,))
    return figure(Message("reports.html.loss_by_trial").render(), svg)


def _list_losses(trials: Sequence[JsonObject]) -> list[Point]:
    """The number and the loss of each trial that was not stopped."""
    numbered = [(i, read_number(trial["loss"])) for i, trial in enumerate(trials, 1)]
    return [(i, loss) for i, loss in numbered if loss is not None]


def _lowest_so_far(losses: Sequence[Point]) -> list[Point]:
    lowest: list[Point] = []
    for i, loss in losses:
        if lowest:
            loss = min(loss, lowest[-1][1])
        lowest.append((i, loss))
    return lowest


def _render_importance(importance: Mapping[str, float]) -> str:
    """How much of the loss each setting explains, as bars."""
    if not importance:
        return ""
    rows = [
        row(
            cell(escape(name.removeprefix("fine_tune."))),
            cell(
                f'<svg width="170" height="12" role="img" aria-label="{share:.0%}"><rect'
                ' class="full" width="160" height="10" rx="2"/><rect class="bar"'
                f' width="{160 * share:.1f}" height="10" rx="2"/></svg>'
            ),
            cell(f"{share:.0%}"),
        )
        for name, share in importance.items()
    ]
    return figure(
        Message("reports.html.importance_of_each_setting").render(),
        f"<table>{''.join(rows)}</table>",
    )


def _render_trial(number: int, trial: JsonObject, is_best: bool) -> str:
    shown = str(number)
    if is_best:
        shown = f"<b class=good>{number}</b>"
    values = read_object(trial["settings"]).values()
    settings = [cell(escape(_format_setting(value))) for value in values]
    loss = read_number(trial["loss"])
    if loss is None:
        epochs = len(list_numbers(trial["epochs"]))
        ended = Message("reports.html.stopped_after_epoch", epochs=epochs).render()
    else:
        ended = format_metric(loss)
    taken = format_metric(read_number(trial.get("seconds")))
    return row(cell(shown), *settings, cell(ended), cell(taken))


def _format_setting(value: object) -> str:
    if isinstance(value, (int, float)):
        return format_metric(value)
    return str(value)
