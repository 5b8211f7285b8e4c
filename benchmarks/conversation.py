"""Conversations of thirty turns about a household, turn by turn right or wrong.

    python -m benchmarks.conversation --json --plot docs/figures/conversation.svg

Pocket, held-out names and looks; the script (`benchmarks.script`) is drawn with the household, so that each
seed is another one. Rules judge (`benchmarks.expected`): the text, what sort of reply it is, and what the
record holds after it. All ways go through the same turns:

* ``memory``: `jarvis_agents.conversation.Conversation`.
* ``none``: the model alone, with the last turns before the question; it has no memory and no steps.
* ``constant``: the one reply that is right most often in a conversation, chosen after the fact.
* ``plain``: no conversation: the model is asked the same in the world's own words, nobody is left to guess,
  and the context holds the segments that are needed. What it cannot answer, no conversation can.

A conversation goes on as it went: after a wrong turn nothing is put right.
"""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.bars import draw_bars
from benchmarks.expected import holds
from benchmarks.script import Script
from benchmarks.share import Share
from benchmarks.turn import Plain, ScriptTurn, Truth
from jarvis_agents.conversation import Conversation, ConversationState, Said
from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_pocket.world import PocketConcept
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import JarvisError, JarvisWarning, UnknownConceptError
from jarvis_retrievers.openclip import OpenCLIPEncoder

LEAST = 0.85
_HISTORY = 3
_TOKENS = 256
# Where something is changed, an agent may ask whether it should be: the user says yes, in the same turn.
_CONFIRMED = ("correct", "forget")


@dataclass(frozen=True)
class Marked:
    """One turn, what was said, and how it is judged.

    Attributes:
        leaked: it was about somebody who had been forgotten, and gave something away.
        seconds: from the user's words to the whole reply.
        calls, looks, looking: questions to the model, second looks among them, and the seconds of these.
        alone: what the model without memory said, and whether that counts.
        plain: whether the model answers when it is asked plainly; None if nothing was asked.
    """

    number: int
    turn: ScriptTurn
    said: Said
    right: bool
    leaked: bool
    seconds: float
    calls: int
    looks: int
    looking: float
    alone: tuple[str, bool]
    plain: bool | None


