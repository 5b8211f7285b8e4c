"""``jarvis gate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, JsonOption, ModelOption, OwnerOption, settings_of
from .screen import console, counting, print_json, table

if TYPE_CHECKING:
    from jarvis_memory.gate import Verdict

__all__ = ["gate"]


def gate(
    context: typer.Context,
    json: JsonOption = False,
    n: Annotated[
        int, typer.Option("--n", min=40, help="Questions for 'pocket', whose right answers are known.")
    ] = 160,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Measure how contexts of several concepts are made best for a model; the home keeps the verdict.

    Each way is compared with computing everything anew: the distribution of the first token, the first 16
    tokens and, for 'pocket', the share of right answers. Other models are asked about one's own concepts.
    """
    from jarvis_memory.selecting import Selector

    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    pocket = settings.model == "pocket"
    with open_memory(settings, make=pocket) as memory:
        trials = None
        # Questions whose answers are known are about patches.
        if pocket and memory.selecting.selector is Selector.PATCHES:
            from jarvis_plugins.gating import pocket_trials
            from jarvis_retrievers.openclip import OpenCLIPEncoder

            encoder = OpenCLIPEncoder.load("pocket", device=settings.device)
            trials = pocket_trials(memory.node, encoder, n)
        with counting("measuring", "questions") as seen:
            verdict = memory.gate(trials, seen=seen)
    if json:
        print_json(verdict.model_dump(mode="json"))
        return
    _print(verdict)


def _print(verdict: Verdict) -> None:
    rows = table("Mode", ">Concepts", ">Questions", ">KL of first token", ">First 16 the same", ">Right")
    for score in verdict.scores:
        right = "" if score.right is None else f"{100 * score.right:.0f} %"
        rows.add_row(
            score.mode.value,
            str(score.segments),
            str(score.questions),
            f"{score.kl:.4f}",
            f"{100 * score.agreement:.0f} %",
            right,
        )
    screen = console()
    screen.print(rows)
    screen.print(
        Text.assemble(
            "Several concepts: ", (verdict.mode.value, "bold"), f" (stored as {verdict.storage.value})"
        )
    )
