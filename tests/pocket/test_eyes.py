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


def test_views_say_what_they_show_and_no_more() -> None:
    views = draw_views(random.Random(0), 6)
    shown = {"whole": set(WHOLE), "emblem": set(EMBLEM), "worn": set(WORN), "photo": set(WHOLE + EMBLEM)}
    looks = []
    rng = random.Random(0)
    looks.append(world.draw_look(rng, "train"))  # the first thing drawn
    for kind, parts in shown.items():
        pixels, targets, cells = views[kind]
        assert pixels.shape[0] == targets.shape[0] == 6
        torch.testing.assert_close(cells.sum(-1), torch.ones(6, 1))
        for index, (key, values) in enumerate(TARGETS.items()):
            goals = targets[:, 0, index]
            assert ((goals >= 0) == (key in parts)).all()
            if key in parts:
                assert values[int(goals[0])] == getattr(looks[0], key)


def test_a_figure_of_a_scene_is_read_in_its_own_cells() -> None:
    views = draw_views(random.Random(1), 12)
    for people in (2, 3):
        _, targets, cells = views[f"scene{people}"]
        assert targets.shape[1] == cells.shape[1] == people
        torch.testing.assert_close(cells.sum(-1), torch.ones(cells.shape[:2]))
        columns = torch.arange(6).repeat(3).float()
        middles = (cells * columns).sum(-1)
        assert (middles.diff(dim=1) > 0).all()  # from left to right
        places = [TARGETS["place"][int(i)] for i in targets[0, :, list(TARGETS).index("place")]]
        assert places == (["left", "right"] if people == 2 else ["left", "middle", "right"])


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