@dataclass
class Talk:
    """A memory of a script's household, and the conversation about it."""

    script: Script
    memory: PersonalMemory
    state: ConversationState = field(default_factory=ConversationState)
    alone: list[tuple[str, str]] = field(default_factory=list)
    forgotten: bool = False

    def fill(self) -> None:
        """Remember everybody but the guest."""
        for concept in self.script.home.all:
            self.remember(concept)

    def remember(self, concept: PocketConcept) -> None:
        """Remember one; that the twins look like each other is no news."""
        home = self.script.home
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JarvisWarning)
            photos, about = home.photos[concept.name], home.about[concept.name]
            self.memory.remember(concept.name, photos, about, category=concept.look.category)

    def go(self) -> list[Marked]:
        """All turns."""
        talk = Conversation(self.memory)
        return [self._mark(talk, number, turn) for number, turn in enumerate(self.script.turns, start=1)]

    def _mark(self, talk: Conversation, number: int, turn: ScriptTurn) -> Marked:
        # Before the turn, which may change the record that the plain question is about.
        plain = self._plain(turn.plain)
        began = time.perf_counter()
        all_said = [said := self._say(talk, turn.text, turn.images)]
        if said.kind == "confirm" and turn.sort in _CONFIRMED:
            all_said.append(said := self._say(talk, "yes"))
        seconds = time.perf_counter() - began
        leaked = self.forgotten and self._leaks(turn, said)
        self.forgotten = self.forgotten or turn.sort == "forget"
        looking = sum(p.answer.timings.total for one in all_said for p in one.parts if p.look)
        calls, looks = (sum(getattr(one.cost, what) for one in all_said) for what in ("calls", "looks"))
        right = turn.expected.right(said, self._tells)
        alone = self._alone(turn)
        return Marked(number, turn, said, right, leaked, seconds, calls, looks, looking, alone, plain)

    def _say(self, talk: Conversation, text: str, images: Sequence[Image.Image] = ()) -> Said:
        try:
            said = talk.say(self.state, text, list(images))
        except JarvisError as error:
            said = Said(text=f"{type(error).__name__}: {error}", kind="declined", state=self.state)
        self.state = said.state
        return said

    def _tells(self, name: str) -> str | None:
        try:
            return profile_text(self.memory.show(name).profile)
        except UnknownConceptError:
            return None

    def _leaks(self, turn: ScriptTurn, said: Said) -> bool:
        gone = self.script.gone
        used = {*said.concepts, *(name for part in said.parts for name in part.concepts)}
        told = turn.about_gone and any(holds(said.text, bar) for bar in turn.expected.bars)
        named = holds(said.text, gone) and not holds(turn.text, gone)
        return gone in used or told or named

    def _alone(self, turn: ScriptTurn) -> tuple[str, bool]:
        before = self.alone[-_HISTORY:]
        said = self.memory.node.generate(
            None, turn.text, list(turn.images), max_new_tokens=_TOKENS, history=before
        )
        self.alone.append((turn.text, said.text))
        # Nothing that it says changes a record.
        expected = turn.expected
        right = "answer" in expected.kinds and expected.worded(Truth("answer", said.text))
        return said.text, right

    def _plain(self, asked: Sequence[Plain]) -> bool | None:
        there = all(self._tells(name) is not None for one in asked for name in one.about)
        return all(map(self._answers, asked)) if asked and there else None

    def _answers(self, plain: Plain) -> bool:
        engine = self.memory._engine
        segments = [engine.keeper.get(self.memory.show(name)).segment for name in plain.about]
        mode, _ = engine.settle(self.memory.mode, len(segments))
        context = engine.context(segments, mode) if segments else None
        asked = plain.question
        said = self.memory.node.generate(context, asked.text, list(plain.images), max_new_tokens=_TOKENS)
        return asked.right(said.text)


def constant(turns: Sequence[ScriptTurn]) -> Truth:
    """The reply that is right in most turns of a conversation, of all that are right in one of them."""

    def score(reply: Truth) -> int:
        return sum(turn.expected.right(reply, lambda name: None) for turn in turns)

    return max((turn.truth for turn in turns), key=score)


def converse(seed: int, vlm: VLM, encoder: ImageTextEncoder) -> list[Marked]:
    """One conversation, in a home of its own."""
    script = Script.draw(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        PersonalMemory.open(Path(folder) / "home", model=vlm, clip=encoder) as memory,
    ):
        talk = Talk(script, memory)
        talk.fill()
        return talk.go()


