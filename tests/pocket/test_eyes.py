"""The stage that opens the eyes: what a view says, and tokens as long as words."""

from __future__ import annotations

import random

import pytest
import torch

from jarvis_pocket import world
from jarvis_pocket.tokens import build_tokenizer
from jarvis_pocket.train import loop
from jarvis_pocket.train.batch import see
from jarvis_pocket.train.eyes import EMBLEM, TARGETS, WHOLE, WORN, Heads, draw_views, rescale
from jarvis_pocket.train.model import build_vlm

BODY = ("category", "colour", "pattern")


def test_views_say_what_they_show_and_no_more() -> None:
    views = draw_views(random.Random(0), 6)
    shown: dict[str, list[tuple[str, ...]]] = {
        "whole": [WHOLE],
        "emblem": [EMBLEM],
        "worn": [WORN],
        "photo": [BODY, EMBLEM, WORN],
    }
    look = world.draw_look(random.Random(0), "train")  # the first thing drawn
    for kind, parts in shown.items():
        pixels, targets, cells = views[kind]
        assert pixels.shape[0] == targets.shape[0] == 6
        assert targets.shape[1] == cells.shape[1] == len(parts)
        torch.testing.assert_close(cells.sum(-1), torch.ones(6, len(parts)))
        for row, part in enumerate(parts):
            for index, (key, values) in enumerate(TARGETS.items()):
                goals = targets[:, row, index]
                assert ((goals >= 0) == (key in part)).all()
                if key in part:
                    assert values[int(goals[0])] == getattr(look, key)


def test_each_part_of_a_figure_is_read_in_its_own_cells() -> None:
    views = draw_views(random.Random(1), 12)
    columns, rows = torch.arange(8).repeat(4).float(), torch.arange(4).repeat_interleave(8).float()
    for people in (2, 3):
        _, targets, cells = views[f"scene{people}"]
        assert targets.shape[1] == cells.shape[1] == 3 * people
        torch.testing.assert_close(cells.sum(-1), torch.ones(cells.shape[:2]))
        across, down = ((cells * axis).sum(-1).reshape(-1, people, 3) for axis in (columns, rows))
        assert (across.diff(dim=1) > 0).all()  # from left to right
        assert (across - across.mean(-1, keepdim=True)).abs().max() < 2.5  # parts stay with their figure
        assert (down[..., 1] > down[..., 2]).float().mean() > 0.6  # hats and flags are higher than emblems
        told = targets.reshape(-1, people, 3, len(TARGETS))
        names = list(TARGETS)
        for part, keys in enumerate((BODY, EMBLEM, WORN)):
            said = {names[i] for i in range(len(names)) if (told[:, :, part, i] >= 0).any()}
            assert said == {*keys, "place"}
        places = [TARGETS["place"][int(i)] for i in told[0, :, 0, names.index("place")]]
        assert places == (["left", "right"] if people == 2 else ["left", "middle", "right"])
        # A covered emblem says nothing but where it is.
        covered = told[:, :, 1, names.index("glyph")] < 0
        assert 0 < covered.float().mean() < 0.6


def test_tokens_become_as_long_as_words_and_learn() -> None:
    tokenizer = build_tokenizer()
    model = build_vlm(tokenizer)
    heads = Heads(model.get_input_embeddings().weight, tokenizer)
    views = draw_views(random.Random(2), 4)
    tower = model.model.visual
    rescale(tower, heads.length, views)
    with torch.no_grad():
        sizes = torch.stack([see(tower, pixels).pow(2).mean() for pixels, _, _ in views.values()])
    assert sizes.mean().sqrt().item() == pytest.approx(heads.length, rel=1e-3)
    optimizer = loop.make_optimizer([*tower.parameters(), *heads.parameters()], 2e-3)
    losses = []
    for _ in range(12):
        loss, _ = heads(tower, views)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
