"""``jarvis bench``; the command line finds this module by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_plugins.cli.options import ClipOption, DeviceOption, JsonOption, ModelOption, settings_of
from jarvis_plugins.cli.screen import console, print_json, table
from jarvis_retrievers.errors import SettingError

from .building.command import build_command

if TYPE_CHECKING:
    from .controls import Arm
    from .dataset import Dataset
    from .summary import Summary

__all__ = ["app"]

_POCKET = "pocket"
# Of other data only what needs no training, unless it is named.
_ALL, _FEW = "all", "none,text,photos,jarvis"
_ALL_ARMS = "method,oracle,none,wrong,constant"
_QUICK_SHARE = 0.5
_QUICK_PICTURES = 8
_CANARY, _QUICK_CANARY = 40, 6

app = typer.Typer(
    name="bench", no_args_is_help=True, help="Compare ways of remembering, beside their controls."
)
app.command("build")(build_command)


@app.command("run")
def run_command(
    context: typer.Context,
    world: Annotated[
        str,
        typer.Option("--world", metavar="NAME", help="'pocket'; 'built' or published data with --root."),
    ] = _POCKET,
    split: Annotated[
        str,
        typer.Option("--split", metavar="NAME", help="heldout, lookalikes, crowd, multi, drift or video."),
    ] = "heldout",
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAMES",
            help="Such as none,text,jarvis:mode=link, or 'all', as for pocket; the last is compared.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Where it all goes; a run that is there goes on."),
    ] = Path("jarvis-bench"),
    root: Annotated[
        Path | None, typer.Option("--root", metavar="FOLDER", help="The data set, if it is a published one.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Of published data, such as views=3; many times."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few questions, half of them to controls.")] = False,
    concepts: Annotated[
        int | None, typer.Option("--concepts", help="How many are known; up to 1,000 in the split crowd.")
    ] = None,
    pictures: Annotated[int | None, typer.Option("--pictures", help="How many are asked about.")] = None,
    questions: Annotated[int | None, typer.Option("--questions", help="How many of each kind.")] = None,
    arms: Annotated[
        str | None, typer.Option("--arms", metavar="NAMES", help=f"Some of {_ALL_ARMS}.", show_default=False)
    ] = None,
    canary: Annotated[
        int | None, typer.Option("--canary", min=0, help="Items asked again under names that mislead.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the data and the order.")] = 0,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Ask several methods the same questions, and print what each of them is worth and costs."""
    from .campaign import Campaign, run_campaign
    from .methods import RUN_ORDER, Models, make_method
    from .plot import check_extra, draw_costs
    from .pocket import draw_split, size_of

    check_extra()
    given = settings_of(context, model=model, clip=clip, device=device)
    folder = out.expanduser() / (f"{world}-{split}" if world == _POCKET else world)
    models = Models(given.model, given.clip, given.device, keep=folder / "trained")
    chosen = methods or (_ALL if world == _POCKET else _FEW)
    named = ",".join(RUN_ORDER) if chosen.strip() == _ALL else chosen
    made = [make_method(words, models) for words in named.split(",") if words.strip()]
    wanted = _arms(arms or _ALL_ARMS)
    if world == _POCKET:
        if settings or root:
            raise SettingError("--set and --root are for published data; name it with --world")
        size = size_of(split, quick=quick, concepts=concepts, pictures=pictures, questions=questions)
        dataset = draw_split(split, folder / "data", seed=seed, size=size)
    else:
        sizes = {"--concepts": concepts, "--pictures": pictures, "--questions": questions}
        wrong = [name for name, value in sizes.items() if value is not None]
        source = context.get_parameter_source("split")
        if source is not None and source.name == "COMMANDLINE":
            wrong.append("--split")
        if wrong:
            raise SettingError(
                f"{', '.join(wrong)} is for pocket, not for {world}; use --set for its settings"
            )
        dataset = _published(world, root, quick, seed, settings or ())
    asked = (_QUICK_CANARY if quick else _CANARY) if canary is None else canary
    campaign = Campaign(wanted, seed, asked, share=_QUICK_SHARE if quick else 1.0)
    summary = run_campaign(dataset, made, folder, campaign)
    draw_costs(folder / "costs.svg", summary)
    if json:
        print_json(summary.to_dict())
        return
    _print(summary)
    typer.echo(f"The whole of it is in {folder}.", err=True)


@app.command("compare")
def compare_command(
    one: Annotated[Path, typer.Argument(metavar="A", help="Folder of a method's run.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Folder of another one, on the same data.")],
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
    json: JsonOption = False,
) -> None:
    """A less B, with intervals and paired tests."""
    from dataclasses import asdict

    from .comparison import compare_runs

    found = compare_runs(one, other, seed=seed)
    if json:
        print_json([asdict(line) for line in found])
        return
    rows = table("Task", "Figure", ">A", ">B", ">A less B", ">95 %", ">p", ">Only A", ">Only B", ">McNemar p")
    for line in found:
        apart = line.difference
        rows.add_row(
            line.group,
            line.figure,
            *(f"{100 * value:.1f}" for value in (line.one, line.other, apart.value)),
            f"{100 * apart.low:.1f} to {100 * apart.high:.1f}",
            f"{apart.p:.3f}",
            str(line.items.first_only),
            str(line.items.second_only),
            f"{line.items.p:.2g}",
        )
    console().print(rows)


def _arms(words: str) -> tuple[Arm, ...]:
    from .controls import ARMS

    named = {word.strip() for word in words.split(",")}
    unknown = sorted(named - {*ARMS})
    if unknown or "method" not in named:
        raise SettingError(f"arms are some of {', '.join(ARMS)}, 'method' among them; got {words!r}")
    return tuple(arm for arm in ARMS if arm in named)


def _published(world: str, root: Path | None, quick: bool, seed: int, settings: Sequence[str]) -> Dataset:
    """What is asked; a quick look takes a part of it."""
    from .loaders import load, read_settings
    from .sample import sampled

    if root is None:
        raise SettingError(
            f"{world!r} is yours to bring; name its folder with --root, or take --world pocket"
        )
    data = load(world, root, **read_settings(world, settings))
    return sampled(data, _QUICK_PICTURES, seed=seed) if quick else data


def _print(summary: Summary) -> None:
    from .answers import LOOKS

    names = list(summary.costs)
    rows = table("Task", "Kind", ">n", *(f">{name}" for name in names))
    for row in summary.rows:
        cells = (row.values[name] for name in names)
        shown = (f"{100 * v.value:.0f} ({100 * v.low:.0f}-{100 * v.high:.0f})" for v in cells)
        rows.add_row(row.group, row.kind, str(row.items), *shown)
    heads, arms = (f">First token, {look}" for look in LOOKS), summary.arms()
    costs = table("Method", *(f">{arm}" for arm in arms), *heads, ">Bytes a concept", ">Bytes read")
    for name, cost in summary.costs.items():
        of, kept, read = summary.controls[name], cost.bytes_per_concept, cost.bytes_loaded
        first = {one.look: one.first_token_seconds for one in cost.times}
        costs.add_row(
            name,
            *(f"{100 * of[arm]:.0f}" if arm in of else "" for arm in arms),
            *("" if (one := first.get(look)) is None else f"{1000 * one:.0f} ms" for look in LOOKS),
            "" if kept is None else f"{kept:,.0f}",
            "" if read is None else f"{read:,.0f}",
        )
    screen = console()
    screen.print(rows)
    screen.print(costs)
    for name, signs in summary.signs.items():
        for what in signs:
            screen.print(f"{name}: {what}")