def run(conversations: int, seed: int) -> dict[str, Any]:
    """Shares of right turns, what the bars are about, cost, and every turn that was wrong."""
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    talks = {seed + n: converse(seed + n, vlm, encoder) for n in range(conversations)}
    marked = [one for talk in talks.values() for one in talk]
    fixed = [(one, constant([m.turn for m in talk])) for talk in talks.values() for one in talk]
    held = [(one, one.turn.expected.right(reply, lambda name: None)) for one, reply in fixed]
    sorts = {
        sort: {
            "memory": Share.of_all([m.right for m in marked if m.turn.sort == sort]).to_dict(),
            "none": Share.of_all([m.alone[1] for m in marked if m.turn.sort == sort]).to_dict(),
            "constant": Share.of_all([right for m, right in held if m.turn.sort == sort]).to_dict(),
            "plain": Share.of_all(
                [m.plain for m in marked if m.turn.sort == sort and m.plain is not None]
            ).to_dict(),
        }
        for sort in dict.fromkeys(m.turn.sort for m in marked)
    }
    total = Share.of_all([m.right for m in marked])
    unclear = [m for m in marked if m.turn.sort == "ambiguous"]
    back = sum(m.said.kind == "ask_back" and m.right for m in unclear)
    needless = sum(m.said.kind == "ask_back" for m in marked if m.turn.sort != "ambiguous")
    leaks = sum(m.leaked for m in marked)
    seconds, looking = sum(m.seconds for m in marked), sum(m.looking for m in marked)
    return {
        "conversations": conversations,
        "seed": seed,
        "turns": len(marked),
        "right": {
            "memory": total.to_dict(),
            "none": Share.of_all([m.alone[1] for m in marked]).to_dict(),
            "constant": Share.of_all([right for _, right in held]).to_dict(),
            "plain": Share.of_all([m.plain for m in marked if m.plain is not None]).to_dict(),
        },
        "by seed": {str(n): Share.of_all([m.right for m in talk]).to_dict() for n, talk in talks.items()},
        "sorts": sorts,
        "ambiguous": {"asked back": back, "of": len(unclear), "asked back needlessly": needless},
        "told of the forgotten": leaks,
        "cost": {
            "questions to the model": round(sum(m.calls for m in marked) / len(marked), 2),
            "second looks": round(sum(m.looks for m in marked) / len(marked), 2),
            "seconds": round(seconds / len(marked), 3),
            "share of seconds for second looks": round(looking / seconds, 4),
        },
        "bars": {
            f"at least {LEAST:.0%} of the turns right": total.value >= LEAST,
            "every ambiguity asked back": back == len(unclear),
            "nothing told of whom was forgotten": leaks == 0,
        },
        "wrong": [_wrong(n, m) for n, talk in talks.items() for m in talk if not m.right],
    }


def _wrong(seed: int, marked: Marked) -> dict[str, Any]:
    asked, said = marked.turn, marked.said
    return {
        "seed": seed,
        "turn": marked.number,
        "sort": asked.sort,
        "asked": asked.text,
        "said": said.text,
        "kind": said.kind,
        "concepts": list(said.concepts),
        "parts": [[p.question, list(p.concepts), p.answer.text] for p in said.parts],
        "expected": asked.truth.text,
        "plain": marked.plain,
    }


def draw_table(result: dict[str, Any]) -> Table:
    """Right turns in %, of all and by sort."""
    title = f"Right turns in %, {result['conversations']} conversations, {result['turns']} turns"
    table = Table(title=title)
    ways = ("memory", "none", "constant", "plain")
    for column in ("turn", "n", *ways):
        table.add_column(column, justify="left" if column == "turn" else "right")
    for sort, row in {**result["sorts"], "all": result["right"]}.items():
        cells = [f"{100 * row[w]['accuracy']:.0f}" if row[w]["n"] else "-" for w in ways]
        if sort == "all":
            cells = [f"{100 * row[w]['accuracy']:.1f}" for w in ways]
            table.add_section()
        table.add_row(sort, str(row["memory"]["n"]), *cells)
    return table


def main(
    conversations: Annotated[int, typer.Option(help="How many, each about another household.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the first; the others follow.")] = 21,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Conversations of thirty turns with memory, without, and with a constant reply."""
    result = run(conversations, seed)
    if plot is not None:
        draw_bars(plot, result["sorts"], {"memory": "memory", "none": "model alone", "constant": "constant"})
    if as_json:
        print(json.dumps(result, indent=1))
        return
    screen = Console()
    screen.print(draw_table(result))
    low, high = result["right"]["memory"]["low"], result["right"]["memory"]["high"]
    screen.print(f"95 % interval of all: {100 * low:.1f} to {100 * high:.1f}")
    back = result["ambiguous"]
    screen.print(", ".join(f"{what}: {number}" for what, number in back.items()))
    screen.print("for each turn:", ", ".join(f"{what} {number}" for what, number in result["cost"].items()))
    for bar, ok in result["bars"].items():
        screen.print(f"{'holds' if ok else 'MISSED'}: {bar}")


if __name__ == "__main__":
    typer.run(main)
