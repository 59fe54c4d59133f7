"""Progress on a terminal and in a log, and readers who close the pipe."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mesocosm.cli.progress import Beat, Screen
from mesocosm.core.progress import ProgressEvent, say_as_text


def beaten(terminal: bool, wait: float) -> list[str]:
    out = io.StringIO()
    with Beat(
        Console(file=out, force_terminal=terminal, width=200, highlight=False), "1 to do", quiet=0.1
    ) as beat:
        time.sleep(0.25)  # nothing was said yet, so there is nothing to go on from
        beat.say("models.risk", ProgressEvent("about 30 s and 1.2 GB", estimated_seconds=30.0))
        time.sleep(wait)
        beat.say("models.risk", "done")
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


def test_a_log_holds_no_lines_about_silence() -> None:
    lines = beaten(False, 0.6)
    assert [line.split("s ", 1)[1] for line in lines] == [
        "models.risk  about 30 s and 1.2 GB",
        "models.risk  done",
    ], lines


def test_a_reader_who_goes_does_not_end_the_work() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Beat(Screen(file=Gone(), width=200), "1 to do", quiet=9) as beat:
        beat.say("models.risk", "half done")
        beat.say("models.risk", "done")


@pytest.mark.parametrize(
    "words", [("check", "--schema"), ("model", "bases", "--json"), ("--help",)]
)
def test_a_closed_pipe_is_quiet(words: tuple[str, ...]) -> None:
    code = f"{sys.executable} -m mesocosm {' '.join(words)} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr == "" and done.returncode in (
        0,
        1,
        141,
    ), done.stderr  # the help is printed by typer, which leaves with 1


def test_what_looks_like_markup_is_said_as_it_is() -> None:
    out = io.StringIO()
    with Beat(Console(file=out, width=200), "1 to do", quiet=9) as beat:
        beat.say("models.risk", "the class [/b] has no row, [red] has two")
    assert "the class [/b] has no row, [red] has two" in out.getvalue()


def test_on_a_screen_the_spinner_tells_the_time() -> None:
    assert any("still running (" in line and "s left)" in line for line in beaten(True, 0.6))


def test_reading_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features import embeddings
    from mesocosm.learning.features.tokenizer import Tokens

    base, said = resolve("minilm", Path(".")), list[str]()
    monkeypatch.setattr(embeddings, "QUIET", 0.0)
    trunk, texts = (
        embeddings.load_trunk(base),
        [f"letter {i} " + "about my card " * (i % 9) for i in range(400)],
    )
    tokens = Tokens(base.folder, 64)
    told: Any = embeddings.encode(trunk, tokens, texts, say_as_text(said.append))
    assert told.shape == (400, 384) and len(said) > 1
    assert (
        said[0].split(" of ")[1].startswith("400 texts, ")
        and said[-1] == "embedding: 400 of 400 texts, 0 s left"
    )
